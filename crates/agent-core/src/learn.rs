//! How an agent learns whom to trust, and whether the domain itself vouches for it (PROTOCOL, section 5).

use crate::config::{AgentConfig, Setup, SiteOf};
use crate::engine::now_s;
use crate::view::DomainProblem;
use identity::{ORGANISATION_FILE_BYTES, Organisation, OrganisationError};
use link::LinkError;
use link::fetch::{FetchError, organisation_file};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long the page that says who asks waits for the domain's web site.
const PATIENCE: Duration = Duration::from_secs(4);

/// Whether the organisation's root is known to belong to its domain; may still be being found out.
#[derive(Debug, Clone)]
pub(crate) struct Verified(watch::Receiver<Option<bool>>);

impl From<bool> for Verified {
    fn from(verified: bool) -> Self {
        // Whoever is verified needs no further look; everybody else waits for one.
        Self(watch::channel(Some(verified)).1)
    }
}

impl Verified {
    /// The answer; not verified if there is none in time.
    pub(crate) async fn known(&self) -> bool {
        let mut known = self.0.clone();
        let answer = tokio::time::timeout(PATIENCE, known.wait_for(Option::is_some)).await;
        matches!(answer, Ok(Ok(answer)) if *answer == Some(true))
    }

    fn now(&self) -> Option<bool> {
        *self.0.borrow()
    }
}

/// Aborts the task that looks when dropped.
pub(crate) struct Looking(JoinHandle<()>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks the organisation's own web site whether the same root is there, unless that is known already. The
/// person goes on meanwhile.
pub(crate) fn look(site: &SiteOf, setup: &mut Setup) -> Option<Looking> {
    if setup.verified.now() == Some(true) {
        return None;
    }
    let (tell, known) = watch::channel(None);
    setup.verified = Verified(known);
    let site = site(setup.organisation.domain());
    let (proxies, organisation) = (setup.dialing.proxies.clone(), Arc::clone(&setup.organisation));
    Some(Looking(tokio::spawn(async move {
        let verified = match organisation_file(&site, &proxies, ORGANISATION_FILE_BYTES).await {
            Ok(bytes) => Organisation::open(&bytes, now_s()).is_ok_and(|there| {
                there.root_sha256() == organisation.root_sha256() && there.domain() == organisation.domain()
            }),
            Err(error) => {
                tracing::info!(%error, "the organisation's web site does not vouch for it");
                false
            }
        };
        // Fails only when the agent ends.
        let _ = tell.send(Some(verified));
    })))
}

/// Learns the organisation of a domain that the person typed, from its own web site: it is verified by that.
pub(crate) async fn from_domain(config: &AgentConfig, typed: &str) -> Result<Organisation, DomainProblem> {
    let domain = domain_of(typed).ok_or(DomainProblem::Malformed)?;
    let site = (config.site)(&domain);
    let file = organisation_file(&site, &config.dialing.proxies, ORGANISATION_FILE_BYTES).await;
    let file = file.map_err(|error| {
        tracing::warn!(%error, "no organisation file");
        match error {
            FetchError::Status(_) | FetchError::NotAFile => DomainProblem::NotThere,
            FetchError::Link(LinkError::Untrusted) => DomainProblem::NotTrusted,
            FetchError::Link(_) => DomainProblem::Unreachable,
        }
    })?;
    let organisation = Organisation::open(&file, now_s()).map_err(|error| match error {
        OrganisationError::Expired => DomainProblem::Expired,
        _ => DomainProblem::NotThere,
    })?;
    // A site speaks for itself alone.
    if organisation.domain() == domain { Ok(organisation) } else { Err(DomainProblem::NotThere) }
}

/// A domain as people type it: with blanks, capitals, or as the address of a page.
fn domain_of(typed: &str) -> Option<String> {
    let typed = typed.trim().to_lowercase();
    let typed = typed.strip_prefix("https://").or_else(|| typed.strip_prefix("http://")).unwrap_or(&typed);
    let domain = typed.split('/').next().unwrap_or_default().trim_end_matches('.');
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let is_domain = domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label);
    is_domain.then(|| domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_understood_as_people_type_it() {
        for (typed, domain) in [
            (" Comune.Lucca.it ", Some("comune.lucca.it")),
            ("https://www.lucca.example/aiuto?x=1", Some("www.lucca.example")),
            ("lucca.example.", Some("lucca.example")),
            ("lucca", None),
            ("lucca example.it", None),
            ("lücca.it", None),
            ("user@lucca.it", None),
            ("lucca.it:8443", None),
            ("", None),
        ] {
            assert_eq!(domain_of(typed).as_deref(), domain, "{typed}");
        }
    }
}
