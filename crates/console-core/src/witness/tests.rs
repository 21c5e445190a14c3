//! Tests of what the console believes of a log.

use super::*;
use audit_log::{Entry, Hex};
use proto::session::{EndReason, FileName, PathText, TransferId};

const CERTIFICATE: [u8; 32] = [9; 32];

fn witness() -> Witness {
    let mut witness = Witness::new(CERTIFICATE);
    witness.ask(RequestId(1), &Request::View);
    let name = FileName::truncated("guide.pdf");
    let folder = PathText::truncated("");
    witness.ask(RequestId(2), &Request::SendBatch { transfer: TransferId(1), title: name, items: 1, folder });
    witness.sent(RequestId(2)).add([7; 32]);
    witness.say("one moment".to_owned());
    witness.sign(1000);
    witness
}

fn entry(event: Event) -> Line {
    Line::Entry(Entry { number: 1, before: Hex([0; 32]), at_ms: 1, event })
}

fn asked(request: u32, power: Capability, detail: Option<&Opening>) -> Line {
    entry(Event::Asked { request, power, detail: detail.map(Opening::commitment) })
}

fn answered(request: u32, decision: Decision) -> Line {
    entry(Event::Answered { request, decision, whole_session: false, by_earlier_yes: false })
}

/// One file that moved, and the list that says which.
fn file(digest: u8, direction: Direction) -> [Line; 2] {
    let mut list = FilesList::default();
    list.add("guide.pdf", 12, [digest; 32]);
    let opening = Opening::new(Hex([3; 16]), list.as_str());
    let list = opening.commitment();
    [entry(Event::Files { request: 2, direction, list, files: 1, size_bytes: 12 }), Line::Opening(opening)]
}

#[test]
fn what_happened_is_vouched_for() {
    let mut witness = witness();
    let opening = Opening::new(Hex([2; 16]), "guide.pdf");
    let [files, list] = file(7, Direction::ToClient);
    let (ours, theirs) = (Opening::new(Hex([4; 16]), "one moment"), Opening::new(Hex([5; 16]), "thank you"));
    let lines = [
        entry(Event::Operator { certificate_sha256: Hex(CERTIFICATE), verified: true, recognised: true }),
        asked(1, Capability::View, None),
        entry(Event::Shown { request: 1 }),
        answered(1, Decision::Granted),
        asked(2, Capability::SendFile, Some(&opening)),
        Line::Opening(opening.clone()),
        answered(2, Decision::Granted),
        files,
        list,
        entry(Event::Chat { by: Role::Console, line: ours.commitment() }),
        Line::Opening(ours.clone()),
        entry(Event::Chat { by: Role::Agent, line: theirs.commitment() }),
        Line::Opening(theirs.clone()),
        entry(Event::ConsoleClock { console_ms: 1000 }),
        entry(Event::Revoked { power: Capability::View, by: Some(Role::Agent) }),
        entry(Event::Ended { by: Some(Role::Agent), reason: EndReason::ClientEnded }),
    ];
    for line in &lines {
        assert_eq!(witness.take(line), Ok(()), "{line:?}");
        // It is told as soon as it stands there.
        if *line == Line::Opening(theirs.clone()) {
            assert_eq!(witness.hear("thank you"), Ok(()));
        }
        // It is confirmed as soon as it stands there.
        if *line == Line::Opening(ours.clone()) {
            assert_eq!(witness.confirm(1), Ok(()));
        }
    }
    assert_eq!(witness.decided(RequestId(1), Decision::Granted), Ok(()));
}

#[test]
fn what_a_terminal_showed_is_vouched_for_only_as_it_came() {
    let digest = |output: &[u8]| {
        let mut digest = OutputDigest::default();
        digest.add(output);
        digest
    };
    let written = |output: &[u8]| {
        let digest = digest(output);
        entry(Event::TerminalOutput { request: 3, size_bytes: digest.size_bytes(), sha256: digest.sha256() })
    };
    let rows: [(&str, &[u8], &[u8], bool); 4] = [
        ("what came", b"$ ls", b"$ ls", true),
        ("less came than left: it was taken back", b"$ ls", b"$ l", true),
        ("something else came", b"$ ls", b"$ rm", false),
        ("more came than left", b"$ l", b"$ ls", false),
    ];
    for (what, left, came, is_so) in rows {
        for is_written_first in [false, true] {
            let mut witness = witness();
            witness.ask(RequestId(3), &Request::Shell);
            assert_eq!(witness.take(&asked(3, Capability::Shell, None)), Ok(()));
            assert_eq!(witness.take(&answered(3, Decision::Granted)), Ok(()));
            let found = if is_written_first {
                witness.take(&written(left)).and_then(|()| witness.output(3, &digest(came)))
            } else {
                witness.output(3, &digest(came)).and_then(|()| witness.take(&written(left)))
            };
            assert_eq!(found.is_ok(), is_so, "{what}");
        }
    }
}

#[test]
fn what_the_console_knows_better_is_not_vouched_for() {
    let right = Opening::new(Hex([2; 16]), "guide.pdf");
    let wrong = Opening::new(Hex([2; 16]), "secrets.pdf");
    let granted = || {
        vec![asked(2, Capability::SendFile, Some(&right)), Line::Opening(right.clone()), answered(2, Decision::Granted)]
    };
    let [before_yes, _] = file(7, Direction::ToClient);
    let [other_way, _] = file(7, Direction::ToOperator);
    let [another, its_list] = file(8, Direction::ToClient);
    let said = |by, line: &Opening| entry(Event::Chat { by, line: line.commitment() });
    let said_line = Opening::new(Hex([4; 16]), "one moment");
    let rows: [(&str, Vec<Line>, Line); 29] = [
        ("another operator", vec![], {
            entry(Event::Operator { certificate_sha256: Hex([1; 32]), verified: true, recognised: true })
        }),
        ("a question of nobody", vec![], asked(3, Capability::View, None)),
        ("another power", vec![], asked(1, Capability::Control, None)),
        ("a question twice", vec![asked(1, Capability::View, None)], asked(1, Capability::View, None)),
        ("a file without its name", vec![], asked(2, Capability::SendFile, None)),
        ("another name", vec![asked(2, Capability::SendFile, Some(&wrong))], Line::Opening(wrong.clone())),
        ("an answer before its question", vec![], answered(1, Decision::Denied)),
        ("an answer to a hidden name", vec![asked(2, Capability::SendFile, Some(&right))], {
            answered(2, Decision::Granted)
        }),
        ("two answers", vec![asked(1, Capability::View, None), answered(1, Decision::Denied)], {
            answered(1, Decision::Granted)
        }),
        ("a power given back", vec![], entry(Event::Revoked { power: Capability::View, by: Some(Role::Console) })),
        ("a forbidden try", vec![], entry(Event::NotAllowed { power: Capability::Shell })),
        ("the end of a program", granted(), entry(Event::ProcessEnded { name: right.commitment() })),
        ("marks of nobody", vec![], entry(Event::Annotated)),
        ("a clipboard of nobody", vec![], {
            let kind = proto::clipboard::ClipKind::Text;
            entry(Event::Clipboard { direction: Direction::ToOperator, kind, size_bytes: 1 })
        }),
        ("a command", vec![], entry(Event::Command { line: right.commitment() })),
        ("another line", vec![said(Role::Console, &wrong)], Line::Opening(wrong.clone())),
        ("two lines for one", vec![said(Role::Console, &said_line), Line::Opening(said_line.clone())], {
            said(Role::Console, &said_line)
        }),
        ("a line that was not heard", vec![said(Role::Agent, &right), Line::Opening(right.clone())], {
            said(Role::Agent, &right)
        }),
        (
            "a line that was not heard, and then the end",
            vec![said(Role::Agent, &right), Line::Opening(right.clone())],
            { entry(Event::Ended { by: Some(Role::Agent), reason: EndReason::ClientEnded }) },
        ),
        ("the last line before its time", vec![], entry(Event::ChatCut { by: Role::Agent })),
        ("a line without its text", vec![said(Role::Agent, &right)], entry(Event::Annotated)),
        ("a hidden line", vec![], entry(Event::HiddenLine { request: 2 })),
        ("a terminal's output", vec![], {
            entry(Event::TerminalOutput { request: 2, size_bytes: 0, sha256: Hex([0; 32]) })
        }),
        ("a file before its yes", vec![], before_yes),
        ("a file without a list", granted(), {
            let (direction, name, blake3) = (Direction::ToClient, right.commitment(), Hex([7; 32]));
            entry(Event::File { request: 2, direction, name, size_bytes: 12, blake3 })
        }),
        ("a file the other way", granted(), other_way),
        ("another content", granted().into_iter().chain([another]).collect(), its_list),
        ("another time", vec![], entry(Event::ConsoleClock { console_ms: 1001 })),
        ("our end", vec![], entry(Event::Ended { by: Some(Role::Console), reason: EndReason::OperatorEnded })),
    ];
    for (what, before, line) in rows {
        let mut witness = witness();
        for line in &before {
            assert_eq!(witness.take(line), Ok(()), "{what}: {line:?}");
        }
        assert!(witness.take(&line).is_err(), "{what}");
    }
    let mut witness = witness();
    for line in granted() {
        assert_eq!(witness.take(&line), Ok(()));
    }
    assert!(witness.decided(RequestId(2), Decision::Denied).is_err(), "another answer than is told");
    assert_eq!(witness.take(&said(Role::Agent, &right)), Ok(()));
    assert_eq!(witness.take(&Line::Opening(right.clone())), Ok(()));
    assert!(witness.hear("secrets.pdf").is_err(), "another line than stands there");
    assert!(witness.hear("guide.pdf").is_err(), "a line that stands nowhere");
    assert!(witness.decided(RequestId(1), Decision::Granted).is_err(), "an answer that stands nowhere");
}

#[test]
fn files_that_came_are_looked_for_in_the_log_each_as_often_as_it_came() {
    let mut witness = witness();
    witness.given.entry(2).or_default().add([1; 32]);
    assert_eq!(witness.not_in_log(RequestId(2), &[[1; 32], [1; 32], [2; 32]]), 2);
    assert_eq!(witness.not_in_log(RequestId(3), &[[1; 32]]), 1, "of another question");
    assert_eq!(witness.not_in_log(RequestId(3), &[]), 0);
}
