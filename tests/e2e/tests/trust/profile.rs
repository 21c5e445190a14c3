//! What the certificate says about asking is what the person meets.

use agent_core::view::{AgentCommand, Page, PanelView};
use console_core::view::{ConsoleCommand, NoticeKind, PowerState, TransferState};
use e2e::World;
use identity::{Day, Hours, Profile};
use proto::session::{Asking, Capability, EndReason};
use std::fs;

fn send(world: &World, name: &str) {
    let file = world.path(name);
    fs::write(&file, name).unwrap();
    world.console.send(ConsoleCommand::send_file(file));
}

fn done(world: &World, files: usize) {
    world.session("the files", |session| {
        let done = session.transfers.iter().filter(|transfer| transfer.state == TransferState::Done);
        (done.count() == files).then_some(())
    });
}

fn panel<T>(world: &World, what: &str, look: impl Fn(&PanelView) -> Option<T>) -> T {
    world.agent_shows(what, |view| view.panel.as_ref().and_then(&look))
}

fn state_of(world: &World, capability: Capability, wanted: PowerState) {
    world.session("a power", |session| {
        session.powers.iter().any(|power| power.capability == capability && power.state == wanted).then_some(())
    });
}

const VIEW_ONCE: (Capability, Asking) = (Capability::View, Asking::OncePerSession);

#[test]
fn one_yes_for_the_session_lets_further_files_pass_until_it_is_taken_back() {
    let world = World::with_profile(&Profile::of([VIEW_ONCE, (Capability::SendFile, Asking::OncePerSession)]));
    world.pair_and_view();
    send(&world, "one.txt");
    world.answer(true);
    done(&world, 1);
    send(&world, "two.txt");
    done(&world, 2);
    assert!(matches!(world.agent.view().page, Page::Session), "nothing was asked for the second");
    world.agent.send(AgentCommand::Revoke(Capability::SendFile));
    world.agent_shows("that it was taken back", |view| {
        let panel = view.panel.as_ref()?;
        panel.grants.iter().all(|grant| grant.capability != Capability::SendFile || !grant.granted).then_some(())
    });
    send(&world, "three.txt");
    world.answer(false);
    world.session("the refusal", |session| {
        session.transfers.iter().any(|transfer| transfer.state == TransferState::Refused).then_some(())
    });
    assert!(!world.path("downloads/three.txt").exists());
}

#[test]
fn a_power_for_one_use_is_asked_again_after_it_was_given_back() {
    for (asking, asks_again) in [(Asking::EachUse, true), (Asking::OncePerSession, false)] {
        let world = World::with_profile(&Profile::of([VIEW_ONCE, (Capability::Control, asking)]));
        world.pair_and_view();
        world.control();
        world.console.send(ConsoleCommand::Release(Capability::Control));
        state_of(&world, Capability::Control, PowerState::Off);
        panel(&world, "control given back", |panel| {
            panel.grants.iter().any(|grant| grant.capability == Capability::Control && !grant.granted).then_some(())
        });
        world.console.send(ConsoleCommand::Ask(Capability::Control));
        if asks_again {
            world.answer(true);
        }
        state_of(&world, Capability::Control, PowerState::Granted);
    }
}

#[test]
fn the_session_ends_by_itself_when_its_time_is_up() {
    let world = World::with_profile(&Profile { longest_session_minutes: Some(0), ..Profile::all_tools() });
    let key = world.new_key();
    world.agent.send(AgentCommand::SubmitKey(key));
    world.agent_shows("who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    world.welcome(&world.agent);
    let reason = world.agent_shows("the end", |view| match &view.page {
        Page::Ended(end) => Some(end.reason),
        _ => None,
    });
    assert_eq!(reason, EndReason::TimeUp);
}

#[test]
fn outside_the_hours_of_the_certificate_there_is_no_key() {
    // Hours of no day at all: whatever the clock says, it is outside.
    let never = Hours { days: Vec::<Day>::new(), from_minute: 0, to_minute: 1440 };
    let world = World::with_profile(&Profile { hours: vec![never], ..Profile::all_tools() });
    assert!(!world.console.view().operator.open_now);
    world.console.send(ConsoleCommand::NewKey);
    world.console_shows("the notice", |view| {
        view.notices.iter().any(|notice| notice.kind == NoticeKind::OutsideHours).then_some(())
    });
}

#[test]
fn powers_that_the_certificate_lacks_are_shown_to_neither() {
    let world = World::with_profile(&Profile::of([VIEW_ONCE]));
    world.pair_and_view();
    panel(&world, "the panel", |panel| {
        let only_view = panel.grants.iter().map(|grant| grant.capability).eq([Capability::View]);
        (only_view && !panel.has_chat).then_some(())
    });
    let view = world.console.view();
    assert!(Capability::ALL.into_iter().all(|power| view.operator.may(power) == (power == Capability::View)));
    world.session("the powers", |session| {
        session.powers.iter().map(|power| power.capability).eq([Capability::View]).then_some(())
    });
}
