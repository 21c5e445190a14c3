//! The portal on real sockets: its page, its lookups, its downloads, and what must not pass.

use crate::ends::{ARRIVAL, World, any_port, settings};
use crate::hostile::tls_stream;
use crate::web::{Answer, get, look_up, offer, post, raw};
use identity::{Authority, OperatorFile, OperatorRequest, Organisation, Profile, Seed};
use link::LinkKind;
use proto::Locator;
use proto::relay::{EndToRelay, RelayToEnd};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn dressed(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{part}: {answer:?}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("connection"), "close");
    assert!(answer.ended, "{answer:?}");
    assert_ne!(answer.header("cache-control"), "");
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_of_the_page_is_there_with_its_type_and_the_strict_headers() {
    let world = World::new().await;
    for (path, media) in [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/portal.css", "text/css; charset=utf-8"),
        ("/portal.js", "text/javascript; charset=utf-8"),
        ("/work.js", "text/javascript; charset=utf-8"),
        ("/lang/it.json", "application/json"),
        ("/lang/en.json", "application/json"),
        ("/mark.svg", "image/svg+xml"),
        ("/fonts/AtkinsonHyperlegibleNext_400Regular.ttf", "font/ttf"),
        ("/fonts/OFL.txt", "text/plain; charset=utf-8"),
    ] {
        let answer = get(&world, path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, media), "{path}");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{path}");
        dressed(&answer);
        assert!(!answer.headers.contains_key("strict-transport-security"), "a trial binds nobody's browser");
        // Asked again, it is not sent again; asked for its head, only that comes.
        let tag = answer.header("etag");
        let head = format!("{path} HTTP/1.1\r\nHost: x\r\n");
        let again = raw(&world, format!("GET {head}If-None-Match: {tag}\r\n\r\n").as_bytes()).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        let only_head = raw(&world, format!("HEAD {head}\r\n").as_bytes()).await;
        assert_eq!((only_head.status, only_head.body.len()), (200, 0), "{path}");
        assert_eq!(only_head.header("content-length"), answer.header("content-length"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_says_who_waits_and_leaves_the_key_as_it_was() {
    let world = World::new().await;
    let ends = world.ends();
    let (mut console, locator) = offer(&ends).await;
    for _ in 0..3 {
        let answer = look_up(&world, locator).await;
        assert_eq!(answer.status, 200);
        dressed(&answer);
        assert_eq!(answer.header("cache-control"), "no-store");
        let said = answer.json();
        assert_eq!(said["answer"], "found");
        assert_eq!(said["name"], "Giulia Rinaldi");
        assert_eq!(said["domain"], "lucca.example");
        assert_eq!(said["organisation"]["it"], "Assistenza Comune di Lucca");
        assert_eq!(said["organisation"]["en"], "Lucca City Help Desk");
        assert_eq!(said["downloads"].as_array().map(Vec::len), Some(0));
    }
    // The console has heard nothing of it: what it hears first is the answer to its own words.
    console.control.send(&EndToRelay::Ping).await.unwrap();
    assert_eq!(console.control.recv().await.unwrap(), RelayToEnd::Pong);
    assert_eq!(world.relay.stats().offers, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_found_a_second_later_and_the_eleventh_question_costs_work() {
    let world = World::new().await;
    let (_console, locator) = offer(&world.ends()).await;
    let unknown = Locator::from_number(locator.number() ^ 1).unwrap();
    let begin = Instant::now();
    let answer = look_up(&world, unknown).await;
    assert_eq!(answer.json()["answer"], "not_found");
    assert!(begin.elapsed() >= Duration::from_secs(1), "{:?}", begin.elapsed());
    for _ in 1..10 {
        assert_eq!(look_up(&world, locator).await.json()["answer"], "found");
    }
    let said = look_up(&world, locator).await.json();
    assert_eq!((said["answer"].as_str(), said["bits"].as_u64()), (Some("need_work"), Some(18)));
    let hex = said["seed"].as_str().unwrap();
    let seed: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
    let holds = |nonce: &u64| {
        let hash = ring::digest::digest(&ring::digest::SHA256, &[&seed[..], &nonce.to_be_bytes()].concat());
        u32::from_be_bytes(*hash.as_ref().first_chunk().unwrap()).leading_zeros() >= 18
    };
    let nonce = (0..u64::MAX).find(holds).unwrap();
    let question = format!(r#"{{"locator":"{locator}","work":{{"seed":"{hex}","nonce":{nonce}}}}}"#);
    assert_eq!(post(&world, "", &question).await.json()["answer"], "found");
    assert_eq!(post(&world, "", &question).await.json()["answer"], "need_work", "work counts once");
}

/// Signs the trial's organisation file again with this policy, and certifies its operator with a team.
fn with_policy(dir: &Path, portal_name: Option<&str>, of_profile: Option<&str>) {
    drop(settings(dir, any_port()));
    let read = |name: &str| fs::read(dir.join(name)).unwrap();
    let seed = |name: &str| Seed::new(read(name).try_into().unwrap());
    let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let mut file = Organisation::open(&read("organisation.ponte"), now_s).unwrap().file().clone();
    file.policy.extend(portal_name.map(|value| ("portal_name".to_owned(), value.into())));
    fs::write(dir.join("organisation.ponte"), file.sign(&seed("root.seed")).unwrap()).unwrap();
    let operator = testkit::signed_in(&read("operator.ponte-vault"));
    let mut profile = Profile::all_tools();
    profile.policy.extend(of_profile.map(|value| ("portal_name".to_owned(), value.into())));
    let issuing = Authority::open(seed("issuing.seed"), read("issuing.der")).unwrap();
    let request = OperatorRequest { name: "Giulia Rinaldi".to_owned(), team: Some("Anagrafe".to_owned()), profile };
    let leaf = identity::issue_operator(&issuing, &operator.seed.public_key(), &request, &[7], now_s).unwrap();
    let operator = OperatorFile { chain: vec![leaf, issuing.certificate().to_vec()], seed: operator.seed.clone() };
    fs::write(dir.join("operator.ponte-vault"), testkit::operator_vault(&operator)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn as_much_is_said_of_the_operator_as_the_policy_lets() {
    for (organisation, profile, named) in [
        (None, None, true),
        (Some("name"), None, true),
        (Some("organisation"), None, false),
        (None, Some("organisation"), false),
        // A profile cannot be laxer.
        (Some("organisation"), Some("name"), false),
    ] {
        let dir = tempfile::tempdir().unwrap();
        with_policy(dir.path(), organisation, profile);
        let world = World::inside(dir, |settings| settings).await;
        let (_console, locator) = offer(&world.ends()).await;
        let answer = look_up(&world, locator).await;
        let said = answer.json();
        let shown = (said["name"].as_str(), said["team"].as_str());
        let expected = if named { (Some("Giulia Rinaldi"), Some("Anagrafe")) } else { (None, None) };
        assert_eq!(shown, expected, "{organisation:?} {profile:?}");
        assert_eq!(said["domain"], "lucca.example");
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!(text.contains("Giulia") || text.contains("Anagrafe"), named, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_that_are_none_are_refused_by_codes() {
    let world = World::new().await;
    let (_console, locator) = offer(&world.ends()).await;
    let good = format!(r#"{{"locator":"{locator}"}}"#);
    let post_head = |more: &str, length: usize| {
        format!("POST /lookup HTTP/1.1\r\nHost: relay.example\r\n{more}Content-Length: {length}\r\n\r\n")
    };
    let json = "Content-Type: application/json\r\n";
    let long = format!(r#"{{"locator":"{locator}","{}":1}}"#, "x".repeat(2000));
    let chunked = "POST /lookup HTTP/1.1\r\nHost: relay.example\r\nContent-Type: application/json\r\n\
                   Transfer-Encoding: chunked\r\n\r\n";
    let chunks = format!("258\r\n{}\r\n", "x".repeat(600)).repeat(3);
    for (request, status, error) in [
        ("GET /lookup HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 405, "wrong_method"),
        ("OPTIONS /lookup HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 405, "wrong_method"),
        (post_head("", good.len()) + &good, 415, "wrong_type"),
        (post_head("Content-Type: text/plain\r\n", good.len()) + &good, 415, "wrong_type"),
        (post_head("Content-Type: application/x-www-form-urlencoded\r\n", 11) + "locator=K7M", 415, "wrong_type"),
        (post_head(json, long.len()) + &long, 413, "too_large"),
        (post_head(json, 1_000_000_000), 413, "too_large"),
        (format!("{chunked}{chunks}0\r\n\r\n"), 413, "too_large"),
        (post_head(json, 7) + "K7M4QXP", 400, "unreadable"),
        (post_head(json, 21) + r#"{"locator":"K7M4QXP"}"#, 400, "unreadable"),
        (post_head(json, 4) + "\u{0}\u{0}\u{0}\u{0}", 400, "unreadable"),
    ] {
        let answer = raw(&world, request.as_bytes()).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{request:.100}");
        dressed(&answer);
    }
    for (request, status) in [
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".to_owned(), 405),
        ("DELETE /portal.js HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 405),
        ("POST /download/lucca.example/agent-linux-x86_64 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 405),
        ("GET /portal.rs HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 404),
        ("GET //index.html HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 404),
        (format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(7000)), 404),
    ] {
        assert_eq!(raw(&world, request.as_bytes()).await.status, status, "{request:.100}");
    }
    // With a charset it is still JSON.
    let request = post_head("Content-Type: Application/JSON; charset=utf-8\r\n", good.len()) + &good;
    assert_eq!(raw(&world, request.as_bytes()).await.json()["answer"], "found");
    // Two requests on one connection: the first is answered, then it is over.
    let twice = raw(&world, &post_head(json, good.len()).into_bytes().repeat(2)).await;
    assert_eq!(twice.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_pages_ask_only_if_the_relay_was_told_of_them() {
    let help = "https://help.example";
    let world = World::with(|settings| settings.with_page_at(help)).await;
    let (_console, locator) = offer(&world.ends()).await;
    let question = format!(r#"{{"locator":"{locator}"}}"#);
    for (origin, status, allowed) in [
        ("https://relay.example", 200, ""),
        (help, 200, help),
        ("https://evil.example", 403, ""),
        ("https://help.example.evil.example", 403, ""),
        ("http://help.example", 403, ""),
        ("null", 403, ""),
    ] {
        let answer = post(&world, &format!("Origin: {origin}\r\n"), &question).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, allowed), "{origin}");
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
        assert_eq!(status == 200, answer.json()["answer"] == "found", "{origin}");
        let first = format!(
            "OPTIONS /lookup HTTP/1.1\r\nHost: relay.example\r\nOrigin: {origin}\r\n\
             Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n\r\n"
        );
        let answer = raw(&world, first.as_bytes()).await;
        let let_in = answer.status == 204 && answer.header("access-control-allow-headers") == "content-type";
        assert_eq!((let_in, answer.header("access-control-allow-origin")), (origin == help, allowed), "{origin}");
    }
    let answer = post(&world, "Origin: https://help.example\r\n", &question).await;
    assert_eq!(answer.header("vary"), "Origin");
    // A link with an origin is still no link, and no page may read another address of the relay.
    let other = raw(&world, format!("GET / HTTP/1.1\r\nHost: x\r\nOrigin: {help}\r\n\r\n").as_bytes()).await;
    assert!(!other.headers.contains_key("access-control-allow-origin"));
}

/// A world whose folder of downloads has an agent.
async fn with_agent(content: &[u8]) -> World {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("downloads")).unwrap();
    fs::write(dir.path().join("downloads/agent-linux-x86_64"), content).unwrap();
    // Only what a request itself finds out counts here.
    World::inside(dir, |settings| settings.looking_at_lists_every(Duration::from_secs(3600))).await
}

fn some_bytes(length: usize, first: u8) -> Vec<u8> {
    (0..length).map(|at| (at / 7) as u8 ^ first).collect()
}

fn sha256(bytes: &[u8]) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, bytes);
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

const AGENT: &str = "/download/lucca.example/agent-linux-x86_64";

#[tokio::test(flavor = "multi_thread")]
async fn a_program_arrives_whole_under_a_friendly_name() {
    let content = some_bytes(3_000_001, 3);
    let world = with_agent(&content).await;
    let (_console, locator) = offer(&world.ends()).await;
    let offered = look_up(&world, locator).await.json()["downloads"][0].clone();
    assert_eq!(offered["href"], AGENT[1..]);
    assert_eq!((offered["program"].as_str(), offered["system"].as_str()), (Some("agent"), Some("linux-x86_64")));
    assert_eq!(offered["bytes"], content.len());
    assert_eq!(offered["sha256"], sha256(&content));
    assert_eq!(offered["file"], "Ponte-lucca-example");
    let answer = get(&world, AGENT).await;
    assert_eq!(answer.status, 200);
    dressed(&answer);
    assert_eq!(answer.header("content-length"), content.len().to_string());
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"Ponte-lucca-example\"");
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert!(answer.body == content, "{} bytes", answer.body.len());
    let head = raw(&world, format!("HEAD {AGENT} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), content.len().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_was_replaced_is_described_as_it_is_given_out() {
    let world = with_agent(b"the old one").await;
    let folder = world.dir.path().join("downloads");
    fs::write(folder.join("new"), b"the new one, longer").unwrap();
    fs::rename(folder.join("new"), folder.join("agent-linux-x86_64")).unwrap();
    assert_eq!(get(&world, AGENT).await.body, b"the new one, longer");
    let (_console, locator) = offer(&world.ends()).await;
    let offered = look_up(&world, locator).await.json()["downloads"][0].clone();
    assert_eq!(offered["sha256"], sha256(b"the new one, longer"));
    // Taken away, it sends whoever has the old page back to it.
    fs::remove_file(folder.join("agent-linux-x86_64")).unwrap();
    let gone = get(&world, AGENT).await;
    assert_eq!((gone.status, gone.header("location")), (303, "/#gone"));
    assert_eq!(look_up(&world, locator).await.json()["downloads"].as_array().map(Vec::len), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_the_known_files_leaves_the_folder() {
    let world = with_agent(b"a program").await;
    let folder = world.dir.path().join("downloads");
    fs::write(folder.join("notes.txt"), "private").unwrap();
    fs::create_dir(folder.join("agent-macos.dmg")).unwrap();
    #[cfg(unix)]
    {
        let made = std::process::Command::new("mkfifo").arg(folder.join("console-linux-x86_64")).status();
        assert!(made.unwrap().success());
    }
    for path in [
        "/download/lucca.example/notes.txt",
        "/download/lucca.example/../node.secret",
        "/download/lucca.example/..%2fnode.secret",
        "/download/../node.secret",
        "/download/..%2f..%2fnode.secret",
        "/download/lucca.example/%61gent-linux-x86_64",
        "/download/lucca.example/agent-linux-x86_64/",
        "/download/lucca.example/agent-linux-x86_64%00",
        "/download/lucca.example/./agent-linux-x86_64",
        "/download/lucca.example//agent-linux-x86_64",
        "/download/LUCCA.example/agent-linux-x86_64",
        "/download//agent-linux-x86_64",
        "/download/other.example/agent-linux-x86_64",
        "/download/lucca.example",
        "/download/lucca.example/",
        "/download/",
        "/download",
        "/../node.secret",
        "/node.secret",
        "/lang/../../node.secret",
    ] {
        let answer = get(&world, path).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    // What is no file is not offered, and makes nobody wait.
    for name in ["agent-macos.dmg", "console-linux-x86_64"] {
        assert_eq!(get(&world, &format!("/download/lucca.example/{name}")).await.status, 303, "{name}");
    }
}

type Download = tokio_rustls::client::TlsStream<tokio::net::TcpStream>;

/// Begins a download and reads nothing of it.
async fn begin(world: &World) -> Download {
    let mut stream = tls_stream(world).await;
    stream.write_all(format!("GET {AGENT} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    stream
}

/// Reads a little of a download now and then, so that the relay does not take it for one that nobody reads; gives it
/// back with what was read when told to.
async fn slowly(mut stream: Download, mut stop: tokio::sync::oneshot::Receiver<()>) -> (Download, Vec<u8>) {
    let (mut read, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    loop {
        tokio::select! {
            _ = &mut stop => return (stream, read),
            _ = ticks.tick() => {
                let length = stream.read(&mut piece).await.unwrap();
                read.extend_from_slice(&piece[..length]);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_downloads_of_one_address_and_links_are_taken_meanwhile() {
    let content = some_bytes(20_000_000, 1);
    let world = with_agent(&content).await;
    let mut downloads = Vec::new();
    for _ in 0..8 {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        downloads.push((tokio::spawn(slowly(begin(&world).await, stopped)), stop));
    }
    let busy = get(&world, AGENT).await;
    assert_eq!((busy.status, busy.header("location")), (303, "/#busy"));
    // They hold no place of a handshake: of the 20 of this address, 13 are taken by others that are silent.
    let mut silent = Vec::new();
    for _ in 0..13 {
        silent.push(tls_stream(&world).await);
    }
    world.ends().pair(LinkKind::Tls, LinkKind::Quic).await;
    drop(silent);
    // One that is broken off makes room, and one that went on slowly is whole.
    let (slow, stop) = downloads.pop().unwrap();
    for (download, _) in downloads {
        download.abort();
    }
    stop.send(()).unwrap();
    let (mut slow, mut rest) = slow.await.unwrap();
    slow.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(&content), "{} bytes", rest.len());
    let mut answer = get(&world, AGENT).await;
    let begin = Instant::now();
    while answer.status != 200 && begin.elapsed() < ARRIVAL {
        // The relay notices the broken ones by itself, a moment later.
        answer = get(&world, AGENT).await;
    }
    assert_eq!((answer.status, answer.body.len()), (200, content.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_that_nobody_reads_are_ended_and_make_room() {
    let world = with_agent(&some_bytes(20_000_000, 2)).await;
    let mut unread = Vec::new();
    // The first of them may be ended when a busy machine has hardly begun the last.
    let first = Instant::now();
    for _ in 0..8 {
        unread.push(begin(&world).await);
    }
    let last = Instant::now();
    let mut looks = tokio::time::interval(Duration::from_millis(250));
    while get(&world, AGENT).await.status != 200 {
        assert!(last.elapsed() < ARRIVAL, "they are kept");
        looks.tick().await;
    }
    assert!(first.elapsed() >= Duration::from_secs(10), "{:?}", first.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_that_never_end_are_ended() {
    let world = World::new().await;
    let begin = Instant::now();
    let heads = [
        "POST /lookup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{",
        "POST /lookup HTTP/1.1\r\nHost: x\r\nContent-Type: applica",
        "GET / HTT",
        "",
    ];
    let answers = heads.map(|head| {
        let world = &world;
        async move {
            let mut stream = tls_stream(world).await;
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            answer
        }
    });
    let [a, b, c, d] = answers;
    let (a, b, c, d) = tokio::join!(a, b, c, d);
    for answer in [a, b, c, d] {
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
    let took = begin.elapsed();
    assert!(took >= Duration::from_secs(9), "{took:?}");
}
