//! Files and disks that let them down: full, closed, unreadable, changed meanwhile; and what is not sent twice.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use agent_core::LinkKind;
use agent_core::view::{AgainView, AgentCommand, EndView, Page, TransferState as AtAgent};
use console_core::records::{Description, Records, Unfinished};
use console_core::view::{ConsoleCommand, PowerState, TransferState};
use e2e::moving::{content, quick, slow, tree};
use e2e::{Line, World, mounts};
use identity::Profile;
use proto::limits::FOLDER_ROWS;
use proto::session::Asking;
use proto::session::{Capability, EndReason, TransferFailure};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

const MIB: usize = 1024 * 1024;
const SOON: Duration = Duration::from_secs(20);

fn viewing() -> World {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world
}

fn folder(world: &World, name: &str) -> PathBuf {
    fs::create_dir_all(world.path(name)).unwrap();
    world.path(name)
}

/// Moves this to the person, or from them into `into`, and says yes.
fn moves(world: &World, incoming: bool, paths: &[PathBuf], into: &Path) {
    if incoming {
        world.send_files(paths, "");
    } else {
        world.fetch_files(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>(), into);
    }
    world.answer(true);
}

#[test]
fn a_full_disk_is_told_to_both_and_leaves_nothing_and_once_there_is_room_the_same_files_arrive() {
    if !mounts::is_inside("a_full_disk_is_told_to_both_and_leaves_nothing_and_once_there_is_room_the_same_files_arrive")
    {
        return;
    }
    let world = viewing();
    let (source, into) = (folder(&world, "source"), folder(&world, "into"));
    fs::write(source.join("large.bin"), content(1, 6 * MIB)).unwrap();
    for number in 0..40 {
        fs::write(source.join(format!("small-{number:02}")), content(number, 200_000)).unwrap();
    }
    let small: Vec<PathBuf> = (0..40).map(|number| source.join(format!("small-{number:02}"))).collect();
    for (incoming, disk) in [(true, world.path("downloads")), (false, into.clone())] {
        for paths in [vec![source.join("large.bin")], small.clone()] {
            mounts::small_disk(&disk, 2048);
            moves(&world, incoming, &paths, &into);
            let full = TransferFailure::DiskFull;
            assert_eq!(world.transfer_over().state, TransferState::Failed(full), "incoming: {incoming}");
            assert_eq!(world.transfer_over_at_agent().state, AtAgent::Failed(full), "incoming: {incoming}");
            // What is there has its name because it is whole, and nothing else is.
            for (name, bytes) in tree(&disk) {
                assert!(fs::read(source.join(&name)).is_ok_and(|whole| whole == bytes), "{name}");
            }
            assert!(!disk.join("large.bin").exists());

            if paths.len() == 1 {
                let (path, into) = (paths[0].clone(), into.clone());
                mounts::small_disk(&disk, 2048);
                world.console.send(if incoming {
                    ConsoleCommand::send_file(path)
                } else {
                    ConsoleCommand::fetch_file(path.display().to_string(), into)
                });
                world.answer(true);
                assert_eq!(world.transfer_over().state, TransferState::Failed(full), "alone, incoming: {incoming}");
                world.eventually("that nothing is left", || tree(&disk).is_empty());
            }
            mounts::small_disk(&disk, 16 * 1024);
            moves(&world, incoming, &paths, &into);
            assert_eq!(world.transfer_over().state, TransferState::Done);
            assert_eq!(tree(&disk).len(), paths.len());
        }
    }
}

#[test]
fn what_may_not_be_written_or_read_is_told_by_its_reason_and_the_rest_arrives() {
    if !mounts::is_inside("what_may_not_be_written_or_read_is_told_by_its_reason_and_the_rest_arrives") {
        return;
    }
    let world = viewing();
    let (source, into) = (folder(&world, "source"), folder(&world, "into"));
    for (name, length) in [("a.txt", 10), ("large.bin", MIB), ("z.txt", 20)] {
        fs::write(source.join(name), content(1, length)).unwrap();
    }
    let paths = ["a.txt", "large.bin", "z.txt"].map(|name| source.join(name));
    let denied = TransferFailure::PermissionDenied;
    for (incoming, disk) in [(true, world.path("downloads")), (false, into.clone())] {
        for is_mounted in [true, false] {
            let closed = |is_closed: bool| {
                if is_mounted {
                    mounts::read_only(&disk, is_closed);
                } else {
                    fs::set_permissions(&disk, Permissions::from_mode(if is_closed { 0o555 } else { 0o755 })).unwrap();
                }
            };
            mounts::small_disk(&disk, 8 * 1024);
            closed(true);
            moves(&world, incoming, &paths, &into);
            let over = world.transfer_over();
            assert_eq!((over.state, over.done_files, over.failed_files), (TransferState::Done, 0, 3));
            assert!(over.failures.iter().all(|(_, failure)| *failure == denied), "{:?}", over.failures);
            assert!(tree(&disk).is_empty());
            closed(false);

            // One file of several that its owner may not read.
            fs::set_permissions(&paths[1], Permissions::from_mode(0o000)).unwrap();
            moves(&world, incoming, &paths, &into);
            let over = world.transfer_over();
            assert_eq!((over.state, over.done_files), (TransferState::Done, 2));
            assert_eq!(*over.failures, [("large.bin".to_owned(), denied)]);
            assert_eq!(tree(&disk).into_keys().collect::<Vec<_>>(), ["a.txt", "z.txt"]);
            fs::set_permissions(&paths[1], Permissions::from_mode(0o644)).unwrap();
        }
    }
}

#[test]
fn a_file_that_changes_while_it_is_sent_does_not_arrive_as_a_mixture() {
    let world = World::on(Line::only(LinkKind::Quic), Line::only(LinkKind::Quic).over(slow()));
    world.pair_and_view();
    let (source, into) = (folder(&world, "source"), folder(&world, "into"));
    let large = source.join("large.bin");
    let longer = |file: &File| file.write_all_at(b"more", 96 * MIB as u64).unwrap();
    // Of the same length, and within the same second.
    let other = |file: &File| {
        let before = file.metadata().unwrap().modified().unwrap();
        file.write_all_at(b"other", 95 * MIB as u64).unwrap();
        file.set_modified(before + Duration::from_nanos(1)).unwrap();
    };
    for incoming in [true, false] {
        for change in [&longer as &dyn Fn(&File), &other] {
            fs::write(&large, content(3, 96 * MIB)).unwrap();
            let file = File::options().write(true).open(&large).unwrap();
            let second = file.metadata().unwrap().modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(second.as_secs())).unwrap();
            world.console_path().change(|path| *path = slow());
            moves(&world, incoming, std::slice::from_ref(&large), &into);
            let transfer = world.session("some of it", |session| {
                let last = session.transfers.last()?;
                (last.state == TransferState::Running && last.done_bytes > 0).then_some(last.id)
            });
            world.console.send(ConsoleCommand::HoldTransfer(transfer, true));
            world.agent_shows("that it is held", |view| {
                view.panel.as_ref()?.transfers.last().filter(|transfer| transfer.is_held).map(|_| ())
            });
            change(&file);
            world.console_path().change(quick);
            world.console.send(ConsoleCommand::HoldTransfer(transfer, false));
            let over = world.transfer_over();
            assert_eq!((over.done_files, over.failed_files), (0, 1), "{over:?}");
            assert_eq!(*over.failures, [("large.bin".to_owned(), TransferFailure::Changed)]);
            world.eventually("that nothing is left", || {
                tree(&world.path("downloads")).is_empty() && tree(&into).is_empty()
            });
        }
    }
}

#[test]
fn a_folder_of_a_hundred_thousand_files_is_shown_up_to_its_limit_and_the_rest_is_counted() {
    const FILES: usize = 100_000;
    let world = viewing();
    let crowded = folder(&world, "home/crowded");
    for number in 0..FILES {
        File::create(crowded.join(format!("{number:06}"))).unwrap();
    }
    world.console.send(ConsoleCommand::Browse { path: "crowded".to_owned() });
    world.answer(true);
    let list = world.session("the list", |session| session.files.remote.clone());
    assert_eq!(list.entries.len(), FOLDER_ROWS);
    assert_eq!(list.left_out as usize, FILES - FOLDER_ROWS);
    assert_eq!(list.entries[0].name.as_str(), "000000");

    // Nor does anybody wait for ever for all of it at once: the reason is told, and the session goes on.
    world.send_files(std::slice::from_ref(&crowded), "");
    assert_eq!(world.transfer_over().state, TransferState::Failed(TransferFailure::TooMany));
    let into = folder(&world, "into");
    world.fetch_files(&[&crowded], &into);
    world.answer(true);
    assert_eq!(world.transfer_over().state, TransferState::Failed(TransferFailure::TooMany));
    assert!(tree(&into).is_empty() && tree(&world.path("downloads")).is_empty());
    world.send_files(&[crowded.join("000001")], "");
    world.answer(true);
    assert_eq!(world.transfer_over().state, TransferState::Done);
}

/// Waits until at least half of the last transfer has moved.
fn half(world: &World) {
    world.session("half of it", |session| {
        let transfer = session.transfers.last()?;
        (transfer.size_bytes > 0 && transfer.done_bytes > transfer.size_bytes / 2).then_some(())
    });
}

#[test]
fn after_the_loss_of_the_link_what_has_arrived_is_not_sent_again() {
    for incoming in [true, false] {
        let mut world = viewing();
        let (source, into) = (folder(&world, "source"), folder(&world, "into"));
        fs::write(source.join("large.bin"), content(7, 96 * MIB)).unwrap();
        moves(&world, incoming, &[source.join("large.bin")], &into);
        half(&world);
        world.kill_relay();
        world.session("the break", |session| session.reconnecting.then_some(()));
        // It counts from nought.
        world.start_relay();
        assert_eq!(world.transfer_over().state, TransferState::Done);
        let after = world.relay().stats().bytes_forwarded;
        assert!(after < 80 * MIB as u64, "{after} bytes after the loss of 100663296");
        let whole = if incoming { world.path("downloads") } else { into };
        assert_eq!(tree(&whole), tree(&source));
    }
}

/// Half of a large file has come from the first folder into the second.
fn half_fetched(world: &World) -> (PathBuf, PathBuf) {
    let (source, into) = (folder(world, "source"), folder(world, "into"));
    fs::write(source.join("large.bin"), content(8, 96 * MIB)).unwrap();
    world.fetch_files(&[&source.join("large.bin")], &into);
    world.answer(true);
    half(world);
    (source, into)
}

#[test]
fn a_fetch_that_the_consoles_end_cut_short_goes_on_in_its_next_session() {
    let mut world = viewing();
    let (source, into) = half_fetched(&world);
    let (console, records) = world.another_console_with_records();
    world.console = console;
    assert!(!into.join("large.bin").exists(), "nothing half-written has its name");
    let left = unfinished(&world.records);
    assert_eq!((left[0].name.as_str(), left[0].size_bytes, left.len()), ("large.bin", 96 * MIB as u64, 1));
    world.agent = world.another_agent();
    world.pair_and_view();
    let before = world.relay().stats().bytes_forwarded;
    world.fetch_files(&[&source.join("large.bin")], &into);
    world.answer(true);
    let over = world.transfer_over();
    assert_eq!((over.state, over.done_files), (TransferState::Done, 1));
    let moved = world.relay().stats().bytes_forwarded - before;
    assert!(moved < 64 * MIB as u64, "{moved} bytes of 100663296 in the second session");
    assert_eq!(tree(&into), tree(&source), "the partial file is gone");
    world.eventually("that no record speaks of it", || unfinished(&records).is_empty());
}

#[test]
fn no_record_is_kept_of_the_half_of_a_photograph_and_nothing_of_it_is_left_when_it_is_cut_off() {
    let mut world = World::on(Line::only(LinkKind::Quic), Line::only(LinkKind::Quic).over(slow()));
    world.pair_and_view();
    let (source, into) = (folder(&world, "source"), folder(&world, "into"));
    let photographs: Vec<PathBuf> = (0..8).map(|number| source.join(format!("{number:02}.jpg"))).collect();
    for (number, photograph) in photographs.iter().enumerate() {
        fs::write(photograph, content(number, 4 * MIB)).unwrap();
    }
    moves(&world, false, &photographs, &into);
    half(&world);
    let transfer = world.session("the transfer", |session| session.transfers.last().map(|transfer| transfer.id));
    world.console.send(ConsoleCommand::HoldTransfer(transfer, true));
    world.session("that it is held", |session| session.transfers.last().filter(|last| last.is_held).map(|_| ()));
    let only_whole =
        || tree(&into).into_iter().all(|(name, bytes)| fs::read(source.join(name)).is_ok_and(|all| all == bytes));
    world.eventually("that all that is there is whole", only_whole);
    assert!(!tree(&into).is_empty() && unfinished(&world.records).is_empty());
    world.console = world.another_console();
    world.eventually("that nothing else is there", || (1..8).contains(&tree(&into).len()) && only_whole());
}

/// What the records say of files that were cut off.
fn unfinished(records: &Records) -> Vec<Unfinished> {
    records.all().iter().flat_map(|record| record.kept.unfinished.clone()).collect()
}

#[test]
fn what_a_lost_session_left_of_a_fetch_goes_with_its_record_and_nothing_else_goes() {
    let mut world = viewing();
    let (source, into) = (folder(&world, "source"), folder(&world, "into"));
    for name in ["large.bin", "other.bin"] {
        fs::write(source.join(name), content(8, 96 * MIB)).unwrap();
    }
    for name in ["large.bin", "other.bin"] {
        world.fetch_files(&[&source.join(name)], &into);
        world.answer(true);
        half(&world);
        let (console, records) = world.another_console_with_records();
        (world.console, world.records) = (console, records);
        if name == "large.bin" {
            world.agent = world.another_agent();
            world.pair_and_view();
        }
    }
    let left = tree(&into);
    assert!(left.len() == 2 && left.keys().all(|name| name.starts_with(".ponte-part-0-")), "{:?}", left.keys());
    world.eventually("both sessions", || unfinished(&world.records).len() == 2);
    let sessions = world.records.all();
    let of_large = sessions.iter().find(|record| record.kept.unfinished.iter().any(|left| left.name == "large.bin"));
    world.records.erase(&of_large.unwrap().id);
    world.eventually("that its half is gone", || tree(&into).len() == 1);
    let [other] = unfinished(&world.records).try_into().unwrap();
    assert!(other.name == "other.bin" && other.path.exists());
}

#[test]
fn a_folder_that_does_not_answer_holds_up_nothing_of_the_records_and_its_half_file_goes_once_it_does() {
    if !mounts::is_inside(
        "a_folder_that_does_not_answer_holds_up_nothing_of_the_records_and_its_half_file_goes_once_it_does",
    ) {
        return;
    }
    if !mounts::has_silent_disks() {
        eprintln!("not tried: this system has no /dev/fuse");
        return;
    }
    let mut world = viewing();
    let (_, into) = half_fetched(&world);
    lose_console(&mut world);

    let silent = mounts::silent_disk(&into);
    let records = world.another_console_with_records().1;
    world.eventually("the list of sessions", || unfinished(&records).len() == 1);
    let id = records.all()[0].id.clone();
    assert!(records.describe(&id, Description::Notes("typed meanwhile".to_owned())));
    records.flush(SOON);
    drop(records);
    let records = world.another_console_with_records().1;
    let notes = || records.find(&id).map(|record| record.kept.notes.clone());
    world.eventually("what was typed", || notes().as_deref() == Some("typed meanwhile"));
    records.erase(&id);
    records.flush(SOON);
    assert!(!records.has_failed());
    drop(records);
    let is_there = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.contains(&id.to_string()) && name.ends_with(".ponte-record")
    };
    assert!(!fs::read_dir(world.path("logs")).unwrap().any(is_there), "the record is erased");

    // Whoever waited for it may delete it before the next start does.
    silent.take_away(&into);
    let records = world.another_console_with_records().1;
    goes(&world, &into);
    assert!(records.find(&id).is_none());
}

/// The console is gone in the middle of a fetch, and writes nothing of it any more; another takes its place.
fn lose_console(world: &mut World) {
    let lost = world.records.clone();
    world.console = world.another_console();
    let is_noted = || unfinished(&lost).last().is_some_and(|left| left.done_bytes > 0);
    world.eventually("that the lost console has noted how much has come", is_noted);
    lost.flush(SOON);
}

/// Waits until nothing is left in a folder of a file that was cut off, and nothing remembers it.
fn goes(world: &World, into: &Path) {
    world.eventually("that its half is gone", || tree(into).is_empty());
    world.eventually("that nothing of it is remembered", || {
        let names = fs::read_dir(world.path("logs")).unwrap().map(|entry| entry.unwrap().file_name());
        !names.map(|name| name.into_string().unwrap()).any(|name| name.ends_with(".ponte-erased"))
    });
}

#[test]
fn what_has_come_of_a_file_onto_a_disk_that_is_read_only_by_now_goes_once_it_is_not() {
    if !mounts::is_inside("what_has_come_of_a_file_onto_a_disk_that_is_read_only_by_now_goes_once_it_is_not") {
        return;
    }
    let mut world = viewing();
    let (source, into) = (folder(&world, "source"), folder(&world, "into"));
    fs::write(source.join("large.bin"), content(8, 96 * MIB)).unwrap();
    mounts::small_disk(&into, 128 * 1024);
    world.fetch_files(&[&source.join("large.bin")], &into);
    world.answer(true);
    half(&world);
    lose_console(&mut world);
    let records = world.another_console_with_records().1;
    world.eventually("that its half is remembered", || unfinished(&records).len() == 1);
    let (id, part) = (records.all()[0].id.clone(), unfinished(&records)[0].path.clone());
    // Nor may its owner write it any more.
    fs::set_permissions(&part, Permissions::from_mode(0o444)).unwrap();
    mounts::read_only(&into, true);
    records.erase(&id);
    records.flush(SOON);
    assert!(!records.has_failed() && part.exists());
    drop(records);

    mounts::read_only(&into, false);
    let _records = world.another_console_with_records().1;
    goes(&world, &into);
}

/// How a session whose console is gone comes to its end.
#[derive(Clone, Copy)]
enum Lost {
    /// The relay knows nothing of it any more.
    Forgotten,
    /// The person does not wait.
    GivenUp,
}

/// Half of a large file has come when the console is gone for good, and the person is asked what to do.
fn lost_half_way(world: &mut World, source: &Path, lost: Lost) {
    fs::write(source.join("large.bin"), content(8, 96 * MIB)).unwrap();
    world.send_files(&[source.join("large.bin")], "");
    world.answer(true);
    half(world);
    world.console = world.another_console();
    // A console that ends may close the channel itself: then the session is lost at once.
    let is_lost = world.agent_shows("that nobody is there", |view| match &view.page {
        Page::Ended(_) => Some(true),
        _ => view.panel.as_ref()?.reconnecting.then_some(false),
    });
    let reason = match lost {
        _ if is_lost => EndReason::ConnectionLost,
        Lost::Forgotten => {
            world.kill_relay();
            fs::remove_file(world.path("relay/node.secret")).unwrap();
            world.start_relay();
            EndReason::ConnectionLost
        }
        Lost::GivenUp => {
            world.agent.send(AgentCommand::End);
            EndReason::ClientEnded
        }
    };
    let end = world.agent_shows("the choice", |view| match &view.page {
        Page::Ended(end) if end.again.is_some() => Some(end.clone()),
        _ => None,
    });
    assert_eq!(end.reason, reason);
    assert_eq!((end.again, end.removed), (Some(AgainView { keeps_files: true }), None));
    assert_eq!(parts(world), 1, "what has come is kept, under no name of its own");
    assert!(world.path("ponte-agent").exists());
}

/// How many files there are in the folder for downloads, all unfinished.
fn parts(world: &World) -> usize {
    let names = tree(&world.path("downloads")).into_keys();
    names.inspect(|name| assert!(name.starts_with(".ponte-part-"), "{name}")).count()
}

fn last_page(world: &World) -> EndView {
    world.agent_shows("the last page", |view| match &view.page {
        Page::Ended(end) if end.log.is_some() => Some(end.clone()),
        _ => None,
    })
}

fn key_page(world: &World) {
    world.agent.send(AgentCommand::NewKey);
    world.agent_shows("the key", |view| (view.page == Page::EnterKey { problem: None }).then_some(()));
}

#[test]
fn the_end_names_the_file_of_several_in_the_middle_of_which_everything_was_cut_off() {
    let mut world = viewing();
    let source = folder(&world, "source");
    let files = [("a.txt", 10), ("b.bin", MIB), ("c.bin", 96 * MIB), ("d.bin", MIB)].map(|(name, length)| {
        fs::write(source.join(name), content(4, length)).unwrap();
        source.join(name)
    });
    world.send_files(&files, "");
    world.answer(true);
    world.agent_shows("the third", |view| {
        view.panel.as_ref()?.transfers.last().filter(|transfer| transfer.done_bytes > 8 * MIB as u64).map(|_| ())
    });
    world.console = world.another_console();
    let is_lost = world.agent_shows("that nobody is there", |view| match &view.page {
        Page::Ended(_) => Some(true),
        _ => view.panel.as_ref()?.reconnecting.then_some(false),
    });
    if !is_lost {
        world.agent.send(AgentCommand::End);
    }
    let end = world.agent_shows("the choice", |view| match &view.page {
        Page::Ended(end) if end.again.is_some() => Some(end.clone()),
        _ => None,
    });
    let file = &end.files[0];
    assert_eq!((file.name.as_str(), file.files, file.done_files), ("a.txt", 4, 2));
    assert_eq!(file.cut_off.as_deref(), Some("c.bin"));
}

#[test]
fn after_the_consoles_loss_a_new_key_lets_the_same_operator_go_on_and_everything_is_asked_anew() {
    let mut world = viewing();
    let source = folder(&world, "source");
    lost_half_way(&mut world, &source, Lost::Forgotten);
    key_page(&world);
    world.pair_and_view();
    let before = world.relay().stats().bytes_forwarded;
    let granted = world.session("the new session", |session| {
        Some(session.powers.iter().filter(|power| power.state == PowerState::Granted).count())
    });
    assert_eq!(granted, 1, "only the viewing, which was asked for again");
    world.send_files(&[source.join("large.bin")], "");
    assert_eq!(world.asked_about_files().files, 1);
    world.answer(true);
    assert_eq!(world.transfer_over().state, TransferState::Done);
    let moved = world.relay().stats().bytes_forwarded - before;
    assert!(moved < 64 * MIB as u64, "{moved} bytes of 100663296 in the second session");
    assert_eq!(tree(&world.path("downloads")), tree(&source), "the partial file is gone");

    world.agent.send(AgentCommand::End);
    world.agent.send(AgentCommand::SkipRating);
    let end = last_page(&world);
    assert!(end.removed.unwrap().removed.iter().any(|path| path.ends_with("ponte-agent")));
    world.agent.send(AgentCommand::SaveLog(world.path("downloads")));
    let saved = world.agent_shows("the logs", |view| match &view.page {
        Page::Ended(end) => end.log.as_ref()?.saved.clone(),
        _ => None,
    });
    assert_eq!(saved.unwrap().len(), 4, "the log of the lost session and that of the last, each twofold");
}

#[test]
fn who_closes_after_the_consoles_loss_keeps_nothing_of_what_was_unfinished() {
    for comes_back in [false, true] {
        let mut world = viewing();
        let source = folder(&world, "source");
        lost_half_way(&mut world, &source, if comes_back { Lost::GivenUp } else { Lost::Forgotten });
        if comes_back {
            key_page(&world);
            assert_eq!(parts(&world), 1);
            world.agent.send(AgentCommand::Quit);
        } else {
            world.agent.send(AgentCommand::End);
        }
        let end = last_page(&world);
        let removed = end.removed.unwrap();
        assert!(removed.failed.is_empty() && removed.removed.iter().any(|path| path.contains(".ponte-part-")));
        assert_eq!((parts(&world), world.path("ponte-agent").exists()), (0, false));
    }
}

#[test]
fn who_names_a_scam_after_the_consoles_loss_keeps_nothing_and_is_told_what_to_do() {
    let mut world = viewing();
    let source = folder(&world, "source");
    lost_half_way(&mut world, &source, Lost::GivenUp);
    world.agent.send(AgentCommand::ReportScam);
    let end = last_page(&world);
    assert_eq!(end.reason, EndReason::ReportedAsScam);
    assert!(end.removed.unwrap().failed.is_empty());
    assert_eq!((parts(&world), world.path("ponte-agent").exists()), (0, false));
}

#[test]
fn another_operator_finds_nothing_of_what_was_unfinished() {
    let tools = [Capability::View, Capability::Control, Capability::SendFile, Capability::FetchFile];
    let profile = Profile::of(tools.map(|tool| (tool, Asking::OncePerSession)));
    let mut world = World::with_profile(&profile);
    world.pair_and_view();
    let source = folder(&world, "source");
    lost_half_way(&mut world, &source, Lost::GivenUp);
    key_page(&world);
    world.console = world.console_of_colleague();
    world.pair_and_view();
    assert_eq!(parts(&world), 0, "it is gone before the first question");
    let before = world.relay().stats().bytes_forwarded;
    world.send_files(&[source.join("large.bin")], "");
    world.answer(true);
    assert_eq!(world.transfer_over().state, TransferState::Done);
    assert!(world.relay().stats().bytes_forwarded - before > 96 * MIB as u64, "all of it was sent again");
}
