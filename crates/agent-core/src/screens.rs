//! Sharing screens: one capture thread per monitor, one stream each, and one for the pointer.
//!
//! A thread waits for damage without a permit, waits until the pace lets another update go, then
//! captures and encodes inside the lease. The sending task looks at the lease again before the
//! update leaves. Nothing is captured or encoded while an update may not be sent, so that what goes
//! next is always the newest picture.

use bytes::Bytes;
use capture::{CaptureError, Change, CursorCapture, CursorState, Desktop, Interrupter, MonitorCapture};
use channel::Channel;
use consent::{Lease, View};
use proto::geometry::{Layout, MonitorId};
use proto::screen::{CursorUpdate, ScreenHead, UpdateHead};
use proto::session::StreamKind;
use session::{Pace, Priority, StreamError, open_stream};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tile_codec::Encoder;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Most updates a second; only spaces captures, after quiet one comes at once.
const FRAMES_PER_S: u32 = 30;
const SPACING: Duration = Duration::from_millis(1000 / FRAMES_PER_S as u64);
/// How long a thread waits for damage before it looks around again.
const QUIET: Duration = Duration::from_secs(5);
/// Pointer positions closer in time than this are sent as one.
const POINTER_SPACING: Duration = Duration::from_millis(16);

/// Why the capture of one stream ended by itself.
#[derive(Debug)]
pub(crate) struct ScreenEvent {
    /// The stream; of no interest once another has taken its place.
    pub(crate) epoch: u32,
    /// What happened.
    pub(crate) error: CaptureError,
}

/// All that captures in a session. Dropping it tells the threads to stop; [`Screens::stop`] waits.
pub(crate) struct Screens {
    desktop: Arc<dyn Desktop>,
    layout: Layout,
    lease: Lease<View>,
    channel: Channel,
    events: mpsc::Sender<ScreenEvent>,
    /// The number of the newest stream of the session.
    epoch: u32,
    shared: BTreeMap<MonitorId, Shared>,
    cursor: Option<(Arc<Gate>, Interrupter, JoinHandle<()>)>,
    tasks: JoinSet<()>,
    began: Instant,
}

struct Shared {
    epoch: u32,
    gate: Arc<Gate>,
    interrupter: Interrupter,
    thread: JoinHandle<()>,
}

impl Screens {
    pub(crate) fn start(
        desktop: Arc<dyn Desktop>,
        lease: Lease<View>,
        channel: Channel,
        events: mpsc::Sender<ScreenEvent>,
        epoch: u32,
    ) -> Result<Self, CaptureError> {
        let layout = desktop.layout()?;
        let mut screens = Self {
            desktop,
            layout,
            lease,
            channel,
            events,
            epoch,
            shared: BTreeMap::new(),
            cursor: None,
            tasks: JoinSet::new(),
            began: Instant::now(),
        };
        screens.start_cursor();
        Ok(screens)
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The monitor that is shown first.
    pub(crate) fn first_monitor(&self) -> Option<MonitorId> {
        let monitors = &self.layout.monitors;
        monitors.iter().find(|monitor| monitor.primary).or(monitors.first()).map(|monitor| monitor.id)
    }

    /// The number of the newest stream; the next screens of the session count on from it.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Whether that stream is one of these.
    pub(crate) fn is_current(&self, epoch: u32) -> bool {
        self.shared.values().any(|shared| shared.epoch == epoch)
    }

    /// Shares exactly these monitors; with an error those that were shared are still.
    pub(crate) fn watch(&mut self, wanted: &[MonitorId]) -> Result<(), CaptureError> {
        while self.tasks.try_join_next().is_some() {}
        for id in wanted {
            if !self.shared.contains_key(id) && self.layout.monitor(*id).is_some() {
                let shared = self.share(*id)?;
                self.shared.insert(*id, shared);
            }
        }
        self.shared.retain(|id, shared| {
            let keep = wanted.contains(id);
            if !keep {
                shared.tell_to_stop();
            }
            keep
        });
        Ok(())
    }

    fn share(&mut self, id: MonitorId) -> Result<Shared, CaptureError> {
        let monitor = self.layout.monitor(id).ok_or(CaptureError::NoSuchMonitor(id))?;
        let (width, height) = (monitor.width, monitor.height);
        let capturer = self.desktop.open(id)?;
        self.epoch += 1;
        let head = ScreenHead { monitor: id, epoch: self.epoch, width, height };
        let interrupter = capturer.interrupter();
        let encoder =
            Encoder::new(head.width, head.height).map_err(|_| CaptureError::NotSupported("a picture of this size"))?;
        let gate = Arc::new(Gate::new());
        let (updates, waiting) = mpsc::channel(1);
        let sharer = Sharer {
            capturer,
            encoder,
            lease: self.lease.clone(),
            gate: Arc::clone(&gate),
            updates,
            epoch: head.epoch,
            events: self.events.clone(),
            began: self.began,
        };
        let thread = std::thread::Builder::new()
            .name(format!("screen-{}", id.0))
            .spawn(move || sharer.run())
            .map_err(|error| CaptureError::Lost(error.to_string()))?;
        self.tasks.spawn(send_updates(self.channel.clone(), head, self.lease.clone(), waiting));
        Ok(Shared { epoch: head.epoch, gate, interrupter, thread })
    }

    fn start_cursor(&mut self) {
        let reader = match self.desktop.cursor() {
            Ok(reader) => reader,
            Err(error) => {
                tracing::warn!(%error, "the pointer cannot be followed");
                return;
            }
        };
        let interrupter = reader.interrupter();
        let gate = Arc::new(Gate::new());
        let (states, waiting) = mpsc::channel(1);
        let follow = {
            let (gate, lease) = (Arc::clone(&gate), self.lease.clone());
            move || follow(reader, &lease, &gate, &states)
        };
        match std::thread::Builder::new().name("pointer".into()).spawn(follow) {
            Ok(thread) => {
                self.tasks.spawn(send_cursor(self.channel.clone(), self.lease.clone(), waiting));
                self.cursor = Some((gate, interrupter, thread));
            }
            Err(error) => tracing::warn!(%error, "the pointer cannot be followed"),
        }
    }

    /// The console has decoded everything up to this update.
    pub(crate) fn handle_decoded(&self, monitor: MonitorId, epoch: u32, sequence: u64) {
        if let Some(shared) = self.shared.get(&monitor).filter(|shared| shared.epoch == epoch) {
            shared.gate.handle_decoded(sequence);
        }
    }

    fn tell_to_stop(&self) {
        self.shared.values().for_each(Shared::tell_to_stop);
        if let Some((gate, interrupter, _)) = &self.cursor {
            gate.stop();
            interrupter.interrupt();
        }
    }

    /// Stops every thread and waits for them, blocking (they end within one capture).
    pub(crate) fn stop(mut self) {
        self.tell_to_stop();
        self.tasks.abort_all();
        let shared = std::mem::take(&mut self.shared);
        for (_, shared) in shared {
            // A thread that panicked has stopped as well; its message is in the log.
            let _ = shared.thread.join();
        }
        if let Some((_, _, thread)) = self.cursor.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Screens {
    fn drop(&mut self) {
        self.tell_to_stop();
    }
}

impl Shared {
    fn tell_to_stop(&self) {
        self.gate.stop();
        self.interrupter.interrupt();
    }
}

/// Where a capture thread waits for its turn.
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

struct GateState {
    pace: Pace,
    stopped: bool,
}

impl Gate {
    fn new() -> Self {
        Self { state: Mutex::new(GateState { pace: Pace::new(FRAMES_PER_S), stopped: false }), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    fn handle_sent(&self, sequence: u64, bytes: usize) {
        self.lock().pace.handle_sent(Instant::now(), sequence, bytes as u64);
    }

    fn handle_decoded(&self, sequence: u64) {
        self.lock().pace.handle_decoded(Instant::now(), sequence);
        self.changed.notify_all();
    }

    /// Waits until `earliest` and until the pace allows an update; false when told to stop.
    fn pass(&self, earliest: Option<Instant>, paced: bool) -> bool {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return false;
            }
            let early =
                earliest.and_then(|at| at.checked_duration_since(Instant::now())).filter(|left| !left.is_zero());
            state = match early {
                Some(left) => self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None if !paced || state.pace.may_send() => return true,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

struct Update {
    head: UpdateHead,
    bytes: Bytes,
}

struct Sharer {
    capturer: Box<dyn MonitorCapture>,
    encoder: Encoder,
    lease: Lease<View>,
    gate: Arc<Gate>,
    updates: mpsc::Sender<Update>,
    epoch: u32,
    events: mpsc::Sender<ScreenEvent>,
    began: Instant,
}

impl Sharer {
    fn run(mut self) {
        if let Err(error) = self.share() {
            // A full queue means that the session is ending: nobody needs to know any more.
            let _ = self.events.try_send(ScreenEvent { epoch: self.epoch, error });
        }
    }

    fn share(&mut self) -> Result<(), CaptureError> {
        let mut sequence = 0;
        let mut earliest = None;
        while !self.gate.is_stopped() {
            match self.capturer.wait(QUIET)? {
                Change::Damaged => {}
                Change::LayoutChanged => return Err(CaptureError::LayoutChanged),
                Change::Nothing | Change::Interrupted => continue,
            }
            if !self.gate.pass(earliest, true) {
                return Ok(());
            }
            earliest = Some(Instant::now() + SPACING);
            let captured_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let (capturer, encoder) = (&mut self.capturer, &mut self.encoder);
            let encoded = self.lease.with(|permit| {
                let (frame, damage) = capturer.capture(permit)?;
                let encoded = encoder
                    .encode(&frame, &damage)
                    .map_err(|error| CaptureError::Lost(format!("the picture could not be encoded: {error}")))?;
                Ok::<_, CaptureError>(encoded.map(|encoded| Bytes::copy_from_slice(encoded.bytes)))
            });
            let Ok(encoded) = encoded else { return Ok(()) };
            let Some(bytes) = encoded? else { continue };
            sequence += 1;
            self.gate.handle_sent(sequence, bytes.len());
            let length =
                u32::try_from(bytes.len()).map_err(|_| CaptureError::NotSupported("a picture of this size"))?;
            let update = Update { head: UpdateHead { sequence, captured_ms, length }, bytes };
            if self.updates.blocking_send(update).is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}

async fn send_updates(channel: Channel, head: ScreenHead, lease: Lease<View>, mut updates: mpsc::Receiver<Update>) {
    let sending = async {
        let mut writer = open_stream(&channel, StreamKind::Screen, Priority::Screen).await?;
        writer.message(&head).await?;
        while let Some(update) = updates.recv().await {
            if !lease.is_live() {
                writer.abandon();
                return Ok(());
            }
            writer.message(&update.head).await?;
            writer.bytes(update.bytes).await?;
        }
        writer.finish();
        Ok::<(), StreamError>(())
    };
    if let Err(error) = sending.await {
        tracing::debug!(%error, "a screen stream ended");
    }
}

fn follow(mut reader: Box<dyn CursorCapture>, lease: &Lease<View>, gate: &Gate, states: &mpsc::Sender<CursorState>) {
    let mut earliest = None;
    while !gate.is_stopped() {
        match reader.wait(QUIET) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(error) => {
                tracing::warn!(%error, "the pointer cannot be followed any more");
                return;
            }
        }
        if !gate.pass(earliest, false) {
            return;
        }
        earliest = Some(Instant::now() + POINTER_SPACING);
        match lease.with(|permit| reader.read(permit)) {
            Ok(Ok(state)) => {
                if states.blocking_send(state).is_err() {
                    return;
                }
            }
            Ok(Err(error)) => tracing::debug!(%error, "the pointer was not read"),
            Err(_) => return,
        }
    }
}

async fn send_cursor(channel: Channel, lease: Lease<View>, mut states: mpsc::Receiver<CursorState>) {
    let sending = async {
        let mut writer = open_stream(&channel, StreamKind::Cursor, Priority::Screen).await?;
        let mut last = None;
        while let Some(state) = states.recv().await {
            if !lease.is_live() {
                writer.abandon();
                return Ok(());
            }
            if let Some(shape) = state.shape {
                let side = |pixels: u32| u16::try_from(pixels).unwrap_or(0);
                let (width, height) = (side(shape.width), side(shape.height));
                let (hot_x, hot_y) = (side(shape.hot_x), side(shape.hot_y));
                writer.message(&CursorUpdate::Shape { width, height, hot_x, hot_y }).await?;
                writer.bytes(shape.bgra.into()).await?;
            }
            if last != Some(state.position) {
                last = Some(state.position);
                let update = match state.position {
                    Some((monitor, x, y)) => CursorUpdate::Position { monitor, x, y },
                    None => CursorUpdate::Hidden,
                };
                writer.message(&update).await?;
            }
        }
        Ok::<(), StreamError>(())
    };
    if let Err(error) = sending.await {
        tracing::debug!(%error, "the pointer's stream ended");
    }
}
