//! What comes of the person's answers, and of the end of what they granted.

use super::{Flow, Live};
use crate::view::PowerState;
use proto::session::{Capability, Decision, EndReason, Request, RequestId};

impl Live<'_> {
    /// The person has answered.
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
            Request::SendFile { transfer, .. } | Request::FetchFile { transfer, .. } => {
                self.file_decided(transfer, decision);
            }
            Request::SystemInfo => return self.machine_decided(state),
            Request::Shell => self.shell_decided(request, state),
            Request::EndProcess { .. } => self.end_decided(request, decision),
        }
        Flow::Continue(())
    }

    /// A grant is over: what was shown or sent under it is not any more.
    pub(super) fn power_gone(&mut self, capability: Capability) {
        match capability {
            Capability::View => {
                self.powers.insert(Capability::Control, PowerState::Revoked);
                // What was granted the agent says by itself.
                self.machine_gone();
                self.input.finish();
                self.pictures.lock().monitors.clear();
            }
            Capability::Control => self.input.finish(),
            Capability::SystemInfo => self.machine_gone(),
            Capability::Shell => self.shell_gone(),
            _ => {}
        }
    }
}
