//! A console that was changed to ignore its certificate gets nothing by it, and the log says that it tried.

use agent_core::AgentHandle;
use agent_core::view::{AgentCommand, EndView, Failure, Page, RatingView};
use audit_log::{ChatRoom, Direction, Event, Report, Role};
use channel::ConsoleIdentity;
use e2e::evil::Trap;
use e2e::evil::ends::{FalseConsole, framed, stream};
use identity::Profile;
use pairing::SessionKey;
use proto::annotation::{Annotation, Mark, Point};
use proto::files::{BatchEntry, BatchItem, BatchWish};
use proto::input::{InputEvent, InputRecord};
use proto::machine::Topic;
use proto::session::{
    AgentToConsole, Asking, Capability, ConsoleToAgent, Decision, EndReason, FileName, PathText, Request, RequestId,
    StreamKind, TransferFailure, TransferId,
};
use proto::{MonitorId, Text};
use std::fs;

const KEY: &str = "K7M 4QXP";

/// The modified console of an operator with this profile, whom the person recognised.
fn meet(trap: &Trap, profile: &Profile) -> (AgentHandle, FalseConsole) {
    let mut catcher = trap.catcher();
    let operator = e2e::operator_with(&trap.organisation, profile);
    let chain = operator.chain.iter().map(|der| der.clone().into()).collect();
    let identity = ConsoleIdentity { chain, seed: operator.seed };
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey(KEY.into()));
    let key = SessionKey::parse(KEY).unwrap();
    let mut console = trap.run("the greeting", async { catcher.next().await.be_console(&key, &identity).await });
    trap.agent_shows(&agent, "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    trap.welcome(&agent);
    let ready = |message: &AgentToConsole| matches!(message, AgentToConsole::Ready { .. }).then_some(());
    trap.run("the readiness", console.talk.expect(ready)).unwrap();
    (agent, console)
}

fn decided(trap: &Trap, console: &mut FalseConsole, id: u32) -> Decision {
    let wanted = |message: &AgentToConsole| match message {
        AgentToConsole::Decided { request, decision } if *request == RequestId(id) => Some(*decision),
        _ => None,
    };
    trap.run("a decision", console.talk.expect(wanted)).unwrap()
}

fn ask(trap: &Trap, console: &mut FalseConsole, id: u32, what: Request) -> Decision {
    trap.run("asking", console.talk.say(&ConsoleToAgent::Ask { request: RequestId(id), what }));
    decided(trap, console, id)
}

/// Everything said before has been dealt with when this returns.
fn ping(trap: &Trap, console: &mut FalseConsole) {
    trap.run("a ping", console.talk.say(&ConsoleToAgent::Ping { token: 7 }));
    let pong = |message: &AgentToConsole| matches!(message, AgentToConsole::Pong { .. }).then_some(());
    trap.run("an answer", console.talk.expect(pong)).unwrap();
}

/// A question about one file of the person's.
fn fetch(transfer: u32, path: &str) -> Request {
    Request::FetchBatch { transfer: TransferId(transfer), title: PathText::truncated(path), items: 1 }
}

fn view(trap: &Trap, agent: &AgentHandle, console: &mut FalseConsole) {
    trap.run("asking", console.talk.say(&ConsoleToAgent::Ask { request: RequestId(1), what: Request::View }));
    let id = trap.agent_shows(agent, "a question", |view| match &view.page {
        Page::Question(question) => Some(question.id),
        _ => None,
    });
    agent.send(AgentCommand::QuestionShown(id));
    agent.send(AgentCommand::Answer(id, true));
    assert_eq!(decided(trap, console, 1), Decision::Granted);
}

/// The log as the person saves it.
fn log(trap: &Trap, agent: &AgentHandle) -> Report {
    agent.send(AgentCommand::End);
    agent.send(AgentCommand::SkipRating);
    saved_log(trap, agent)
}

/// The same from the last page.
fn saved_log(trap: &Trap, agent: &AgentHandle) -> Report {
    let folder = trap.agent_shows(agent, "the log", |view| match &view.page {
        Page::Ended(EndView { log: Some(log), .. }) => log.places.first().map(|(_, folder)| folder.clone()),
        _ => None,
    });
    agent.send(AgentCommand::SaveLog(folder));
    let saved = trap.agent_shows(agent, "where the log is", |view| match &view.page {
        Page::Ended(EndView { log: Some(log), .. }) => log.saved.clone(),
        _ => None,
    });
    let path = saved.unwrap().into_iter().find(|path| path.ends_with(".ponte-log")).unwrap();
    Report::of(fs::read_to_string(path).unwrap())
}

#[test]
fn what_the_certificate_lacks_is_never_asked_shown_injected_or_written() {
    let trap = Trap::new();
    let profile = Profile::of([(Capability::View, Asking::OncePerSession)]);
    let (agent, mut console) = meet(&trap, &profile);
    view(&trap, &agent, &mut console);
    for (id, what) in [
        (2, Request::Control),
        (3, {
            let (title, folder) = (FileName::truncated("a"), PathText::default());
            Request::SendBatch { transfer: TransferId(1), title, items: 1, folder }
        }),
        (4, fetch(2, "/etc/hostname")),
        (5, Request::SystemInfo),
        (6, Request::EndProcess { pid: 1, name: Text::truncated("init"), started_s: 1, force: false }),
        (7, Request::Clipboard),
        (8, Request::Shell),
    ] {
        assert_eq!(ask(&trap, &mut console, id, what), Decision::NotInProfile);
        assert!(matches!(agent.view().page, Page::Session), "no question was put");
    }
    let typed = InputRecord { sequence: 1, event: InputEvent::Text(Text::truncated("stolen")) };
    let input = trap.run("input", stream(&console.channel, &[framed(&StreamKind::Input), framed(&typed)], &[]));
    trap.run("the refused input", input.unwrap().stopped()).unwrap();
    let transfer = TransferId(1);
    for kind in [StreamKind::BatchList { transfer }, StreamKind::BatchPlan { transfer }, StreamKind::Batch { transfer }]
    {
        let files = trap.run("files", stream(&console.channel, &[framed(&kind)], &[0; 1000])).unwrap();
        trap.run("the refused files", files.stopped()).unwrap();
    }
    let point = Annotation::Show { monitor: MonitorId(0), mark: Mark::Pointer(Point { x: 1, y: 1 }) };
    let marks = [framed(&StreamKind::Annotation), framed(&point)];
    let marks = trap.run("a mark", stream(&console.channel, &marks, &[])).unwrap();
    trap.run("the refused mark", marks.stopped()).unwrap();
    trap.run("chat", console.talk.say(&ConsoleToAgent::Chat { id: 1, text: Text::truncated("press yes") }));
    trap.run("looking", console.talk.say(&ConsoleToAgent::Look { topic: Topic::Processes }));
    ping(&trap, &mut console);

    assert!(trap.injected.lock().unwrap().is_empty());
    assert_eq!(trap.desktop.marks_shown(), 0);
    assert_eq!(fs::read_dir(trap.path("downloads")).unwrap().count(), 0);
    trap.agent_shows(&agent, "an empty chat", |view| view.panel.as_ref()?.chat.is_empty().then_some(()));
    let log = log(&trap, &agent);
    assert!(log.holds(), "{:?}", log.findings);
    let powers = Capability::ASKED.into_iter().filter(|power| *power != Capability::View);
    for power in powers.chain([Capability::Chat, Capability::Annotate]) {
        let entry = Event::NotAllowed { power };
        assert_eq!(log.entries.iter().filter(|found| found.event == entry).count(), 1, "{power:?}");
    }
    let asked = log.entries.iter().filter(|entry| matches!(entry.event, Event::Asked { .. })).count();
    assert_eq!(asked, 1, "only the viewing was ever asked");
}

#[test]
fn a_console_that_fills_the_log_with_lines_of_chat_takes_no_room_from_the_persons() {
    let trap = Trap::new();
    let (agent, mut console) = meet(&trap, &Profile::all_tools());
    view(&trap, &agent, &mut console);
    let (mut room, mut lines) = (ChatRoom::default(), 0_usize);
    while room.has_room_for(1) {
        room.take(1);
        lines += 1;
    }
    // More than the log takes, and some after that.
    let said = u64::try_from(lines).unwrap() + 100;
    trap.run("the flood", async {
        for id in 1..=said {
            console.talk.say(&ConsoleToAgent::Chat { id, text: Text::truncated("x") }).await;
            if id % 100 == 0 || id == said {
                let received = |message: &AgentToConsole| match message {
                    AgentToConsole::ChatReceived { up_to } => (*up_to == id).then_some(()),
                    _ => None,
                };
                console.talk.expect(received).await.unwrap();
            }
        }
    });
    agent.send(AgentCommand::SendChat("leave my bank alone".to_owned()));
    let told = |message: &AgentToConsole| matches!(message, AgentToConsole::Chat { .. }).then_some(());
    trap.run("the person's line", console.talk.expect(told)).unwrap();
    let log = log(&trap, &agent);
    let is_of = |event: &Event, writer| matches!(event, Event::Chat { by, .. } if *by == writer);
    assert_eq!(log.entries.iter().filter(|entry| is_of(&entry.event, Role::Console)).count(), lines);
    let cut = log.entries.iter().position(|entry| entry.event == Event::ChatCut { by: Role::Console }).unwrap();
    let persons = log.entries.iter().position(|entry| is_of(&entry.event, Role::Agent)).unwrap();
    assert!(cut < persons);
    assert!(!log.entries.iter().any(|entry| entry.event == Event::ChatCut { by: Role::Agent }));
}

#[test]
fn an_operator_without_viewing_has_nothing_at_all() {
    let trap = Trap::new();
    let (agent, mut console) = meet(&trap, &Profile::of([]));
    assert_eq!(ask(&trap, &mut console, 1, Request::View), Decision::NotInProfile);
    assert_eq!(ask(&trap, &mut console, 2, Request::Control), Decision::NotInProfile);
    ping(&trap, &mut console);
    assert!(matches!(agent.view().page, Page::Waiting { .. }));
    assert_eq!(trap.desktop.captures(), 0);
}

#[test]
fn a_console_that_breaks_the_rules_does_not_keep_the_person_from_naming_the_scam() {
    for is_seen in [true, false] {
        let trap = Trap::new();
        let (agent, mut console) = meet(&trap, &Profile::all_tools());
        if is_seen {
            view(&trap, &agent, &mut console);
        }
        trap.run("what is no message", console.talk.raw(&[0, 1, 200]));
        trap.agent_shows(&agent, "the question after the end", |view| match &view.page {
            Page::Ended(end) if end.reason == EndReason::ProtocolViolation => {
                (end.rating == RatingView::ScamOnly).then_some(())
            }
            _ => None,
        });
        // There are no stars for that.
        agent.send(AgentCommand::Rate { stars: 5, comment: String::new() });
        agent.send(AgentCommand::ReportScam);
        trap.agent_shows(&agent, "what to do now", |view| match &view.page {
            Page::Ended(end) => (end.reason == EndReason::ReportedAsScam && end.removed.is_some()).then_some(()),
            _ => None,
        });
        let log = saved_log(&trap, &agent);
        let ends: Vec<EndReason> = log
            .entries
            .iter()
            .filter_map(|entry| if let Event::Ended { reason, .. } = &entry.event { Some(*reason) } else { None })
            .collect();
        assert_eq!(ends, [EndReason::ProtocolViolation, EndReason::ReportedAsScam], "seen: {is_seen}");
        assert!(!log.entries.iter().any(|entry| matches!(entry.event, Event::Rated { .. })));
    }
}

#[test]
fn a_false_signature_of_the_log_ends_the_session() {
    let trap = Trap::new();
    let (agent, mut console) = meet(&trap, &Profile::all_tools());
    let signed = ConsoleToAgent::LogSigned { number: 0, at_ms: 1, signature: proto::Blob::new([7; 64]).unwrap() };
    trap.run("signing", console.talk.say(&signed));
    let reason = trap.agent_shows(&agent, "the end", |view| match &view.page {
        Page::Ended(end) => Some(end.reason),
        _ => None,
    });
    assert_eq!(reason, EndReason::ProtocolViolation);
}

#[test]
fn a_key_of_the_log_that_the_operator_did_not_vouch_for_is_refused() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey(KEY.into()));
    let key = SessionKey::parse(KEY).unwrap();
    let identity = trap.console_identity();
    let greeted = trap.run("the greeting", async { catcher.next().await.greet_unvouched(&key, &identity).await });
    assert!(!greeted);
    trap.agent_page(&agent, "an unvouched key", &Page::Failed(Failure::ProtocolBroken));
}

#[test]
fn a_file_that_was_taken_stands_in_the_log_whatever_the_console_says_of_it() {
    let trap = Trap::new();
    let (agent, mut console) = meet(&trap, &Profile::all_tools());
    view(&trap, &agent, &mut console);
    let content = vec![7; 100_000];
    fs::write(trap.path("home/diary.txt"), &content).unwrap();
    let transfer = TransferId(1);
    let what = fetch(1, "diary.txt");
    trap.run("asking", console.talk.say(&ConsoleToAgent::Ask { request: RequestId(2), what }));
    let path = PathText::truncated("diary.txt");
    let wanted = BatchEntry { path, item: BatchItem::Wanted, size_bytes: 0, modified_s: 0 };
    let list = [framed(&StreamKind::BatchList { transfer }), framed(&wanted)];
    trap.run("the list", stream(&console.channel, &list, &[])).unwrap().finish().unwrap();
    let id = RequestId(2);
    trap.agent_shows(&agent, "the question", |view| match &view.page {
        Page::Question(question) if question.id == id => Some(()),
        _ => None,
    });
    agent.send(AgentCommand::QuestionShown(id));
    agent.send(AgentCommand::Answer(id, true));
    assert_eq!(decided(&trap, &mut console, 2), Decision::Granted);
    let wish = BatchWish { index: 0, from_bytes: 0, prefix: [0; 32] };
    let plan = [framed(&StreamKind::BatchPlan { transfer }), framed(&wish)];
    trap.run("the wish", stream(&console.channel, &plan, &[])).unwrap().finish().unwrap();
    // Screen and pointer come on streams of their own; the files are the one that ends.
    let taken = trap.run("the file", async {
        loop {
            let mut stream = console.channel.connection().accept_uni().await.unwrap();
            let mut head = [0; 3];
            stream.read_exact(&mut head).await.unwrap();
            if framed(&StreamKind::Batch { transfer }).starts_with(&head) {
                return stream.read_to_end(1 << 20).await.unwrap();
            }
        }
    });
    assert!(taken.iter().filter(|byte| **byte == 7).count() >= content.len(), "the console has it");
    let failure = TransferFailure::NotFound;
    trap.run("the lie", console.talk.say(&ConsoleToAgent::FileFailed { transfer, failure }));
    ping(&trap, &mut console);
    let log = log(&trap, &agent);
    let stands = log.entries.iter().any(|entry| {
        matches!(
            entry.event,
            Event::Files { request: 2, direction: Direction::ToOperator, files: 1, size_bytes: 100_000, .. }
        )
    });
    assert!(stands, "{:?}", log.entries);
}

#[test]
fn what_an_earlier_yes_allowed_is_given_up_while_its_list_is_still_awaited() {
    let trap = Trap::new();
    let tools = [Capability::View, Capability::SendFile];
    let (agent, mut console) = meet(&trap, &Profile::of(tools.map(|tool| (tool, Asking::OncePerSession))));
    view(&trap, &agent, &mut console);
    let send = |id: u32| Request::SendBatch {
        transfer: TransferId(id),
        title: FileName::truncated("a.txt"),
        items: 1,
        folder: PathText::truncated(""),
    };
    let list = |console: &FalseConsole, id: u32| {
        let path = PathText::truncated("a.txt");
        let file = BatchEntry { path, item: BatchItem::File, size_bytes: 0, modified_s: 0 };
        let bytes = [framed(&StreamKind::BatchList { transfer: TransferId(id) }), framed(&file)];
        trap.run("a list", stream(&console.channel, &bytes, &[]))
    };
    trap.run("asking", console.talk.say(&ConsoleToAgent::Ask { request: RequestId(2), what: send(2) }));
    list(&console, 2).unwrap().finish().unwrap();
    let id = RequestId(2);
    trap.agent_shows(&agent, "the question", |view| match &view.page {
        Page::Question(question) => (question.id == id).then_some(()),
        _ => None,
    });
    agent.send(AgentCommand::QuestionShown(id));
    agent.send(AgentCommand::Answer(id, true));
    assert_eq!(decided(&trap, &mut console, 2), Decision::Granted);

    assert_eq!(ask(&trap, &mut console, 3, send(3)), Decision::Granted, "by the yes before");
    let (transfer, failure) = (TransferId(3), TransferFailure::Cancelled);
    trap.run("giving up", console.talk.say(&ConsoleToAgent::FileFailed { transfer, failure }));
    let given_up = |message: &AgentToConsole| match message {
        AgentToConsole::FileFailed { transfer, failure } => Some((*transfer, *failure)),
        _ => None,
    };
    assert_eq!(trap.run("its end", console.talk.expect(given_up)), Some((transfer, failure)));
    // It does not begin after all.
    let late = list(&console, 3);
    ping(&trap, &mut console);
    let names = trap.agent_shows(&agent, "the panel", |view| {
        let panel = view.panel.as_ref()?;
        Some(panel.transfers.iter().map(|transfer| transfer.id).collect::<Vec<_>>())
    });
    assert_eq!(names, [TransferId(2)]);
    drop(late);
}
