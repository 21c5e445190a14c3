//! From the proven operator to the first question: who asks, the terms, and what to share.

use crate::config::Setup;
use crate::engine::Desk;
use crate::ledger::{Ledger, OwnText, Unwritable};
use crate::live::Session;
use crate::previews::{Found, Previews};
use crate::view::{AgentCommand, AgentView, Page, ShareReason, ShareView, TermsView};
use audit_log::{Event, Hex, Shared};
use capture::{Desktop, Share};
use proto::session::{AgentToConsole, ConsoleToAgent, EndReason, Step};
use ring::digest::{Context, SHA256};
use session::StreamError;
use std::sync::Arc;

/// Why it goes no further.
pub(crate) enum Leave {
    /// The person does not want it, or it cannot be.
    Turned(EndReason),
    /// The operator is not there any more.
    OperatorGone,
}

/// Asks all of it, in this order; gives what the person shares.
pub(crate) async fn welcome(config: &Setup, desk: &mut Desk, session: &mut Session) -> Result<Chosen, Leave> {
    who(desk, session).await?;
    terms(config, desk, session).await?;
    choose(config, desk, session).await
}

/// What the person shares.
#[derive(Clone)]
pub(crate) struct Chosen {
    pub(crate) share: Share,
    /// That part of the desktop and nothing else.
    pub(crate) desktop: Arc<dyn Desktop>,
    /// Of a window.
    pub(crate) title: String,
    /// Whether it is one monitor of several.
    pub(crate) is_one_of_several: bool,
}

impl Chosen {
    /// Of these choices, if it is one of them and still there.
    pub(crate) fn of(share: Share, choices: &ShareView, previews: &Previews) -> Option<Self> {
        let mut all = choices.monitors.iter().chain(&choices.everything).chain(&choices.windows);
        let choice = all.find(|choice| choice.share == share)?;
        let chosen = previews.chosen(share);
        let desktop = chosen.inspect_err(|error| tracing::info!(%error, "what was chosen is gone")).ok()?;
        let is_one_of_several = choices.monitors.len() > 1;
        Some(Self { share, desktop, title: choice.title.clone(), is_one_of_several })
    }

    pub(crate) fn part(&self) -> Shared {
        match self.share {
            Share::Monitor(_) if self.is_one_of_several => Shared::Monitor,
            Share::Everything | Share::Monitor(_) => Shared::Everything,
            Share::Window(_) => Shared::Window,
        }
    }

    /// Writes down what is shared.
    ///
    /// The title of a window is the other end's to know only once seeing it is allowed.
    pub(crate) fn note(&self, ledger: &mut Ledger, outbox: &Outbox) -> Result<Option<OwnText>, Unwritable> {
        let part = self.part();
        if part == Shared::Window {
            let event = |name| Event::Sharing { part, name: Some(name) };
            return ledger.note_with_own_text(outbox, &self.title, event).map(Some);
        }
        ledger.note(outbox, Event::Sharing { part, name: None }).map(|()| None)
    }
}

type Outbox = session::Outbox<AgentToConsole>;

/// Messages of the console that may wait until the first question can come.
const MOST_EARLY: usize = 64;

/// The next command, unless the operator or the person goes first. Meanwhile the console is answered, so that it
/// knows the line to be alive.
async fn next(desk: &mut Desk, session: &mut Session) -> Result<AgentCommand, Leave> {
    let connection = session.channel.connection().clone();
    let command = loop {
        tokio::select! {
            biased;
            command = desk.commands.recv() => break command,
            message = session.greeting.reader.message::<ConsoleToAgent>() => hear(session, message)?,
            _ = connection.closed() => return Err(Leave::OperatorGone),
        }
    };
    match command {
        Some(AgentCommand::ReportScam) => Err(Leave::Turned(EndReason::ReportedAsScam)),
        Some(AgentCommand::End | AgentCommand::Quit) | None => Err(Leave::Turned(EndReason::ClientEnded)),
        Some(command) => Ok(command),
    }
}

/// What the console says before its time: pings and signatures are answered, the rest waits.
fn hear(session: &mut Session, message: Result<Option<ConsoleToAgent>, StreamError>) -> Result<(), Leave> {
    let broken = |what: &str| {
        tracing::warn!(what, "the console broke the protocol");
        Leave::Turned(EndReason::ProtocolViolation)
    };
    match message {
        Ok(Some(ConsoleToAgent::Ping { token })) => {
            // Fails only if the console is gone already, which is found out soon.
            let _ = session.greeting.outbox.send(AgentToConsole::Pong { token });
        }
        Ok(Some(ConsoleToAgent::LogSigned { number, at_ms, signature })) => {
            let taken = session.ledger.handle_signed(&session.greeting.outbox, number, at_ms, signature.as_slice());
            if taken.is_none() {
                return Err(broken("its signature of the log does not hold"));
            }
        }
        Ok(Some(ConsoleToAgent::End)) => return Err(Leave::Turned(EndReason::OperatorEnded)),
        Ok(Some(_)) if session.early.len() >= MOST_EARLY => return Err(broken("too much before its time")),
        Ok(Some(message)) => session.early.push(message),
        Ok(None) | Err(StreamError::Gone) => return Err(Leave::OperatorGone),
        Err(error) => return Err(broken(&error.to_string())),
    }
    Ok(())
}

fn note(session: &mut Session, event: Event) {
    // Fails only if the console is gone already, which is found out soon.
    let _ = session.ledger.note(&session.greeting.outbox, event);
}

fn tell(session: &Session, step: Step) {
    let _ = session.greeting.outbox.send(AgentToConsole::Step { step });
}

async fn who(desk: &mut Desk, session: &mut Session) -> Result<(), Leave> {
    let (operator, check_word) = (session.operator.clone(), session.check_word.clone());
    desk.show(AgentView { page: Page::WhoAsks { operator, check_word }, panel: None });
    let answer = loop {
        match next(desk, session).await {
            Ok(AgentCommand::RecogniseOperator(yes)) => break Ok(yes),
            Ok(_) => {}
            Err(leave) => break Err(leave),
        }
    };
    let recognised = matches!(answer, Ok(true));
    let (certificate_sha256, verified) = (session.certificate_sha256, session.operator.verified);
    note(session, Event::Operator { certificate_sha256, verified, recognised });
    match answer {
        Ok(true) => Ok(()),
        Ok(false) | Err(Leave::Turned(EndReason::ClientEnded)) => Err(Leave::Turned(EndReason::OperatorNotRecognised)),
        Err(leave) => Err(leave),
    }
}

async fn terms(config: &Setup, desk: &mut Desk, session: &mut Session) -> Result<(), Leave> {
    let terms = terms_view(config);
    let sha256 = fingerprint(&terms);
    tell(session, Step::Terms);
    desk.show(AgentView { page: Page::Terms { operator: session.operator.clone(), terms }, panel: None });
    let accepted = loop {
        if let AgentCommand::AcceptTerms(yes) = next(desk, session).await? {
            break yes;
        }
    };
    note(session, Event::Terms { sha256, accepted });
    if accepted { Ok(()) } else { Err(Leave::Turned(EndReason::TermsDeclined)) }
}

/// The organisation's terms, or the general ones where it has none.
fn terms_view(config: &Setup) -> TermsView {
    let (organisation, language) = (&config.organisation, config.language.as_str());
    let name = organisation.name_for(language);
    let general = || config.log_words.say("terms-general", &[("organisation", name)]);
    let terms = organisation.terms_for(language).filter(|terms| !terms.trim().is_empty());
    let privacy = organisation.privacy_for(language).filter(|privacy| !privacy.trim().is_empty());
    let hosts: Vec<&str> =
        organisation.relay().nodes.iter().map(|node| node.host.as_str()).take(RELAYS_NAMED).collect();
    TermsView {
        terms: shown(&terms.map_or_else(general, str::to_owned)).into(),
        privacy: privacy.map(|privacy| shown(privacy).into()),
        relay: shown(&hosts.join(", ")),
    }
}

/// Nodes of a relay that are named.
const RELAYS_NAMED: usize = 4;

/// Without what would rearrange or hide text; lines stay lines.
fn shown(text: &str) -> String {
    text.lines()
        .map(|line| proto::Text::<{ identity::ORGANISATION_FILE_BYTES }>::truncated(line).shown())
        .collect::<Vec<_>>()
        .join("\n")
}

/// What the log says of the text: SHA-256 over terms, privacy notice and relay as they were shown, each ended by a
/// zero byte.
fn fingerprint(terms: &TermsView) -> Hex<32> {
    let mut hashed = Context::new(&SHA256);
    for part in [&*terms.terms, terms.privacy.as_deref().unwrap_or_default(), terms.relay.as_str()] {
        hashed.update(part.as_bytes());
        hashed.update(&[0]);
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(hashed.finish().as_ref());
    Hex(sha256)
}

fn show(desk: &Desk, session: &Session, choices: ShareView) {
    let page = Page::Share { operator: session.operator.clone(), choices };
    desk.show(AgentView { page, panel: None });
}

async fn choose(config: &Setup, desk: &mut Desk, session: &mut Session) -> Result<Chosen, Leave> {
    tell(session, Step::Choosing);
    let unavailable = |error: &capture::CaptureError| {
        tracing::warn!(%error, "the screen cannot be shared");
        Leave::Turned(EndReason::ScreenUnavailable)
    };
    let desktop = (config.platform.desktop)().map_err(|error| unavailable(&error))?;
    let previews = Previews::start(desktop, ShareReason::First).map_err(|error| unavailable(&error))?;
    let mut found = previews.found();
    loop {
        let now = found.borrow_and_update().clone();
        match &now {
            Found::Looking => show(desk, session, ShareView::empty(ShareReason::First)),
            Found::Choices(choices) => show(desk, session, choices.clone()),
            Found::Unavailable(error) => return Err(unavailable(error)),
        }
        let command = tokio::select! {
            command = next(desk, session) => command?,
            Ok(()) = found.changed() => continue,
        };
        if let (AgentCommand::Share(share), Found::Choices(choices)) = (command, &now)
            && let Some(chosen) = Chosen::of(share, choices, &previews)
        {
            session.title = chosen.note(&mut session.ledger, &session.greeting.outbox).ok().flatten();
            return Ok(chosen);
        }
    }
}
