//! Folders that the operator looks at, and batches of files both ways, through whole sessions.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use agent_core::LinkKind;
use agent_core::view::{AgentCommand, Conflict, Page, QuestionKind};
use audit_log::{Event, FilesList, Report};
use console_core::view::{ConsoleCommand, FolderView, PowerState, Stage, TransferState};
use e2e::moving::{content, quick, slow, tree};
use e2e::{Line, World};
use proto::files::EntryKind;
use proto::session::{Capability, TransferFailure};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

fn viewing() -> World {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world
}

/// The same over a slow path to the console.
fn viewing_slowly() -> World {
    let world = World::on(Line::only(LinkKind::Quic), Line::only(LinkKind::Quic).over(slow()));
    world.pair_and_view();
    world
}

fn remote(world: &World, what: &str, is_it: impl Fn(&FolderView) -> bool) -> Arc<FolderView> {
    world.session(what, |session| session.files.remote.clone().filter(|folder| is_it(folder)))
}

/// The log of the console, once the session is over.
fn log(world: &World) -> Report {
    world.agent.send(AgentCommand::End);
    world.agent.send(AgentCommand::SkipRating);
    let path: PathBuf = world.console_shows("the console's log", |view| match &view.stage {
        Stage::Ended(end) if !end.is_closing => end.log.clone(),
        _ => None,
    });
    let report = Report::of(fs::read_to_string(path).unwrap());
    assert!(report.holds(), "{:?}", report.findings);
    report
}

/// How many files stand in the log, those of all entries together.
fn logged(log: &Report) -> usize {
    let lists = log.entries.iter().filter(|entry| matches!(entry.event, Event::Files { .. }));
    lists.map(|entry| FilesList::parse(log.text_of(&entry.event).unwrap()).unwrap().len()).sum()
}

#[test]
fn files_and_folders_arrive_as_they_are_and_stand_in_the_log() {
    let world = viewing();
    let source = world.path("source/project");
    fs::create_dir_all(source.join("empty")).unwrap();
    fs::create_dir_all(source.join("deep/er")).unwrap();
    fs::write(source.join("a.txt"), "a").unwrap();
    fs::write(source.join("none"), "").unwrap();
    fs::write(source.join("deep/er/big.bin"), content(1, 700_000)).unwrap();
    let single = world.path("source/single.pdf");
    fs::write(&single, content(2, 100_000)).unwrap();
    world.send_files(&[source.clone(), single.clone()], "");
    let question = world.asked_about_files();
    assert_eq!((question.files, question.size_bytes, question.conflicts), (4, 800_001, 0));
    assert!(question.names.contains(&"project/deep/er/big.bin".to_owned()), "{:?}", question.names);
    assert!(fs::read_dir(world.path("downloads")).unwrap().next().is_none(), "nothing moves before the yes");
    world.answer(true);
    let done = world.transfer_over();
    assert_eq!((done.state, done.files, done.done_files, done.failed_files), (TransferState::Done, 4, 4, 0));
    let mut expected = tree(&source).into_iter().map(|(name, bytes)| (format!("project/{name}"), bytes)).collect();
    BTreeMap::append(&mut expected, &mut BTreeMap::from([("single.pdf".to_owned(), fs::read(&single).unwrap())]));
    assert_eq!(tree(&world.path("downloads")), expected);
    assert!(world.path("downloads/project/empty").is_dir());

    // And back again, into another folder.
    let back = world.path("back");
    fs::create_dir(&back).unwrap();
    world.fetch_files(&[&world.path("downloads/project"), &world.path("downloads/single.pdf")], &back);
    let question = world.asked_about_files();
    assert_eq!((question.files, question.size_bytes), (4, 800_001));
    let whole = |name| fs::canonicalize(world.path("downloads")).unwrap().join(name).display().to_string();
    assert!(question.names.contains(&whole("project/deep/er/big.bin")), "whole paths: {:?}", question.names);
    world.answer(true);
    let done = world.transfer_over();
    assert_eq!((done.state, done.done_files), (TransferState::Done, 4));
    assert_eq!(tree(&back), expected);
    for name in ["single.pdf", "project/a.txt", "project/deep/er/big.bin"] {
        let mode = back.join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "others on this machine read {name}");
    }
    let log = log(&world);
    assert_eq!(logged(&log), 8, "each file both ways");
    let lists = log.entries.iter().filter(|entry| matches!(entry.event, Event::Files { .. }));
    let lists: String = lists.filter_map(|entry| log.text_of(&entry.event)).collect();
    assert!(lists.contains(&format!("{} // ", whole("project/a.txt"))), "where it was: {lists}");
}

#[test]
fn the_operator_looks_through_folders_only_while_the_person_allows_it() {
    let world = viewing();
    let home = world.path("home");
    fs::create_dir_all(home.join("Documents")).unwrap();
    fs::write(home.join("note.txt"), "12345").unwrap();
    std::os::unix::fs::symlink("/etc", home.join("link")).unwrap();
    world.console.send(ConsoleCommand::Browse { path: String::new() });
    let kind = world.agent_shows("the question", |view| match &view.page {
        Page::Question(question) => Some(question.kind.clone()),
        _ => None,
    });
    assert_eq!(kind, QuestionKind::Browse);
    world.session("nothing before the yes", |session| session.files.remote.is_none().then_some(()));
    world.answer(true);
    let folder = remote(&world, "the home", |folder| folder.path.ends_with("home"));
    let of = |name: &str| folder.entries.iter().find(|entry| entry.name.as_str() == name).unwrap();
    assert_eq!((of("Documents").kind, of("link").kind), (EntryKind::Folder, EntryKind::Link));
    assert_eq!((of("note.txt").kind, of("note.txt").size_bytes), (EntryKind::File, 5));

    world.console.send(ConsoleCommand::Browse { path: folder.path_of("Documents") });
    let folder = remote(&world, "the documents", |folder| folder.path.ends_with("Documents"));
    assert!(folder.parent.as_ref().unwrap().ends_with("home") && folder.entries.is_empty());
    world.console.send(ConsoleCommand::Browse { path: "/no/such/folder".to_owned() });
    world.session("that there is none", |session| {
        (session.files.remote_failure == Some(TransferFailure::NotFound)).then_some(())
    });
    world.console.send(ConsoleCommand::Browse { path: home.join("note.txt").display().to_string() });
    world.session("that it is a file", |session| {
        (session.files.remote_failure == Some(TransferFailure::NotAFile)).then_some(())
    });
    // What moves is looked at where the operator is, not where they could not go.
    let sent = world.path("sent.txt");
    fs::write(&sent, "sent").unwrap();
    world.send_files(&[sent], &folder.path);
    assert_eq!(world.asked_about_files().files, 1);
    world.answer(true);
    world.session("the file in its folder", |session| {
        let folder = session.files.remote.as_ref().filter(|_| session.files.remote_failure.is_none())?;
        folder.entries.iter().any(|entry| entry.name.as_str() == "sent.txt").then_some(())
    });

    world.agent.send(AgentCommand::Revoke(Capability::FetchFile));
    world.session("nothing any more", |session| {
        let files = &session.files;
        (files.browse == PowerState::Revoked && files.remote.is_none()).then_some(())
    });
    let log = log(&world);
    let seen = log.entries.iter().filter(|entry| matches!(entry.event, Event::FolderSeen { .. }));
    let seen: Vec<_> = seen.map(|entry| log.text_of(&entry.event).unwrap().to_owned()).collect();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[1].ends_with("Documents"));
}

#[test]
fn of_two_folders_of_this_machine_the_one_that_was_wanted_last_is_shown_however_long_the_first_takes() {
    let world = viewing();
    let (large, small) = (world.path("large"), world.path("small"));
    for folder in [&large, &small] {
        fs::create_dir(folder).unwrap();
    }
    for number in 0..4000 {
        fs::write(large.join(format!("{number}.txt")), "").unwrap();
    }
    let shown = |session: &console_core::view::SessionView| Some(PathBuf::from(&session.files.local.as_ref()?.path));
    for folder in [&large, &small] {
        world.console.send(ConsoleCommand::ListLocal(folder.clone()));
    }
    world.session("the small one", |session| shown(session).filter(|path| *path == small));
    // Once all of the large one was looked through for this, the list of it is there as well.
    world.send_files(std::slice::from_ref(&large), "");
    assert_eq!(world.asked_about_files().files, 4000);
    assert_eq!(world.session("a folder", shown), small);
}

#[test]
fn what_is_there_already_is_replaced_only_if_its_owner_says_so() {
    for (conflict, expected) in [
        (Conflict::KeepBoth, vec![("a (2).txt", "new"), ("a.txt", "old"), ("b.txt", "b")]),
        (Conflict::Replace, vec![("a.txt", "new"), ("b.txt", "b")]),
        (Conflict::Skip, vec![("a.txt", "old"), ("b.txt", "b")]),
    ] {
        let expected = expected.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect();
        let world = viewing();
        let (source, back) = (world.path("source"), world.path("back"));
        for folder in [&source, &back] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(source.join("a.txt"), "new").unwrap();
        fs::write(source.join("b.txt"), "b").unwrap();
        fs::write(world.path("downloads/a.txt"), "old").unwrap();
        world.send_files(&[source.join("a.txt"), source.join("b.txt")], "");
        assert_eq!(world.asked_about_files().conflicts, 1);
        let id = world.agent_shows("the question", |view| match &view.page {
            Page::Question(question) => Some(question.id),
            _ => None,
        });
        world.agent.send(AgentCommand::Choose(id, conflict));
        world.answer(true);
        assert_eq!(world.transfer_over().state, TransferState::Done);
        assert_eq!(tree(&world.path("downloads")), expected, "{conflict:?} on the agent");

        // On the console's disk the operator decides.
        fs::write(back.join("a.txt"), "old").unwrap();
        world.fetch_files(&[&source.join("a.txt"), &source.join("b.txt")], &back);
        world.answer(true);
        let (transfer, names) = world.session("the question about what is there", |session| {
            let last = session.transfers.last()?;
            (last.state == TransferState::Conflicts(1)).then(|| (last.id, last.conflicts.clone()))
        });
        assert_eq!(*names, ["a.txt".to_owned()]);
        world.console.send(ConsoleCommand::Resolve(transfer, conflict));
        assert_eq!(world.transfer_over().state, TransferState::Done);
        assert_eq!(tree(&back), expected, "{conflict:?} on the console");
    }
}

#[test]
fn a_link_on_the_way_leads_nowhere_and_what_cannot_be_sent_is_named_with_its_reason() {
    let world = viewing();
    let (source, outside) = (world.path("source"), world.path("outside"));
    fs::create_dir_all(source.join("docs")).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(source.join("docs/in.txt"), "in").unwrap();
    fs::write(source.join("plain.txt"), "plain").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", source.join("passwd")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(source.join("socket")).unwrap();
    // In the person's downloads folder "docs" leads somewhere else.
    std::os::unix::fs::symlink(&outside, world.path("downloads/docs")).unwrap();
    let names = ["docs", "plain.txt", "passwd", "socket"];
    world.send_files(&names.map(|name| source.join(name)), "");
    world.answer(true);
    let done = world.transfer_over();
    assert_eq!((done.state, done.done_files, done.failed_files), (TransferState::Done, 1, 3), "{:?}", done.failures);
    let reason = |name: &str| done.failures.iter().find(|(failed, _)| failed == name).map(|(_, failure)| *failure);
    assert_eq!(reason("docs/in.txt"), Some(TransferFailure::Link));
    assert_eq!(reason("passwd"), Some(TransferFailure::Link));
    assert_eq!(reason("socket"), Some(TransferFailure::NotAFile));
    assert!(fs::read_dir(&outside).unwrap().next().is_none(), "nothing was written through the link");
    assert_eq!(fs::read(world.path("downloads/plain.txt")).unwrap(), b"plain");
}

#[test]
fn a_folder_of_settings_is_no_place_for_files() {
    let world = viewing();
    fs::create_dir_all(world.path("home/.ssh")).unwrap();
    fs::write(world.path("authorized_keys"), "key").unwrap();
    world.send_files(&[world.path("authorized_keys")], ".ssh");
    world.answer(true);
    assert_eq!(world.transfer_over().state, TransferState::Failed(TransferFailure::Protected));
    assert!(fs::read_dir(world.path("home/.ssh")).unwrap().next().is_none());
}

#[test]
fn a_thousand_small_files_and_a_large_one_arrive_although_the_relay_is_killed_twice() {
    let mut world = viewing();
    let source = world.path("source/all");
    fs::create_dir_all(&source).unwrap();
    for number in 0..1000 {
        fs::write(source.join(format!("{number:04}.txt")), content(number, 200 + number)).unwrap();
    }
    fs::write(source.join("large.bin"), content(5, 64 * 1024 * 1024)).unwrap();
    world.send_files(std::slice::from_ref(&source), "");
    world.answer(true);
    for share in [10, 60] {
        world.session("so much of it", |session| {
            let transfer = session.transfers.last()?;
            (transfer.done_bytes > transfer.size_bytes / 100 * share).then_some(())
        });
        world.kill_relay();
        world.session("the break", |session| session.reconnecting.then_some(()));
        world.start_relay();
        world.session("the line", |session| (!session.reconnecting).then_some(()));
    }
    let done = world.transfer_over();
    assert_eq!((done.state, done.done_files, done.failed_files), (TransferState::Done, 1001, 0));
    assert_eq!(tree(&world.path("downloads/all")), tree(&source));
    assert_eq!(logged(&log(&world)), 1001);
}

#[test]
fn what_is_paused_stands_still_and_what_is_cancelled_leaves_nothing_under_its_name() {
    let world = viewing_slowly();
    let source = world.path("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("large.bin"), content(3, 96 * 1024 * 1024)).unwrap();
    world.send_files(&[source.join("large.bin")], "");
    world.answer(true);
    let transfer = world.session("some of it", |session| {
        session.transfers.last().filter(|transfer| transfer.done_bytes > 0).map(|transfer| transfer.id)
    });
    world.console.send(ConsoleCommand::HoldTransfer(transfer, true));
    world.agent_shows("that it is held", |view| {
        view.panel.as_ref()?.transfers.last().filter(|transfer| transfer.is_held).map(|_| ())
    });
    world.console.send(ConsoleCommand::HoldTransfer(transfer, false));
    world.agent_shows("that it goes on", |view| {
        view.panel.as_ref()?.transfers.last().filter(|transfer| !transfer.is_held).map(|_| ())
    });
    world.console.send(ConsoleCommand::CancelTransfer(transfer));
    assert_eq!(world.transfer_over().state, TransferState::Failed(TransferFailure::Cancelled));
    world.agent_shows("the end", |view| {
        let last = view.panel.as_ref()?.transfers.last()?.state;
        (last != agent_core::view::TransferState::Running).then_some(())
    });
    assert!(!world.path("downloads/large.bin").exists());

    // What has come of it is not sent again.
    world.console_path().change(quick);
    world.send_files(&[source.join("large.bin")], "");
    world.answer(true);
    assert_eq!(world.transfer_over().state, TransferState::Done);
    assert_eq!(tree(&world.path("downloads")), tree(&source), "the partial file is gone as well");
}

#[test]
fn the_person_stops_one_transfer_and_what_was_on_its_way_is_gone() {
    let world = viewing_slowly();
    let (source, into) = (world.path("source"), world.path("into"));
    for folder in [&source, &into] {
        fs::create_dir(folder).unwrap();
    }
    fs::write(source.join("large.bin"), content(4, 96 * 1024 * 1024)).unwrap();
    for incoming in [true, false] {
        if incoming {
            world.send_files(&[source.join("large.bin")], "");
        } else {
            world.fetch_files(&[&source.join("large.bin")], &into);
        }
        world.answer(true);
        let transfer = world.agent_shows("some of it", |view| {
            let last = view.panel.as_ref()?.transfers.last()?;
            (last.incoming == incoming && last.done_bytes > 0).then_some(last.id)
        });
        world.agent.send(AgentCommand::StopTransfer(transfer));
        assert_eq!(world.transfer_over().state, TransferState::Failed(TransferFailure::Cancelled));
        world.eventually("nothing of it", || tree(&world.path("downloads")).is_empty());
        world.eventually("nothing of it on the operator's disk", || tree(&into).is_empty());
    }
}

#[test]
fn a_file_that_is_gone_when_its_turn_comes_is_told_once_at_both_ends() {
    let world = viewing();
    let (source, into) = (world.path("source"), world.path("into"));
    for folder in [&source, &into] {
        fs::create_dir(folder).unwrap();
    }
    let (gone, stays) = (source.join("gone.txt"), source.join("stays.txt"));
    fs::write(&stays, "stays").unwrap();
    for incoming in [true, false] {
        fs::write(&gone, "gone").unwrap();
        if incoming {
            world.send_files(&[gone.clone(), stays.clone()], "");
        } else {
            world.fetch_files(&[&gone, &stays], &into);
        }
        assert_eq!(world.asked_about_files().files, 2);
        fs::remove_file(&gone).unwrap();
        world.answer(true);
        let done = world.transfer_over();
        assert_eq!((done.state, done.done_files, done.failed_files), (TransferState::Done, 1, 1));
        assert_eq!(done.failures.to_vec(), [("gone.txt".to_owned(), TransferFailure::NotFound)]);
        let failed = world.agent_shows("the end", |view| {
            let last = view.panel.as_ref()?.transfers.last()?;
            (last.state == agent_core::view::TransferState::Done).then_some(last.failed_files)
        });
        assert_eq!(failed, 1);
    }
}

#[test]
fn one_file_of_several_is_cancelled_alone_and_the_others_arrive() {
    let world = viewing_slowly();
    let (source, into) = (world.path("source"), world.path("into"));
    for folder in [&source, &into] {
        fs::create_dir(folder).unwrap();
    }
    let names = ["a.bin", "b.bin", "c.bin", "d.txt"];
    for (number, name) in names.iter().enumerate() {
        let length = if number == 3 { 100 } else { 24 * 1024 * 1024 };
        fs::write(source.join(name), content(number, length)).unwrap();
    }
    let paths = names.map(|name| source.join(name));
    for (incoming, whole) in [(true, world.path("downloads")), (false, into.clone())] {
        world.console_path().change(|path| *path = slow());
        if incoming {
            world.send_files(&paths, "");
        } else {
            world.fetch_files(&paths.each_ref().map(PathBuf::as_path), &into);
        }
        world.answer(true);
        // The one that moves, and one that has not begun.
        let transfer = world.session("that the first moves", |session| {
            let last = session.transfers.last()?;
            (last.at == Some(0) && last.done_bytes > 0).then_some(last.id)
        });
        for index in [0, 2, 77] {
            world.console.send(ConsoleCommand::CancelItem(transfer, index));
        }
        world.session("that two do not come", |session| (session.transfers.last()?.failed_files == 2).then_some(()));
        world.console_path().change(quick);
        let over = world.transfer_over();
        assert_eq!((over.state, over.done_files, over.failed_files), (TransferState::Done, 2, 2), "{over:?}");
        let cancelled = |name: &str| (name.to_owned(), TransferFailure::Cancelled);
        assert_eq!(*over.failures, [cancelled("a.bin"), cancelled("c.bin")]);
        let at_agent = world.transfer_over_at_agent();
        assert_eq!((at_agent.done_files, at_agent.failed_files), (2, 2), "the person sees it, too");
        assert_eq!(tree(&whole).into_keys().collect::<Vec<_>>(), ["b.bin", "d.txt"]);
        world.agent_shows("that it is done", |view| {
            let last = view.panel.as_ref()?.transfers.last()?;
            (last.state == agent_core::view::TransferState::Done).then_some(())
        });
    }
    assert_eq!(logged(&log(&world)), 4);
}

#[test]
fn all_transfers_are_cancelled_at_once() {
    let world = viewing_slowly();
    let (source, into) = (world.path("source"), world.path("into"));
    for folder in [&source, &into] {
        fs::create_dir(folder).unwrap();
    }
    for name in ["a.bin", "b.bin"] {
        fs::write(source.join(name), content(1, 64 * 1024 * 1024)).unwrap();
    }
    let moving = |count: usize| {
        world.session("that it moves", |session| {
            let moving = session.transfers.iter().filter(|one| one.state == TransferState::Running);
            (moving.count() == count).then(|| session.transfers.last().map(|one| one.id))?
        })
    };
    world.send_files(&[source.join("a.bin")], "");
    world.answer(true);
    // Neither is through before the other has begun.
    world.console.send(ConsoleCommand::HoldTransfer(moving(1), true));
    world.agent_shows("that it is held", |view| {
        let is_held = view.panel.as_ref()?.transfers.last()?.is_held;
        (is_held && view.page == Page::Session).then_some(())
    });
    world.fetch_files(&[&source.join("b.bin")], &into);
    world.answer(true);
    moving(2);
    world.console.send(ConsoleCommand::CancelTransfers);
    let cancelled = TransferState::Failed(TransferFailure::Cancelled);
    world
        .session("the end of both", |session| session.transfers.iter().all(|one| one.state == cancelled).then_some(()));
    let at_agent = agent_core::view::TransferState::Failed(TransferFailure::Cancelled);
    world.agent_shows("the end of both", |view| {
        let transfers = &view.panel.as_ref()?.transfers;
        (transfers.len() == 2 && transfers.iter().all(|one| one.state == at_agent)).then_some(())
    });
    assert!(!world.path("downloads/a.bin").exists());
    world.eventually("that nothing is left", || tree(&into).is_empty());
}
