//! Real packets through two namespaces, where the machine lets make them.

use super::*;
use std::fs::File;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A path, or `None` where there is none, which must then have a reason.
fn path(conditions: Conditions) -> Option<PacketPath> {
    match PacketPath::start(7, 1400, conditions) {
        Ok(path) => Some(path),
        Err(Unavailable(reason)) => {
            assert!(!allowed(), "the machine allows it, but: {reason}");
            eprintln!("not tested with real packets: {reason}");
            None
        }
    }
}

/// Whether the machine lets this process make namespaces and devices.
fn allowed() -> bool {
    let name = format!("ponte-{}-allowed", std::process::id());
    let ip = |verb: &str| Command::new("ip").args(["netns", verb, &name]).output().is_ok_and(|ip| ip.status.success());
    ip("add") && ip("del") && File::options().read(true).write(true).open("/dev/net/tun").is_ok()
}

fn sockets(path: &PacketPath, v6: bool) -> (UdpSocket, UdpSocket) {
    let bind = |namespace: &Namespace| {
        let address = if v6 { namespace.address_v6() } else { namespace.address() };
        namespace.inside(|| UdpSocket::bind((address, 0))).unwrap().unwrap()
    };
    let (near, far) = (bind(path.near()), bind(path.far()));
    near.connect(far.local_addr().unwrap()).unwrap();
    far.connect(near.local_addr().unwrap()).unwrap();
    for socket in [&near, &far] {
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    }
    (near, far)
}

fn until(path: &PacketPath, wanted: impl Fn(&Counts) -> bool) -> Counts {
    while !wanted(&path.counts()) {
        std::thread::yield_now();
    }
    path.counts()
}

#[test]
fn packets_of_both_versions_arrive_after_the_delay() {
    let delay = Duration::from_millis(20);
    let Some(path) = path(Conditions { delay, ..Conditions::default() }) else { return };
    for v6 in [false, true] {
        if v6 && !path.near().has_v6() {
            continue;
        }
        let (near, far) = sockets(&path, v6);
        let mut bytes = [0; 10];
        let sent = Instant::now();
        near.send(b"there").unwrap();
        assert_eq!(far.recv(&mut bytes).unwrap(), 5);
        far.send(b"back").unwrap();
        assert_eq!(near.recv(&mut bytes).unwrap(), 4);
        assert!(sent.elapsed() >= 2 * delay);
    }
    let counts = until(&path, |counts| counts.waiting == 0);
    assert!(counts.delivered >= 4 && counts.lost == 0, "{counts:?}");
}

#[test]
fn every_packet_is_counted_once() {
    let poor = Conditions {
        delay: Duration::from_millis(3),
        jitter: Duration::from_millis(2),
        loss: 0.02,
        duplicated: 0.05,
        reordered: 0.05,
        ..Conditions::default()
    };
    let Some(path) = path(poor) else { return };
    let (near, far) = sockets(&path, false);
    let packets = 4000u64;
    for number in 0..packets {
        near.send(&number.to_be_bytes()).unwrap();
    }
    let counts = until(&path, |counts| counts.taken == packets && counts.waiting == 0);
    assert_eq!((counts.overflowed, counts.blocked), (0, 0));
    assert_eq!(counts.delivered, packets + counts.duplicated - counts.lost);
    let share = counts.lost as f64 / packets as f64;
    assert!((0.01..0.03).contains(&share), "{share} lost");
    assert_eq!(path.punctuality().overlooked, 0);
    // The socket's own buffer may have overflowed; what came is what was sent.
    let mut bytes = [0; 8];
    assert_eq!(far.recv(&mut bytes).unwrap(), 8);
    assert!(u64::from_be_bytes(bytes) < packets);
}

#[test]
fn a_script_blocks_and_opens_without_a_word() {
    let Some(path) = path(Conditions { udp_blocked: true, tcp_blocked: true, ..Conditions::default() }) else {
        return;
    };
    let (near, far) = sockets(&path, false);
    near.send(b"into the void").unwrap();
    until(&path, |counts| counts.blocked == 1);
    far.set_nonblocking(true).unwrap();
    assert!(far.recv(&mut [0; 20]).is_err());
    assert!(near.take_error().unwrap().is_none(), "no ICMP tells of it");

    path.play(Script::new().at(Duration::from_millis(1), Conditions::default()));
    let listener = path.far().inside(|| TcpListener::bind((path.far().address(), 0))).unwrap().unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    // Its first packet may still vanish; TCP sends it again.
    let mut stream = path.near().inside(|| TcpStream::connect(address)).unwrap().unwrap();
    let sent: Vec<u8> = (0..100_000u32).map(|at| at as u8).collect();
    let (mut accepted, from) = listener.accept().unwrap();
    assert_eq!(from.ip(), path.near().address());
    let reader = std::thread::spawn(move || {
        let mut received = Vec::new();
        accepted.read_to_end(&mut received).map(|_| received)
    });
    stream.write_all(&sent).unwrap();
    drop(stream);
    assert!(reader.join().unwrap().unwrap() == sent);
}

#[test]
fn longer_packets_than_pass_vanish() {
    let Some(path) = path(Conditions { longest_packet: Some(1280), ..Conditions::default() }) else { return };
    let (near, far) = sockets(&path, false);
    near.send(&[1; 1280 - 27]).unwrap();
    near.send(&[2; 1280 - 28]).unwrap();
    let mut bytes = [0; 2000];
    assert_eq!((far.recv(&mut bytes).unwrap(), bytes[0]), (1280 - 28, 2));
    assert_eq!(path.counts().blocked, 1);
}

#[test]
fn after_a_change_of_address_packets_come_from_elsewhere() {
    let Some(path) = path(Conditions::default()) else { return };
    let old = path.far().address();
    let near = path.near().inside(|| UdpSocket::bind("0.0.0.0:0")).unwrap().unwrap();
    let far = path.far().inside(|| UdpSocket::bind("0.0.0.0:0")).unwrap().unwrap();
    let to = SocketAddr::new(path.near().address(), near.local_addr().unwrap().port());
    let from = || {
        far.send_to(b"?", to).unwrap();
        near.recv_from(&mut [0; 10]).unwrap().1.ip()
    };
    assert_eq!(from(), old);
    path.far().change_address().unwrap();
    assert_eq!(from(), path.far().address());
    assert_ne!(path.far().address(), old);
}

#[test]
fn every_thread_and_program_of_a_namespace_is_in_it() {
    let Some(path) = path(Conditions::default()) else { return };
    let [near, far] = [path.near(), path.far()].map(Namespace::address);
    let runtime = path.near().runtime(2).unwrap();
    let here = async move { UdpSocket::bind((near, 0)).is_ok() };
    assert!(runtime.block_on(runtime.spawn(here)).unwrap());
    let blocking =
        runtime.spawn_blocking(move || (UdpSocket::bind((near, 0)).is_ok(), UdpSocket::bind((far, 0)).is_ok()));
    assert_eq!(runtime.block_on(blocking).unwrap(), (true, false));
    let output = path.far().command("ip").args(["-o", "addr"]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains(&far.to_string()) && !told.contains(&near.to_string()), "{told}");
}

#[test]
fn nothing_is_left_behind_even_by_a_panic() {
    let Some(path) = path(Conditions::default()) else { return };
    let names = [path.near(), path.far()].map(|namespace| namespace.name().to_owned());
    let there = |name: &String| Path::new("/run/netns").join(name).exists();
    assert!(names.iter().all(there));
    let panicked = std::thread::spawn(move || {
        let _path = path;
        std::panic::resume_unwind(Box::new("as a test that fails"));
    });
    assert!(panicked.join().is_err());
    assert!(!names.iter().any(there));
}
