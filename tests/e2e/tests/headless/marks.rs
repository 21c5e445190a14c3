//! Pointing and drawing by lines, seen on a real screen and in the pictures of it.

use super::{Caller, pair_and_view, png};
use agent_core::view::{AgentCommand, Page};
use agent_core::{AgentHandle, LinkKind};
use e2e::World;
use identity::Profile;
use proto::session::{Asking, Capability};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};
use x11rb::rust_connection::RustConnection;

/// The colour of what is drawn: red, green, blue.
const STROKE: [u8; 3] = [0xD9, 0x2D, 0x20];
const SIZE: (u32, u32) = (640, 400);

/// An X server whose screen is nowhere else; ended when dropped.
struct Screen {
    server: Child,
    display: String,
    connection: RustConnection,
    root: u32,
}

impl Screen {
    fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "640x400x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs Xvfb: apt-get install xvfb");
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let display = format!(":{}", number.trim());
        let (connection, screen) = RustConnection::connect(Some(&display)).unwrap();
        let root = connection.setup().roots[screen].root;
        Self { server, display, connection, root }
    }

    /// Red, green, blue, as the person sees it.
    fn pixel(&self, x: i16, y: i16) -> [u8; 3] {
        let image = self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, x, y, 1, 1, !0).unwrap();
        let data = image.reply().unwrap().data;
        [data[2], data[1], data[0]]
    }

    fn is_drawn(&self, x: i16, y: i16) -> bool {
        self.pixel(x, y) == STROKE
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// An agent in front of this screen, as far as the first picture.
fn seen(world: &World, screen: &Screen, caller: &mut Caller) -> AgentHandle {
    let display = screen.display.clone();
    let agent = world.agent_with(|config| {
        config.platform.desktop = Box::new(move || capture::open_display(Some(&display)));
    });
    caller.sign_in();
    let key = caller.new_key();
    agent.send(AgentCommand::SubmitKey(key));
    world.other_shows(&agent, "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    world.welcome(&agent);
    world.answer_at(&agent, true);
    caller.ask(json!({"do": "wait", "for": "picture"}));
    agent
}

/// Whether a place of the newest picture is drawn over.
fn in_picture(world: &World, caller: &mut Caller, name: &str, (x, y): (u32, u32)) -> bool {
    caller.ask(json!({"do": "picture", "path": name}));
    let (width, height, rgb) = png(&world.path(name));
    assert_eq!((width, height), SIZE);
    let at = (y * width + x) as usize * 3;
    rgb[at..at + 3] == STROKE
}

/// Points until the ring is there: on a busy machine one may have gone before anybody looks.
fn pointed_at(world: &World, screen: &Screen, caller: &mut Caller) {
    world.eventually("the ring", || {
        caller.ask(json!({"do": "point", "x": 500, "y": 100}));
        screen.is_drawn(520, 100)
    });
}

fn arrow() -> Value {
    json!({"do": "draw", "shape": "arrow", "x": 50, "y": 60, "to_x": 300, "to_y": 60})
}

#[test]
fn what_is_pointed_at_and_drawn_is_seen_on_the_persons_screen_and_in_the_picture() {
    let world = World::start(LinkKind::Quic);
    let screen = Screen::start();
    let mut caller = Caller::start(&world);
    let _agent = seen(&world, &screen, &mut caller);
    caller.ask(arrow());
    caller.ask(json!({"do": "draw", "shape": "box", "x": 100, "y": 150, "to_x": 400, "to_y": 300, "monitor": 0}));
    world.eventually("the arrow", || screen.is_drawn(150, 60));
    world
        .eventually("the box", || screen.is_drawn(250, 150) && screen.is_drawn(100, 220) && !screen.is_drawn(250, 220));
    // A ring around the place, which stays in sight.
    pointed_at(&world, &screen, &mut caller);
    assert!(!screen.is_drawn(500, 100));
    let mut number = 0;
    world.eventually("the box in the picture", || {
        number += 1;
        in_picture(&world, &mut caller, &format!("drawn-{number}.png"), (250, 150))
    });
    assert_eq!(caller.ask(json!({"do": "state"}))["state"]["session"]["marks_seen"], "in_picture");
    // What is drawn goes by itself, though later: this has its whole time before it.
    caller.ask(arrow());
    pointed_at(&world, &screen, &mut caller);
    caller.ask(json!({"do": "point_away"}));
    world.eventually("no ring", || !screen.is_drawn(520, 100));
    assert!(screen.is_drawn(150, 60), "the rest stays");
    caller.ask(json!({"do": "clear_marks"}));
    world.eventually("nothing", || !screen.is_drawn(150, 60) && !screen.is_drawn(250, 150));
}

#[test]
fn a_ring_goes_by_itself_unless_it_is_pointed_again() {
    let world = World::start(LinkKind::Quic);
    let screen = Screen::start();
    let mut caller = Caller::start(&world);
    let _agent = seen(&world, &screen, &mut caller);
    pointed_at(&world, &screen, &mut caller);
    world.eventually("no ring", || !screen.is_drawn(520, 100));
}

#[test]
fn where_the_window_would_not_let_the_operator_point_the_lines_do_not_either() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    assert_eq!(caller.refused(arrow()), "not_signed_in");
    pair_and_view(&world, &mut caller);
    for (x, y) in [(-1, 0), (0, -1), (640, 0), (0, 400), (i32::MAX, i32::MAX)] {
        assert_eq!(caller.refused(json!({"do": "point", "x": x, "y": y})), "bad_value");
        let to = json!({"do": "draw", "shape": "box", "x": 5, "y": 5, "to_x": x, "to_y": y});
        assert_eq!(caller.refused(to), "bad_value");
    }
    let nothing = json!({"do": "draw", "shape": "arrow", "x": 5, "y": 5, "to_x": 5, "to_y": 5});
    assert_eq!(caller.refused(nothing), "bad_value");
    assert_eq!(caller.refused(json!({"do": "point", "x": 1, "y": 1, "monitor": 7})), "no_such_monitor");
    world.agent.send(AgentCommand::Pause);
    caller.event_with("sharing_paused", |event| event["paused"] == true);
    assert_eq!(caller.refused(arrow()), "sharing_paused");
    world.agent.send(AgentCommand::Resume);
    caller.event_with("sharing_paused", |event| event["paused"] == false);
    caller.ask(arrow());
    world.eventually("the arrow", || world.desktop.marks().len() == 1);
    world.agent.send(AgentCommand::Revoke(Capability::View));
    caller.event_with("revoked", |event| event["capability"] == "view");
    assert_eq!(caller.refused(arrow()), "not_granted");
    world.eventually("nothing", || world.desktop.marks().is_empty());
}

#[test]
fn an_operator_without_it_in_the_certificate_points_at_nothing() {
    let world = World::with_profile(&Profile::of([(Capability::View, Asking::OncePerSession)]));
    let mut caller = Caller::start(&world);
    pair_and_view(&world, &mut caller);
    let all =
        [arrow(), json!({"do": "point", "x": 1, "y": 1}), json!({"do": "clear_marks"}), json!({"do": "point_away"})];
    for command in all {
        assert_eq!(caller.refused(command), "not_in_profile");
    }
    assert_eq!(world.desktop.marks_shown(), 0);
}
