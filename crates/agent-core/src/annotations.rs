//! The operator's marks over what is shared: one thread that draws them inside the lease.
//!
//! Marks fade when their time is over and when the operator clears them. They are gone at once while a question is
//! open, and when the viewing is taken back or paused, or the thread ends for any reason.

use capture::{Annotator, CaptureError, Desktop, MarksSeen, ShownMark};
use consent::{Lease, View};
use proto::MonitorId;
use proto::annotation::{Annotation, Mark};
use proto::limits::MARKS;
use session::{Reader, StreamError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Annotations that may wait for the display; more make the operator's stream wait.
const WAITING: usize = 64;
/// Annotations closer in time than this are drawn together, whoever sends them.
const SPACING: Duration = Duration::from_millis(30);
/// How often standing marks follow what moves.
const FOLLOWS_EVERY: Duration = Duration::from_millis(100);
/// How often they are drawn while one of them fades.
const FADES_EVERY: Duration = Duration::from_millis(50);

/// The thread that draws, and the way to it. Dropping this takes every mark away.
pub(crate) struct Annotations {
    orders: Option<mpsc::Sender<Annotation>>,
    paused: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Annotations {
    /// Opens the display on the thread; `opened` is told where the marks are seen.
    pub(crate) fn start(
        desktop: Arc<dyn Desktop>,
        lease: Lease<View>,
        is_paused: bool,
        opened: impl FnOnce(MarksSeen) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (orders, waiting) = mpsc::channel(WAITING);
        let paused = Arc::new(AtomicBool::new(is_paused));
        let runtime = Handle::current();
        let paused_too = Arc::clone(&paused);
        let thread = std::thread::Builder::new().name("marks".into()).spawn(move || {
            let annotator = desktop.annotator(std::process::id());
            match annotator {
                Ok(annotator) => {
                    opened(annotator.seen());
                    let marks = Vec::new();
                    Worker { annotator, lease, orders: waiting, paused: paused_too, marks }.run(&runtime);
                }
                Err(error) => {
                    tracing::warn!(%error, "nothing can be drawn over the screen");
                    opened(MarksSeen::Nowhere);
                }
            }
        })?;
        Ok(Self { orders: Some(orders), paused, thread: Some(thread) })
    }

    /// What reads the operator's stream until it ends.
    pub(crate) fn read(&self, mut reader: Reader) -> impl Future<Output = Result<(), StreamError>> + use<> {
        let orders = self.orders.clone();
        async move {
            let Some(orders) = orders else { return Ok(()) };
            let mut result = Ok(());
            loop {
                match reader.message::<Annotation>().await {
                    Ok(Some(annotation)) if orders.send(annotation).await.is_ok() => {}
                    Ok(_) => break,
                    Err(error) => {
                        result = Err(error);
                        break;
                    }
                }
            }
            reader.stop();
            // Who draws no more wants nothing to stand.
            let _ = orders.send(Annotation::Clear).await;
            result
        }
    }

    /// While paused nothing is drawn, and nothing stands.
    pub(crate) fn pause(&self, paused: bool) {
        let before = self.paused.swap(paused, Ordering::SeqCst);
        if let Some(orders) = self.orders.as_ref().filter(|_| paused && !before) {
            // A full queue wakes the thread as well.
            let _ = orders.try_send(Annotation::Clear);
        }
    }

    /// Takes every mark away, blocking until they are gone.
    pub(crate) fn stop(mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // One that panicked has taken its marks with it.
            let _ = thread.join();
        }
    }
}

/// A mark and when it goes.
struct Standing {
    monitor: MonitorId,
    mark: Mark,
    until: Instant,
}

impl Standing {
    fn is_pointer(&self) -> bool {
        matches!(self.mark, Mark::Pointer(_))
    }

    /// It goes within the time that fading takes.
    fn fade(&mut self, now: Instant) {
        self.until = self.until.min(now + Mark::FADES);
    }

    fn is_fading(&self, now: Instant) -> bool {
        self.until < now + Mark::FADES
    }

    fn shown(&self, now: Instant) -> ShownMark {
        let left = self.until.saturating_duration_since(now).div_duration_f32(Mark::FADES);
        let strength = (left * f32::from(ShownMark::STRONGEST)).ceil();
        let strength = strength.clamp(1.0, f32::from(ShownMark::STRONGEST)) as u8;
        ShownMark { strength, ..ShownMark::whole(self.monitor, self.mark) }
    }
}

struct Worker {
    annotator: Box<dyn Annotator>,
    lease: Lease<View>,
    orders: mpsc::Receiver<Annotation>,
    paused: Arc<AtomicBool>,
    marks: Vec<Standing>,
}

impl Worker {
    fn run(mut self, runtime: &Handle) {
        loop {
            let next = if self.marks.is_empty() {
                runtime.block_on(self.orders.recv())
            } else {
                let now = Instant::now();
                let fades = self.marks.iter().any(|standing| standing.is_fading(now));
                let patience = if fades { FADES_EVERY } else { FOLLOWS_EVERY };
                match runtime.block_on(async { tokio::time::timeout(patience, self.orders.recv()).await }) {
                    Ok(next) => next,
                    Err(_) if self.draw() => continue,
                    Err(_) => break,
                }
            };
            let Some(annotation) = next else { break };
            self.take(annotation);
            while let Ok(annotation) = self.orders.try_recv() {
                self.take(annotation);
            }
            if !self.draw() {
                break;
            }
            runtime.block_on(async { tokio::time::sleep(SPACING).await });
        }
        self.annotator.clear();
    }

    fn take(&mut self, annotation: Annotation) {
        let now = Instant::now();
        match annotation {
            Annotation::Show { monitor, mark } => {
                let is_same = |standing: &Standing| match mark {
                    Mark::Pointer(_) => standing.is_pointer(),
                    _ => (standing.monitor, standing.mark) == (monitor, mark),
                };
                self.marks.retain(|standing| !is_same(standing));
                if self.marks.len() >= MARKS {
                    self.marks.remove(0);
                }
                self.marks.push(Standing { monitor, mark, until: now + mark.lasts() });
            }
            Annotation::PointerGone => {
                self.marks.iter_mut().filter(|standing| standing.is_pointer()).for_each(|standing| standing.fade(now));
            }
            Annotation::Clear => self.marks.iter_mut().for_each(|standing| standing.fade(now)),
        }
    }

    /// False once nothing may be drawn any more.
    fn draw(&mut self) -> bool {
        let now = Instant::now();
        self.marks.retain(|standing| now < standing.until);
        if self.paused.load(Ordering::SeqCst) {
            self.marks.clear();
        }
        let marks: Vec<_> = self.marks.iter().map(|standing| standing.shown(now)).collect();
        let annotator = &mut self.annotator;
        match self.lease.with(|permit| annotator.show(permit, &marks)) {
            Ok(Ok(())) => true,
            Ok(Err(CaptureError::WindowClosed)) | Err(_) => false,
            Ok(Err(error)) => {
                tracing::warn!(%error, "nothing can be drawn over the screen any more");
                false
            }
        }
    }
}
