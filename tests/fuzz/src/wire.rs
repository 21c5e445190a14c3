//! Messages as bytes: pairing, session control, stream heads, input and cursor.

use crate::bounded;
use proto::annotation::Annotation;
use proto::clipboard::ClipHead;
use proto::codec::{Deframer, Message, decode, encode, first_message, frame_into};
use proto::files::{BatchEntry, BatchPart, BatchWish, FolderEntry, FolderHead};
use proto::geometry::picture_size_is_acceptable;
use proto::input::{InputEvent, InputRecord};
use proto::limits::{CHAT_BYTES, CURSOR_SIDE_PIXELS, INPUT_TEXT_BYTES, NAME_BYTES, screen_update_bytes};
use proto::machine::{Facts, Topic, announced_bytes};
use proto::pairing::{P1, P2, P3, P4};
use proto::screen::{CursorUpdate, ScreenHead, UpdateHead};
use proto::session::{AgentToConsole, ConsoleToAgent, StreamKind};
use proto::shell::{ShellInput, ShellOutput};
use std::fmt::Debug;

/// What one message may allocate while it is decoded, in bytes: itself in memory, a few times over.
pub(crate) fn most_for(bytes: usize) -> usize {
    64 * bytes + 4096
}

/// One message of exactly these bytes: decoding is bounded, and what decodes encodes to bytes that
/// are no longer and decode to the same.
pub(crate) fn message<M: Message + Debug + PartialEq>(bytes: &[u8]) -> Option<M> {
    let message = bounded(most_for(bytes.len()), || decode::<M>(bytes)).ok()?;
    assert!(bytes.len() <= M::MAX_BYTES);
    let again = encode(&message).expect("what was decoded can be encoded");
    assert!(again.len() <= bytes.len(), "longer than it came");
    assert_eq!(decode::<M>(&again).as_ref(), Ok(&message));
    // Equal messages have equal bytes, so these are canonical.
    assert_eq!(encode(&decode::<M>(&again).unwrap()).unwrap(), again);
    Some(message)
}

/// A stream of messages: the same ones come out whatever the pieces, and their bytes read alike.
pub(crate) fn stream<M: Message + Debug + PartialEq>(bytes: &[u8], piece: usize) -> Vec<M> {
    let (mut whole, mut rest) = (Vec::new(), bytes);
    while let Ok(Some((message, length))) = first_message::<M>(rest) {
        assert!(length <= 2 + M::MAX_BYTES);
        let mut again = Vec::new();
        frame_into(&message, &mut again).unwrap();
        assert!(again.len() <= length);
        whole.push(message);
        rest = &rest[length..];
    }
    let (mut deframer, mut pieces) = (Deframer::new(), Vec::new());
    'stream: for piece in bytes.chunks(piece.max(1)) {
        deframer.push(piece);
        loop {
            match bounded(most_for(M::MAX_BYTES), || deframer.next_message::<M>()) {
                Ok(Some(message)) => pieces.push(message),
                Ok(None) => break,
                Err(_) => break 'stream,
            }
        }
    }
    assert_eq!(whole, pieces);
    whole
}

fn both<M: Message + Debug + PartialEq>(bytes: &[u8], piece: usize) -> Vec<M> {
    message::<M>(bytes);
    stream::<M>(bytes, piece)
}

/// The first byte says which of the four, the rest is the message.
pub fn pairing_messages(data: &[u8]) {
    let Some((which, bytes)) = data.split_first() else { return };
    match which % 4 {
        0 => drop(message::<P1>(bytes)),
        1 => drop(message::<P2>(bytes)),
        2 => drop(message::<P3>(bytes)),
        _ => drop(message::<P4>(bytes)),
    }
}

/// The first byte says which direction and how long the pieces are, the rest is the stream.
pub fn session_control(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else { return };
    let piece = usize::from(how >> 1);
    if how & 1 == 0 {
        for message in both::<ConsoleToAgent>(bytes, piece) {
            if let ConsoleToAgent::Chat { text, .. } = message {
                assert!(text.as_str().len() <= CHAT_BYTES);
                let shown = text.shown();
                assert!(!shown.contains(['\n', '\r', '\u{202E}', '\u{0}']));
            }
        }
        return;
    }
    for message in both::<AgentToConsole>(bytes, piece) {
        match message {
            AgentToConsole::Layout(layout) if layout.is_acceptable() => {
                assert!(layout.monitors.len() <= proto::limits::MONITORS);
                assert!(layout.monitors.iter().all(|monitor| monitor.width > 0 && monitor.height > 0));
            }
            AgentToConsole::Ready { system } => assert!(system.shown().len() <= NAME_BYTES),
            _ => {}
        }
    }
}

/// A one-way stream as it begins: its head, and then what the head says.
pub fn streams(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    message::<StreamKind>(bytes);
    let mut deframer = Deframer::new();
    deframer.push(bytes);
    let Ok(Some(kind)) = deframer.next_message::<StreamKind>() else { return };
    let rest = deframer.into_rest();
    assert!(bytes.ends_with(&rest));
    match kind {
        StreamKind::Control => {
            stream::<ConsoleToAgent>(&rest, (*piece).into());
            stream::<AgentToConsole>(&rest, (*piece).into());
        }
        StreamKind::Input => drop(stream::<InputRecord>(&rest, (*piece).into())),
        StreamKind::Screen => screen(&rest),
        StreamKind::Cursor => shapes(&rest),
        StreamKind::SystemInfo { topic } => facts(topic, &rest),
        StreamKind::Clipboard => clip(&rest),
        StreamKind::Annotation => drop(stream::<Annotation>(&rest, (*piece).into())),
        StreamKind::Shell { .. } => {
            stream::<ShellInput>(&rest, (*piece).into());
            stream::<ShellOutput>(&rest, (*piece).into());
        }
        StreamKind::Folder { .. } => {
            stream::<FolderHead>(&rest, (*piece).into());
            stream::<FolderEntry>(&rest, (*piece).into());
        }
        StreamKind::BatchList { .. } => drop(stream::<BatchEntry>(&rest, (*piece).into())),
        StreamKind::BatchPlan { .. } => drop(stream::<BatchWish>(&rest, (*piece).into())),
        StreamKind::Batch { .. } => drop(stream::<BatchPart>(&rest, (*piece).into())),
    }
}

/// A clipboard: what is announced is bounded before anything is read.
fn clip(bytes: &[u8]) {
    if let Ok(Some((head, _))) = first_message::<ClipHead>(bytes)
        && let Some(length) = head.announced_bytes()
    {
        assert!(length <= head.kind.most_bytes());
    }
}

/// A page of facts about a machine: what is believed is about what was asked for.
fn facts(topic: Topic, bytes: &[u8]) {
    let Some((head, json)) = bytes.split_first_chunk::<4>() else { return };
    // What is announced is only a bound here: the bytes that are there are what counts.
    let _ = announced_bytes(*head);
    if let Ok(facts) = Facts::from_json(topic, json) {
        assert_eq!(facts.topic(), topic);
    }
}

/// The heads of a screen stream; the updates themselves are `tile`'s.
fn screen(bytes: &[u8]) {
    let Ok(Some((head, length))) = first_message::<ScreenHead>(bytes) else { return };
    if !picture_size_is_acceptable(head.width, head.height) {
        return;
    }
    let most = screen_update_bytes(head.width, head.height);
    assert!(most < 1 << 28);
    let mut rest = &bytes[length..];
    while let Ok(Some((update, length))) = first_message::<UpdateHead>(rest) {
        rest = &rest[length..];
        let Some(next) = rest.get(update.length as usize..) else { return };
        rest = next;
    }
}

/// The first byte says how long the pieces are, the rest are records.
pub fn input(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    for record in both::<InputRecord>(bytes, (*piece).into()) {
        if let InputEvent::Text(text) = record.event {
            assert!(text.as_str().len() <= INPUT_TEXT_BYTES);
        }
    }
}

/// The first byte says how long the pieces are, the rest is a cursor stream.
pub fn cursor(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    both::<CursorUpdate>(bytes, (*piece).into());
    shapes(bytes);
}

/// A cursor stream with the pixels of its shapes, as the console reads it.
fn shapes(mut bytes: &[u8]) {
    while let Ok(Some((update, length))) = first_message::<CursorUpdate>(bytes) {
        bytes = &bytes[length..];
        if let CursorUpdate::Shape { width, height, .. } = update {
            if u32::from(width.max(height)) > CURSOR_SIDE_PIXELS {
                return;
            }
            let Some(rest) = bytes.get(usize::from(width) * usize::from(height) * 4..) else { return };
            bytes = rest;
        }
    }
}
