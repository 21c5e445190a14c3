//! What the operator reads about the machine and ends on it, through whole sessions.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

use agent_core::LinkKind;
use agent_core::view::{AgentCommand, Page, QuestionKind};
use audit_log::{Event, Report};
use console_core::view::{ConsoleCommand, EndingState, NoticeKind, PowerState, SessionView, Stage};
use e2e::World;
use identity::Profile;
use proto::machine::{Facts, Process, Topic};
use proto::session::{Asking, Capability, Ending};
use std::sync::Arc;
use std::{fs, path::PathBuf};

fn viewing() -> World {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world
}

fn standing(session: &SessionView) -> PowerState {
    let power = session.powers.iter().find(|power| power.capability == Capability::SystemInfo);
    power.map_or(PowerState::Off, |power| power.state)
}

/// The operator opens this page and the person allows it.
fn open(world: &World, topic: Topic) -> Arc<Facts> {
    world.console.send(ConsoleCommand::Look(topic));
    world.console.send(ConsoleCommand::Ask(Capability::SystemInfo));
    world.answer(true);
    page(world, topic)
}

fn page(world: &World, topic: Topic) -> Arc<Facts> {
    world.session("the page", |session| session.machine.pages.get(&topic)?.facts.clone())
}

fn processes(world: &World) -> Vec<Process> {
    let Facts::Processes(rows) = page(world, Topic::Processes).as_ref().clone() else { panic!("processes") };
    rows.rows
}

fn end(world: &World, process: &Process, force: bool) {
    let (pid, name, started_s) = (process.pid, process.name.clone(), process.started_s);
    world.console.send(ConsoleCommand::EndProcess { pid, name, started_s, force });
}

fn ending(world: &World, pid: u32, state: EndingState) {
    world.session(&format!("{pid}: {state:?}"), |session| {
        let mut endings = session.machine.endings.iter();
        endings.any(|ending| ending.pid == pid && ending.state == state).then_some(())
    });
}

/// The logs of both ends, as each has it.
fn logs(world: &World) -> [Report; 2] {
    world.agent.send(AgentCommand::End);
    world.agent.send(AgentCommand::SkipRating);
    let path: PathBuf = world.console_shows("the console's log", |view| match &view.stage {
        Stage::Ended(end) if !end.is_closing => end.log.clone(),
        _ => None,
    });
    let folder = world.agent_shows("the agent's log", |view| match &view.page {
        Page::Ended(end) => end.log.as_ref().and_then(|log| log.places.first().map(|(_, folder)| folder.clone())),
        _ => None,
    });
    world.agent.send(AgentCommand::SaveLog(folder));
    let saved = world.agent_shows("where it is", |view| match &view.page {
        Page::Ended(end) => end.log.as_ref().and_then(|log| log.saved.clone()),
        _ => None,
    });
    let saved = saved.unwrap().into_iter().find(|path| path.ends_with(".ponte-log")).unwrap();
    [saved.into(), path].map(|path| Report::of(fs::read_to_string(path).unwrap()))
}

fn ended(log: &Report) -> Vec<String> {
    let ended = log.entries.iter().filter(|entry| matches!(entry.event, Event::ProcessEnded { .. }));
    ended.map(|entry| log.text_of(&entry.event).unwrap().to_owned()).collect()
}

#[test]
fn pages_come_once_the_person_allows_it_and_each_when_it_is_opened() {
    let world = viewing();
    world.console.send(ConsoleCommand::Look(Topic::Overview));
    world.console.send(ConsoleCommand::Ask(Capability::SystemInfo));
    let kind = world.agent_shows("the question", |view| match &view.page {
        Page::Question(question) => Some(question.kind.clone()),
        _ => None,
    });
    assert_eq!(kind, QuestionKind::SystemInfo);
    assert_eq!(world.machine.looked(), [], "nothing is read before the yes");
    world.answer(true);
    let Facts::Overview(overview) = page(&world, Topic::Overview).as_ref().clone() else { panic!("an overview") };
    assert_eq!(overview.host.as_str(), "fake");
    assert_eq!(world.machine.looked(), [Topic::Overview]);

    world.console.send(ConsoleCommand::Look(Topic::Packages));
    let Facts::Packages(packages) = page(&world, Topic::Packages).as_ref().clone() else { panic!("packages") };
    assert_eq!((packages.rows.len(), packages.left_out), (4000, 0));
    // What that machine does not tell.
    world.console.send(ConsoleCommand::Look(Topic::Hardware));
    world.session("that it cannot be read", |session| {
        session.machine.pages.get(&Topic::Hardware)?.has_failed.then_some(())
    });

    let save = ConsoleCommand::SaveText { stem: "ponte-overview".into(), extension: "txt", text: "fake".into() };
    world.console.send(save);
    let path = world.console_shows("where it is", |view| {
        view.notices.iter().find_map(|notice| match &notice.kind {
            NoticeKind::FactsSaved { path } => Some(path.clone()),
            _ => None,
        })
    });
    assert_eq!(fs::read_to_string(&path).unwrap(), "fake");
    assert!(path.ends_with("pictures/ponte-overview-1.txt"), "{path:?}");
    for log in logs(&world) {
        assert!(log.holds(), "{:?}", log.findings);
    }
    let used = world.agent_shows("what was used", |view| match &view.page {
        Page::Ended(end) => Some(end.used.clone()),
        _ => None,
    });
    assert!(used.iter().any(|(capability, _)| *capability == Capability::SystemInfo));
}

#[test]
fn what_is_taken_back_stops_at_once_and_is_not_shown_any_more() {
    let world = viewing();
    open(&world, Topic::Overview);
    world.machine.hold(true);
    world.console.send(ConsoleCommand::Look(Topic::Processes));
    world.session("the loading", |session| session.machine.pages.get(&Topic::Processes)?.is_loading.then_some(()));
    world.eventually("the reading", || world.machine.looked().contains(&Topic::Processes));
    world.agent.send(AgentCommand::Revoke(Capability::SystemInfo));
    world.session("the end of it", |session| (standing(session) == PowerState::Revoked).then_some(()));
    world.session("no pages", |session| session.machine.pages.is_empty().then_some(()));
    world.machine.hold(false);
    // What is said after it arrives, so what came before was dropped.
    world.console.send(ConsoleCommand::Look(Topic::Processes));
    world.console.send(ConsoleCommand::SendChat("still there?".into()));
    world.session("the delivered line", |session| session.chat.iter().any(|line| line.delivered).then_some(()));
    world.session("no pages", |session| session.machine.pages.is_empty().then_some(()));
    // Once more allowed, the page that was wanted comes.
    world.console.send(ConsoleCommand::Ask(Capability::SystemInfo));
    world.answer(true);
    assert_eq!(processes(&world).len(), 3);
    for log in logs(&world) {
        assert!(log.holds(), "{:?}", log.findings);
        let revoked = |event: &Event| matches!(event, Event::Revoked { power: Capability::SystemInfo, by: Some(_) });
        assert_eq!(log.entries.iter().filter(|entry| revoked(&entry.event)).count(), 1);
    }
}

#[test]
fn a_program_is_ended_only_by_a_yes_of_its_own_and_stands_in_both_logs() {
    let world = viewing();
    open(&world, Topic::Processes);
    let list = processes(&world);
    let firefox = list.iter().find(|process| process.pid == 40).unwrap();
    end(&world, firefox, false);
    ending(&world, 40, EndingState::Asked);
    let kind = world.agent_shows("the question", |view| match &view.page {
        Page::Question(question) => Some(question.kind.clone()),
        _ => None,
    });
    assert_eq!(kind, QuestionKind::EndProcess { name: "firefox".into(), pid: 40, force: false });
    assert_eq!(world.machine.ended(), []);
    world.answer(true);
    ending(&world, 40, EndingState::Over(Ending::Ended));
    assert_eq!(world.machine.ended(), [(40, false)]);
    world.session("the new list", |session| match session.machine.pages.get(&Topic::Processes)?.facts.as_deref()? {
        Facts::Processes(rows) => (rows.rows.len() == 2).then_some(()),
        _ => None,
    });
    // A program that is not the person's is not asked about.
    let init = list.iter().find(|process| process.pid == 1).unwrap();
    end(&world, init, false);
    ending(&world, 1, EndingState::Over(Ending::NotAllowed));
    // One that was ended already is not either, nor another under its number.
    end(&world, firefox, false);
    ending(&world, 40, EndingState::Over(Ending::Gone));
    let other = Process { started_s: 5, ..list.iter().find(|process| process.pid == 41).unwrap().clone() };
    end(&world, &other, false);
    ending(&world, 41, EndingState::Over(Ending::Gone));
    assert_eq!(world.machine.ended(), [(40, false)]);
    for log in logs(&world) {
        assert!(log.holds(), "{:?}", log.findings);
        assert_eq!(ended(&log), ["firefox (40)"]);
    }
    let ended = world.agent_shows("what was ended", |view| match &view.page {
        Page::Ended(end) => Some(end.ended.clone()),
        _ => None,
    });
    assert_eq!(ended, ["firefox (40)"]);
}

#[test]
fn a_program_that_does_not_listen_is_ended_by_force_after_a_second_yes_and_not_before() {
    let world = viewing();
    open(&world, Topic::Processes);
    world.machine.make_stubborn(41);
    let stubborn = processes(&world).into_iter().find(|process| process.pid == 41).unwrap();
    // By force at once: that is not asked.
    end(&world, &stubborn, true);
    ending(&world, 41, EndingState::Over(Ending::NotAllowed));
    end(&world, &stubborn, false);
    world.answer(true);
    ending(&world, 41, EndingState::Told);
    ending(&world, 41, EndingState::Over(Ending::Runs));
    end(&world, &stubborn, true);
    let kind = world.agent_shows("the second question", |view| match &view.page {
        Page::Question(question) => Some(question.kind.clone()),
        _ => None,
    });
    assert_eq!(kind, QuestionKind::EndProcess { name: "stubborn".into(), pid: 41, force: true });
    world.answer(true);
    ending(&world, 41, EndingState::Over(Ending::Ended));
    assert_eq!(world.machine.ended(), [(41, false), (41, true)]);
    for log in logs(&world) {
        assert!(log.holds(), "{:?}", log.findings);
        assert_eq!(ended(&log), ["stubborn (41)"], "once, whatever it took");
    }
}

#[test]
fn a_no_ends_nothing() {
    let world = viewing();
    open(&world, Topic::Processes);
    let firefox = processes(&world).into_iter().find(|process| process.pid == 40).unwrap();
    end(&world, &firefox, false);
    world.answer(false);
    ending(&world, 40, EndingState::Refused(proto::session::Decision::Denied));
    assert_eq!(world.machine.ended(), []);
    assert!(logs(&world).iter().all(|log| log.holds() && ended(log).is_empty()));
}

#[test]
fn every_program_is_asked_about_whatever_the_certificate_says() {
    let tools = [Capability::View, Capability::SystemInfo, Capability::EndProcess];
    let world = World::with_profile(&Profile::of(tools.map(|tool| (tool, Asking::OncePerSession))));
    world.pair_and_view();
    open(&world, Topic::Processes);
    for process in processes(&world).into_iter().filter(|process| process.can_end) {
        end(&world, &process, false);
        world.answer(true);
        ending(&world, process.pid, EndingState::Over(Ending::Ended));
    }
    assert_eq!(world.machine.ended(), [(40, false), (41, false)]);
}

#[test]
fn an_operator_without_the_power_does_not_even_ask() {
    let world = World::with_profile(&Profile::of([(Capability::View, Asking::OncePerSession)]));
    world.pair_and_view();
    world.console.send(ConsoleCommand::Look(Topic::Overview));
    world.console.send(ConsoleCommand::Ask(Capability::SystemInfo));
    world.console.send(ConsoleCommand::SavePicture);
    // What came before the picture has been dealt with.
    world.console_shows("the picture", |view| (!view.notices.is_empty()).then_some(()));
    world.session("nothing", |session| (standing(session) == PowerState::Off).then_some(()));
    assert_eq!(world.machine.looked(), []);
}
