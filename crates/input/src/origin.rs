//! Where a press came from: a person's own mouse and keyboard, or a program.
//!
//! Whoever runs a program on the person's display (an operator with a shell is enough) can press
//! there. A press that gives somebody a power therefore has to be proven; one that takes a power
//! away never. A window does not learn where its press came from, so the rule is by time and order:
//! what the display has seen up to the press is asked for, and [`judge`] decides.
//!
//! What that means on each system:
//!
//! - X11 with XInput2 2.2 and RECORD: seen and refused are XTEST on its own devices (`xdotool`,
//!   accessibility tools) and in the name of a real device, synthetic events (`XSendEvent`), and a
//!   pointer that a program has put where it is. Events of a device that the kernel makes for a
//!   program (uinput, which needs rights of its own) are a person's for X. So are real presses while
//!   a program covers or reshapes what the person sees: X11 lets every program do that.
//! - X11 without RECORD: presses of the XTEST devices are seen, the rest is not.
//! - Everything else: [`Verdict::Unknown`]. On Wayland and Windows a program without further rights
//!   cannot press in this window, or the system marks it; there is no watcher for them here.
//!
//! The price: presses of an on-screen keyboard, of a tool that clicks when the pointer rests, of the
//! keyboard's own mouse keys, and of a program through which somebody sits at this display from
//! elsewhere are a program's. Where there is no keyboard beside them, nothing can be allowed.

use std::time::{Duration, Instant};

/// The person's own press is seen at most so long before its effect is judged. Windows that are
/// drawn by the processor handle a press some hundred milliseconds after it.
const PRESSED_WITHIN: Duration = Duration::from_secs(1);
/// For so long after a program's press or motion nothing counts.
const QUIET: Duration = Duration::from_millis(1500);

/// With what somebody pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// A mouse or a finger.
    Pointer,
    /// A key.
    Keyboard,
}

/// Whose press it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A person's, by mouse, finger or keyboard.
    Genuine,
    /// Not proven to be a person's.
    Refused(Doubt),
    /// This system does not tell; the answer is taken.
    Unknown,
}

/// Why a press is not taken for a person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// No mouse and no keyboard was pressed.
    NotPressed,
    /// A program pressed something a moment ago, or has since the question came up and the answer
    /// was a key.
    ProgramPressed,
    /// A program has put the pointer there.
    ProgramPointed,
    /// The display cannot be watched any more.
    Blind,
}

/// Knows where presses come from.
pub trait Origin: Send {
    /// Whether the press that was just handled is a person's. `since` is when what the person
    /// answered came up. May wait for the display for some milliseconds.
    fn verdict(&mut self, means: Means, since: Instant) -> Verdict;
}

/// What the display has seen; the last moment of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// A person pressed or lifted a button or a finger.
    pub own_button: Option<Instant>,
    /// A person pressed or lifted a key.
    pub own_key: Option<Instant>,
    /// A program pressed or lifted anything.
    pub program_press: Option<Instant>,
    /// A program moved the pointer.
    pub program_motion: Option<Instant>,
    /// Whether the pointer is still where a program has put it.
    pub is_placed: bool,
}

/// The rule: whose press it was that was handled `now`. A program's press makes everything wait, so that it cannot hide among a person's. Keys
/// go to what has the focus, which a program may have moved long before: after a program's press a
/// key is no answer at all to what has been standing there since before it.
#[must_use]
pub fn judge(seen: &Seen, means: Means, since: Instant, now: Instant) -> Verdict {
    let within = |at: Option<Instant>, span| at.is_some_and(|at| now.saturating_duration_since(at) <= span);
    let own = match means {
        Means::Pointer => seen.own_button,
        Means::Keyboard => seen.own_key,
    };
    let may_have_moved_focus = means == Means::Keyboard && seen.program_press.is_some_and(|at| at >= since);
    if within(seen.program_press, QUIET) || may_have_moved_focus {
        Verdict::Refused(Doubt::ProgramPressed)
    } else if means == Means::Pointer && (seen.is_placed || within(seen.program_motion, QUIET)) {
        Verdict::Refused(Doubt::ProgramPointed)
    } else if !within(own, PRESSED_WITHIN) {
        Verdict::Refused(Doubt::NotPressed)
    } else {
        Verdict::Genuine
    }
}

/// Where nothing can be watched.
pub(crate) struct Unwatched;

impl Origin for Unwatched {
    fn verdict(&mut self, _means: Means, _since: Instant) -> Verdict {
        Verdict::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds before the verdict.
    struct Row {
        own_button: Option<u64>,
        own_key: Option<u64>,
        program_press: Option<u64>,
        program_motion: Option<u64>,
        is_placed: bool,
        question: u64,
    }

    const QUESTION_MS: u64 = 20_000;
    const NOTHING: Row = Row {
        own_button: None,
        own_key: None,
        program_press: None,
        program_motion: None,
        is_placed: false,
        question: QUESTION_MS,
    };

    fn check(row: &Row, means: Means, expected: Verdict) {
        let begin = Instant::now();
        let now = begin + Duration::from_secs(60);
        let ago = |ms: Option<u64>| ms.map(|ms| now.checked_sub(Duration::from_millis(ms)).unwrap());
        let seen = Seen {
            own_button: ago(row.own_button),
            own_key: ago(row.own_key),
            program_press: ago(row.program_press),
            program_motion: ago(row.program_motion),
            is_placed: row.is_placed,
        };
        let since = ago(Some(row.question)).unwrap();
        assert_eq!(judge(&seen, means, since, now), expected, "{seen:?} by {means:?}");
    }

    #[test]
    fn only_a_press_of_ones_own_and_of_the_same_kind_counts() {
        let none = Verdict::Refused(Doubt::NotPressed);
        let button = |ms| Row { own_button: Some(ms), ..NOTHING };
        let key = |ms| Row { own_key: Some(ms), ..NOTHING };
        check(&NOTHING, Means::Pointer, none);
        check(&NOTHING, Means::Keyboard, none);
        check(&button(50), Means::Pointer, Verdict::Genuine);
        check(&button(50), Means::Keyboard, none);
        check(&key(50), Means::Keyboard, Verdict::Genuine);
        check(&key(50), Means::Pointer, none);
        check(&button(1000), Means::Pointer, Verdict::Genuine);
        check(&button(1001), Means::Pointer, none);
    }

    #[test]
    fn a_programs_press_does_not_hide_beside_a_persons() {
        let refused = Verdict::Refused(Doubt::ProgramPressed);
        let both = |ms| Row { own_button: Some(0), own_key: Some(0), program_press: Some(ms), ..NOTHING };
        for ms in [0, 1, 700, 1500] {
            check(&both(ms), Means::Pointer, refused);
            check(&both(ms), Means::Keyboard, refused);
        }
        check(&both(1501), Means::Pointer, Verdict::Genuine);
        // The focus may have been moved to the yes at any time since it stands there.
        check(&both(1501), Means::Keyboard, refused);
        check(&both(QUESTION_MS), Means::Keyboard, refused);
        check(&both(QUESTION_MS + 1), Means::Keyboard, Verdict::Genuine);
    }

    #[test]
    fn a_pointer_that_a_program_has_put_there_is_no_aim() {
        let refused = Verdict::Refused(Doubt::ProgramPointed);
        let moved = |ms, is_placed| Row {
            own_button: Some(0),
            own_key: Some(0),
            program_motion: Some(ms),
            is_placed,
            ..NOTHING
        };
        check(&moved(0, false), Means::Pointer, refused);
        check(&moved(1500, false), Means::Pointer, refused);
        check(&moved(1501, false), Means::Pointer, Verdict::Genuine);
        check(&moved(9000, true), Means::Pointer, refused);
        check(&moved(0, true), Means::Keyboard, Verdict::Genuine);
    }

    #[test]
    fn where_nothing_is_watched_nothing_is_known() {
        assert_eq!(crate::watch_display(Some(":no-display")).verdict(Means::Pointer, Instant::now()), Verdict::Unknown);
    }
}
