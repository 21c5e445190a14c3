//! Whether a person can see our own windows on an X display.

use super::area::{self, Area, Own};
use super::owner::Owners;
use super::screen::Screen;
use super::wait::{Waker, Woken};
use super::windows::{Top, place_of, tops, windows_of};
use crate::{CaptureError, Interrupter, Presence, PresenceWatch};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::EventMask;

/// Between two looks at all windows.
const LOOKS_EVERY: Duration = Duration::from_millis(250);

/// A watch of the windows of one process.
pub(super) struct X11Presence {
    screen: Screen,
    owners: Owners,
    process: u32,
    told: Option<Presence>,
    is_due: bool,
    next_look: Instant,
    waker: Waker,
}

impl X11Presence {
    pub(super) fn open(screen: Screen, process: u32) -> Result<Self, CaptureError> {
        // A window's coming, going, place and order; nothing happens here while nothing else does.
        screen.watch_layout(EventMask::SUBSTRUCTURE_NOTIFY)?;
        let owners = Owners::of(&screen)?;
        let (told, next_look) = (None, Instant::now());
        Ok(Self { screen, owners, process, told, is_due: true, next_look, waker: Waker::new()? })
    }

    fn take_events(&mut self) -> Result<(), CaptureError> {
        while let Some(event) = self.screen.connection.poll_for_event()? {
            self.is_due |= matches!(
                event,
                Event::MapNotify(_)
                    | Event::UnmapNotify(_)
                    | Event::DestroyNotify(_)
                    | Event::ReparentNotify(_)
                    | Event::ConfigureNotify(_)
                    | Event::CirculateNotify(_)
                    | Event::RandrNotify(_)
                    | Event::RandrScreenChangeNotify(_)
            );
        }
        Ok(())
    }

    fn look(&self) -> Result<Presence, CaptureError> {
        let screens: Vec<Area> = self
            .screen
            .monitors()?
            .iter()
            .map(|monitor| Area::new(monitor.x, monitor.y, monitor.width, monitor.height))
            .collect();
        let (mut own, mut covers) = (Vec::new(), Vec::new());
        for top in tops(&self.screen)?.iter().rev() {
            if top.is_strip_of(&self.screen, &self.owners, self.process)? {
                continue;
            }
            if !top.is_mark_of(&self.screen, &self.owners, self.process)? {
                let areas = self.own(top)?.into_iter();
                own.extend(areas.map(|area| Own { area, frame: top.area, above: covers.len() }));
            }
            covers.extend(top.covers(&self.screen)?);
        }
        Ok(area::presence(&own, &screens, &covers))
    }

    /// Where our windows are inside a top-level window.
    fn own(&self, top: &Top) -> Result<Vec<Area>, CaptureError> {
        let mut areas = Vec::new();
        for window in windows_of(&self.screen, &self.owners, top.window, self.process)? {
            areas.extend(place_of(&self.screen, window)?.map(|place| place.inside()));
        }
        Ok(areas)
    }
}

impl PresenceWatch for X11Presence {
    fn wait(&mut self, timeout: Duration) -> Result<Option<Presence>, CaptureError> {
        let deadline = Instant::now() + timeout;
        if self.waker.take_interruption() {
            return Ok(None);
        }
        loop {
            self.take_events()?;
            let now = Instant::now();
            if self.is_due && now >= self.next_look {
                self.is_due = false;
                self.next_look = now + LOOKS_EVERY;
                let presence = self.look()?;
                if self.told != Some(presence) {
                    self.told = Some(presence);
                    return Ok(Some(presence));
                }
                // The answers may have brought events with them, which poll(2) would not see.
                continue;
            }
            if now >= deadline {
                return Ok(None);
            }
            let woken = if self.is_due {
                self.waker.wait(None, deadline.min(self.next_look))?
            } else {
                self.waker.wait(Some(&self.screen.connection), deadline)?
            };
            if woken == Woken::Interrupted {
                return Ok(None);
            }
        }
    }

    fn interrupter(&self) -> Interrupter {
        self.waker.interrupter()
    }
}
