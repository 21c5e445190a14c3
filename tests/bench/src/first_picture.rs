//! From the key's entry to the first picture, through the real engines with a painted desktop and a
//! person who answers at once.

use crate::figures::Figures;
use crate::path::Scale;
use agent_core::LinkKind;
use agent_core::view::{AgentCommand, Page};
use e2e::{Line, World};
use std::time::{Duration, Instant};
use testkit::Conditions;

/// Adds the figures of every way and distance.
pub(crate) fn measure(scale: Scale, figures: &mut Figures) {
    let kinds = [LinkKind::Quic, LinkKind::Tls];
    for round_trip in [Duration::ZERO, Duration::from_millis(80)] {
        let mut samples = [const { Vec::new() }; 2];
        for _ in 0..scale.pictures {
            for (kind, samples) in kinds.iter().zip(&mut samples) {
                samples.push(once(*kind, round_trip));
            }
        }
        for (kind, samples) in kinds.iter().zip(&samples) {
            let name = format!("key entry to first picture, {kind}, {} ms round trip", round_trip.as_millis());
            figures.add(name, "ms", samples);
        }
    }
}

/// `round_trip` is that between the ends: four legs, two to the relay and two from it.
fn once(kind: LinkKind, round_trip: Duration) -> f64 {
    let line = || {
        let path = Conditions { delay: round_trip / 4, ..Conditions::default() };
        if round_trip.is_zero() { Line::only(kind) } else { Line::only(kind).over(path) }
    };
    let world = World::on(line(), line());
    let key = world.new_key();
    let begin = Instant::now();
    world.agent.send(AgentCommand::SubmitKey(key));
    world.agent_shows("who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    world.agent.send(AgentCommand::RecogniseOperator(true));
    world.answer(true);
    world.session("a picture", |session| (session.pictures > 0).then_some(()));
    begin.elapsed().as_secs_f64() * 1e3
}
