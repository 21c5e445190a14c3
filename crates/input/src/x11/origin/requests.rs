//! What the requests of other programs mean for the question of who presses.
//!
//! RECORD's reply holds one or more requests of one program, as the program has sent them: in its
//! own byte order, with its own idea of how long they are.

use x11rb::protocol::record;
use x11rb::protocol::xproto::{self, Window};
use x11rb::protocol::{xinput, xtest};

/// Bytes of the head of a request, and of one that says its length in a second word.
const HEAD: usize = 4;
const LONG_HEAD: usize = 8;
/// Where requests say what kind of event they are about.
const FAKE_KIND: usize = 4;
const SENT_KIND: usize = 12;
/// Where a sent event says its window and its kind, and where its data begins.
const SENT_WINDOW: usize = 16;
const SENT_TYPE: usize = 20;
const SENT_DATA: usize = 24;
/// The bit by which a sent event says that it was sent; it counts for nothing.
const KIND: u8 = 0x7f;

/// The numbers that this server has given to extensions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) xtest: u8,
    pub(super) xinput: u8,
    pub(super) first_event: u8,
}

/// The marker that is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    pub(super) window: Window,
    pub(super) kind: xproto::Atom,
}

/// What a request means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A program presses or lifts something.
    Press,
    /// A program moves the pointer.
    Motion,
    /// A marker of ours.
    Marker(u64),
}

impl Numbers {
    /// The requests that are recorded.
    pub(super) fn ranges(&self) -> [record::Range; 4] {
        let core = |request| record::Range {
            core_requests: record::Range8 { first: request, last: request },
            ..record::Range::default()
        };
        let extension = |major, minor| record::Range {
            ext_requests: record::ExtRange {
                major: record::Range8 { first: major, last: major },
                minor: record::Range16 { first: minor, last: minor },
            },
            ..record::Range::default()
        };
        [
            core(xproto::SEND_EVENT_REQUEST),
            core(xproto::WARP_POINTER_REQUEST),
            extension(self.xtest, xtest::FAKE_INPUT_REQUEST.into()),
            extension(self.xinput, xinput::XI_WARP_POINTER_REQUEST.into()),
        ]
    }

    /// What one request means, if anything.
    fn meaning(&self, request: &[u8], is_swapped: bool, marks: Marks) -> Option<Meaning> {
        let [major, minor, ..] = *request else { return Some(Meaning::Press) };
        let long = if request.get(2..4) == Some(&[0, 0]) { HEAD } else { 0 };
        let byte = |at: usize| request.get(at + long).copied();
        match major {
            xproto::SEND_EVENT_REQUEST => match byte(SENT_KIND)? & KIND {
                xproto::KEY_PRESS_EVENT..=xproto::BUTTON_RELEASE_EVENT => Some(Meaning::Press),
                xproto::MOTION_NOTIFY_EVENT => Some(Meaning::Motion),
                xproto::CLIENT_MESSAGE_EVENT if !is_swapped => marker(request, marks).map(Meaning::Marker),
                _ => None,
            },
            xproto::WARP_POINTER_REQUEST => Some(Meaning::Motion),
            _ if major == self.xinput && minor == xinput::XI_WARP_POINTER_REQUEST => Some(Meaning::Motion),
            _ if major == self.xtest && minor == xtest::FAKE_INPUT_REQUEST => {
                let device_motion = self.first_event.wrapping_add(xinput::DEVICE_MOTION_NOTIFY_EVENT);
                let is_motion = byte(FAKE_KIND).is_some_and(|kind| {
                    kind & KIND == xproto::MOTION_NOTIFY_EVENT || kind & KIND == device_motion & KIND
                });
                Some(if is_motion { Meaning::Motion } else { Meaning::Press })
            }
            _ => None,
        }
    }
}

/// The number in a marker of ours.
fn marker(request: &[u8], marks: Marks) -> Option<u64> {
    let word = |at: usize| Some(u32::from_ne_bytes(*request.get(at..)?.first_chunk()?));
    let is_ours = word(SENT_WINDOW)? == marks.window && word(SENT_TYPE)? == marks.kind;
    let (high, low) = (word(SENT_DATA)?, word(SENT_DATA + 4)?);
    is_ours.then_some(u64::from(high) << 32 | u64::from(low))
}

/// What the requests in one reply mean. What cannot be read counts as a press.
pub(super) fn meanings(data: &[u8], is_swapped: bool, numbers: Numbers, marks: Marks) -> Vec<Meaning> {
    let mut meanings = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let Some((request, others)) = length(rest, is_swapped).and_then(|bytes| rest.split_at_checked(bytes)) else {
            meanings.push(Meaning::Press);
            break;
        };
        meanings.extend(numbers.meaning(request, is_swapped, marks));
        rest = others;
    }
    meanings
}

/// Bytes of the first request.
fn length(data: &[u8], is_swapped: bool) -> Option<usize> {
    let short = u16::from_ne_bytes(*data.get(2..)?.first_chunk()?);
    let long = || Some(u32::from_ne_bytes(*data.get(HEAD..)?.first_chunk()?));
    let (words, least) = match (short, is_swapped) {
        (0, false) => (long()?, LONG_HEAD),
        (0, true) => (long()?.swap_bytes(), LONG_HEAD),
        (short, false) => (short.into(), HEAD),
        (short, true) => (short.swap_bytes().into(), HEAD),
    };
    usize::try_from(words).ok()?.checked_mul(4).filter(|bytes| *bytes >= least)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: Numbers = Numbers { xtest: 132, xinput: 131, first_event: 66 };
    const MARKS: Marks = Marks { window: 0x0020_0001, kind: 77 };

    fn sent(kind: u8, window: u32) -> Vec<u8> {
        let mut request = vec![xproto::SEND_EVENT_REQUEST, 0];
        request.extend(11_u16.to_ne_bytes());
        request.extend([0; 8]);
        request.extend([kind, 32, 0, 0]);
        for word in [window, MARKS.kind, 0x0102_0304, 0x0506_0708, 0, 0, 0] {
            request.extend(word.to_ne_bytes());
        }
        request
    }

    fn fake(kind: u8) -> Vec<u8> {
        let mut request = vec![NUMBERS.xtest, xtest::FAKE_INPUT_REQUEST];
        request.extend(9_u16.to_ne_bytes());
        request.extend([kind, 1]);
        request.resize(36, 0);
        request
    }

    fn warp(major: u8, minor: u8) -> Vec<u8> {
        let mut request = vec![major, minor];
        request.extend(6_u16.to_ne_bytes());
        request.resize(24, 0);
        request
    }

    /// The same request by a program that speaks the other byte order, as far as lengths go.
    fn swapped(mut request: Vec<u8>) -> Vec<u8> {
        request.swap(2, 3);
        request
    }

    /// The same request with its length in a second word.
    fn long(request: &[u8]) -> Vec<u8> {
        let mut long = vec![request[0], request[1], 0, 0];
        long.extend(u32::try_from(request.len() / 4 + 1).unwrap().to_ne_bytes());
        long.extend(&request[4..]);
        long
    }

    fn check(data: &[u8], is_swapped: bool, expected: &[Meaning]) {
        assert_eq!(meanings(data, is_swapped, NUMBERS, MARKS), expected, "{data:?}");
    }

    #[test]
    fn every_way_to_press_or_point_is_known() {
        let device = |kind| NUMBERS.first_event + kind;
        let rows = [
            (fake(xproto::KEY_PRESS_EVENT), Some(Meaning::Press)),
            (fake(xproto::BUTTON_RELEASE_EVENT), Some(Meaning::Press)),
            (fake(xproto::MOTION_NOTIFY_EVENT), Some(Meaning::Motion)),
            (fake(device(xinput::DEVICE_KEY_PRESS_EVENT)), Some(Meaning::Press)),
            (fake(device(xinput::DEVICE_BUTTON_PRESS_EVENT)), Some(Meaning::Press)),
            (fake(device(xinput::DEVICE_MOTION_NOTIFY_EVENT)), Some(Meaning::Motion)),
            (warp(xproto::WARP_POINTER_REQUEST, 0), Some(Meaning::Motion)),
            (warp(NUMBERS.xinput, xinput::XI_WARP_POINTER_REQUEST), Some(Meaning::Motion)),
            (sent(xproto::KEY_PRESS_EVENT, 5), Some(Meaning::Press)),
            (sent(xproto::BUTTON_PRESS_EVENT | 0x80, 5), Some(Meaning::Press)),
            (sent(xproto::CLIENT_MESSAGE_EVENT, 5), None),
            (sent(xproto::EXPOSE_EVENT, 5), None),
        ];
        for (request, meaning) in rows {
            let expected: Vec<_> = meaning.into_iter().collect();
            check(&request, false, &expected);
            check(&swapped(request.clone()), true, &expected);
            check(&long(&request), false, &expected);
        }
    }

    #[test]
    fn requests_that_come_together_are_told_apart() {
        let marker = Meaning::Marker(0x0102_0304_0506_0708);
        let all = [warp(41, 0), sent(xproto::CLIENT_MESSAGE_EVENT, MARKS.window), fake(2)].concat();
        check(&all, false, &[Meaning::Motion, marker, Meaning::Press]);
    }

    #[test]
    fn what_cannot_be_read_counts_as_a_press() {
        for data in [&[41][..], &[41, 0, 6, 0], &[41, 0, 0, 0, 0, 0, 0, 0], &warp(41, 0)[..23]] {
            check(data, false, &[Meaning::Press]);
        }
    }
}
