//! Starting and stopping what acts under a grant: screens, mouse and keyboard.

use super::{Flow, Live, Report};
use crate::injection::{Injection, SharedWindow};
use crate::screens::{ScreenEvent, Screens};
use crate::view::ShareReason;
use capture::{CaptureError, Share};
use proto::geometry::Layout;
use proto::session::{AgentToConsole, EndReason};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How often, and after which pause, monitors are looked at again while they change.
const LAYOUT_TRIES: u32 = 40;
const LAYOUT_PAUSE: Duration = Duration::from_millis(250);
impl Live<'_> {
    pub(super) fn handle_screen(&mut self, event: ScreenEvent) -> Flow {
        if !self.screens.as_ref().is_some_and(|screens| screens.is_current(event.epoch)) {
            return Flow::Continue(());
        }
        match event.error {
            CaptureError::LayoutChanged => self.start_screens(),
            CaptureError::WindowClosed => self.choose_anew(ShareReason::Gone),
            error => {
                tracing::warn!(%error, "the screen is lost");
                Flow::Break(EndReason::ScreenUnavailable)
            }
        }
    }

    pub(super) fn stop_screens(&mut self) {
        if let Some(screens) = self.screens.take() {
            self.epoch = screens.epoch();
            self.tasks.spawn_blocking(move || screens.stop());
        }
    }

    pub(super) fn stop_injection(&mut self) {
        if let Some(injection) = self.injection.take() {
            self.tasks.spawn_blocking(move || injection.stop());
        }
    }

    pub(super) fn start_screens(&mut self) -> Flow {
        self.stop_screens();
        let Some(lease) = self.consent.lease::<consent::View>(None) else { return Flow::Continue(()) };
        let (events, desktop) = (self.screen_events.0.clone(), Arc::clone(&self.chosen.desktop));
        let started = Screens::start(desktop, lease, self.channel.clone(), events, self.epoch);
        let started = started.and_then(|mut screens| {
            let first = screens.first_monitor();
            if first.is_none() && self.chosen.share != Share::Everything {
                return Err(CaptureError::WindowClosed);
            }
            screens.watch(first.as_slice())?;
            Ok(screens)
        });
        match started {
            Ok(screens) => {
                self.layouts += 1;
                self.layout_tries = 0;
                let layout = Layout { epoch: self.layouts, monitors: screens.layout().monitors.clone() };
                *self.layout.lock().unwrap_or_else(PoisonError::into_inner) = layout.clone();
                self.screens = Some(screens);
                self.draw_outline();
                self.tell(AgentToConsole::Layout(layout))
            }
            Err(CaptureError::WindowClosed | CaptureError::NoSuchMonitor(_)) => self.choose_anew(ShareReason::Gone),
            // A dock or a projector changes the monitors in several steps.
            Err(CaptureError::LayoutChanged) if self.layout_tries < LAYOUT_TRIES => {
                self.layout_tries += 1;
                let report = self.events.0.clone();
                self.tasks.spawn(async move {
                    tokio::time::sleep(LAYOUT_PAUSE).await;
                    let _ = report.send(Report::LayoutAgain).await;
                });
                Flow::Continue(())
            }
            Err(error) => {
                tracing::warn!(%error, "the screen cannot be shared");
                Flow::Break(EndReason::ScreenUnavailable)
            }
        }
    }

    /// False if mouse and keyboard cannot be used here.
    pub(super) fn start_injection(&mut self) -> bool {
        self.stop_injection();
        let Some(lease) = self.consent.lease::<consent::Control>(None) else { return false };
        let window = match self.chosen.share {
            Share::Everything | Share::Monitor(_) => None,
            Share::Window(id) => Some(SharedWindow { id, desktop: Arc::clone(&self.chosen.desktop), looked_at: None }),
        };
        let (layout, gate) = (Arc::clone(&self.layout), self.input_gate.clone());
        let started = (self.config.platform.injector)()
            .and_then(|injector| Injection::start(injector, lease, layout, window, gate));
        match started {
            Ok(injection) => {
                self.injection = Some(injection);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "mouse and keyboard cannot be used here");
                false
            }
        }
    }
}
