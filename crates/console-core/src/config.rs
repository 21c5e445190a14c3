//! What a console is started with: the operator's key and certificate, and the organisation.

use crate::records::Records;
use crate::view::OperatorView;
use channel::ConsoleIdentity;
use identity::{Operator, OperatorError, OperatorFile, Organisation, OrganisationError};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use vault::RecordsKey;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Turns the number behind the check word into a word of the language with this tag.
pub type CheckWord = Arc<dyn Fn(u32, &str) -> String + Send + Sync>;

/// Everything that the console needs to work.
pub struct ConsoleConfig {
    pub(crate) identity: ConsoleIdentity,
    pub(crate) operator: Operator,
    pub(crate) organisation: Organisation,
    /// The operator's language, for the organisation's name.
    pub language: String,
    /// By which way the relay is reached.
    pub choice: link::Choice,
    /// With which proxies, and how often QUIC is tried again.
    pub dialing: link::Dialing,
    /// Program and version, for the other ends' logs.
    pub build: String,
    /// How the check word is found.
    pub check_word: CheckWord,
    /// The operator's home, into whose settings and start-up folders nothing comes by itself; none protects none.
    pub home: Option<PathBuf>,
    /// Where pictures of the remote screen are saved.
    pub pictures_folder: PathBuf,
    /// Where the logs of sessions are kept.
    pub logs_folder: PathBuf,
    /// The newest list of revoked certificates of the organisation that is known here, DER; the relay may
    /// have a newer one.
    pub revocations: Option<Vec<u8>>,
    /// Where notes and outcomes of sessions are kept; none keeps none.
    pub records: Option<Records>,
}

/// Why the console cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The organisation file does not hold.
    #[error("the organisation file: {0}")]
    Organisation(#[from] OrganisationError),
    /// The operator's certificate does not hold.
    #[error("the operator's certificate: {0}")]
    Certificate(#[from] OperatorError),
    /// The system gives no threads.
    #[error("the engine could not start: {0}")]
    System(#[from] std::io::Error),
}

impl ConsoleConfig {
    /// Checks that an operator's key and certificate, as opened by signing in, and an organisation file belong
    /// together now (`now_s` seconds since 1970).
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(file: &OperatorFile, organisation_file: &[u8], now_s: u64) -> Result<Self, StartError> {
        let organisation = Organisation::open(organisation_file, now_s)?;
        let chain: Vec<_> = file.chain.iter().map(|der| der.clone().into()).collect();
        let operator = identity::verify_operator(&organisation, &chain, None, now_s)?;
        Ok(Self {
            identity: ConsoleIdentity { chain, seed: file.seed.clone() },
            operator,
            organisation,
            language: "en".into(),
            choice: link::Choice::Race,
            dialing: link::Dialing::default(),
            build: format!("ponte-console {}", env!("CARGO_PKG_VERSION")),
            check_word: Arc::new(|number, _| number.to_string()),
            home: None,
            pictures_folder: PathBuf::from("."),
            logs_folder: PathBuf::from("."),
            revocations: None,
            records: None,
        })
    }

    /// The records of this operator's sessions, beside their logs; `on_change` is called, also from other threads,
    /// when there is something new to be seen.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn open_records(&self, on_change: Box<dyn Fn() + Send + Sync>) -> std::io::Result<Records> {
        Records::open(self.logs_folder.clone(), RecordsKey::derive(&self.identity.seed), on_change)
    }

    /// Who works here, for the window.
    #[must_use]
    pub fn operator_view(&self, now_s: u64) -> OperatorView {
        let seconds = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        OperatorView {
            name: self.operator.name.clone(),
            organisation: self.organisation.name_for(&self.language).to_owned(),
            domain: self.organisation.domain().to_owned(),
            days_left: seconds(self.operator.not_after_s).saturating_sub(seconds(now_s)).div_euclid(DAY),
            team: self.operator.team.clone(),
            ends_at_s: self.operator.not_after_s,
            fingerprint: self.operator.leaf_sha256,
            tools: self.operator.profile.tools.clone(),
            hours: self.operator.profile.hours.clone(),
            time_zone: self.organisation.time_zone().to_owned(),
            longest_session_minutes: self.operator.profile.longest_session_minutes,
            open_now: self.is_open_at(now_s),
            portal: self.portal(),
        }
    }

    /// The relay's page for people: at the root of its first node (see `relay/portal`).
    fn portal(&self) -> String {
        const USUAL_PORT: u16 = 443;
        let Some(node) = self.organisation.relay().nodes.first() else { return String::new() };
        match node.port {
            USUAL_PORT => format!("https://{}/", node.host),
            port => format!("https://{}:{port}/", node.host),
        }
    }

    /// Whether the operator may work at this moment.
    #[must_use]
    pub fn is_open_at(&self, now_s: u64) -> bool {
        self.operator.profile.is_open_at(now_s, self.organisation.time_zone())
    }
}

impl fmt::Debug for ConsoleConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsoleConfig")
    }
}
