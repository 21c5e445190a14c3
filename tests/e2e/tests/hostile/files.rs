//! A console that sends what no batch of files is, and an agent that lists folders without end.

use super::agent::{asked, grant, meet, refused, session};
use super::answer;
use super::console::{ask, decided, meet_and_be_recognised, say};
use agent_core::AgentHandle;
use channel::SendStream;
use console_core::ConsoleHandle;
use console_core::view::{ConsoleCommand, PowerState, Stage, TransferState};
use e2e::evil::Trap;
use e2e::evil::ends::{FalseAgent, FalseConsole, framed, stream};
use proto::files::{BatchEntry, BatchItem, BatchPart, EntryKind, FolderEntry, FolderHead};
use proto::limits::{BATCH_ENTRIES, FOLDER_ROWS};
use proto::session::{
    AgentToConsole, ConsoleToAgent, Decision, EndReason, FileName, PathText, Request, RequestId, StreamKind,
    TransferFailure, TransferId,
};
use std::fs;
use std::path::Path;

pub(super) fn entry(path: &str, item: BatchItem, size_bytes: u64) -> BatchEntry {
    BatchEntry { path: PathText::truncated(path), item, size_bytes, modified_s: 0 }
}

pub(super) fn send_batch(transfer: u32, (title, items): (&str, u32), folder: &str) -> Request {
    let (transfer, title) = (TransferId(transfer), FileName::truncated(title));
    Request::SendBatch { transfer, title, items, folder: PathText::truncated(folder) }
}

/// A question about one file or folder of the person's, and the list that belongs to it.
pub(super) fn fetch_one(transfer: u32, path: &str) -> (Request, Vec<BatchEntry>) {
    let title = PathText::truncated(path);
    (Request::FetchBatch { transfer: TransferId(transfer), title, items: 1 }, vec![entry(path, BatchItem::Wanted, 0)])
}

/// A file of a batch as its parts.
pub(super) fn whole_file(index: u32, content: &[u8]) -> Vec<u8> {
    let block = |block: &[u8]| {
        let length = u32::try_from(block.len()).unwrap();
        [framed(&BatchPart::Block { length }), block.to_vec()].concat()
    };
    let begin = framed(&BatchPart::Begin { index, from_bytes: 0 });
    let end = framed(&BatchPart::End { digest: *blake3::hash(content).as_bytes() });
    [begin, content.chunks(64 * 1024).flat_map(block).collect(), end].concat()
}

/// Begins to send the content of a batch.
fn begin_content(trap: &Trap, console: &FalseConsole, transfer: u32, bytes: &[u8]) -> SendStream {
    let head = framed(&StreamKind::Batch { transfer: TransferId(transfer) });
    trap.run("the content", stream(&console.channel, &[head], bytes)).unwrap()
}

/// Sends the content of a batch, all of it.
pub(super) fn send_content(trap: &Trap, console: &FalseConsole, transfer: u32, bytes: &[u8]) {
    // Fails where the stream was refused meanwhile.
    let _ = begin_content(trap, console, transfer, bytes).finish();
}

/// How many files of a batch are whole, once it is over.
pub(super) fn over(trap: &Trap, console: &mut FalseConsole) -> u32 {
    let over = |message: &AgentToConsole| match message {
        AgentToConsole::BatchOver { done, .. } => Some(*done),
        _ => None,
    };
    trap.run("the end of the batch", console.talk.expect(over)).unwrap()
}

/// Puts the question with its list, and lets the person say yes.
pub(super) fn granted(trap: &Trap, agent: &AgentHandle, console: &mut FalseConsole, id: u32, list: &[BatchEntry]) {
    granted_into(trap, agent, console, id, list, "");
}

/// Puts a question, and gives the list that belongs to it.
pub(super) fn ask_with(trap: &Trap, console: &mut FalseConsole, id: u32, what: Request, list: &[BatchEntry]) {
    say(trap, console, &ConsoleToAgent::Ask { request: RequestId(id), what });
    let head = framed(&StreamKind::BatchList { transfer: TransferId(id) });
    let bytes: Vec<u8> = list.iter().flat_map(framed).collect();
    let mut sent = trap.run("the list", stream(&console.channel, &[head], &bytes)).unwrap();
    sent.finish().unwrap();
}

/// The same into a folder of the person's choice or, if it has a name, of the console's.
fn granted_into(
    trap: &Trap,
    agent: &AgentHandle,
    console: &mut FalseConsole,
    id: u32,
    list: &[BatchEntry],
    folder: &str,
) {
    let items = list.iter().filter(|entry| !entry.path.as_str().contains('/')).count();
    let title = (list[0].path.as_str(), u32::try_from(items).unwrap());
    let what = send_batch(id, title, folder);
    ask_with(trap, console, id, what, list);
    answer(trap, agent, id, true);
    assert_eq!(decided(trap, console, id), Decision::Granted);
}

#[test]
fn names_that_lead_elsewhere_are_refused_one_by_one_and_nothing_of_them_is_asked_for() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    let names = ["../x", "/etc/passwd", "a/../../x", "..", ".", "", "a\\b", "a\0b", "C:\\x", "a//b", &"d/".repeat(200)];
    let list: Vec<BatchEntry> = names.iter().map(|name| entry(name, BatchItem::File, 1)).collect();
    granted(&trap, &agent, &mut console, 2, &list);
    for _ in names {
        let failed = |message: &AgentToConsole| match message {
            AgentToConsole::ItemFailed { failure, .. } => Some(*failure),
            _ => None,
        };
        assert_eq!(trap.run("a refusal", console.talk.expect(failed)).unwrap(), TransferFailure::BadName);
    }
    assert_eq!(fs::read_dir(trap.path("downloads")).unwrap().count(), 0);
}

/// Waits until the folder for downloads is empty: a file is removed beside the word that it failed.
fn nothing_is_left(trap: &Trap) {
    trap.eventually("that nothing is left", || fs::read_dir(trap.path("downloads")).unwrap().next().is_none());
}

#[test]
fn content_that_is_not_what_was_wished_ends_the_batch_and_leaves_nothing() {
    let content = [7_u8; 10];
    let part = |part: BatchPart| framed(&part);
    let begin = |index, from_bytes| part(BatchPart::Begin { index, from_bytes });
    let block = |length| part(BatchPart::Block { length });
    let end = |digest| part(BatchPart::End { digest });
    let rows: [(&str, Vec<u8>); 10] = [
        ("a file that is not in the list", begin(7, 0)),
        ("a resume point that nobody offered", begin(0, 5)),
        ("a block of four gigabytes", [begin(0, 0), block(u32::MAX)].concat()),
        ("a block that is longer than the file", [begin(0, 0), block(11), vec![0; 11]].concat()),
        ("a block of no file", [block(10), content.to_vec()].concat()),
        ("two files at once", [begin(0, 0), begin(0, 0)].concat()),
        ("the same file twice", {
            let whole = [begin(0, 0), block(10), content.to_vec(), end([0; 32])].concat();
            [whole.clone(), whole].concat()
        }),
        ("bytes after the last file", { [begin(0, 0), block(10), content.to_vec(), end([0; 32]), vec![1]].concat() }),
        ("a file cut short", [begin(0, 0), block(10), content[..4].to_vec()].concat()),
        ("no message", vec![0, 3, 200, 1, 1]),
    ];
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    let mut id = 1;
    let mut send = |console: &mut FalseConsole, bytes: &[u8]| {
        id += 1;
        granted(&trap, &agent, console, id, &[entry("a.txt", BatchItem::File, 10)]);
        send_content(&trap, console, id, bytes);
        id
    };
    for (what, bytes) in rows {
        let id = send(&mut console, &bytes);
        let failed = |message: &AgentToConsole| match message {
            AgentToConsole::FileFailed { failure, .. } => Some(*failure),
            AgentToConsole::BatchOver { .. } => panic!("a batch went well"),
            _ => None,
        };
        let failure = trap.run(what, console.talk.expect(failed)).unwrap();
        assert_eq!(failure, TransferFailure::Corrupted, "{what}");
        // The grant went with the first stream.
        let again = begin_content(&trap, &console, id, &whole_file(0, &content));
        trap.run("the refused stream", again.stopped()).unwrap();
        nothing_is_left(&trap);
    }
    // A wrong digest is the matter of that one file, and so is one that does not come at all.
    for bytes in [[begin(0, 0), block(10), content.to_vec(), end([0; 32])].concat(), Vec::new()] {
        send(&mut console, &bytes);
        assert_eq!(over(&trap, &mut console), 0);
        nothing_is_left(&trap);
    }
    send(&mut console, &whole_file(0, &content));
    assert_eq!(over(&trap, &mut console), 1);
    assert_eq!(fs::read(trap.path("downloads/a.txt")).unwrap(), content);
}

#[test]
fn a_folder_is_not_listed_before_the_yes_to_that_and_a_yes_to_files_is_none() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    granted(&trap, &agent, &mut console, 2, &[entry("a.txt", BatchItem::File, 10)]);
    say(&trap, &mut console, &ConsoleToAgent::ListFolder { listing: 1, path: PathText::truncated("/") });
    say(&trap, &mut console, &ConsoleToAgent::Ping { token: 7 });
    let answered = |message: &AgentToConsole| match message {
        AgentToConsole::NoFolder { .. } => panic!("an answer about a folder"),
        AgentToConsole::Pong { .. } => Some(()),
        _ => None,
    };
    trap.run("the pong", console.talk.expect(answered)).unwrap();
}

/// The console fetches into this folder, and the agent says that the person allowed it.
fn fetches(trap: &Trap, console: &ConsoleHandle, agent: &mut FalseAgent) -> TransferId {
    fs::create_dir_all(trap.path("into")).unwrap();
    console.send(ConsoleCommand::FetchFiles { paths: vec!["all".to_owned()], into: trap.path("into") });
    let asked = |message: &ConsoleToAgent| match message {
        ConsoleToAgent::Ask { request, what } => Some((*request, what.clone())),
        _ => None,
    };
    let (request, what) = trap.run("a question", agent.talk.expect(asked)).unwrap();
    let Request::FetchBatch { transfer, .. } = what else { panic!("another question") };
    grant(trap, agent, request, &what);
    transfer
}

#[test]
fn a_list_of_files_that_never_ends_ends_the_session() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (console, mut agent) = meet(&trap, &mut catcher);
    grant(&trap, &mut agent, RequestId(1), &Request::View);
    let transfer = fetches(&trap, &console, &mut agent);
    let rows = framed(&entry("a", BatchItem::File, u64::MAX)).repeat(BATCH_ENTRIES + 1);
    let _sent = trap.run("the rows", stream(&agent.channel, &[framed(&StreamKind::BatchList { transfer })], &rows));
    let reason = trap.console_shows(&console, "the end", |view| match &view.stage {
        Stage::Ended(end) => Some(end.reason),
        _ => None,
    });
    assert_eq!(reason, EndReason::ProtocolViolation);
    assert_eq!(fs::read_dir(trap.path("into")).unwrap().count(), 0);
}

#[test]
fn files_of_impossible_sizes_take_no_memory_and_leave_nothing_and_the_session_goes_on() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (console, mut agent) = meet(&trap, &mut catcher);
    grant(&trap, &mut agent, RequestId(1), &Request::View);
    let part = |part: BatchPart| framed(&part);
    let begin = |from_bytes| part(BatchPart::Begin { index: 1, from_bytes });
    let block = |length| part(BatchPart::Block { length });
    for (what, bytes) in [
        ("a block of four gigabytes", [begin(0), block(u32::MAX)].concat()),
        ("a block of more than one may have", [begin(0), block(65_537), vec![0; 65_537]].concat()),
        ("the last byte first", begin(u64::MAX)),
        ("an end before the beginning", part(BatchPart::End { digest: [0; 32] })),
        ("an end long before its time", [begin(0), part(BatchPart::End { digest: [0; 32] })].concat()),
    ] {
        let transfer = fetches(&trap, &console, &mut agent);
        let files = ["all/a", "all/b"].iter().flat_map(|path| framed(&entry(path, BatchItem::File, u64::MAX)));
        let list: Vec<u8> = framed(&entry("all", BatchItem::Folder, 0)).into_iter().chain(files).collect();
        let head = [framed(&StreamKind::BatchList { transfer })];
        trap.run(what, stream(&agent.channel, &head, &list)).unwrap().finish().unwrap();
        let head = [framed(&StreamKind::Batch { transfer })];
        let mut sent = trap.run(what, stream(&agent.channel, &head, &bytes)).unwrap();
        let _ = sent.finish();
        if what == "an end long before its time" {
            trap.run(what, agent.talk.say(&AgentToConsole::BatchOver { transfer, done: u32::MAX }));
        }
        let over = session(&trap, &console, what, |session| {
            session.transfers.last().filter(|last| last.id == transfer && last.state.is_over()).cloned()
        });
        if what == "an end long before its time" {
            // That is the matter of the one file; the other never comes.
            assert_eq!((over.done_files, over.failed_files), (0, 2), "{what}");
        } else {
            assert_eq!(over.state, TransferState::Failed(TransferFailure::Corrupted), "{what}");
        }
        assert_eq!(over.size_bytes, u64::MAX, "{what}");
        trap.eventually("that nothing is left", || files_in(&trap.path("into")).is_empty());
    }
    console.send(ConsoleCommand::SendChat("still there".into()));
    let said = |message: &ConsoleToAgent| matches!(message, ConsoleToAgent::Chat { .. }).then_some(());
    trap.run("a line", agent.talk.expect(said)).unwrap();
}

#[test]
fn files_that_came_and_that_the_agent_never_writes_down_are_counted_at_the_end() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (console, mut agent) = meet(&trap, &mut catcher);
    grant(&trap, &mut agent, RequestId(1), &Request::View);
    let transfer = fetches(&trap, &console, &mut agent);
    let list = framed(&entry("all", BatchItem::File, 10));
    for (kind, bytes) in [
        (StreamKind::BatchList { transfer }, list),
        // After it the agent would say that this was all, once it stands in the log.
        (StreamKind::Batch { transfer }, whole_file(0, &[7; 10])),
    ] {
        trap.run("files", stream(&agent.channel, &[framed(&kind)], &bytes)).unwrap().finish().unwrap();
    }
    session(&trap, &console, "the file", |session| {
        session.transfers.last().filter(|last| last.done_files == 1).map(|_| ())
    });
    console.send(ConsoleCommand::End);
    let end = |message: &ConsoleToAgent| matches!(message, ConsoleToAgent::End).then_some(());
    trap.run("the end", agent.talk.expect(end)).unwrap();
    drop(agent);
    let missing = trap.console_shows(&console, "the end", |view| match &view.stage {
        Stage::Ended(end) if !end.is_closing => Some(end.transfers[0].not_in_log),
        _ => None,
    });
    assert_eq!(missing, 1);
    assert_eq!(fs::read(trap.path("into/all")).unwrap(), [7; 10]);
}

#[test]
fn files_that_nobody_asked_for_are_stopped() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (console, mut agent) = meet(&trap, &mut catcher);
    grant(&trap, &mut agent, RequestId(1), &Request::View);
    fs::write(trap.path("offered.txt"), "x").unwrap();
    console.send(ConsoleCommand::send_file(trap.path("offered.txt")));
    let (_, what) = trap.run("a question", agent.talk.expect(asked)).unwrap();
    let Request::SendBatch { transfer: offered, .. } = what else { panic!("another question") };
    // One of which nothing is known, and one that goes the other way.
    for transfer in [TransferId(50), offered] {
        for kind in [StreamKind::BatchList { transfer }, StreamKind::Batch { transfer }] {
            let files = trap.run("files", stream(&agent.channel, &[framed(&kind)], &[1; 5000])).unwrap();
            trap.run("the refusal", files.stopped()).unwrap();
        }
    }
    assert_eq!(session(&trap, &console, "the transfers", |session| Some(session.transfers.len())), 1);
    // Nor is anything where it belongs of which nothing has left.
    for transfer in [TransferId(50), offered] {
        trap.run("a lie", agent.talk.say(&AgentToConsole::BatchOver { transfer, done: 1 }));
    }
    refused(&trap, &console, "the word that all has arrived that nobody allowed");
}

/// The names of all files below a folder.
fn files_in(folder: &Path) -> Vec<String> {
    e2e::moving::tree(folder).into_keys().collect()
}

#[test]
fn a_list_of_a_folder_that_never_ends_ends_the_session() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (console, mut agent) = meet(&trap, &mut catcher);
    grant(&trap, &mut agent, RequestId(1), &Request::View);
    session(&trap, &console, "viewing", |session| {
        session.powers.iter().any(|power| power.state == PowerState::Granted).then_some(())
    });
    console.send(ConsoleCommand::Browse { path: String::new() });
    let (request, what) = trap.run("a question", agent.talk.expect(asked)).unwrap();
    assert_eq!(what, Request::Browse);
    grant(&trap, &mut agent, request, &what);
    let listed = |message: &ConsoleToAgent| match message {
        ConsoleToAgent::ListFolder { listing, .. } => Some(*listing),
        _ => None,
    };
    let listing = trap.run("a look", agent.talk.expect(listed)).unwrap();
    let head = FolderHead { path: PathText::truncated("/"), parent: None, left_out: 0 };
    let name = FileName::truncated(&"x".repeat(255));
    let row = framed(&FolderEntry { name, kind: EntryKind::File, size_bytes: u64::MAX, modified_s: u64::MAX });
    let rows = row.repeat(FOLDER_ROWS + 1);
    let heads = [framed(&StreamKind::Folder { listing }), framed(&head)];
    let _sent = trap.run("the rows", stream(&agent.channel, &heads, &rows));
    let reason = trap.console_shows(&console, "the end", |view| match &view.stage {
        Stage::Ended(end) => Some(end.reason),
        _ => None,
    });
    assert_eq!(reason, EndReason::ProtocolViolation);
}

/// The console wants files, and the agent says that the person allowed it.
fn wanted(trap: &Trap, console: &ConsoleHandle, agent: &mut FalseAgent, paths: &[&str], into: &Path) -> TransferId {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    console.send(ConsoleCommand::FetchFiles { paths, into: into.to_owned() });
    let (request, what) = trap.run("a question", agent.talk.expect(asked)).unwrap();
    let Request::FetchBatch { transfer, .. } = what else { panic!("another question") };
    grant(trap, agent, request, &what);
    transfer
}

/// Gives a list, and then these files of it whatever of them was wished for.
fn give(trap: &Trap, agent: &FalseAgent, transfer: TransferId, list: &[BatchEntry], files: &[u32]) {
    let bytes: Vec<u8> = list.iter().flat_map(framed).collect();
    let head = framed(&StreamKind::BatchList { transfer });
    let mut sent = trap.run("the list", stream(&agent.channel, &[head], &bytes)).unwrap();
    sent.finish().unwrap();
    let file = |index: &u32| {
        let parts = [BatchPart::Begin { index: *index, from_bytes: 0 }, BatchPart::Block { length: 4 }];
        let end = BatchPart::End { digest: *blake3::hash(b"evil").as_bytes() };
        [framed(&parts[0]), framed(&parts[1]), b"evil".to_vec(), framed(&end)].concat()
    };
    let bytes: Vec<u8> = files.iter().flat_map(file).collect();
    let head = framed(&StreamKind::Batch { transfer });
    if let Some(mut sent) = trap.run("the files", stream(&agent.channel, &[head], &bytes)) {
        let _ = sent.finish();
    }
}

#[test]
fn an_agent_gives_only_what_was_asked_for_and_chooses_no_place_for_it() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (console, mut agent) = meet(&trap, &mut catcher);
    grant(&trap, &mut agent, RequestId(1), &Request::View);
    let into = trap.path("fetched");
    fs::create_dir_all(into.join("projects")).unwrap();
    let file = |path: &str| entry(path, BatchItem::File, 4);
    let list = [
        file("projects/Makefile"),
        entry("bin", BatchItem::Folder, 0),
        file("bin/ls"),
        file("report.pdf"),
        file("report.pdf"),
    ];
    // The third in the list comes in the place of the wanted one.
    let paths = ["/home/anna/report.pdf"];
    let transfer = wanted(&trap, &console, &mut agent, &["/home/anna/none", paths[0]], &into);
    give(&trap, &agent, transfer, &list, &[3]);
    trap.eventually("the report", || into.join("report.pdf").exists());
    let failures = session(&trap, &console, "what does not come", |session| {
        let view = session.transfers.iter().find(|view| view.id == transfer)?;
        (view.failed_files == 4).then(|| view.failures.clone())
    });
    assert!(failures.iter().all(|(_, failure)| *failure == TransferFailure::BadName), "{failures:?}");

    // What was not asked for is not taken either way.
    let transfer = wanted(&trap, &console, &mut agent, &paths, &into);
    give(&trap, &agent, transfer, &list[..1], &[0]);
    let state = session(&trap, &console, "the end", |session| {
        let view = session.transfers.iter().find(|view| view.id == transfer)?;
        view.state.is_over().then_some(view.state)
    });
    assert_eq!(state, TransferState::Failed(TransferFailure::Corrupted));

    // Not even a folder that was asked for goes where programs start by themselves.
    let transfer = wanted(&trap, &console, &mut agent, &["/home/anna/Library"], &trap.path(""));
    let list = [entry("Library", BatchItem::Folder, 0), file("Library/LaunchAgents/x.plist")];
    give(&trap, &agent, transfer, &list, &[1]);
    let failures = session(&trap, &console, "what does not come", |session| {
        let view = session.transfers.iter().find(|view| view.id == transfer)?;
        view.state.is_over().then(|| view.failures.clone())
    });
    assert!(failures.iter().all(|(_, failure)| *failure == TransferFailure::Protected), "{failures:?}");
    assert!(!trap.path("Library").exists());
    let names = |folder: &Path| fs::read_dir(folder).unwrap().count();
    assert_eq!((names(&into), names(&into.join("projects"))), (2, 0));
}

#[test]
fn no_path_in_a_list_leads_into_settings_or_programs_that_start_by_themselves() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    let names = ["Library/LaunchAgents/x.plist", "AppData/Roaming/x.lnk", "appdata/x", "library"];
    let list: Vec<BatchEntry> = names.iter().map(|name| entry(name, BatchItem::File, 1)).collect();
    granted_into(&trap, &agent, &mut console, 2, &list, ".");
    for name in names {
        let failed = |message: &AgentToConsole| match message {
            AgentToConsole::ItemFailed { failure, .. } => Some(*failure),
            _ => None,
        };
        assert_eq!(trap.run(name, console.talk.expect(failed)).unwrap(), TransferFailure::Protected, "{name}");
    }
    assert_eq!(fs::read_dir(trap.path("home")).unwrap().count(), 0);
}

#[test]
fn a_list_that_is_not_what_was_asked_about_is_no_question() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    fs::write(trap.path("home/printer.log"), "log").unwrap();
    fs::write(trap.path("home/report.pdf"), "secret").unwrap();
    let fetch = |transfer| fetch_one(transfer, "printer.log").0;
    let file = |path| entry(path, BatchItem::File, 1);
    let wanted = |path| entry(path, BatchItem::Wanted, 0);
    let rows = [
        (fetch(2), vec![wanted("report.pdf")]),
        (fetch(3), vec![wanted("printer.log"), wanted("report.pdf")]),
        (fetch(4), vec![]),
        (send_batch(5, ("photo.jpg", 1), ""), vec![file("setup.exe")]),
        (send_batch(6, ("photo.jpg", 1), ""), vec![file("photo.jpg"), file("setup.exe")]),
        (send_batch(7, ("photos", 2), ""), vec![entry("photos", BatchItem::Folder, 0), file("photos/setup.exe")]),
    ];
    for (id, (what, list)) in (2..).zip(rows) {
        ask_with(&trap, &mut console, id, what, &list);
        assert_eq!(decided(&trap, &mut console, id), Decision::Impossible, "{list:?}");
    }
}

#[test]
fn a_file_that_a_list_names_twice_arrives_as_two_each_with_its_own_content() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    // Larger than what is written in one go, and the same in all that the list says of them.
    let contents = [vec![1_u8; 300_000], vec![2; 300_000], vec![3; 300_000]];
    let list = vec![entry("a.bin", BatchItem::File, 300_000); 3];
    granted(&trap, &agent, &mut console, 2, &list);
    let file = |(index, content): (u32, &Vec<u8>)| whole_file(index, content);
    let bytes: Vec<u8> = (0..).zip(&contents).flat_map(file).collect();
    send_content(&trap, &console, 2, &bytes);
    assert_eq!(over(&trap, &mut console), 3);
    for (name, content) in ["a.bin", "a (2).bin", "a (3).bin"].into_iter().zip(&contents) {
        assert!(fs::read(trap.path("downloads").join(name)).unwrap() == *content, "{name}");
    }
    assert_eq!(fs::read_dir(trap.path("downloads")).unwrap().count(), 3);
}

#[test]
fn a_yes_that_crosses_a_cancel_moves_nothing_and_is_answered() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (console, mut agent) = meet(&trap, &mut catcher);
    grant(&trap, &mut agent, RequestId(1), &Request::View);
    let path = trap.path("a.txt");
    fs::write(&path, "a").unwrap();
    let commands = [ConsoleCommand::send_file(path), ConsoleCommand::fetch_file("b.txt", trap.path(""))];
    for command in commands {
        let what = format!("{command:?}");
        console.send(command);
        let (request, asked) = trap.run(&what, agent.talk.expect(asked)).unwrap();
        let transfer = session(&trap, &console, "the transfer", |session| {
            session.transfers.last().filter(|view| view.state == TransferState::Asked).map(|view| view.id)
        });
        console.send(ConsoleCommand::CancelTransfer(transfer));
        let withdrawn = |message: &ConsoleToAgent| match message {
            ConsoleToAgent::Withdraw { request } => Some(*request),
            _ => None,
        };
        assert_eq!(trap.run(&what, agent.talk.expect(withdrawn)).unwrap(), request);
        // The person was quicker.
        grant(&trap, &mut agent, request, &asked);
        let given_up = |message: &ConsoleToAgent| match message {
            ConsoleToAgent::FileFailed { transfer, failure } => Some((*transfer, *failure)),
            _ => None,
        };
        let given_up = trap.run(&what, agent.talk.expect(given_up)).unwrap();
        assert_eq!(given_up, (transfer, TransferFailure::Cancelled), "{what}");
    }
}

#[test]
fn a_ninth_batch_at_a_time_is_told_that_there_are_too_many_and_not_that_somebody_cancelled_it() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    for id in 2..11 {
        say(&trap, &mut console, &ConsoleToAgent::Ask { request: RequestId(id), what: send_batch(id, ("a", 1), "") });
    }
    let failed = |message: &AgentToConsole| match message {
        AgentToConsole::FileFailed { transfer, failure } => Some((*transfer, *failure)),
        _ => None,
    };
    assert_eq!(trap.run("a refusal", console.talk.expect(failed)).unwrap(), (TransferId(10), TransferFailure::Busy));
}
