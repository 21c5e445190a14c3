//! The clipboard of a real X server, with other programs.

#![cfg(unix)]
// Helpers outside of test functions unwrap too: a test that cannot go on has failed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use clipboard::{Clipboard, Content, OwnClipboard, Picture, ThisClipboard};
use consent::{Answer, ConsentCell, Lease};
use proto::clipboard::ClipProblem;
use proto::session::{Request, RequestId};
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

/// The part of this test that runs where the display is another.
const PART: &str = "PONTE_TEST_CLIPBOARD";
const LONG: Duration = Duration::from_secs(20);

struct Server(Child, String);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server() -> Server {
    let mut process = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "320x200x24", "-nolisten", "tcp", "-noreset"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this test needs Xvfb: apt-get install xvfb");
    let mut number = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut number).unwrap();
    Server(process, format!(":{}", number.trim()))
}

fn allowed() -> Lease<consent::Clipboard> {
    let cell = ConsentCell::new();
    for (id, what) in [(1, Request::View), (2, Request::Clipboard)] {
        cell.ask(Instant::now(), RequestId(id), what).unwrap();
        cell.mark_shown(Instant::now(), RequestId(id));
        assert!(cell.answer(Instant::now(), RequestId(id), Answer::Allow));
    }
    cell.lease(None).unwrap()
}

fn read(clipboard: &ThisClipboard, lease: &Lease<consent::Clipboard>) -> Result<Content, ClipProblem> {
    let (told, ready) = sync_channel(1);
    let reading = lease.with(|permit| clipboard.read(permit, Box::new(move || told.send(()).unwrap()))).unwrap();
    ready.recv_timeout(LONG).unwrap();
    lease.with(|permit| reading.take(permit)).unwrap()
}

/// Another program copies this.
fn copy(program: &[&str], bytes: &[u8]) {
    let mut other = Command::new(program[0]).args(&program[1..]).stdin(Stdio::piped()).spawn().expect("xclip");
    other.stdin.take().unwrap().write_all(bytes).unwrap();
    // It has taken the selection when it goes to the background.
    assert!(other.wait().unwrap().success());
}

/// Another program pastes.
fn paste(program: &[&str]) -> Vec<u8> {
    Command::new(program[0]).args(&program[1..]).output().expect("xclip").stdout
}

#[test]
fn text_and_pictures_go_to_other_programs_and_come_from_them_and_files_do_not() {
    if std::env::var_os(PART).is_none() {
        let server = server();
        let part = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "text_and_pictures_go_to_other_programs_and_come_from_them_and_files_do_not",
                "--nocapture",
            ])
            .env("DISPLAY", &server.1)
            .env_remove("WAYLAND_DISPLAY")
            .env(PART, "1")
            .status()
            .unwrap();
        assert!(part.success());
        return;
    }
    let xclip = ["xclip", "-selection", "clipboard"];
    let (clipboard, lease) = (ThisClipboard::default(), allowed());
    assert_eq!(read(&clipboard, &lease), Err(ClipProblem::Empty));
    copy(&xclip, "però – 字".as_bytes());
    assert_eq!(read(&clipboard, &lease), Ok(Content::Text("però – 字".into())));
    lease.with(|permit| clipboard.put(permit, Content::Text("incollare".into()))).unwrap().unwrap();
    assert_eq!(paste(&[&xclip[..], &["-o"]].concat()), b"incollare");
    // A picture, as a third program has it.
    let rgba: Vec<u8> = (0..60 * 40 * 4).map(|at| (at * 7 % 256) as u8 | 1).collect();
    let picture = Content::Picture(Picture::new(60, 40, rgba).unwrap());
    copy(&[&xclip[..], &["-t", "image/png"]].concat(), &picture.encode().unwrap());
    assert_eq!(read(&clipboard, &lease), Ok(picture.clone()));
    lease.with(|permit| clipboard.put(permit, picture.clone())).unwrap().unwrap();
    let pasted = paste(&[&xclip[..], &["-t", "image/png", "-o"]].concat());
    assert!(pasted.starts_with(b"\x89PNG"));
    assert_eq!(OwnClipboard::default().read(), Ok(picture));
    // Files that somebody copied are neither text nor a picture.
    copy(&[&xclip[..], &["-t", "text/uri-list"]].concat(), b"file:///etc/hostname\r\n");
    assert_eq!(read(&clipboard, &lease), Err(ClipProblem::Empty));
    // What a password manager marks as a secret stays, and what is copied after it does not.
    copy(&[&xclip[..], &["-t", "x-kde-passwordManagerHint"]].concat(), b"secret");
    assert_eq!(read(&clipboard, &lease), Err(ClipProblem::Secret));
    copy(&xclip, b"secretary");
    assert_eq!(read(&clipboard, &lease), Ok(Content::Text("secretary".into())));
    // What is no picture, whatever it says.
    copy(&[&xclip[..], &["-t", "image/png"]].concat(), b"\x89PNG\r\n\x1a\nno more");
    assert!(read(&clipboard, &lease).is_err());
}
