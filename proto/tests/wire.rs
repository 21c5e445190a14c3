//! The wire as a whole: bytes that must not change, and bytes that nobody should trust.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use proptest::prelude::*;
use proto::annotation::{Annotation, Mark, MarksSeen, Point};
use proto::clipboard::{ClipHead, ClipKind, ClipProblem};
use proto::input::{InputEvent, InputRecord, KeyUsage, Modifiers};
use proto::machine::{Facts, Topic};
use proto::pairing::{P1, P2, P3, P4};
use proto::relay::{AttemptId, EndToRelay, OfferId, RelayToEnd, SessionId, Side, Ticket};
use proto::screen::{CursorUpdate, ScreenHead, UpdateHead};
use proto::session::{
    AgentToConsole, Capability, CertificateProblem, ConsoleToAgent, Decision, EndReason, Ending, GrantEnd, Request,
    RequestId, Step, StreamKind, TransferId,
};
use proto::shell::{ShellInput, ShellOutput, TerminalSize};
use proto::{Blob, Deframer, Locator, Message, MonitorId, Text, decode, encode};
use std::fmt::Debug;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check<M: Message + Debug + PartialEq>(message: &M, golden: &str) {
    let bytes = encode(message).unwrap();
    assert_eq!(hex(&bytes), golden, "{message:?}");
    assert_eq!(&decode::<M>(&bytes).unwrap(), message);
}

/// A change here is a change of the protocol: it needs another version byte.
#[test]
fn the_bytes_of_messages_are_fixed() {
    let locator = Locator::parse("K7M").unwrap();
    check(&EndToRelay::Hello { build: Text::new("a").unwrap() }, "000161");
    check(&EndToRelay::Join { locator, p1: Blob::new([7, 8]).unwrap(), work: None }, "04fbf44c02070800");
    check(&EndToRelay::Claim { attempt: AttemptId(300) }, "07fb2c01");
    check(&EndToRelay::FetchRevocations { from: 900 }, "02fb8403");
    check(&RelayToEnd::Offered { offer: OfferId([1; 16]), locator, expires_in_s: 600 }, {
        "0301010101010101010101010101010101fbf44cfb5802"
    });
    check(&StreamKind::BatchList { transfer: TransferId(9) }, "0809");
    check(&ConsoleToAgent::Ask { request: RequestId(1), what: Request::Control }, "010101");
    check(&AgentToConsole::Revoked { capability: Capability::Control, cause: GrantEnd::LineBroke }, "050103");
    check(&AgentToConsole::NotAccepted { problem: CertificateProblem::Revoked }, "0103");
    check(&AgentToConsole::Log { line: Text::new("{}").unwrap() }, "02027b7d");
    check(&ConsoleToAgent::Release { capability: Capability::Invite }, "090b");
    let signature = Blob::new([7]).unwrap();
    check(&ConsoleToAgent::LogSigned { number: 3, at_ms: 4, signature }, "0a03040107");
    check(&AgentToConsole::Ended { reason: EndReason::ClientEnded }, "0c00");
    check(&AgentToConsole::Ended { reason: EndReason::ReportedAsScam }, "0c09");
    check(&AgentToConsole::Step { step: Step::Choosing }, "0d01");
    check(&AgentToConsole::SharingPaused { paused: true, epoch: 2 }, "0e0102");
    check(&AgentToConsole::Closed, "0f");
    let key = InputEvent::Key { usage: KeyUsage(0x28), down: true, modifiers: Modifiers(3) };
    check(&InputRecord { sequence: 5, event: key }, "0503280103");
    check(&InputRecord { sequence: 6, event: InputEvent::Stamp { at_ms: 1000 } }, "0607fbe803");
    let decided = |decision| AgentToConsole::Decided { request: RequestId(2), decision };
    check(&decided(Decision::Impossible), "040204");
    check(&decided(Decision::TooSoon), "040205");
    check(&decided(Decision::Barred), "040206");
    check(&decided(Decision::NotInProfile), "040207");
    check(&StreamKind::SystemInfo { topic: Topic::Packages }, "0405");
    let ask = |what| ConsoleToAgent::Ask { request: RequestId(1), what };
    check(&ask(Request::SystemInfo), "010102");
    let name = Text::new("ab").unwrap();
    check(&ask(Request::EndProcess { pid: 300, name, started_s: 7, force: true }), "010103fb2c010261620701");
    check(&ConsoleToAgent::Look { topic: Topic::Events }, "0c06");
    check(&StreamKind::Shell { request: RequestId(3) }, "0603");
    check(&ask(Request::Shell), "010104");
    check(&ConsoleToAgent::ShellReceived { request: RequestId(3), bytes: 300 }, "0d03fb2c01");
    check(&ShellInput::Bytes(Blob::new([13]).unwrap()), "00010d");
    check(&ShellInput::Resize(TerminalSize { columns: 80, rows: 24 }), "015018");
    check(&ShellOutput::Bytes { length: 7 }, "0007");
    check(&ShellOutput::Ended { code: Some(-1) }, "010101");
    check(&AgentToConsole::NoFacts { topic: Topic::Hardware }, "1001");
    check(&AgentToConsole::ProcessEnding { request: RequestId(3), ending: Ending::Gone }, "110303");
    check(&StreamKind::Annotation, "05");
    let (from, to) = (Point { x: 1, y: 300 }, Point { x: 4, y: 5 });
    let show = |mark| Annotation::Show { monitor: MonitorId(2), mark };
    check(&show(Mark::Pointer(from)), "00020001fb2c01");
    check(&show(Mark::Arrow { from, to }), "00020101fb2c010405");
    check(&show(Mark::Box { from, to }), "00020201fb2c010405");
    check(&Annotation::PointerGone, "01");
    check(&Annotation::Clear, "02");
    check(&AgentToConsole::Marks { seen: MarksSeen::Beside }, "1201");
    check(&StreamKind::Clipboard, "0b");
    check(&ask(Request::Clipboard), "010108");
    check(&ConsoleToAgent::FetchClipboard, "11");
    check(&AgentToConsole::ClipboardPut { problem: None }, "1600");
    check(&AgentToConsole::ClipboardNotGiven { problem: ClipProblem::TooLarge }, "1701");
    check(&StreamKind::Folder { listing: 2 }, "0702");
    check(&StreamKind::Batch { transfer: TransferId(3) }, "0a03");
    check(&ask(Request::Browse), "010105");
    check(&ConsoleToAgent::HoldBatch { transfer: TransferId(3), held: true }, "0f0301");
    check(&AgentToConsole::BatchOver { transfer: TransferId(3), done: 2 }, "150302");
    check(&ClipHead { kind: ClipKind::Picture, length: 300 }, "01fb2c01");
    check(&ScreenHead { monitor: MonitorId(1), epoch: 2, width: 1920, height: 1080 }, "0102fb8007fb3804");
    check(&CursorUpdate::Position { monitor: MonitorId(0), x: -1, y: 2 }, "00000104");
}

#[test]
fn every_field_of_a_ticket_is_under_its_code() {
    let ticket = Ticket {
        session: SessionId([1; 16]),
        side: Side::Console,
        operator_sha256: [2; 32],
        expires_at_s: 3,
        mac: [0; 32],
    };
    let statement = proto::relay::ticket_statement(&ticket);
    let others = [
        Ticket { session: SessionId([9; 16]), ..ticket.clone() },
        Ticket { side: Side::Agent, ..ticket.clone() },
        Ticket { operator_sha256: [9; 32], ..ticket.clone() },
        Ticket { expires_at_s: 9, ..ticket.clone() },
    ];
    for other in others {
        assert_ne!(proto::relay::ticket_statement(&other), statement, "{other:?}");
    }
}

/// Whatever decodes encodes to something that decodes to the same.
fn any_bytes<M: Message + Debug + PartialEq>(bytes: &[u8]) {
    if let Ok(message) = decode::<M>(bytes) {
        assert_eq!(decode::<M>(&encode(&message).unwrap()).unwrap(), message);
    }
    let mut deframer = Deframer::new();
    deframer.push(bytes);
    while let Ok(Some(_)) = deframer.next_message::<M>() {}
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        any_bytes::<EndToRelay>(&bytes);
        any_bytes::<RelayToEnd>(&bytes);
        any_bytes::<P1>(&bytes);
        any_bytes::<P2>(&bytes);
        any_bytes::<P3>(&bytes);
        any_bytes::<P4>(&bytes);
        any_bytes::<StreamKind>(&bytes);
        any_bytes::<ConsoleToAgent>(&bytes);
        any_bytes::<AgentToConsole>(&bytes);
        any_bytes::<InputRecord>(&bytes);
        any_bytes::<Annotation>(&bytes);
        any_bytes::<ClipHead>(&bytes);
        any_bytes::<ScreenHead>(&bytes);
        any_bytes::<UpdateHead>(&bytes);
        any_bytes::<CursorUpdate>(&bytes);
    }

    #[test]
    fn no_json_makes_the_decoder_of_pages_panic(bytes in prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..600),
        r#"\{"(overview|hardware|disks|network|processes|packages|events)":(\{"rows":\[\{?[ -~]{0,80}|[ -~]{0,80})\}?\]?"#
            .prop_map(String::into_bytes),
    ]) {
        for topic in Topic::ALL {
            if let Ok(facts) = Facts::from_json(topic, &bytes) {
                prop_assert_eq!(Facts::from_json(topic, &facts.clone().to_json()), Ok(facts));
            }
        }
    }

    #[test]
    fn a_page_cut_or_changed_anywhere_is_refused_or_another_page(at in 0usize..2000, byte in any::<u8>(), cut: bool) {
        let package = proto::machine::Package {
            name: Text::truncated("zlib1g"),
            version: Text::truncated("1.3"),
            architecture: Text::truncated("amd64"),
        };
        let mut json = Facts::Packages(proto::machine::Rows::first_of(vec![package; 20])).to_json();
        let at = at % json.len();
        if cut { json.truncate(at) } else { json[at] = byte }
        if let Ok(facts) = Facts::from_json(Topic::Packages, &json) {
            prop_assert_eq!(Facts::from_json(Topic::Packages, &facts.clone().to_json()), Ok(facts));
        }
    }

    #[test]
    fn a_locator_is_read_or_refused(text in "\\PC{0,6}") {
        if let Some(locator) = Locator::parse(&text) {
            prop_assert_eq!(Locator::parse(&locator.to_string()), Some(locator));
        }
    }
}
