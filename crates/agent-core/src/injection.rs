//! Mouse and keyboard from the operator: one thread that injects inside the lease.
//!
//! Everything pressed is lifted when the power is taken back, when input pauses, when the operator
//! is not heard for two seconds while something is down, and when the thread ends for any reason.

use consent::{Control, Lease};
use input::{Injector, InputError};
use proto::geometry::Layout;
use proto::input::{InputEvent, InputRecord};
use session::{Reader, StreamError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Events that may wait for the display; more make the operator's stream wait.
const WAITING: usize = 256;
/// Silence of the operator after which everything is lifted.
const SILENCE: Duration = Duration::from_secs(2);

enum Order {
    Event(InputEvent),
    Release,
}

/// Where input goes while control is granted; shared with the task that reads the stream.
#[derive(Clone, Default)]
pub(crate) struct InputGate(Arc<Mutex<Option<mpsc::Sender<Order>>>>);

impl InputGate {
    fn sender(&self) -> Option<mpsc::Sender<Order>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn open(&self, sender: mpsc::Sender<Order>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    }

    /// Closes it, unless it leads to a later grant by now.
    fn close(&self, sender: &mpsc::Sender<Order>) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_some_and(|open| open.same_channel(sender)) {
            *open = None;
        }
    }

    /// Reads the operator's input until the stream ends; what is not granted is dropped.
    pub(crate) async fn read(self, mut reader: Reader) -> Result<(), StreamError> {
        let mut last = 0;
        while let Some(record) = reader.message::<InputRecord>().await? {
            if record.sequence <= last {
                return Err(StreamError::Peer("input out of order"));
            }
            last = record.sequence;
            if let Some(sender) = self.sender() {
                // Fails when control was taken back a moment ago.
                let _ = sender.send(Order::Event(record.event)).await;
            }
        }
        Ok(())
    }
}

/// The thread that injects under one grant.
pub(crate) struct Injection {
    gate: InputGate,
    orders: Option<mpsc::Sender<Order>>,
    paused: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Injection {
    pub(crate) fn start(
        injector: Box<dyn Injector>,
        lease: Lease<Control>,
        layout: Arc<Mutex<Layout>>,
        gate: InputGate,
    ) -> Result<Self, InputError> {
        let (orders, waiting) = mpsc::channel(WAITING);
        let paused = Arc::new(AtomicBool::new(false));
        let worker = Worker { injector, lease, layout, paused: Arc::clone(&paused), orders: waiting };
        let runtime = Handle::current();
        let thread = std::thread::Builder::new()
            .name("input".into())
            .spawn(move || worker.run(&runtime))
            .map_err(|error| InputError::Unavailable(error.to_string()))?;
        gate.open(orders.clone());
        Ok(Self { gate, orders: Some(orders), paused, thread: Some(thread) })
    }

    /// While paused nothing is injected; what was down is lifted.
    pub(crate) fn pause(&self, paused: bool) {
        let before = self.paused.swap(paused, Ordering::SeqCst);
        if paused
            && !before
            && let Some(orders) = &self.orders
        {
            // A full queue is drained by the thread anyway, which then sees the pause.
            let _ = orders.try_send(Order::Release);
        }
    }

    /// Ends the thread, which lifts everything; blocking.
    pub(crate) fn stop(mut self) {
        if let Some(orders) = self.orders.take() {
            self.gate.close(&orders);
        }
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has lifted everything as well, when its injector was dropped.
            let _ = thread.join();
        }
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        if let Some(orders) = &self.orders {
            self.gate.close(orders);
        }
    }
}

struct Worker {
    injector: Box<dyn Injector>,
    lease: Lease<Control>,
    layout: Arc<Mutex<Layout>>,
    paused: Arc<AtomicBool>,
    orders: mpsc::Receiver<Order>,
}

impl Worker {
    fn run(mut self, runtime: &Handle) {
        loop {
            let next = runtime.block_on(async { tokio::time::timeout(SILENCE, self.orders.recv()).await });
            match next {
                Ok(Some(Order::Event(event))) => {
                    let event = self.newest_move(event);
                    if !self.inject(event) {
                        break;
                    }
                }
                Ok(Some(Order::Release)) => self.injector.release_all(),
                Ok(None) => break,
                Err(_) => self.injector.release_all(),
            }
        }
        self.injector.release_all();
    }

    /// Pointer moves that wait behind one another are one move.
    fn newest_move(&mut self, mut event: InputEvent) -> InputEvent {
        while matches!(event, InputEvent::PointerMove { .. }) {
            match self.orders.try_recv() {
                Ok(Order::Event(next @ InputEvent::PointerMove { .. })) => event = next,
                Ok(Order::Event(next)) => {
                    if !self.inject(event) {
                        return InputEvent::ReleaseAll;
                    }
                    event = next;
                }
                Ok(Order::Release) => self.injector.release_all(),
                Err(_) => return event,
            }
        }
        event
    }

    /// False once the grant is gone.
    fn inject(&mut self, event: InputEvent) -> bool {
        match event {
            InputEvent::Heartbeat => return self.lease.is_live(),
            InputEvent::ReleaseAll => {
                self.injector.release_all();
                return self.lease.is_live();
            }
            _ => {}
        }
        if self.paused.load(Ordering::SeqCst) {
            self.injector.release_all();
            return self.lease.is_live();
        }
        let layout = self.layout.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let injector = &mut self.injector;
        match self.lease.with(|permit| injector.inject(permit, &event, &layout)) {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "input could not be injected");
                true
            }
            Err(_) => false,
        }
    }
}
