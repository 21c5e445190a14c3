//! Bounded queues of end-to-end packets between a link and the channel above it.
//!
//! Short on purpose: when a queue is full the oldest packet goes, as on a router, so that the
//! congestion controller above sees loss instead of a growing delay.

use bytes::Bytes;
use proto::limits::{PACKET_BYTES, PACKET_QUEUE};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Debug, Default)]
struct Queue {
    packets: VecDeque<Bytes>,
    closed: bool,
    senders: usize,
    reader: Option<Waker>,
    writers: Vec<Waker>,
    dropped: u64,
}

#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<Queue>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where packets are put; never blocks.
#[derive(Debug)]
pub struct PacketSender(Shared);

impl Clone for PacketSender {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(self.0.clone())
    }
}

/// Where packets are taken from.
#[derive(Debug)]
pub struct PacketReceiver(Shared);

/// A queue of at most [`PACKET_QUEUE`] packets.
#[must_use]
pub fn packet_queue() -> (PacketSender, PacketReceiver) {
    let shared = Shared(Arc::new(Mutex::new(Queue { senders: 1, ..Queue::default() })));
    (PacketSender(shared.clone()), PacketReceiver(shared))
}

impl PacketSender {
    /// Puts a packet at the end; the oldest goes when the queue is full. False once the other half
    /// is gone. Packets longer than [`PACKET_BYTES`] are dropped like any other loss.
    pub fn send(&self, packet: Bytes) -> bool {
        let reader = {
            let mut queue = self.0.lock();
            if queue.closed {
                return false;
            }
            if packet.len() > PACKET_BYTES {
                queue.dropped += 1;
                return true;
            }
            if queue.packets.len() >= PACKET_QUEUE {
                queue.packets.pop_front();
                queue.dropped += 1;
            }
            queue.packets.push_back(packet);
            queue.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
        true
    }

    /// Free places; the sender above may hold back instead of having packets dropped.
    #[must_use]
    pub fn free(&self) -> usize {
        PACKET_QUEUE.saturating_sub(self.0.lock().packets.len())
    }

    /// Ready once `count` packets (at most [`PACKET_QUEUE`]) can be put without dropping any, or
    /// the other half is gone.
    pub fn poll_room(&self, cx: &mut Context<'_>, count: usize) -> Poll<()> {
        let mut queue = self.0.lock();
        if queue.closed || queue.packets.len() + count.min(PACKET_QUEUE) <= PACKET_QUEUE {
            return Poll::Ready(());
        }
        if !queue.writers.iter().any(|known| known.will_wake(cx.waker())) {
            queue.writers.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Whether both put into the same queue.
    #[must_use]
    pub fn is_same_queue(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.0, &other.0.0)
    }

    /// Whether the other half is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.lock().closed
    }
}

impl PacketReceiver {
    /// The next packet; `None` once every packet of a closed queue is taken.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut queue = self.0.lock();
        if let Some(packet) = queue.packets.pop_front() {
            let writers = std::mem::take(&mut queue.writers);
            drop(queue);
            writers.into_iter().for_each(Waker::wake);
            return Poll::Ready(Some(packet));
        }
        if queue.closed {
            return Poll::Ready(None);
        }
        queue.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The next packet; `None` once every packet of a closed queue is taken.
    pub async fn recv(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// A packet that is there already.
    pub fn try_recv(&mut self) -> Option<Bytes> {
        let (packet, writers) = {
            let mut queue = self.0.lock();
            (queue.packets.pop_front(), std::mem::take(&mut queue.writers))
        };
        writers.into_iter().for_each(Waker::wake);
        packet
    }

    /// Packets dropped so far because the queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.lock().dropped
    }
}

impl Drop for PacketReceiver {
    fn drop(&mut self) {
        let writers = {
            let mut queue = self.0.lock();
            queue.closed = true;
            queue.packets.clear();
            std::mem::take(&mut queue.writers)
        };
        writers.into_iter().for_each(Waker::wake);
    }
}

impl Drop for PacketSender {
    fn drop(&mut self) {
        let reader = {
            let mut queue = self.0.lock();
            queue.senders -= 1;
            if queue.senders > 0 {
                return;
            }
            queue.closed = true;
            queue.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

/// Both directions of one link's packets, as the layer above sees them.
#[derive(Debug)]
pub struct Packets {
    /// To the other end.
    pub sender: PacketSender,
    /// From the other end.
    pub receiver: PacketReceiver,
}

/// Two joined ends in memory: what one sends the other receives.
#[must_use]
pub fn in_memory_pair() -> (Packets, Packets) {
    let (to_b, from_a) = packet_queue();
    let (to_a, from_b) = packet_queue();
    (Packets { sender: to_b, receiver: from_b }, Packets { sender: to_a, receiver: from_a })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_packet_goes_when_the_queue_is_full() {
        let (sender, mut receiver) = packet_queue();
        for number in 0..=u8::try_from(PACKET_QUEUE).unwrap() {
            assert!(sender.send(Bytes::copy_from_slice(&[number])));
        }
        assert_eq!(receiver.recv().await.unwrap().as_ref(), [1]);
        assert_eq!(receiver.dropped(), 1);
    }

    #[tokio::test]
    async fn the_receiver_learns_that_the_last_sender_is_gone() {
        let (sender, mut receiver) = packet_queue();
        let second = sender.clone();
        drop(sender);
        assert!(second.send(Bytes::from_static(b"x")));
        drop(second);
        assert!(receiver.recv().await.is_some());
        assert!(receiver.recv().await.is_none());
    }
}
