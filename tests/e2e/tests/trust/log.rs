//! The log that both ends hold at the end of a session.

use agent_core::view::{AgentCommand, EndView, Page};
use audit_log::{Direction, Event, FilesList, Finding, Report, Role};
use console_core::view::{ConsoleCommand, Stage, TransferState};
use e2e::World;
use link::LinkKind;
use proto::session::{Capability, Decision, EndReason};
use std::fs;
use std::path::{Path, PathBuf};

/// The one log in a folder.
fn only_log(folder: &Path) -> PathBuf {
    let logs = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let logs: Vec<PathBuf> = logs.filter(|path| path.extension().is_some_and(|ending| ending == "ponte-log")).collect();
    assert_eq!(logs.len(), 1, "{logs:?}");
    logs.into_iter().next().unwrap()
}

/// Saves the person's copy and reads it.
fn agents_log(world: &World) -> Report {
    world.agent_shows("the end", |view| matches!(view.page, Page::Ended(_)).then_some(()));
    world.agent.send(AgentCommand::SkipRating);
    world.agent_shows("the log", |view| match &view.page {
        Page::Ended(EndView { log: Some(_), .. }) => Some(()),
        _ => None,
    });
    world.agent.send(AgentCommand::SaveLog(world.path("downloads")));
    let saved = world.agent_shows("where the log is", |view| match &view.page {
        Page::Ended(EndView { log: Some(log), .. }) => log.saved.clone(),
        _ => None,
    });
    let saved = saved.unwrap();
    let page = saved.iter().find(|path| path.ends_with(".html")).unwrap();
    assert!(fs::read_to_string(page).unwrap().contains("Giulia Rinaldi"), "the page names the operator");
    Report::of(fs::read_to_string(saved.iter().find(|path| path.ends_with(".ponte-log")).unwrap()).unwrap())
}

/// Waits for the console's end and reads its copy.
fn consoles_log(world: &World) -> Report {
    let path = world.console_shows("the end", |view| match &view.stage {
        Stage::Ended(end) if !end.is_closing => Some(end.log.clone()),
        _ => None,
    });
    assert_eq!(path.as_deref(), Some(&*only_log(&world.path("logs"))));
    Report::of(fs::read_to_string(path.unwrap()).unwrap())
}

fn session_with_everything(kind: LinkKind) -> World {
    let world = World::start(kind);
    world.pair_and_view();
    world.control();
    let file = world.path("a guide.txt");
    fs::write(&file, b"twelve bytes").unwrap();
    world.console.send(ConsoleCommand::send_file(file));
    world.answer(true);
    world.session("the sent file", |session| {
        session.transfers.iter().any(|transfer| transfer.state == TransferState::Done).then_some(())
    });
    world.agent.send(AgentCommand::Revoke(Capability::Control));
    world.console.send(ConsoleCommand::fetch_file("nothing there", world.path("fetched")));
    world.answer(false);
    world.session("the refused file", |session| {
        session.transfers.iter().any(|transfer| transfer.state == TransferState::Refused).then_some(())
    });
    world
}

#[test]
fn both_ends_hold_the_same_log_and_both_vouch_for_all_of_it_whoever_ends() {
    for by_operator in [false, true] {
        let world = session_with_everything(LinkKind::Quic);
        if by_operator {
            world.console.send(ConsoleCommand::End);
        } else {
            world.agent.send(AgentCommand::End);
        }
        let (agent, console) = (agents_log(&world), consoles_log(&world));
        for (who, log) in [("agent", &agent), ("console", &console)] {
            assert_eq!(log.findings, [], "{who}, by operator: {by_operator}");
            let last = log.entries.last().unwrap();
            assert!(matches!(last.event, Event::Removed { .. }), "{who}: the receipt comes last");
            for by in [Role::Agent, Role::Console] {
                assert_eq!(log.signed.get(&by), Some(&last.number), "{who}: {by:?} vouches for all of it");
            }
        }
        assert_eq!(agent.difference(&console), None);
        let (by, reason) =
            if by_operator { (Role::Console, EndReason::OperatorEnded) } else { (Role::Agent, EndReason::ClientEnded) };
        let is_end = |event: &Event| *event == Event::Ended { by: Some(by), reason };
        assert!(agent.entries.iter().any(|entry| is_end(&entry.event)));
    }
}

#[test]
fn what_was_written_stands_in_both_logs_word_for_word_and_by_whom() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    let lines = [(Role::Console, "Buongiorno"), (Role::Agent, "la stampante \u{202E}non va"), (Role::Console, "vedo")];
    for (number, (by, line)) in lines.iter().enumerate() {
        match by {
            Role::Console => assert!(world.console.send(ConsoleCommand::SendChat((*line).to_owned()))),
            Role::Agent => world.agent.send(AgentCommand::SendChat((*line).to_owned())),
        }
        world.session("the line at both ends", |session| {
            (session.chat.len() > number && session.chat.iter().all(|line| line.delivered)).then_some(())
        });
    }
    world.agent.send(AgentCommand::End);
    let (agent, console) = (agents_log(&world), consoles_log(&world));
    for log in [&agent, &console] {
        assert_eq!(log.findings, []);
        let chat: Vec<(Role, &str)> = log
            .entries
            .iter()
            .filter_map(|entry| match &entry.event {
                Event::Chat { by, line } => Some((*by, log.texts[line].as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(chat.len(), 3);
        assert_eq!((chat[0], chat[2]), (lines[0], lines[2]));
        // What turns the writing round is shown, not obeyed.
        assert_eq!(chat[1].0, Role::Agent);
        assert!(chat[1].1.ends_with("non va") && !chat[1].1.contains('\u{202E}'), "{}", chat[1].1);
        assert!(log.entries.iter().all(|entry| !format!("{:?}", entry.event).contains("Buongiorno")));
    }
}

#[test]
fn the_log_says_what_was_asked_shown_answered_and_moved() {
    let world = session_with_everything(LinkKind::Tls);
    world.agent.send(AgentCommand::End);
    let log = agents_log(&world);
    let events: Vec<&Event> = log.entries.iter().map(|entry| &entry.event).collect();
    assert!(matches!(events[0], Event::Operator { verified: true, recognised: true, .. }), "{events:?}");
    for (request, power, decision) in [
        (1, Capability::View, Decision::Granted),
        (2, Capability::Control, Decision::Granted),
        (3, Capability::SendFile, Decision::Granted),
        (4, Capability::FetchFile, Decision::Denied),
    ] {
        let at = |what: &str, wanted: &dyn Fn(&Event) -> bool| {
            events.iter().position(|event| wanted(event)).unwrap_or_else(|| panic!("{what} of {power:?}: {events:?}"))
        };
        let asked = at(
            "question",
            &|event| matches!(event, Event::Asked { request: id, power: asked, .. } if *id == request && *asked == power),
        );
        let shown = at("showing", &|event| matches!(event, Event::Shown { request: id } if *id == request));
        let answered = at(
            "answer",
            &|event| matches!(event, Event::Answered { request: id, decision: found, .. } if *id == request && *found == decision),
        );
        assert!(asked < shown && shown < answered, "{power:?}");
    }
    let files = events.iter().find_map(|event| match event {
        Event::Files { request, direction, list, files, size_bytes } => {
            Some((*request, *direction, *list, *files, *size_bytes))
        }
        _ => None,
    });
    let (request, direction, list, files, size_bytes) = files.unwrap();
    assert_eq!((request, direction, files, size_bytes), (3, Direction::ToClient, 1, 12));
    let digest = *blake3::hash(b"twelve bytes").as_bytes();
    assert_eq!(FilesList::parse(&log.texts[&list]), Some(vec![(digest, 12)]));
    assert!(log.texts[&list].contains("a guide.txt"));
    let taken_back = Event::Revoked { power: Capability::Control, by: Some(Role::Agent) };
    assert!(events.contains(&&taken_back), "{events:?}");
}

#[test]
fn where_the_operator_vanishes_the_agent_signs_alone_and_the_consoles_copy_shows_its_end_is_missing() {
    let mut world = World::start(LinkKind::Quic);
    world.pair_and_view();
    // The relay is gone for good: nobody hears the goodbye.
    world.kill_relay();
    world.agent.send(AgentCommand::End);
    world.console.send(ConsoleCommand::End);
    let (agent, console) = (agents_log(&world), consoles_log(&world));
    assert!(agent.holds() && console.holds());
    let last = agent.entries.last().unwrap().number;
    assert_eq!(agent.signed.get(&Role::Agent), Some(&last));
    let unsigned = |finding: &Finding| matches!(finding, Finding::Unsigned { by: Role::Console, .. });
    assert!(agent.findings.iter().any(unsigned), "{:?}", agent.findings);
    assert!(console.findings.contains(&Finding::NoEnd), "{:?}", console.findings);
    assert!(matches!(agent.difference(&console), Some(audit_log::Difference::Longer { first: true, .. })));
}

#[test]
fn a_line_is_on_the_consoles_disk_before_anything_follows_from_it() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    // As a crash would leave it: the session still runs.
    let log = Report::of(fs::read_to_string(only_log(&world.path("logs"))).unwrap());
    assert!(log.holds(), "{:?}", log.findings);
    let granted = |event: &Event| matches!(event, Event::Answered { request: 1, decision: Decision::Granted, .. });
    assert!(log.entries.iter().any(|entry| granted(&entry.event)));
    assert!(log.findings.contains(&Finding::NoEnd));
}
