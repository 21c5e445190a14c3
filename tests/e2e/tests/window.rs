//! The engine behind the console's window with several keys and sessions at once: real agents, a real relay, and
//! what the window would show of each.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use agent_core::view::{AgentCommand, Page};
use agent_core::{AgentHandle, LinkKind};
use capture::fake::FakeDesktop;
use console_core::gate::{GateCommand, GateStage};
use console_core::records::{Description, Outcome, RecordId};
use console_core::view::{ConsoleCommand, SessionView, Stage};
use console_core::{LineId, MOST_KEYS, MOST_LINES};
use e2e::{Line, World, now_s};
use identity::Organisation;
use operator_console::cli::{Arguments, Lang, LinkChoice};
use operator_console::desk::{DeskCommand, Tab};
use operator_console::engine::{Engine, Several};
use operator_console::news::What;
use proto::geometry::{MonitorId, Rect};
use std::sync::Arc;
use testkit::Conditions;

/// The window without its drawing: looks as often as a window draws.
struct Window<'a> {
    world: &'a World,
    engine: Several,
}

impl<'a> Window<'a> {
    /// With the operator of this world signed in.
    fn open(world: &'a World) -> Self {
        let arguments = Arguments {
            data: Some(world.path("window")),
            operator: Some(world.path("relay/operator.ponte-vault")),
            organisation: Some(world.path("relay/organisation.ponte")),
            lang: Some(Lang::En),
            link: LinkChoice::Quic,
            pictures: Some(world.path("pictures")),
            theme: None,
        };
        let engine = Several::new(&arguments, arguments.language(), Arc::new(|| {}));
        let mut window = Self { world, engine };
        window.shows("the gate", |engine| matches!(engine.gate().stage, GateStage::Locked { .. }).then_some(()));
        window.engine.at_gate(GateCommand::SignIn(identity::dev::SAMPLE_PASSWORD.to_owned().into()));
        window.shows("the beginning", |engine| (engine.view()?.stage == Stage::Idle).then_some(()));
        window
    }

    fn shows<T>(&mut self, what: &str, mut look: impl FnMut(&mut Several) -> Option<T>) -> T {
        let mut seen = None;
        self.world.eventually(what, || {
            let _ = self.engine.gate();
            seen = look(&mut self.engine);
            seen.is_some()
        });
        seen.unwrap()
    }

    fn desk(&mut self, command: DeskCommand) {
        self.engine.at_desk(command);
    }

    fn tab(&self, line: LineId) -> Option<Tab> {
        self.engine.desk().tabs.into_iter().find(|tab| tab.line == line)
    }

    /// Waits until this tab's session gives something, be it in front or not.
    fn session<T>(&mut self, line: LineId, what: &str, mut look: impl FnMut(&SessionView) -> Option<T>) -> T {
        self.shows(what, |engine| {
            let tab = engine.desk().tabs.into_iter().find(|tab| tab.line == line)?;
            match &tab.view.stage {
                Stage::Session(session) => look(session),
                _ => None,
            }
        })
    }

    /// Makes a key, whose tab is in front then.
    fn new_key(&mut self) -> (LineId, String) {
        let before = self.engine.desk().tabs.len();
        self.desk(DeskCommand::NewKey);
        let desk = self.engine.desk();
        assert_eq!(desk.tabs.len(), before + 1);
        let line = desk.front.unwrap();
        assert_eq!(desk.tabs.last().unwrap().line, line);
        let key = self.shows("a key", |engine| match engine.view()?.stage {
            Stage::Waiting(key) => Some(key.grouped),
            _ => None,
        });
        (line, key)
    }

    /// As far as the first picture of this agent's screen.
    fn pair(&mut self, agent: &AgentHandle) -> LineId {
        let (line, key) = self.new_key();
        agent.send(AgentCommand::SubmitKey(key));
        self.world.other_shows(agent, "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
        self.world.welcome(agent);
        self.world.answer_at(agent, true);
        self.session(line, "a picture", |session| (session.pictures > 0).then_some(()));
        line
    }

    /// Brings it to the front and looks at it.
    fn look_at(&mut self, line: LineId) {
        self.desk(DeskCommand::Show(Some(line)));
        self.desk(DeskCommand::See);
        assert_eq!(self.engine.desk().front, Some(line));
        assert_eq!(self.engine.desk().unseen_in(line), 0);
    }

    /// The texts of this tab's chat and whether the operator wrote them.
    fn chat(&self, line: LineId) -> Vec<(bool, String)> {
        match self.tab(line).unwrap().view.stage {
            Stage::Session(session) => session.chat.iter().map(|line| (line.mine, line.text.clone())).collect(),
            _ => Vec::new(),
        }
    }

    /// Says it in the tab in front, and waits until the other end has it.
    fn say(&mut self, text: &str) {
        let line = self.engine.desk().front.unwrap();
        self.engine.send(ConsoleCommand::SendChat(text.to_owned()));
        self.delivered(line, text);
    }

    fn delivered(&mut self, line: LineId, text: &str) {
        self.session(line, "the delivered line", |session| {
            session.chat.iter().any(|line| line.delivered && line.text == text).then_some(())
        });
    }

    /// Pictures that came in this tab until now.
    fn pictures(&mut self, line: LineId) -> u64 {
        self.session(line, "its pictures", |session| Some(session.pictures))
    }

    /// The colour (red, green, blue) of the first pixel of the screen in front.
    fn first_pixel(&self) -> Option<[u8; 3]> {
        let pictures = self.engine.pictures();
        let pictures = pictures.lock();
        pictures.monitors.get(&MonitorId(0))?.rgba.get(..3)?.try_into().ok()
    }

    fn record(&self, line: LineId) -> RecordId {
        self.tab(line).unwrap().view.record.unwrap()
    }

    fn outcome(&self, id: &RecordId) -> Option<Outcome> {
        self.engine.desk().record(id).unwrap().kept.outcome
    }
}

/// This person has heard these lines and nothing else. The operator knows of their arrival before the page shows them.
fn heard(world: &World, agent: &AgentHandle, lines: &[&str]) {
    let heard: Vec<String> = world.other_shows(agent, "the lines", |view| {
        let theirs = view.panel.as_ref()?.chat.iter().filter(|line| !line.mine);
        let heard: Vec<_> = theirs.map(|line| line.text.clone()).collect();
        (heard.len() >= lines.len()).then_some(heard)
    });
    assert_eq!(heard, lines);
}

fn ended(world: &World, agent: &AgentHandle) {
    world.other_shows(agent, "the end", |view| matches!(view.page, Page::Ended(_)).then_some(()));
}

/// An agent in front of another screen than the first.
fn beside(world: &World, desktop: &FakeDesktop) -> AgentHandle {
    let desktop = desktop.clone();
    world.agent_with(|config| config.platform.desktop = Box::new(move || Ok(Box::new(desktop.clone()))))
}

fn fill(desktop: &FakeDesktop, bgr: [u8; 3]) {
    desktop.paint(Rect::new(0, 0, 40, 40), bgr);
}

#[test]
fn what_is_said_goes_to_the_tab_in_front_and_what_comes_is_marked_where_nobody_looks() {
    let world = World::start(LinkKind::Quic);
    let other = world.another_agent();
    let mut window = Window::open(&world);
    let first = window.pair(&world.agent);
    let second = window.pair(&other);
    window.look_at(first);
    window.look_at(second);
    while window.engine.take_call() {}

    world.agent.send(AgentCommand::SendChat("the first person speaks".to_owned()));
    window.shows("the mark", |engine| (engine.desk().unseen_in(first) == 1).then_some(()));
    assert!(window.engine.take_call(), "whoever works in another window is called");
    window.desk(DeskCommand::See);
    let desk = window.engine.desk();
    assert_eq!((desk.unseen_in(second), desk.unseen()), (0, 1), "who looks at the second has not seen the first");
    assert_eq!(
        desk.news.iter().filter(|item| !item.is_seen).map(|item| &item.what).collect::<Vec<_>>(),
        [&What::Chat(1)]
    );

    window.say("to the second");
    heard(&world, &other, &["to the second"]);
    heard(&world, &world.agent, &[]);
    assert_eq!(window.engine.desk().unseen_in(first), 1, "speaking elsewhere is not looking");

    window.look_at(first);
    window.say("to the first");
    heard(&world, &world.agent, &["to the first"]);
    heard(&world, &other, &["to the second"]);
    assert_eq!(window.chat(first), [(false, "the first person speaks".to_owned()), (true, "to the first".to_owned())]);
    assert_eq!(window.chat(second), [(true, "to the second".to_owned())]);

    // At the beginning nobody is spoken to.
    window.desk(DeskCommand::Show(None));
    window.engine.send(ConsoleCommand::SendChat("to nobody".to_owned()));
    window.look_at(second);
    window.say("again to the second");
    heard(&world, &world.agent, &["to the first"]);
    heard(&world, &other, &["to the second", "again to the second"]);
}

#[test]
fn pictures_come_for_the_tab_in_front_alone_and_are_current_when_another_is_shown() {
    let world = World::start(LinkKind::Quic);
    let desktop = FakeDesktop::new(640, 400);
    let other = beside(&world, &desktop);
    let mut window = Window::open(&world);
    let first = window.pair(&world.agent);
    let second = window.pair(&other);
    // The answer to a line that was sent later tells that the agent knows that nobody looks at the first.
    let hidden = |window: &mut Window<'_>, line, text: &str| {
        window.engine.send_to(line, ConsoleCommand::SendChat(text.to_owned()));
        window.delivered(line, text);
        window.pictures(line)
    };
    let before = hidden(&mut window, first, "hidden");
    for step in 0..5 {
        fill(&world.desktop, [0, 40 * step, 0]);
        fill(&desktop, [0, 0, 40 * step]);
        window.world.eventually("the second's screen", || window.first_pixel() == Some([40 * step, 0, 0]));
    }
    let after = hidden(&mut window, first, "still hidden");
    assert!(after <= before + 1, "from {before} to {after}: one may have been on its way");

    // Nothing changes from here on: what is shown is what was painted while nobody looked.
    window.look_at(first);
    window.world.eventually("what the first shows by now", || window.first_pixel() == Some([0, 160, 0]));
    let before = hidden(&mut window, second, "hidden");
    for step in 1..5 {
        fill(&desktop, [40 * step, 0, 0]);
        fill(&world.desktop, [0, 0, 40 * step]);
        window.world.eventually("the first's screen", || window.first_pixel() == Some([40 * step, 0, 0]));
    }
    let after = hidden(&mut window, second, "still hidden");
    assert!(after <= before + 1, "from {before} to {after}: one may have been on its way");
    window.look_at(second);
    window.world.eventually("what the second shows by now", || window.first_pixel() == Some([0, 0, 160]));

    // In front of the beginning none of them is seen.
    window.desk(DeskCommand::Show(None));
    assert_eq!(window.first_pixel(), None);
    let before = hidden(&mut window, second, "hidden again");
    fill(&desktop, [9, 9, 9]);
    let after = hidden(&mut window, second, "still hidden again");
    assert!(after <= before + 1, "from {before} to {after}: one may have been on its way");
}

#[test]
fn ending_in_one_tab_leaves_the_other_and_each_has_its_own_outcome() {
    let world = World::start(LinkKind::Quic);
    let other = world.another_agent();
    let mut window = Window::open(&world);
    let first = window.pair(&world.agent);
    let second = window.pair(&other);
    let (of_first, of_second) = (window.record(first), window.record(second));
    assert_ne!(of_first, of_second);

    window.desk(DeskCommand::End(first));
    ended(&world, &world.agent);
    world.agent.send(AgentCommand::SkipRating);
    assert_eq!(window.engine.desk().front, Some(second), "the one in front stays there");
    window.say("you go on");
    heard(&world, &other, &["you go on"]);

    // The page after the end stays until it is closed, in the back and in front, and asks what became of it.
    window.engine.send(ConsoleCommand::End);
    ended(&world, &other);
    other.send(AgentCommand::SkipRating);
    for line in [first, second] {
        window.shows("the end", |engine| {
            let tab = engine.desk().tabs.into_iter().find(|tab| tab.line == line)?;
            matches!(tab.view.stage, Stage::Ended(end) if !end.is_closing && end.log.is_some()).then_some(())
        });
    }
    assert_eq!((window.record(first), window.record(second)), (of_first.clone(), of_second.clone()));
    assert_eq!((window.outcome(&of_first), window.outcome(&of_second)), (None, None));
    window.desk(DeskCommand::Describe(of_second.clone(), Description::Outcome(Some(Outcome::Solved))));
    assert_eq!((window.outcome(&of_first), window.outcome(&of_second)), (None, Some(Outcome::Solved)));
    window.desk(DeskCommand::Close(second));
    assert!(window.tab(second).is_none() && window.tab(first).is_some() && window.engine.desk().front.is_none());
    window.look_at(first);
    window.desk(DeskCommand::Describe(of_first.clone(), Description::Outcome(Some(Outcome::ToContinue))));
    window.engine.send(ConsoleCommand::CloseEnded);
    assert!(window.engine.desk().tabs.is_empty() && window.engine.desk().front.is_none());
    assert_eq!(window.engine.view().unwrap().stage, Stage::Idle);
    assert_eq!(
        (window.outcome(&of_first), window.outcome(&of_second)),
        (Some(Outcome::ToContinue), Some(Outcome::Solved))
    );
    window.engine.shutdown();
}

#[test]
fn an_interrupted_line_is_shown_in_its_own_tab() {
    let world = World::on(Line::only(LinkKind::Quic).over(Conditions::default()), Line::only(LinkKind::Quic));
    let straight = std::fs::read(world.path("relay/organisation.ponte")).unwrap();
    let straight = Arc::new(Organisation::open(&straight, now_s()).unwrap());
    let other = world.agent_with(|config| config.organisation = Some(straight));
    let mut window = Window::open(&world);
    let first = window.pair(&world.agent);
    let second = window.pair(&other);
    let lost = |window: &Window<'_>, line| {
        let news = window.engine.desk().news;
        news.iter().filter(|item| item.line == line && item.what == What::Lost).count()
    };
    world.agent_path().change(|path| path.black_out = true);
    window.session(first, "the interruption", |session| session.reconnecting.then_some(()));
    window.say("the second goes on");
    heard(&world, &other, &["the second goes on"]);
    let reconnects = window.session(second, "its line", |session| Some(session.reconnecting));
    assert!(!reconnects);
    assert_eq!((lost(&window, first), lost(&window, second)), (1, 0));
    world.agent_path().change(|path| path.black_out = false);
    window.session(first, "the line again", |session| (!session.reconnecting).then_some(()));
    window.look_at(first);
    window.say("you are back");
    heard(&world, &world.agent, &["you are back"]);
}

#[test]
fn there_are_so_many_keys_and_tabs_and_no_more() {
    let world = World::start(LinkKind::Quic);
    let mut window = Window::open(&world);
    let mut waiting = Vec::new();
    while waiting.len() < MOST_KEYS {
        assert!(!window.engine.desk().is_full, "with {} keys", waiting.len());
        waiting.push(window.new_key());
    }
    let full = |window: &mut Window<'_>| {
        let before = window.engine.desk();
        assert!(before.is_full, "the window says so before anything is pressed");
        window.desk(DeskCommand::NewKey);
        let after = window.engine.desk();
        assert_eq!((after.tabs.len(), after.front), (before.tabs.len(), before.front));
    };
    full(&mut window);
    // As soon as somebody came with one key there is room for another.
    let mut agents = Vec::new();
    while window.engine.desk().tabs.len() < MOST_LINES {
        let (line, key) = waiting.remove(0);
        let agent = world.another_agent();
        agent.send(AgentCommand::SubmitKey(key));
        agents.push(agent);
        window.session(line, "the session", |_| Some(()));
        assert!(!window.engine.desk().is_full);
        waiting.push(window.new_key());
    }
    full(&mut window);
    // A key that is taken back makes room, and is no key any more.
    let (line, key) = waiting.remove(0);
    window.desk(DeskCommand::CancelKey(line));
    window.shows("the room", |engine| (!engine.desk().is_full).then_some(()));
    assert!(window.tab(line).is_none());
    let late = world.another_agent();
    late.send(AgentCommand::SubmitKey(key));
    world.other_shows(&late, "that the key is gone", |view| match &view.page {
        Page::EnterKey { problem: Some(_), .. } => Some(()),
        _ => None,
    });
    window.new_key();
    full(&mut window);
    window.engine.shutdown();
    for agent in &agents {
        ended(&world, agent);
    }
}
