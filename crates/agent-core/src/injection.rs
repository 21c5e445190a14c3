//! Mouse and keyboard from the operator: one thread that injects inside the lease.
//!
//! Everything pressed is lifted when the power is taken back, when input pauses, when the operator
//! is not heard for two seconds while something is down, when the line held input back for so long that
//! it is not done any more, and when the stream or the thread ends for any reason.

mod freshness;

use capture::{Desktop, WindowId};
use consent::{Control, Lease};
use freshness::Freshness;
use input::{Injector, InputError};
use proto::geometry::Layout;
use proto::input::{InputEvent, InputRecord};
use session::{Reader, StreamError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Events that may wait for the display; more make the operator's stream wait.
const WAITING: usize = 256;
/// Silence of the operator after which everything is lifted.
const SILENCE: Duration = Duration::from_secs(2);

/// For how long a window is taken to be where it was.
const PLACE_HOLDS: Duration = Duration::from_millis(100);

enum Order {
    /// Something to do, unless that moment has come before.
    Event(InputEvent, Instant),
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
        let result = self.read_records(&mut reader).await;
        // What was pressed through this stream can be lifted through none.
        if let Some(sender) = self.sender() {
            let _ = sender.send(Order::Release).await;
        }
        result
    }

    async fn read_records(&self, reader: &mut Reader) -> Result<(), StreamError> {
        let mut last = 0;
        let mut freshness = Freshness::new(Instant::now());
        while let Some(record) = reader.message::<InputRecord>().await? {
            if record.sequence <= last {
                return Err(StreamError::Peer("input out of order"));
            }
            last = record.sequence;
            let now = Instant::now();
            if let InputEvent::Stamp { at_ms } = record.event {
                freshness.handle_stamp(now, at_ms);
            } else if let Some(sender) = self.sender() {
                // Fails when control was taken back a moment ago.
                let _ = sender.send(Order::Event(record.event, freshness.good_until(now))).await;
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
        mut injector: Box<dyn Injector>,
        lease: Lease<Control>,
        layout: Arc<Mutex<Layout>>,
        window: Option<SharedWindow>,
        gate: InputGate,
    ) -> Result<Self, InputError> {
        let (orders, waiting) = mpsc::channel(WAITING);
        let paused = Arc::new(AtomicBool::new(false));
        injector.confine(window.as_ref().map(|window| window.id.0));
        let paused_too = Arc::clone(&paused);
        let worker = Worker { injector, lease, layout, window, paused: paused_too, orders: waiting, is_placed: true };
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
        if paused && !before {
            self.lift();
        }
    }

    /// Lifts what is down, after what was done so far.
    pub(crate) fn lift(&self) {
        if let Some(orders) = &self.orders {
            // A full queue is drained by the thread anyway, which lifts when nothing comes after it.
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

/// The one window that is shared: nothing is pressed outside of it, and where it is may change at any time.
pub(crate) struct SharedWindow {
    pub(crate) id: WindowId,
    /// A desktop with only this window.
    pub(crate) desktop: Arc<dyn Desktop>,
    pub(crate) looked_at: Option<Instant>,
}

struct Worker {
    injector: Box<dyn Injector>,
    lease: Lease<Control>,
    layout: Arc<Mutex<Layout>>,
    window: Option<SharedWindow>,
    paused: Arc<AtomicBool>,
    orders: mpsc::Receiver<Order>,
    /// Whether the pointer is where the operator means it to be: no move was left out since the last.
    is_placed: bool,
}

impl Worker {
    fn run(mut self, runtime: &Handle) {
        loop {
            let next = runtime.block_on(async { tokio::time::timeout(SILENCE, self.orders.recv()).await });
            match next {
                Ok(Some(order)) => {
                    if !self.handle(order) {
                        break;
                    }
                }
                Ok(None) => break,
                Err(_) => self.injector.release_all(),
            }
        }
        self.injector.release_all();
    }

    /// Does what was ordered, and what waits behind pointer moves: those are one move. False once the
    /// grant is gone.
    fn handle(&mut self, mut order: Order) -> bool {
        loop {
            let (event, good_until) = match order {
                Order::Event(event, good_until) => (event, good_until),
                Order::Release => {
                    self.injector.release_all();
                    return true;
                }
            };
            if Instant::now() >= good_until {
                self.injector.release_all();
                self.is_placed = false;
                return self.lease.is_live();
            }
            if !matches!(event, InputEvent::PointerMove { .. }) {
                return self.inject(&event);
            }
            order = match self.orders.try_recv() {
                Ok(newer @ Order::Event(InputEvent::PointerMove { .. }, _)) => newer,
                Ok(other) if self.inject(&event) => other,
                Ok(_) => return false,
                Err(_) => return self.inject(&event),
            };
        }
    }

    /// Where monitors are, or the one window that is shared, which the person may move.
    fn layout(&mut self) -> Layout {
        let due = self.window.as_mut().filter(|window| window.looked_at.is_none_or(|at| at.elapsed() >= PLACE_HOLDS));
        // The display may take its time: nobody waits for it at the lock.
        let moved = due.and_then(|window| {
            window.looked_at = Some(Instant::now());
            window.desktop.layout().ok()
        });
        let mut layout = self.layout.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(moved) = moved {
            layout.monitors = moved.monitors;
        }
        layout.clone()
    }

    /// False once the grant is gone.
    fn inject(&mut self, event: &InputEvent) -> bool {
        match event {
            InputEvent::Heartbeat => return self.lease.is_live(),
            InputEvent::ReleaseAll => {
                self.injector.release_all();
                return self.lease.is_live();
            }
            // Not where it was not meant.
            InputEvent::Button { down: true, .. } | InputEvent::Wheel { .. } if !self.is_placed => {
                return self.lease.is_live();
            }
            InputEvent::PointerMove { .. } => self.is_placed = true,
            _ => {}
        }
        if self.paused.load(Ordering::SeqCst) {
            self.injector.release_all();
            return self.lease.is_live();
        }
        let layout = self.layout();
        let injector = &mut self.injector;
        match self.lease.with(|permit| injector.inject(permit, event, &layout)) {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "input could not be injected");
                true
            }
            Err(_) => false,
        }
    }
}
