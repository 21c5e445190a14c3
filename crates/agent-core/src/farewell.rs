//! The end of a session on the agent: the person rates it, the program is removed, and both ends vouch for the log.

use crate::config::Setup;
use crate::engine::{Desk, remove};
use crate::ledger::{Finished, Ledger};
use crate::view::{AgentCommand, AgentView, EndView, Page, RatingView, RemovalView};
use audit_log::{Event, Role};
use channel::{Channel, Keeper};
use proto::session::{AgentToConsole, ConsoleToAgent, EndReason};
use session::{Outbox, Reader, next_message, until};
use std::time::{Duration, Instant};

/// How long each step may take when the other end does not answer.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long the operator's program has to vouch for the end.
const COUNTERSIGNED_WITHIN: Duration = Duration::from_secs(3);
/// How long a person has for the rating; then the program removes itself without one.
const RATED_WITHIN: Duration = Duration::from_secs(120);
/// How long a person has to choose a new key after the line was lost, as long as a key is valid; then the program
/// removes itself.
const NEW_KEY_WITHIN: Duration = Duration::from_secs(proto::limits::OFFER_SECONDS);
/// Longest comment to a rating, in bytes.
const COMMENT_BYTES: usize = 2000;

/// What is left of a session whose powers have stopped.
pub(crate) struct Farewell {
    pub(crate) outbox: Outbox<AgentToConsole>,
    pub(crate) reader: Option<Reader>,
    pub(crate) channel: Channel,
    /// Until the line is given up.
    pub(crate) keeper: Option<Keeper>,
    /// SHA-256 of the operator's certificate.
    pub(crate) certificate_sha256: [u8; 32],
}

/// A session that is over for good.
pub(crate) struct Parted {
    pub(crate) end: EndView,
    pub(crate) log: Finished,
    /// Whether the person has left already.
    pub(crate) has_left: bool,
    /// Whether they enter a new key instead: nothing was removed.
    pub(crate) goes_on: bool,
    /// SHA-256 of the operator's certificate: whose session may go on with what is unfinished.
    pub(crate) certificate_sha256: [u8; 32],
}

impl Farewell {
    /// Writes the end, tells the console, lets the person choose a new key where the line was lost, lets them rate or
    /// name a scam if `end` says so, removes the program and waits a moment for the console's signature. Where nobody answers the
    /// agent alone has signed, and the log shows that.
    pub(crate) async fn say(mut self, config: &Setup, desk: &mut Desk, mut ledger: Ledger, mut end: EndView) -> Parted {
        let reason = end.reason;
        // Whether the console still hears any of it is found out below.
        let _ = ledger.note(&self.outbox, Event::Ended { by: ended_by(reason), reason });
        let _ = ledger.sign(&self.outbox);
        let _ = self.outbox.send(AgentToConsole::Ended { reason });
        if end.again.is_some() && self.enters_new_key(desk, &mut ledger, &mut end).await {
            let Self { outbox, certificate_sha256, .. } = self;
            outbox.close(GOODBYE).await;
            let log = ledger.finish(RemovalView::default());
            return Parted { end, log, has_left: false, goes_on: true, certificate_sha256 };
        }
        let is_asked = matches!(end.rating, RatingView::Open | RatingView::ScamOnly);
        let has_left = is_asked && self.rate(desk, &mut ledger, &mut end).await;

        desk.show(AgentView { page: Page::Ended(end.clone()), panel: None });
        let removed = remove(config);
        let count = |paths: usize| u32::try_from(paths).unwrap_or(u32::MAX);
        let receipt = Event::Removed { removed: count(removed.removed.len()), left: count(removed.failed.len()) };
        let _ = ledger.note(&self.outbox, receipt);
        let _ = ledger.sign(&self.outbox);
        let told = self.outbox.send(AgentToConsole::Closed);
        if told.is_ok() && reason != EndReason::ConnectionLost {
            self.countersigned(&mut ledger, Instant::now() + COUNTERSIGNED_WITHIN).await;
            if !ledger.is_countersigned() {
                tracing::info!("the console did not vouch for the end of the log");
            }
        }
        if let RatingView::Given { delivered, .. } = &mut end.rating {
            *delivered = ledger.is_countersigned();
        }
        self.outbox.close(GOODBYE).await;
        self.channel.close(GOODBYE).await;
        if let Some(keeper) = self.keeper {
            keeper.leave(GOODBYE).await;
        }
        let log = ledger.finish(removed);
        Parted { end, log, has_left, goes_on: false, certificate_sha256: self.certificate_sha256 }
    }

    /// Lets the person choose between a new key (true) and the end; what is unfinished stays meanwhile. The line is
    /// given up at once.
    async fn enters_new_key(&mut self, desk: &mut Desk, ledger: &mut Ledger, end: &mut EndView) -> bool {
        desk.show(AgentView { page: Page::Ended(end.clone()), panel: None });
        let choosing = async {
            let chosen_by = Instant::now() + NEW_KEY_WITHIN;
            loop {
                tokio::select! {
                    command = desk.commands.recv() => match command {
                        Some(AgentCommand::NewKey) => break (true, false),
                        Some(AgentCommand::ReportScam) => break (false, true),
                        Some(AgentCommand::Quit | AgentCommand::End) | None => break (false, false),
                        Some(_) => {}
                    },
                    () = until(Some(chosen_by)) => break (false, false),
                }
            }
        };
        let keeper = self.keeper.take();
        let giving_up = async {
            self.channel.close(GOODBYE).await;
            if let Some(keeper) = keeper {
                keeper.leave(GOODBYE).await;
            }
        };
        let ((), (chosen, is_scam)) = tokio::join!(giving_up, choosing);
        end.again = None;
        if is_scam {
            self.name_scam(ledger, end);
        }
        chosen
    }

    /// The person says so after the end: it stands in the log beside the end as it came about.
    fn name_scam(&self, ledger: &mut Ledger, end: &mut EndView) {
        end.reason = EndReason::ReportedAsScam;
        let _ = ledger.note(&self.outbox, Event::Ended { by: ended_by(end.reason), reason: end.reason });
    }

    /// Waits for the rating, or for the word that it was a scam; true if the person leaves instead.
    async fn rate(&mut self, desk: &mut Desk, ledger: &mut Ledger, end: &mut EndView) -> bool {
        desk.show(AgentView { page: Page::Ended(end.clone()), panel: None });
        let rated_by = Instant::now() + RATED_WITHIN;
        let (is_open, mut is_heard) = (end.rating == RatingView::Open, true);
        let (rating, has_left) = loop {
            let connection = self.channel.connection().clone();
            tokio::select! {
                biased;
                command = desk.commands.recv() => match command {
                    Some(AgentCommand::Rate { stars, comment }) if is_open && (1..=5).contains(&stars) => {
                        break (Some((stars, comment)), false);
                    }
                    Some(AgentCommand::SkipRating) => break (None, false),
                    Some(AgentCommand::ReportScam) => {
                        self.name_scam(ledger, end);
                        break (None, false);
                    }
                    Some(AgentCommand::Quit | AgentCommand::End) | None => break (None, true),
                    Some(_) => {}
                },
                () = until(Some(rated_by)) => break (None, false),
                message = next_message(&mut self.reader), if is_heard => {
                    is_heard = self.take(ledger, message.ok().flatten());
                }
                _ = connection.closed(), if is_heard => is_heard = false,
            }
        };
        end.rating = match rating {
            None => RatingView::None,
            Some((stars, comment)) => {
                let comment = proto::Text::<COMMENT_BYTES>::truncated(comment.trim());
                let written = match comment.as_str() {
                    "" => ledger.note(&self.outbox, Event::Rated { stars, comment: None }),
                    text => ledger
                        .note_with_text(&self.outbox, text, |comment| Event::Rated { stars, comment: Some(comment) }),
                };
                if written.is_err() {
                    tracing::warn!("the rating could not be written down");
                }
                RatingView::Given { stars, delivered: false }
            }
        };
        has_left
    }

    /// Takes a message of a console that has nothing more to say but its signatures; false once it is not heard
    /// any more.
    fn take(&self, ledger: &mut Ledger, message: Option<ConsoleToAgent>) -> bool {
        match message {
            Some(ConsoleToAgent::LogSigned { number, at_ms, signature }) => {
                let holds = ledger.handle_last_signed(number, at_ms, signature.as_slice());
                if !holds {
                    tracing::warn!(number, "the console's last signature of the log does not hold");
                }
                holds
            }
            Some(ConsoleToAgent::Ping { token }) => self.outbox.send(AgentToConsole::Pong { token }).is_ok(),
            Some(_) => true,
            None => false,
        }
    }

    /// Reads on until the console has vouched for everything, or is gone. Nothing else is heeded any more.
    async fn countersigned(&mut self, ledger: &mut Ledger, by: Instant) {
        while !ledger.is_countersigned() {
            let message = tokio::select! {
                // A console that never stops talking keeps nobody; what it said last is still there when it has gone.
                biased;
                () = until(Some(by)) => return,
                message = next_message(&mut self.reader) => message,
                _ = self.channel.connection().closed() => return,
            };
            if !self.take(ledger, message.ok().flatten()) {
                return;
            }
        }
    }
}

/// Whose wish the end was; nobody's where something failed.
const fn ended_by(reason: EndReason) -> Option<Role> {
    match reason {
        EndReason::ClientEnded
        | EndReason::ConsentDenied
        | EndReason::OperatorNotRecognised
        | EndReason::TermsDeclined
        | EndReason::ReportedAsScam => Some(Role::Agent),
        EndReason::OperatorEnded => Some(Role::Console),
        EndReason::ConnectionLost | EndReason::ProtocolViolation | EndReason::ScreenUnavailable | EndReason::TimeUp => {
            None
        }
    }
}
