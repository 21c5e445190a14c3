//! What makes any help impossible is said before a key is typed.

use agent_core::view::{Failure, Page};
use agent_core::{AgentHandle, LinkKind};
use capture::CaptureError;
use e2e::World;

fn failure(world: &World, agent: &AgentHandle) -> Failure {
    world.other_shows(agent, "what fails", |view| match &view.page {
        Page::Failed(failure) => Some(failure.clone()),
        _ => None,
    })
}

#[test]
fn a_screen_that_cannot_be_read_is_told_before_a_key_is_typed() {
    let world = World::start(LinkKind::Quic);
    for (error, expected) in [
        (CaptureError::WaylandWithoutX, Failure::Wayland),
        (CaptureError::NoDisplay("none".into()), Failure::ScreenUnavailable),
    ] {
        let agent = world.agent_with(move |config| {
            config.platform.desktop = Box::new(move || Err(error.clone()));
        });
        assert_eq!(failure(&world, &agent), expected);
    }
}

#[test]
fn a_program_that_the_organisation_calls_too_old_does_not_ask_for_a_key() {
    let world = World::start(LinkKind::Quic);
    let agent = world.agent_with(|config| {
        config.organisation = Some(e2e::wanting_newer_agents());
        config.build = "ponte-agent 0.0.1".to_owned();
    });
    assert_eq!(failure(&world, &agent), Failure::TooOld);
}
