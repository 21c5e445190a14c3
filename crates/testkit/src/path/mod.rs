//! A path emulator in two forms, with one model of what networks do. The first stands between an end
//! and the relay on loopback, for UDP and TCP on one port; the second passes real packets between two
//! network namespaces.

mod lane;
mod line;
mod packets;
mod script;
mod tcp;
mod udp;

pub use packets::{Namespace, PacketPath, Punctuality, Unavailable};
pub use script::Script;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What a path does to what passes, in each direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// From one side to the other.
    pub delay: Duration,
    /// Added to the delay, evenly spread from nothing up to this; it changes no order.
    pub jitter: Duration,
    /// Share of packets that is lost, from 0 to 1; TCP sends what is lost again.
    pub loss: f64,
    /// Share of packets that arrives twice.
    pub duplicated: f64,
    /// Share of packets that is overtaken by those behind.
    pub reordered: f64,
    /// Most bytes per second, with the heads of IP.
    pub bytes_per_s: Option<u64>,
    /// Bytes that wait for the rate; more is dropped (of TCP, not taken).
    pub queue_bytes: usize,
    /// No datagram passes.
    pub udp_blocked: bool,
    /// New TCP connections come to nothing: the proxy closes them at once, of real packets the first
    /// ones vanish.
    pub tcp_blocked: bool,
    /// Bytes of the longest packet that passes, with its heads; longer ones vanish without a word. To a
    /// TCP connection through the proxy it means nothing.
    pub longest_packet: Option<usize>,
    /// Nothing passes, and nobody is told.
    pub black_out: bool,
}

impl Default for Conditions {
    /// A path that does nothing.
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: 0.0,
            duplicated: 0.0,
            reordered: 0.0,
            bytes_per_s: None,
            queue_bytes: 256 * 1024,
            udp_blocked: false,
            tcp_blocked: false,
            longest_packet: None,
            black_out: false,
        }
    }
}

/// What became of everything so far, both directions together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Datagrams or packets that came in.
    pub taken: u64,
    /// Second copies made.
    pub duplicated: u64,
    /// Datagrams that went out.
    pub delivered: u64,
    /// Lost by chance, or because a socket or device did not take them.
    pub lost: u64,
    /// Dropped because the queue was full.
    pub overflowed: u64,
    /// Dropped because nothing passed.
    pub blocked: u64,
    /// Under way now.
    pub waiting: u64,
    /// TCP connections that were let through.
    pub tcp_connections: u64,
    /// TCP connections that were closed at once.
    pub tcp_refused: u64,
    /// Bytes of TCP that went out.
    pub tcp_bytes: u64,
}

impl Counts {
    /// Whether every datagram and copy is accounted for.
    #[must_use]
    pub fn add_up(&self) -> bool {
        self.taken + self.duplicated == self.delivered + self.lost + self.overflowed + self.blocked + self.waiting
    }
}

/// What the tasks of an emulator share.
#[derive(Debug, Clone)]
struct Shared {
    target: SocketAddr,
    seed: u64,
    conditions: watch::Receiver<Conditions>,
    /// Counts the changes of address.
    address: watch::Receiver<u64>,
    counts: Arc<Mutex<Counts>>,
}

impl Shared {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn conditions(&self) -> Conditions {
        self.conditions.borrow().clone()
    }

    /// Waits until something passes again.
    async fn passable(&mut self) {
        // An error means that the emulator goes, which ends this task, too.
        let _ = self.conditions.wait_for(|conditions| !conditions.black_out).await;
    }
}

/// A running emulator of the first form; dropping it ends it and all connections through it.
#[derive(Debug)]
pub struct PathEmulator {
    listening: SocketAddr,
    conditions: watch::Sender<Conditions>,
    address: watch::Sender<u64>,
    shared: Shared,
    script: Mutex<JoinSet<()>>,
    _tasks: JoinSet<()>,
}

impl PathEmulator {
    /// Listens on a free port of 127.0.0.1 and forwards to `target`. What happens by chance comes
    /// from `seed`.
    ///
    /// # Errors
    /// No port is free for UDP and TCP alike.
    pub async fn start(target: SocketAddr, seed: u64, conditions: Conditions) -> io::Result<Self> {
        let (tcp, udp) = bind().await?;
        let listening = tcp.local_addr()?;
        let (conditions, watched) = watch::channel(conditions);
        let (address, changes) = watch::channel(0);
        let shared = Shared { target, seed, conditions: watched, address: changes, counts: Arc::default() };
        let mut tasks = JoinSet::new();
        tasks.spawn(udp::forward(udp, shared.clone()));
        tasks.spawn(tcp::forward(tcp, shared.clone()));
        Ok(Self { listening, conditions, address, shared, script: Mutex::default(), _tasks: tasks })
    }

    /// Where ends must go instead of the relay.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listening
    }

    /// Changes the path from now on; what is under way arrives as it would have.
    pub fn change(&self, change: impl FnOnce(&mut Conditions)) {
        self.script().abort_all();
        self.conditions.send_modify(change);
    }

    /// Plays a script from now on. Must be called on a runtime.
    pub fn play(&self, script: Script) {
        let mut running = self.script();
        running.abort_all();
        let (conditions, mut playing) = (self.conditions.clone(), script.play(Instant::now()));
        running.spawn(async move {
            while let Some(due) = playing.poll_timeout() {
                tokio::time::sleep_until(due.into()).await;
                if let Some(next) = playing.handle_timeout(Instant::now()) {
                    conditions.send_replace(next);
                }
            }
        });
    }

    fn script(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives everything behind it another address, as a phone does that leaves the house: datagrams
    /// go on from a new port, TCP connections break.
    pub fn change_address(&self) {
        self.address.send_modify(|changes| *changes += 1);
    }

    /// What became of everything so far.
    ///
    /// # Panics
    /// When a datagram is not accounted for: the emulator is broken.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let counts = *self.shared.counts();
        assert!(counts.add_up(), "the path emulator has lost count: {counts:?}");
        counts
    }
}

/// One port number for both.
async fn bind() -> io::Result<(TcpListener, UdpSocket)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..16 {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((tcp, udp)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    /// Sends back whatever comes, over UDP and TCP.
    async fn echo() -> (SocketAddr, JoinSet<()>) {
        let (tcp, udp) = bind().await.unwrap();
        let address = tcp.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut bytes = [0; 2000];
            loop {
                let (length, from) = udp.recv_from(&mut bytes).await.unwrap();
                udp.send_to(&bytes[..length], from).await.unwrap();
            }
        });
        tasks.spawn(async move {
            while let Ok((mut stream, _)) = tcp.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        (address, tasks)
    }

    async fn client(path: &PathEmulator) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(path.address()).await.unwrap();
        socket
    }

    async fn until(path: &PathEmulator, wanted: impl Fn(&Counts) -> bool) -> Counts {
        while !wanted(&path.counts()) {
            tokio::task::yield_now().await;
        }
        path.counts()
    }

    #[tokio::test]
    async fn datagrams_pass_both_ways_until_they_are_blocked() {
        let (target, _echo) = echo().await;
        let path = PathEmulator::start(target, 1, Conditions::default()).await.unwrap();
        let client = client(&path).await;
        client.send(b"there").await.unwrap();
        let mut back = [0; 10];
        assert_eq!(client.recv(&mut back).await.unwrap(), 5);
        assert_eq!(path.counts(), Counts { taken: 2, delivered: 2, ..Counts::default() });
        path.change(|conditions| conditions.udp_blocked = true);
        client.send(b"into the void").await.unwrap();
        let counts = until(&path, |counts| counts.taken == 3).await;
        assert_eq!((counts.blocked, counts.delivered), (1, 2));
    }

    #[tokio::test]
    async fn a_script_changes_the_path_while_it_runs() {
        let (target, _echo) = echo().await;
        let path = PathEmulator::start(target, 1, Conditions::default()).await.unwrap();
        let twice = Conditions { duplicated: 1.0, ..Conditions::default() };
        let dark = Conditions { black_out: true, ..Conditions::default() };
        path.play(Script::new().at(Duration::ZERO, dark).at(Duration::from_millis(1), twice));
        let client = client(&path).await;
        let mut back = [0; 10];
        // The first may come through before it is dark.
        let mut arrived = false;
        while !arrived || path.counts().duplicated == 0 {
            client.send(b"?").await.unwrap();
            arrived = tokio::time::timeout(Duration::from_millis(20), client.recv(&mut back)).await.is_ok();
        }
    }

    #[tokio::test]
    async fn after_a_change_of_address_datagrams_come_from_elsewhere() {
        let (target, udp) = {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            (socket.local_addr().unwrap(), socket)
        };
        let path = PathEmulator::start(target, 1, Conditions::default()).await.unwrap();
        let client = client(&path).await;
        let mut bytes = [0; 10];
        client.send(b"a").await.unwrap();
        let (_, first) = udp.recv_from(&mut bytes).await.unwrap();
        path.change_address();
        client.send(b"b").await.unwrap();
        let (_, second) = udp.recv_from(&mut bytes).await.unwrap();
        assert_ne!(first, second);
        udp.send_to(b"c", second).await.unwrap();
        assert_eq!(client.recv(&mut bytes).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_stream_passes_whole_and_waits_through_a_black_out() {
        let (target, _echo) = echo().await;
        let poor = Conditions {
            delay: Duration::from_millis(2),
            loss: 0.01,
            bytes_per_s: Some(10_000_000),
            ..Conditions::default()
        };
        let path = PathEmulator::start(target, 3, poor).await.unwrap();
        let mut stream = TcpStream::connect(path.address()).await.unwrap();
        let sent: Vec<u8> = (0..200_000u32).map(|at| at as u8).collect();
        let (mut read, mut write) = stream.split();
        let mut received = vec![0; sent.len()];
        let (written, got) = tokio::join!(write.write_all(&sent), read.read_exact(&mut received));
        written.unwrap();
        got.unwrap();
        assert!(received == sent);

        path.change(|conditions| conditions.black_out = true);
        stream.write_all(b"late").await.unwrap();
        let mut late = [0; 4];
        let waiting = tokio::time::timeout(Duration::from_millis(50), stream.read_exact(&mut late)).await;
        assert!(waiting.is_err(), "nothing passes");
        path.change(|conditions| conditions.black_out = false);
        stream.read_exact(&mut late).await.unwrap();
        assert_eq!(&late, b"late");

        path.change(|conditions| conditions.tcp_blocked = true);
        let mut refused = TcpStream::connect(path.address()).await.unwrap();
        assert!(matches!(refused.read(&mut late).await, Ok(0) | Err(_)));
        path.change_address();
        assert!(matches!(stream.read(&mut late).await, Ok(0) | Err(_)), "an old connection is broken");
        path.change(|conditions| conditions.tcp_blocked = false);
        let mut fresh = TcpStream::connect(path.address()).await.unwrap();
        fresh.write_all(b"anew").await.unwrap();
        fresh.read_exact(&mut late).await.unwrap();
        assert_eq!((&late, path.counts().tcp_connections), (b"anew", 2));
    }
}
