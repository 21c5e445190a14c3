//! The three ways in which an agent learns an organisation, and when it is called verified.

use agent_core::view::{AgentCommand, DomainProblem, Page};
use agent_core::{AgentHandle, Site};
use e2e::site::WebSite;
use e2e::{Learns, World};
use link::LinkKind;

fn domain_page(world: &World, agent: &AgentHandle, problem: Option<DomainProblem>) {
    world.other_shows(agent, "the page for the domain", |view| {
        (view.page == Page::EnterOrganisation { problem }).then_some(())
    });
}

/// Whether the operator is shown as verified to an agent that learned the organisation in this way.
fn verified(world: &World, agent: &AgentHandle) -> bool {
    agent.send(AgentCommand::SubmitKey(world.new_key()));
    world.other_shows(agent, "who asks", |view| match &view.page {
        Page::WhoAsks { operator, .. } => Some(operator.verified),
        _ => None,
    })
}

#[test]
fn a_file_is_verified_only_if_the_domain_itself_shows_the_same_root() {
    let world = World::start(LinkKind::Quic);
    let file = std::fs::read(world.path("relay/organisation.ponte")).unwrap();
    let stranger = testkit::organisation(9, "127.0.0.1", 1, None, e2e::now_s()).organisation_file;
    for (what, content, expected) in [
        ("the same", Some(file.clone()), true),
        ("another root that calls itself the same", Some(stranger), false),
        ("no such file", None, false),
        ("nonsense", Some(b"nonsense".to_vec()), false),
    ] {
        let site = WebSite::start(content);
        let agent = world.agent_that(Learns::FromFile, site.site());
        assert_eq!(verified(&world, &agent), expected, "{what}");
        world.console.send(console_core::view::ConsoleCommand::End);
        world.console_shows("nothing", |view| {
            matches!(view.stage, console_core::view::Stage::Ended(_) | console_core::view::Stage::Idle).then_some(())
        });
        world.console.send(console_core::view::ConsoleCommand::CloseEnded);
    }
}

#[test]
fn a_site_that_cannot_be_reached_leaves_a_file_unverified() {
    let world = World::start(LinkKind::Quic);
    let site = WebSite::start(None);
    let gone = site.site();
    drop(site);
    let agent = world.agent_that(Learns::FromFile, gone);
    assert!(!verified(&world, &agent));
}

#[test]
fn a_program_without_an_organisation_asks_for_its_domain() {
    let world = World::start(LinkKind::Quic);
    let file = std::fs::read(world.path("relay/organisation.ponte")).unwrap();
    let site = WebSite::start(Some(file));
    let agent = world.agent_that(Learns::FromDomain, site.site());
    domain_page(&world, &agent, None);
    agent.send(AgentCommand::SubmitDomain("not a domain".into()));
    domain_page(&world, &agent, Some(DomainProblem::Malformed));
    // The site answers for whatever name; the file is another's.
    agent.send(AgentCommand::SubmitDomain("pisa.example".into()));
    domain_page(&world, &agent, Some(DomainProblem::NotThere));
    agent.send(AgentCommand::SubmitDomain(" Lucca.example/aiuto".into()));
    world.other_shows(&agent, "the key", |view| matches!(view.page, Page::EnterKey { .. }).then_some(()));
    assert!(verified(&world, &agent), "the domain itself said so");
}

#[test]
fn a_domain_whose_certificate_is_not_trusted_is_named_as_such() {
    let world = World::start(LinkKind::Quic);
    let site = WebSite::start(None);
    let wrong = Site { trust: link::Trust::Pin([1; 32]), ..site.site() };
    let agent = world.agent_that(Learns::FromDomain, wrong);
    agent.send(AgentCommand::SubmitDomain("lucca.example".into()));
    domain_page(&world, &agent, Some(DomainProblem::NotTrusted));
}
