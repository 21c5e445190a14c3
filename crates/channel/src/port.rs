//! The socket of the channel: QUIC packets go into whatever link is attached right now.
//!
//! quinn's socket trait changes between versions; this is the one file that knows it.

use bytes::Bytes;
use link::packets::{PacketSender, Packets};
use proto::limits::PACKET_QUEUE;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::sync::Notify;

/// The address that quinn believes the other end has; always the same, so that a change of link is
/// no migration. From the discard-only prefix (RFC 6666).
pub(crate) const PEER: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 1)), 1);

/// Packets that quinn may hand over in one call.
const SEGMENTS: usize = 10;

/// Where the channel's packets go; links come and go under it. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Port(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    lost: Notify,
    sent_bytes: AtomicU64,
    received_bytes: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    packets: Option<Packets>,
    /// Woken when a link is attached.
    waiting: Vec<Waker>,
}

impl State {
    fn wait(&mut self, cx: &Context<'_>) {
        if !self.waiting.iter().any(|known| known.will_wake(cx.waker())) {
            self.waiting.push(cx.waker().clone());
        }
    }
}

impl Port {
    /// A port without a link.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on packets go through this link; one that was attached is dropped.
    pub fn attach(&self, packets: Packets) {
        let waiting = {
            let mut state = self.lock();
            state.packets = Some(packets);
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Takes the link away; packets wait inside quinn until another is attached.
    pub fn detach(&self) {
        self.lock().packets = None;
    }

    /// Takes this link away, unless another is attached by now.
    fn detach_from(&self, sender: &PacketSender) {
        let mut state = self.lock();
        if state.packets.as_ref().is_some_and(|packets| packets.sender.is_same_queue(sender)) {
            state.packets = None;
            drop(state);
            self.0.lost.notify_one();
        }
    }

    /// Whether a link is attached that has not been seen to fail.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.lock().packets.as_ref().is_some_and(|packets| !packets.sender.is_closed())
    }

    /// Waits until no working link is attached.
    pub(crate) async fn lost(&self) {
        // A notice may be left over from a link before this one, so it alone says nothing.
        while self.is_attached() {
            self.0.lost.notified().await;
        }
    }

    /// Bytes of packets sent and received so far.
    #[must_use]
    pub fn traffic_bytes(&self) -> (u64, u64) {
        (self.0.sent_bytes.load(Ordering::Relaxed), self.0.received_bytes.load(Ordering::Relaxed))
    }

    pub(crate) fn socket(&self) -> Arc<dyn AsyncUdpSocket> {
        Arc::new(PortSocket(self.clone()))
    }

    fn sender(&self) -> Option<PacketSender> {
        self.lock().packets.as_ref().map(|packets| packets.sender.clone())
    }
}

/// A new one is made for each rebind, all over the same port.
#[derive(Debug)]
struct PortSocket(Port);

impl AsyncUdpSocket for PortSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(PortPoller(self.0.clone()))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let Some(sender) = self.0.sender() else { return Err(io::ErrorKind::WouldBlock.into()) };
        let segment = transmit.segment_size.unwrap_or(transmit.contents.len()).max(1);
        let count = transmit.contents.len().div_ceil(segment);
        if sender.free() < count.min(PACKET_QUEUE) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for packet in transmit.contents.chunks(segment) {
            if !sender.send(Bytes::copy_from_slice(packet)) {
                // The link has failed under us: to QUIC this is loss; the keeper dials again.
                self.0.detach_from(&sender);
                return Err(io::ErrorKind::WouldBlock.into());
            }
        }
        self.0.0.sent_bytes.fetch_add(transmit.contents.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock();
        let Some(packets) = state.packets.as_mut() else {
            state.wait(cx);
            return Poll::Pending;
        };
        let mut filled = 0;
        while let (Some(buffer), Some(meta)) = (bufs.get_mut(filled), meta.get_mut(filled)) {
            let packet = match packets.receiver.poll_recv(cx) {
                Poll::Ready(Some(packet)) => packet,
                Poll::Ready(None) => {
                    state.packets = None;
                    state.wait(cx);
                    drop(state);
                    self.0.0.lost.notify_one();
                    return if filled > 0 { Poll::Ready(Ok(filled)) } else { Poll::Pending };
                }
                Poll::Pending => break,
            };
            // A packet that does not fit is dropped like any that is too long for a network.
            let Some(room) = buffer.get_mut(..packet.len()) else { continue };
            room.copy_from_slice(&packet);
            self.0.0.received_bytes.fetch_add(packet.len() as u64, Ordering::Relaxed);
            *meta = RecvMeta { addr: PEER, len: packet.len(), stride: packet.len().max(1), ecn: None, dst_ip: None };
            filled += 1;
        }
        if filled > 0 { Poll::Ready(Ok(filled)) } else { Poll::Pending }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(PEER)
    }

    fn max_transmit_segments(&self) -> usize {
        SEGMENTS
    }

    fn may_fragment(&self) -> bool {
        // Packets arrive whole or not at all.
        false
    }
}

#[derive(Debug)]
struct PortPoller(Port);

impl UdpPoller for PortPoller {
    fn poll_writable(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        let Some(packets) = state.packets.as_ref() else {
            state.wait(cx);
            return Poll::Pending;
        };
        packets.sender.poll_room(cx, SEGMENTS).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use link::packets::in_memory_pair;
    use std::future::poll_fn;

    #[tokio::test]
    async fn the_loss_of_an_older_link_is_not_taken_for_that_of_the_newer() {
        let port = Port::new();
        let (older, far_end) = in_memory_pair();
        port.attach(older);
        drop(far_end);
        port.lost().await;
        port.0.lost.notify_one();
        let (newer, far_end) = in_memory_pair();
        port.attach(newer);
        let mut lost = std::pin::pin!(port.lost());
        assert!(poll_fn(|cx| Poll::Ready(lost.as_mut().poll(cx).is_pending())).await);
        drop(far_end);
        port.0.lost.notify_one();
        lost.await;
    }
}
