//! What follows when the person has answered, or takes a power back.

use super::{Flow, Live};
use crate::screens;
use crate::tasks;
use crate::view::PowerState;
use proto::session::{Capability, Decision, EndReason, Request, RequestId, StreamKind};
use std::sync::Arc;

impl Live<'_> {
    pub(super) fn handle_decided(&mut self, request: RequestId, decision: Decision) -> Flow {
        let Some(what) = self.asked.remove(&request) else { return Flow::Break(EndReason::ProtocolViolation) };
        if let Err(lie) = self.ledger.witness.decided(request, decision) {
            tracing::warn!(%lie, "the agent's log is not one");
            return Flow::Break(EndReason::ProtocolViolation);
        }
        let state = if decision == Decision::Granted { PowerState::Granted } else { PowerState::Refused(decision) };
        match what {
            Request::View => {
                self.powers.insert(Capability::View, state);
                self.show_parked();
            }
            Request::Control => {
                self.powers.insert(Capability::Control, state);
                self.follow_line();
            }
            Request::SendBatch { transfer, .. } | Request::FetchBatch { transfer, .. } => {
                return self.file_decided(transfer, decision);
            }
            Request::Browse => return self.browse_decided(state),
            Request::SystemInfo => return self.machine_decided(state),
            Request::Shell => self.shell_decided(request, state),
            Request::Clipboard => return self.clip_decided(state),
            Request::EndProcess { .. } => self.end_decided(request, decision),
        }
        Flow::Continue(())
    }

    pub(super) fn power_gone(&mut self, capability: Capability, state: PowerState) {
        match capability {
            Capability::View => {
                // What was granted goes along; a question that is open ends with an answer of its own.
                if let Some(control @ PowerState::Granted) = self.powers.get_mut(&Capability::Control) {
                    *control = state;
                }
                self.machine_gone();
                self.clip_gone();
                self.annotations.cut();
                if self.files.browse() == PowerState::Granted {
                    self.browse_gone(state);
                }
                self.input.finish();
                self.pictures.lock().monitors.clear();
            }
            Capability::Control => self.input.finish(),
            Capability::SystemInfo => self.machine_gone(),
            Capability::Shell => self.shell_gone(),
            Capability::Clipboard => self.clip_gone(),
            _ => {}
        }
    }

    /// Starts what waited for the viewing to be granted.
    pub(super) fn show_parked(&mut self) {
        if self.powers.get(&Capability::View) != Some(&PowerState::Granted) {
            return;
        }
        for (kind, reader) in std::mem::take(&mut self.parked_screens) {
            let (pictures, on_change) = (self.pictures.clone(), Arc::clone(&self.on_change));
            let report = self.events.0.clone();
            if kind == StreamKind::Screen {
                let (decoded, room) = (self.decoded.0.clone(), Arc::clone(&self.room));
                let decoding = screens::decode(reader, pictures, room, decoded, on_change);
                self.tasks.spawn(tasks::report_broken(decoding, report));
            } else {
                let following = screens::follow_cursor(reader, pictures, on_change);
                self.tasks.spawn(tasks::report_broken(following, report));
            }
        }
    }
}
