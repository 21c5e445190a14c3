//! The program itself: its one line of output, and a real configuration file.

use crate::ends::{Ends, World, any_port, settings};
use crate::web::{get, offer, post, raw_to};
use identity::{Authority, Seed, create_crl, create_root, server_certificate};
use link::LinkKind;
use proto::relay::{Refusal, RelayToEnd};
use relay::{Limits, Settings, SettingsError};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::SystemTime;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{ChildStderr, Command};
use tokio::task::JoinHandle;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ponte-relay"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

/// All that a program says, read as it comes: one that finds no room for its words stands still.
fn all_of(mut stderr: ChildStderr) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut said = String::new();
        stderr.read_to_string(&mut said).await.unwrap();
        said
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_where_it_listens_and_takes_links_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = program().arg("--dev").arg(dir.path()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let ends = Ends::of(dir.path());
    assert_eq!(line, format!("ponte-relay listening on 127.0.0.1:{}", ends.address.port));
    ends.pair(LinkKind::Quic, LinkKind::Tls).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_program_tells_every_link_before_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = program().arg("--dev").arg(dir.path()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next_line().await.unwrap().is_some(), "it runs");
    let ends = Ends::of(dir.path());
    let mut links = Vec::new();
    for kind in [LinkKind::Tls, LinkKind::Quic].repeat(4) {
        links.push(ends.link(kind).await.unwrap());
    }
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().await.unwrap().success());
    for mut link in links {
        let told = link.control.recv().await;
        let refused = RelayToEnd::Refused { refusal: Refusal::Draining };
        assert!(matches!(&told, Ok(told) if *told == refused), "{}: {told:?}", link.kind);
    }
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_writes_nothing_down_of_who_looks_for_whom() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = program()
        .args([Path::new("--dev"), dir.path()])
        .env("RUST_LOG", "debug,relay=trace,relay_core=trace")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = all_of(child.stderr.take().unwrap());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next_line().await.unwrap().is_some(), "it runs");
    let ends = Ends::of(dir.path());
    let (_console, locator) = offer(&ends).await;
    let address = SocketAddr::from(([127, 0, 0, 1], ends.address.port));
    let question = format!(r#"{{"locator":"{locator}"}}"#);
    let head = "POST /lookup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n";
    let answer = raw_to(address, format!("{head}{question}").as_bytes()).await;
    assert_eq!(answer.json()["name"], "Giulia Rinaldi");
    child.kill().await.unwrap();
    let said = said.await.unwrap();
    assert!(said.contains("listening"), "it does write");
    assert!(!said.contains("Giulia"), "{said}");
    let locator = locator.to_string();
    let words = said.split(|c: char| !c.is_ascii_alphanumeric());
    assert_eq!(words.filter(|word| *word == locator).count(), 0, "{locator} in {said}");
}

/// What the program says of its file descriptors under these limits, soft and hard.
#[cfg(unix)]
async fn said_with_descriptors(soft: u32, hard: u32) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new("sh")
        .args(["-c", r#"ulimit -Sn $1 && ulimit -Hn $2 && exec "$3" --dev "$4""#, "sh"])
        .args([soft.to_string(), hard.to_string()])
        .args([Path::new(env!("CARGO_BIN_EXE_ponte-relay")), dir.path()])
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let said = all_of(child.stderr.take().unwrap());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next_line().await.unwrap().is_some(), "it runs");
    child.kill().await.unwrap();
    said.await.unwrap()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_program_takes_all_file_descriptors_that_it_may_have_and_says_when_they_are_few() {
    let said = said_with_descriptors(100, 300).await;
    assert!(said.contains("only some 200 links"), "{said}");
}

/// A folder with certificate and key in PEM and the organisation file of a trial.
fn service(dir: &Path) {
    drop(settings(dir, any_port()));
    let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let ca = create_root(Seed::new([1; 32]), "Test", &[1], now_s).unwrap();
    let seed = Seed::new([2; 32]);
    let certificate = server_certificate(&ca, &seed, &["localhost".to_owned()], now_s).unwrap();
    std::fs::write(dir.join("chain.pem"), pem("CERTIFICATE", &certificate)).unwrap();
    std::fs::write(dir.join("key.pem"), pem("PRIVATE KEY", &seed.pkcs8_der())).unwrap();
}

fn pem(label: &str, der: &[u8]) -> String {
    let symbols = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in der.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let symbol = symbols[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= three.len() { char::from(symbol) } else { '=' });
        }
    }
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn configured(dir: &Path, text: &str) -> Result<Settings, SettingsError> {
    let path = dir.join("relay.json");
    std::fs::write(&path, text).unwrap();
    Settings::from_config(&path, Limits::Normal)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_starts_from_its_configuration_file() {
    let dir = tempfile::tempdir().unwrap();
    service(dir.path());
    let text = r#"{ "node": "dev 1", "listen": "127.0.0.1:0", "certificate": "chain.pem", "key": "key.pem",
                    "organisations": [{ "file": "organisation.ponte" }], "state": "state" }"#;
    let relay = relay::start(configured(dir.path(), text).unwrap()).await.unwrap();
    assert_ne!(relay.local_addr().port(), 0);
    assert!(dir.path().join("state/node.secret").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portal_of_a_configuration_file_has_its_programs_and_binds_browsers_to_https() {
    let dir = tempfile::tempdir().unwrap();
    service(dir.path());
    std::fs::create_dir(dir.path().join("programs")).unwrap();
    std::fs::write(dir.path().join("programs/agent-linux-x86_64"), "an agent").unwrap();
    let text = r#"{ "node": "dev 1", "listen": "127.0.0.1:0", "certificate": "chain.pem", "key": "key.pem",
                    "organisations": [{ "file": "organisation.ponte", "downloads": "programs" }],
                    "portal": { "origins": ["https://help.example"] }, "state": "state" }"#;
    let relay = relay::start(configured(dir.path(), text).unwrap()).await.unwrap();
    let world = World { dir, relay };
    let program = get(&world, "/download/lucca.example/agent-linux-x86_64").await;
    assert_eq!((program.status, &program.body[..]), (200, &b"an agent"[..]));
    assert_eq!(program.header("strict-transport-security"), "max-age=31536000");
    let asked = post(&world, "Origin: https://help.example\r\n", r#"{"locator":"K7M"}"#).await;
    assert_eq!(asked.header("access-control-allow-origin"), "https://help.example");
}

#[test]
fn every_problem_of_a_portal_is_named_at_once() {
    let dir = tempfile::tempdir().unwrap();
    service(dir.path());
    std::fs::create_dir(dir.path().join("programs")).unwrap();
    let text = r#"{ "node": "dev 1", "listen": "127.0.0.1:0", "certificate": "chain.pem", "key": "key.pem",
                    "organisations": [{ "file": "organisation.ponte", "downloads": "programs" },
                                      { "file": "organisation.ponte", "downloads": "missing" }],
                    "portal": { "origins": ["https://help.example/", "*"] }, "state": "state" }"#;
    let Err(SettingsError::Config(error)) = configured(dir.path(), text) else { panic!("was accepted") };
    for (problem, about) in
        error.problems.iter().zip(["missing", "two folders for lucca.example", "help.example/", "*"])
    {
        assert!(problem.contains(about), "{problem}");
    }
    assert_eq!(error.problems.len(), 4, "{error}");
    let Err(error) = configured(dir.path(), &text.replace("origins", "origin")) else { panic!("was accepted") };
    assert!(error.to_string().contains("unknown field `origin`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_revocation_list_of_a_configuration_file_must_be_one() {
    let dir = tempfile::tempdir().unwrap();
    service(dir.path());
    let text = r#"{ "node": "dev 1", "listen": "127.0.0.1:0", "certificate": "chain.pem", "key": "key.pem",
                    "organisations": [{ "file": "organisation.ponte", "revocation_list": "new.crl" }], "state": "state" }"#;
    let read = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    let issuing = Authority::open(Seed::new(read("issuing.seed").try_into().unwrap()), read("issuing.der")).unwrap();
    let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let list = create_crl(&issuing, 4, &[], now_s).unwrap();
    for (list, good) in [(None, false), (Some(&list[..100]), false), (Some(&list[..]), true)] {
        list.inspect(|list| std::fs::write(dir.path().join("new.crl"), list).unwrap());
        match configured(dir.path(), text) {
            Ok(settings) => {
                assert!(good);
                relay::start(settings).await.unwrap().shutdown().await;
                assert!(dir.path().join("state/lists.json").exists());
            }
            Err(SettingsError::Config(error)) => {
                assert!(!good && error.problems.len() == 1 && error.problems[0].contains("new.crl"), "{error}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn every_problem_of_a_configuration_file_is_named_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let text = r#"{ "node": "n", "listen": "here", "certificate": "no.pem", "key": "none.pem",
                    "organisations": [{ "file": "missing.ponte" }], "state": "state" }"#;
    let Err(SettingsError::Config(error)) = configured(dir.path(), text) else { panic!("was accepted") };
    for (problem, about) in error.problems.iter().zip(["listen", "certificate", "key", "missing.ponte"]) {
        assert!(problem.starts_with(about), "{problem}");
    }
    assert_eq!(error.problems.len(), 4);
    let Err(error) = configured(dir.path(), r#"{ "nodes": "n" }"#) else { panic!("was accepted") };
    assert!(error.to_string().contains("unknown field `nodes`"), "{error}");
}
