//! The datagrams of a path: one socket towards the relay for each end, as a router has one port.

use super::Shared;
use super::lane::Kind;
use super::line::Line;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// No datagram on loopback is longer.
const LONGEST: usize = 65_535;
/// Datagrams that one flow may not yet have looked at.
const UNSEEN: usize = 4096;
/// What IPv4 and UDP put in front of a datagram.
const HEAD_BYTES: usize = 28;

pub(super) async fn forward(socket: UdpSocket, shared: Shared) {
    let socket = Arc::new(socket);
    let mut flows: HashMap<SocketAddr, mpsc::Sender<Vec<u8>>> = HashMap::new();
    let mut tasks = JoinSet::new();
    let mut buffer = vec![0; LONGEST];
    loop {
        // An error tells that an end is gone, which is nothing to a path.
        let Ok((length, end)) = socket.recv_from(&mut buffer).await else { continue };
        let number = flows.len() as u64;
        let flow = flows.entry(end).or_insert_with(|| {
            let (datagrams, arriving) = mpsc::channel(UNSEEN);
            let flow = Flow::new(end, Arc::clone(&socket), shared.clone(), number);
            tasks.spawn(async move { drop(flow.run(arriving).await) });
            datagrams
        });
        {
            // Before the flow has it, which may be done with it at once.
            let mut counts = shared.counts();
            counts.taken += 1;
            counts.waiting += 1;
        }
        if flow.try_send(buffer.get(..length).unwrap_or_default().to_vec()).is_err() {
            let mut counts = shared.counts();
            counts.waiting -= 1;
            counts.overflowed += 1;
        }
    }
}

/// What one end sends and receives.
struct Flow {
    end: SocketAddr,
    socket: Arc<UdpSocket>,
    shared: Shared,
    to_relay: Line,
    to_end: Line,
}

impl Flow {
    fn new(end: SocketAddr, socket: Arc<UdpSocket>, shared: Shared, number: u64) -> Self {
        let seed = shared.seed.wrapping_mul(1_000_003).wrapping_add(2 * number);
        Self { end, socket, shared, to_relay: Line::new(seed), to_end: Line::new(seed + 1) }
    }

    async fn towards_relay(&self) -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        socket.connect(self.shared.target).await?;
        Ok(socket)
    }

    async fn run(mut self, mut arriving: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
        let mut relay = self.towards_relay().await?;
        let mut address = self.shared.address.clone();
        address.mark_unchanged();
        let mut buffer = vec![0; LONGEST];
        loop {
            let due = self.to_relay.due().into_iter().chain(self.to_end.due()).min();
            tokio::select! {
                biased;
                Ok(()) = address.changed() => relay = self.towards_relay().await?,
                () = until(due) => {
                    let now = Instant::now();
                    while let Some((_, datagram)) = self.to_relay.pop(now) {
                        self.count(relay.send(&datagram).await);
                    }
                    while let Some((_, datagram)) = self.to_end.pop(now) {
                        self.count(self.socket.send_to(&datagram, self.end).await);
                    }
                }
                datagram = arriving.recv() => match datagram {
                    Some(datagram) => take(&mut self.to_relay, datagram, &self.shared),
                    None => return Ok(()),
                },
                received = relay.recv(&mut buffer) => {
                    // An error tells that the relay is down for the moment.
                    let Ok(length) = received else { continue };
                    {
                        let mut counts = self.shared.counts();
                        counts.taken += 1;
                        counts.waiting += 1;
                    }
                    let datagram = buffer.get(..length).unwrap_or_default().to_vec();
                    take(&mut self.to_end, datagram, &self.shared);
                }
            }
        }
    }

    fn count(&self, sent: io::Result<usize>) {
        let mut counts = self.shared.counts();
        counts.waiting -= 1;
        match sent {
            Ok(_) => counts.delivered += 1,
            Err(_) => counts.lost += 1,
        }
    }
}

/// Takes a datagram that is counted as waiting.
fn take(line: &mut Line, datagram: Vec<u8>, shared: &Shared) {
    let ip_bytes = datagram.len() + HEAD_BYTES;
    line.take(datagram, ip_bytes, Kind::Datagram, &shared.conditions(), &mut shared.counts());
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
