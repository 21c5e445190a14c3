//! What one organisation's operators and revocation lists are judged by.

use crate::lists::List;
use crate::portal::Nameplate;
use identity::{Operator, OperatorError, Organisation};
use proto::Blob;
use proto::relay::{CertificateBytes, Refusal};
use relay_core::LinkId;
use rustls_pki_types::CertificateDer;
use std::sync::Arc;

/// Leaf and issuing authority.
type Chain = Arc<[CertificateDer<'static>]>;

/// An organisation whose operators may use the relay, and its revocation lists.
///
/// The relay does not know the issuing authority, which signs the lists, before an operator shows it: until
/// then a list waits.
#[derive(Clone)]
pub(crate) struct Trust {
    pub(crate) organisation: Arc<Organisation>,
    /// The one that holds.
    pub(crate) list: Option<List>,
    /// A newer one that no operator's issuing authority was seen to have signed.
    pub(crate) waiting: Option<Waiting>,
    /// Whether the relay was started with a list: without any that holds nobody is an operator then.
    needs_list: bool,
    pub(crate) witness: Option<Witness>,
    /// The number that the core knows.
    pub(crate) told: u64,
}

#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) list: List,
    /// An issuing authority that did not sign it.
    pub(crate) foreign_to: Option<CertificateDer<'static>>,
}

impl Waiting {
    pub(crate) fn new(list: List) -> Self {
        Self { list, foreign_to: None }
    }

    fn is_foreign_to(&self, issuing: Option<&CertificateDer<'static>>) -> bool {
        self.foreign_to.is_some() && self.foreign_to.as_ref() == issuing
    }
}

/// The chain of an operator, good at that moment.
#[derive(Clone)]
pub(crate) struct Witness {
    chain: Chain,
    at_s: u64,
}

impl Witness {
    /// Whether this list, which is good, revokes the operator. Asked for the moment at which all else was
    /// good, so that the answer is not that the certificate has ended since.
    pub(crate) fn is_revoked(&self, organisation: &Organisation, list: &List) -> bool {
        let verified = identity::verify_operator(organisation, &self.chain, Some(&list.der), self.at_s);
        verified == Err(OperatorError::Revoked)
    }

    pub(crate) fn issuing(&self) -> Option<&CertificateDer<'static>> {
        self.chain.get(1)
    }
}

/// What became of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    /// Not signed by the issuing authority of this chain, or not readable to the end.
    Foreign,
    /// It ended long ago.
    Ended,
}

/// Judges a list by an operator's chain.
pub(crate) fn review(organisation: &Organisation, list: &List, witness: &Witness, now_s: u64) -> Verdict {
    let verify = |at_s| identity::verify_operator(organisation, &witness.chain, Some(&list.der), at_s);
    let verified = match verify(now_s) {
        Err(OperatorError::Expired) => verify(witness.at_s),
        other => other,
    };
    match verified {
        Ok(_) | Err(OperatorError::Revoked) => Verdict::Good,
        Err(OperatorError::StaleRevocationList) => Verdict::Ended,
        Err(_) => Verdict::Foreign,
    }
}

/// What an operator has sent to prove himself.
pub(crate) struct Request {
    pub(crate) link: LinkId,
    pub(crate) chain: Vec<CertificateBytes>,
    pub(crate) signature: Blob<64>,
    pub(crate) nonce: [u8; 32],
}

/// What came of it.
pub(crate) struct Proof {
    pub(crate) result: Result<Proven, Refusal>,
    pub(crate) shown: Option<Shown>,
}

pub(crate) struct Proven {
    pub(crate) sha256: [u8; 32],
    /// By its place among the organisations.
    pub(crate) organisation: usize,
    pub(crate) witness: Witness,
    pub(crate) nameplate: Arc<Nameplate>,
    /// Of the list that it was judged by, 0 for none.
    pub(crate) list_number: u64,
}

/// What the chain of an operator has shown about the lists of his organisation.
pub(crate) struct Shown {
    pub(crate) organisation: usize,
    pub(crate) witness: Witness,
    pub(crate) waiting: Option<(List, Verdict)>,
}

/// Whether a proof holds for any organisation of this relay; the refusal that tells most if not.
pub(crate) fn verify(trusts: &[Trust], request: &Request, now_s: u64) -> Proof {
    let chain: Chain = request.chain.iter().map(|der| CertificateDer::from(der.as_slice().to_vec())).collect();
    let mut most = Refusal::NotCertified;
    for (place, trust) in trusts.iter().enumerate() {
        match identity::verify_operator(&trust.organisation, &chain, None, now_s) {
            Ok(operator) => {
                let relay = &trust.organisation.relay().name;
                if identity::verify_link(&operator.public_key, relay, &request.nonce, request.signature.as_slice()) {
                    return trust.judge(place, &operator, chain, now_s);
                }
            }
            Err(error) => match refusal(error) {
                Refusal::NotCertified => {}
                other => most = other,
            },
        }
    }
    Proof { result: Err(most), shown: None }
}

fn refusal(error: OperatorError) -> Refusal {
    match error {
        OperatorError::Expired | OperatorError::NotYetValid => Refusal::CertificateTime,
        OperatorError::Revoked => Refusal::Revoked,
        error => {
            tracing::debug!(%error, "an operator's certificate does not hold");
            Refusal::NotCertified
        }
    }
}

impl Trust {
    /// As the relay starts.
    pub(crate) fn new(organisation: Organisation, list: Option<List>) -> Self {
        let (needs_list, told) = (list.is_some(), list.as_ref().map_or(0, |list| list.number));
        let (organisation, waiting) = (Arc::new(organisation), list.map(Waiting::new));
        Self { organisation, list: None, waiting, needs_list, witness: None, told }
    }

    /// The number of the list that holds, 0 for none.
    pub(crate) fn number(&self) -> u64 {
        self.list.as_ref().map_or(0, |list| list.number)
    }

    pub(crate) fn is_waiting(&self, list: &List) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.list == *list)
    }

    /// A list that holds or waits, by its number.
    pub(crate) fn numbered(&self, number: u64) -> Option<&List> {
        let waiting = self.waiting.as_ref().map(|waiting| &waiting.list);
        self.list.as_ref().into_iter().chain(waiting).find(|list| list.number == number)
    }

    /// Whether an operator who has proven himself may still work: the certificate may have ended since, or
    /// the hours. That it was not revoked is known: he would be gone.
    pub(crate) fn check(&self, witness: &Witness, now_s: u64) -> Result<(), Refusal> {
        let operator = identity::verify_operator(&self.organisation, &witness.chain, None, now_s).map_err(refusal)?;
        self.check_hours(&operator, now_s)
    }

    fn check_hours(&self, operator: &Operator, now_s: u64) -> Result<(), Refusal> {
        let is_open = operator.profile.is_open_at(now_s, self.organisation.time_zone());
        if is_open { Ok(()) } else { Err(Refusal::OutsideHours) }
    }

    /// Judges an operator whose chain and key are good.
    fn judge(&self, place: usize, operator: &Operator, chain: Chain, now_s: u64) -> Proof {
        let witness = Witness { chain, at_s: now_s };
        let waiting = self.waiting.as_ref().filter(|waiting| !waiting.is_foreign_to(witness.issuing()));
        let waiting =
            waiting.map(|Waiting { list, .. }| (list.clone(), review(&self.organisation, list, &witness, now_s)));
        let list = match &waiting {
            Some((list, Verdict::Good)) => Some(list),
            _ => self.list.as_ref(),
        };
        let revocation = match list {
            Some(list) => identity::verify_operator(&self.organisation, &witness.chain, Some(&list.der), now_s)
                .map(drop)
                .map_err(refusal),
            None if self.needs_list => {
                let domain = self.organisation.domain();
                tracing::warn!(domain, "no revocation list can be used; operators are refused");
                Err(Refusal::NotCertified)
            }
            None => Ok(()),
        };
        let result = revocation.and_then(|()| self.check_hours(operator, now_s)).map(|()| Proven {
            sha256: operator.leaf_sha256,
            organisation: place,
            witness: witness.clone(),
            nameplate: Arc::new(Nameplate::of(&self.organisation, operator)),
            list_number: list.map_or(0, |list| list.number),
        });
        Proof { result, shown: Some(Shown { organisation: place, witness, waiting }) }
    }
}
