//! Capture by polling with the `scrap` crate: macOS, and X servers without the DAMAGE extension.
//!
//! `scrap`'s objects cannot leave their thread, so each capturer has one. That thread reads the
//! screen only while [`MonitorCapture::capture`] waits for it, that is, under the caller's permit;
//! [`MonitorCapture::wait`] only spaces the polls.

use crate::difference::difference;
use crate::{
    Annotator, CaptureError, Change, CursorCapture, Desktop, Interrupter, LocalPreview, MonitorCapture, Outline,
    PresenceWatch, Share, WindowInfo,
};
use ::scrap::{Capturer, Display};
use consent::{Permit, View};
use proto::{Damage, Frame, Layout, Monitor, MonitorId, limits};
use std::io::ErrorKind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// From one poll to the next: 15 per second is what a whole-screen comparison can afford.
const POLL_EVERY: Duration = Duration::from_millis(66);
/// A system that does not give a picture for this long is lost.
const GRAB_WITHIN: Duration = Duration::from_secs(3);
/// A stream of pictures that nobody asks for this long is closed.
const CLOSE_AFTER: Duration = Duration::from_millis(500);

/// Whether `scrap` reads the screen only when asked, or as a stream that takes long to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// X11: opened and closed around each picture. `scrap` keeps its memory readable by everyone
    /// while open, and reads one picture ahead.
    OneByOne,
    /// macOS: the system sends pictures until the stream is closed.
    Stream,
}

/// All displays that `scrap` finds. It does not know where they stand: they are laid out in a row.
pub(crate) struct ScrapDesktop {
    last: Mutex<Layout>,
}
impl ScrapDesktop {
    pub(crate) fn open() -> Result<Self, CaptureError> {
        displays()?;
        Ok(Self { last: Mutex::default() })
    }

    fn refresh(&self) -> Result<(Layout, bool), CaptureError> {
        let mut monitors = Vec::new();
        let mut x = 0_i32;
        for (index, display) in displays()?.iter().take(limits::MONITORS).enumerate() {
            let (width, height) = (display.width() as u32, display.height() as u32);
            let id = MonitorId(index as u8);
            monitors.push(Monitor { id, x, y: 0, width, height, scale_percent: 100, primary: index == 0 });
            x = x.saturating_add_unsigned(width);
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = last.monitors != monitors;
        if changed {
            *last = Layout { epoch: last.epoch.saturating_add(1), monitors };
        }
        Ok((last.clone(), changed))
    }
}

fn displays() -> Result<Vec<Display>, CaptureError> {
    Display::all().map_err(|error| CaptureError::NoDisplay(error.to_string()))
}

impl Desktop for ScrapDesktop {
    fn layout(&self) -> Result<Layout, CaptureError> {
        Ok(self.refresh()?.0)
    }

    fn open(&self, monitor: MonitorId) -> Result<Box<dyn MonitorCapture>, CaptureError> {
        let (layout, changed) = self.refresh()?;
        if changed {
            return Err(CaptureError::LayoutChanged);
        }
        let monitor = layout.monitor(monitor).ok_or(CaptureError::NoSuchMonitor(monitor))?;
        Ok(Box::new(ScrapMonitor::open(monitor, Style::Stream)?))
    }

    fn cursor(&self) -> Result<Box<dyn CursorCapture>, CaptureError> {
        Err(CaptureError::NotSupported("reading the pointer without X11"))
    }

    fn windows(&self, _own_process: u32) -> Result<Vec<WindowInfo>, CaptureError> {
        Err(CaptureError::NotSupported("listing windows without X11"))
    }

    fn only(&self, share: Share) -> Result<Box<dyn Desktop>, CaptureError> {
        match share {
            Share::Everything => Ok(Box::new(Self::open()?)),
            // The numbers of `scrap` may be other displays' after a change.
            Share::Monitor(_) | Share::Window(_) => Err(CaptureError::NotSupported("sharing a part without X11")),
        }
    }

    fn preview(&self, _share: Share, _most_width: u32, _most_height: u32) -> Result<LocalPreview, CaptureError> {
        Err(CaptureError::NotSupported("a preview without X11"))
    }

    fn outline(&self, _share: Share, _color: [u8; 3]) -> Result<Box<dyn Outline>, CaptureError> {
        Err(CaptureError::NotSupported("a frame on the screen without X11"))
    }

    fn presence(&self, _own_process: u32) -> Result<Box<dyn PresenceWatch>, CaptureError> {
        Err(CaptureError::NotSupported("watching windows without X11"))
    }

    fn annotator(&self, _own_process: u32) -> Result<Box<dyn Annotator>, CaptureError> {
        Err(CaptureError::NotSupported("drawing over this system's screen"))
    }
}

/// One picture as the thread gives it back; the bytes are reused for the next.
#[derive(Default)]
struct Picture {
    width: u32,
    height: u32,
    stride: usize,
    pixels: Vec<u8>,
}

impl Picture {
    fn frame(&self) -> Option<Frame<'_>> {
        Frame::new(self.width, self.height, self.stride, &self.pixels)
    }
}

/// What the thread answers to a request.
enum Grab {
    Picture(Picture),
    /// The system has no newer picture than the last.
    Same(Picture),
    Failed(CaptureError),
}

/// A capturer of one display.
pub(crate) struct ScrapMonitor {
    width: u32,
    height: u32,
    requests: Option<SyncSender<Picture>>,
    answers: Receiver<Grab>,
    thread: Option<JoinHandle<()>>,
    current: Picture,
    /// Whether `current` came from the screen.
    has_picture: bool,
    spare: Option<Picture>,
    next_poll: Instant,
    wake: Arc<(Mutex<bool>, Condvar)>,
}

impl ScrapMonitor {
    /// A capturer of the display with the number of `monitor`, which must have its size.
    pub(crate) fn open(monitor: &Monitor, style: Style) -> Result<Self, CaptureError> {
        let (requests, incoming) = sync_channel::<Picture>(1);
        let (outgoing, answers) = sync_channel::<Grab>(1);
        let index = usize::from(monitor.id.0);
        let thread = std::thread::Builder::new()
            .name("scrap".into())
            .spawn(move || serve(index, style, &incoming, &outgoing))
            .map_err(|error| CaptureError::Lost(error.to_string()))?;
        Ok(Self {
            width: monitor.width,
            height: monitor.height,
            requests: Some(requests),
            answers,
            thread: Some(thread),
            current: Picture::default(),
            has_picture: false,
            spare: Some(Picture::default()),
            next_poll: Instant::now(),
            wake: Arc::default(),
        })
    }
}

impl MonitorCapture for ScrapMonitor {
    fn wait(&mut self, timeout: Duration) -> Result<Change, CaptureError> {
        let deadline = Instant::now() + timeout;
        let (interrupted, wake) = &*self.wake;
        let mut interrupted = interrupted.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if std::mem::take(&mut *interrupted) {
                return Ok(Change::Interrupted);
            }
            let now = Instant::now();
            if now >= self.next_poll {
                return Ok(Change::Damaged);
            }
            if now >= deadline {
                return Ok(Change::Nothing);
            }
            let left = self.next_poll.min(deadline) - now;
            interrupted = wake.wait_timeout(interrupted, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn capture(&mut self, _permit: &Permit<'_, View>) -> Result<(Frame<'_>, Damage), CaptureError> {
        let gone = || CaptureError::Lost("the polling thread has ended".into());
        let requests = self.requests.as_ref().ok_or_else(gone)?;
        requests.send(self.spare.take().unwrap_or_default()).map_err(|_| gone())?;
        let answer = self.answers.recv_timeout(GRAB_WITHIN);
        self.next_poll = Instant::now() + POLL_EVERY;
        let damage = match answer {
            Ok(Grab::Picture(picture)) => {
                if (picture.width, picture.height) != (self.width, self.height) {
                    self.spare = Some(picture);
                    return Err(CaptureError::LayoutChanged);
                }
                let new = picture.frame().ok_or_else(|| CaptureError::Lost("a picture without pixels".into()))?;
                let damage = match self.current.frame() {
                    Some(old) if self.has_picture => difference(&old, &new),
                    _ => Damage::full(new.width, new.height),
                };
                self.has_picture = true;
                self.spare = Some(std::mem::replace(&mut self.current, picture));
                damage
            }
            Ok(Grab::Same(picture)) => {
                self.spare = Some(picture);
                Damage::none()
            }
            Ok(Grab::Failed(error)) => return Err(error),
            // An answer that comes later would be taken for that of the next request.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                self.requests = None;
                // A display that hangs would hang whoever joins the thread that reads it.
                self.thread = None;
                return Err(CaptureError::Lost("no picture in time".into()));
            }
        };
        if !self.has_picture {
            // The stream is open, but its first picture is still to come: black until then.
            self.current.width = self.width;
            self.current.height = self.height;
            self.current.stride = self.width as usize * 4;
            self.current.pixels = vec![0; self.current.stride * self.height as usize];
        }
        Ok((self.current.frame().ok_or_else(gone)?, damage))
    }

    fn interrupter(&self) -> Interrupter {
        let wake = Arc::clone(&self.wake);
        Interrupter::new(move || {
            *wake.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            wake.1.notify_all();
        })
    }
}

impl Drop for ScrapMonitor {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread: one picture for each request, until nobody can ask any more.
fn serve(index: usize, style: Style, requests: &Receiver<Picture>, answers: &SyncSender<Grab>) {
    let mut open: Option<Capturer> = None;
    loop {
        let request = match open {
            Some(_) => requests.recv_timeout(CLOSE_AFTER),
            None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let picture = match request {
            Ok(picture) => picture,
            Err(RecvTimeoutError::Timeout) => {
                open = None;
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let answer = grab(index, &mut open, picture).unwrap_or_else(Grab::Failed);
        // Before the answer: when the caller goes on, and its permit ends, nothing is being read.
        if style == Style::OneByOne {
            open = None;
        }
        if answers.send(answer).is_err() {
            return;
        }
    }
}

fn grab(index: usize, open: &mut Option<Capturer>, mut picture: Picture) -> Result<Grab, CaptureError> {
    let capturer = match open {
        Some(capturer) => capturer,
        None => {
            let display = displays()?.into_iter().nth(index).ok_or(CaptureError::LayoutChanged)?;
            let capturer = Capturer::new(display).map_err(|error| CaptureError::Lost(error.to_string()))?;
            open.insert(capturer)
        }
    };
    picture.width = capturer.width() as u32;
    picture.height = capturer.height() as u32;
    match capturer.frame() {
        Ok(frame) => {
            picture.pixels.clear();
            picture.pixels.extend_from_slice(&frame);
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Grab::Same(picture)),
        Err(error) => {
            *open = None;
            return Err(CaptureError::Lost(error.to_string()));
        }
    }
    picture.stride = picture.pixels.len() / (picture.height as usize).max(1);
    Ok(Grab::Picture(picture))
}
