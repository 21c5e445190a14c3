//! Judges operators and revocation lists, off the task that decides, and remembers who is here.

use crate::lists::{List, Record};
use crate::portal::Nameplate;
use crate::settings::Clock;
use crate::trust::{Proof, Proven, Request, Shown, Trust, Verdict, Waiting, Witness, review, verify};
use proto::Blob;
use proto::limits::REVOCATIONS_PART_BYTES;
use proto::relay::{Refusal, RelayToEnd};
use rand::rngs::StdRng;
use relay_core::{LinkId, OperatorProof, RelayCore};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinSet, spawn_blocking};

/// Operators' proofs and lists that are judged at a time; others wait their turn.
const AT_A_TIME: usize = 4;
/// Operators that are remembered before those who are gone are looked for.
const OPERATORS: usize = 64;

/// An operator who is here.
struct Known {
    organisation: usize,
    witness: Witness,
    nameplate: Arc<Nameplate>,
    /// Of the newest list that does not revoke him.
    list_number: u64,
}

/// Something that was judged.
pub(crate) struct Judged(Work);

enum Work {
    Proof(Request, Proof),
    /// The judging itself failed.
    Failed(LinkId),
    Reviewed {
        organisation: usize,
        witness: Witness,
        list: List,
        verdict: Verdict,
    },
    /// All operators of the organisation by a list that holds from now on.
    Sifted {
        organisation: usize,
        number: u64,
        revoked: Vec<[u8; 32]>,
        held: Vec<[u8; 32]>,
    },
    Nothing,
}

/// Everything that the relay knows of organisations and operators.
pub(crate) struct Judge {
    /// Shared with what is being judged, replaced when it changes.
    trusts: Arc<Vec<Trust>>,
    operators: HashMap<[u8; 32], Known>,
    prune_at: usize,
    works: JoinSet<Work>,
    turns: Arc<Semaphore>,
    clock: Clock,
    records: watch::Sender<Vec<Record>>,
    lists_refused: Arc<AtomicUsize>,
}

impl Judge {
    /// Knows nobody yet; tells `records` since when which list holds, and counts those that are refused.
    pub(crate) fn new(
        trusts: Vec<Trust>,
        clock: Clock,
        records: watch::Sender<Vec<Record>>,
        lists_refused: Arc<AtomicUsize>,
    ) -> Self {
        let (trusts, turns) = (Arc::new(trusts), Arc::new(Semaphore::new(AT_A_TIME)));
        let (operators, works) = (HashMap::new(), JoinSet::new());
        Self { trusts, operators, prune_at: OPERATORS, works, turns, clock, records, lists_refused }
    }

    fn trust(&mut self, organisation: usize) -> Option<&mut Trust> {
        Arc::make_mut(&mut self.trusts).get_mut(organisation)
    }

    /// Judges in the background; [`Self::judged`] gives what came of it.
    fn spawn(&mut self, work: impl FnOnce() -> Work + Send + 'static, otherwise: Work) {
        let turns = self.turns.clone();
        self.works.spawn(async move {
            let _turn = turns.acquire().await;
            spawn_blocking(work).await.unwrap_or(otherwise)
        });
    }

    /// Judges a proof.
    pub(crate) fn prove(&mut self, request: Request) {
        let (trusts, now_s, link) = (self.trusts.clone(), (self.clock)(), request.link);
        let work = move || {
            let proof = verify(&trusts, &request, now_s);
            Work::Proof(request, proof)
        };
        self.spawn(work, Work::Failed(link));
    }

    /// See [`Trust::check`].
    pub(crate) fn check(&self, operator: &[u8; 32]) -> Result<(), Refusal> {
        let known = self.operators.get(operator).ok_or(Refusal::NotCertified)?;
        let trust = self.trusts.get(known.organisation).ok_or(Refusal::NotCertified)?;
        trust.check(&known.witness, (self.clock)())
    }

    /// What may be said of an operator who is here.
    pub(crate) fn nameplate(&self, operator: &[u8; 32]) -> Option<Arc<Nameplate>> {
        self.operators.get(operator).map(|known| known.nameplate.clone())
    }

    /// A part of the list of an organisation.
    pub(crate) fn part(&self, organisation: usize, from: u32) -> RelayToEnd {
        let list = self.trusts.get(organisation).and_then(|trust| trust.list.as_ref());
        let der: &[u8] = list.map_or(&[], |list| &list.der);
        let begin = usize::try_from(from).unwrap_or(usize::MAX).min(der.len());
        let end = begin.saturating_add(REVOCATIONS_PART_BYTES).min(der.len());
        let part = der.get(begin..end).and_then(|part| Blob::new(part).ok()).unwrap_or_default();
        let total_bytes = u32::try_from(der.len()).unwrap_or(u32::MAX);
        RelayToEnd::Revocations { number: list.map_or(0, |list| list.number), total_bytes, from, part }
    }

    /// The next thing that was judged; `None` while nothing is.
    pub(crate) async fn judged(&mut self) -> Option<Judged> {
        self.works.join_next().await.map(|work| Judged(work.unwrap_or(Work::Nothing)))
    }

    /// Acts on what was judged. Gives the link whose proof was decided on.
    pub(crate) fn settle(&mut self, judged: Judged, core: &mut RelayCore<StdRng>, now: Instant) -> Option<LinkId> {
        match judged.0 {
            Work::Proof(request, proof) => self.proven(request, proof, core, now),
            Work::Failed(link) => {
                core.handle_proved(now, link, Err(Refusal::NotCertified));
                Some(link)
            }
            Work::Reviewed { organisation, witness, list, verdict } => {
                self.reviewed(organisation, &witness, list, verdict, core, now);
                None
            }
            Work::Sifted { organisation, number, revoked, held } => {
                tracing::info!(number, revoked = revoked.len(), held = held.len(), "operators were sifted");
                for operator in revoked {
                    self.operators.remove(&operator);
                    core.handle_revoked(now, operator);
                }
                for operator in held {
                    if let Some(known) = self.operators.get_mut(&operator) {
                        known.list_number = known.list_number.max(number);
                    }
                }
                self.tell_newer(organisation, number, core, now);
                None
            }
            Work::Nothing => None,
        }
    }

    fn proven(&mut self, request: Request, proof: Proof, core: &mut RelayCore<StdRng>, now: Instant) -> Option<LinkId> {
        if let Some(Shown { organisation, witness, waiting }) = proof.shown {
            if let Some((list, verdict)) = waiting {
                self.reviewed(organisation, &witness, list, verdict, core, now);
            }
            if let Some(trust) = self.trust(organisation) {
                trust.witness = Some(witness);
            }
        }
        let link = request.link;
        let result = match proof.result {
            Ok(Proven { sha256, organisation, witness, nameplate, list_number }) => {
                if list_number < self.trusts.get(organisation).map_or(0, Trust::number) {
                    // A newer list came meanwhile.
                    self.prove(request);
                    return None;
                }
                self.operators.insert(sha256, Known { organisation, witness, nameplate, list_number });
                Ok(OperatorProof { sha256, organisation })
            }
            Err(refusal) => Err(refusal),
        };
        core.handle_proved(now, link, result);
        if self.operators.len() >= self.prune_at {
            let here = core.operators();
            self.operators.retain(|operator, _| here.contains(operator));
            self.prune_at = (2 * self.operators.len()).max(OPERATORS);
        }
        Some(link)
    }

    /// A list was read from the file of an organisation.
    pub(crate) fn take_list(&mut self, organisation: usize, list: List, core: &mut RelayCore<StdRng>, now: Instant) {
        let now_s = (self.clock)();
        let Some(trust) = self.trust(organisation) else { return };
        if trust.list.as_ref() == Some(&list) || trust.is_waiting(&list) {
            return;
        }
        let (domain, number, holds) = (trust.organisation.domain(), list.number, trust.number());
        if number <= holds {
            tracing::warn!(
                domain,
                number,
                holds,
                "a revocation list was refused, as it is not newer; the one before stays"
            );
            self.lists_refused.fetch_add(1, Ordering::Relaxed);
            return;
        }
        trust.waiting = Some(Waiting::new(list.clone()));
        let Some(witness) = trust.witness.clone() else {
            tracing::info!(domain, number, "a revocation list waits for the first operator to show who signs them");
            return self.tell(organisation, number, core, now);
        };
        let by = trust.organisation.clone();
        let work = move || {
            let verdict = review(&by, &list, &witness, now_s);
            Work::Reviewed { organisation, witness, list, verdict }
        };
        self.spawn(work, Work::Nothing);
    }

    /// A waiting list was judged.
    fn reviewed(
        &mut self,
        organisation: usize,
        witness: &Witness,
        list: List,
        verdict: Verdict,
        core: &mut RelayCore<StdRng>,
        now: Instant,
    ) {
        let Some(trust) = self.trust(organisation).filter(|trust| trust.is_waiting(&list)) else { return };
        let (domain, number, holds, told) = (trust.organisation.domain(), list.number, trust.number(), trust.told);
        match verdict {
            Verdict::Good => return self.adopt(organisation, list, core, now),
            Verdict::Ended => {
                tracing::warn!(
                    domain,
                    number,
                    "a revocation list was refused, as it ended long ago; the one before stays"
                );
                trust.waiting = None;
            }
            Verdict::Foreign => {
                tracing::warn!(
                    domain,
                    number,
                    "a revocation list was refused, as the operator's issuing authority did not sign it; the one before stays"
                );
                // Another operator may have a newer issuing authority.
                if let Some(waiting) = &mut trust.waiting {
                    waiting.foreign_to = witness.issuing().cloned();
                }
            }
        }
        self.lists_refused.fetch_add(1, Ordering::Relaxed);
        if told == number {
            // It was told of when nobody could judge it.
            self.tell(organisation, holds, core, now);
        }
    }

    /// From now on this list holds.
    fn adopt(&mut self, organisation: usize, list: List, core: &mut RelayCore<StdRng>, now: Instant) {
        let Some(trust) = self.trust(organisation) else { return };
        let number = list.number;
        (trust.list, trust.waiting) = (Some(list.clone()), None);
        tracing::info!(domain = trust.organisation.domain(), number, "a revocation list holds from now on");
        let by = trust.organisation.clone();
        let is_unsifted = |known: &Known| known.organisation == organisation && known.list_number < number;
        let unsifted: Vec<([u8; 32], Witness)> = self
            .operators
            .iter()
            .filter(|(_, known)| is_unsifted(known))
            .map(|(operator, known)| (*operator, known.witness.clone()))
            .collect();
        if unsifted.is_empty() {
            return self.tell_newer(organisation, number, core, now);
        }
        let work = move || {
            let (mut revoked, mut held) = (Vec::new(), Vec::new());
            for (operator, witness) in unsifted {
                if witness.is_revoked(&by, &list) { &mut revoked } else { &mut held }.push(operator);
            }
            Work::Sifted { organisation, number, revoked, held }
        };
        self.spawn(work, Work::Nothing);
    }

    /// Tells the core of a list after its operators were sifted: whoever is given a ticket from then on was
    /// not revoked by it.
    fn tell_newer(&mut self, organisation: usize, number: u64, core: &mut RelayCore<StdRng>, now: Instant) {
        if self.trusts.get(organisation).is_some_and(|trust| trust.told < number) {
            self.tell(organisation, number, core, now);
        }
    }

    /// Tells the core the number of an organisation's list.
    fn tell(&mut self, organisation: usize, number: u64, core: &mut RelayCore<StdRng>, now: Instant) {
        let Some(trust) = self.trust(organisation).filter(|trust| trust.told != number) else { return };
        trust.told = number;
        let (root, list) = (trust.organisation.root_sha256(), trust.numbered(number).cloned());
        let since_s = core.handle_list(now, organisation, number);
        self.records.send_modify(|records| {
            records.retain(|record| !record.is_of(&root));
            records.extend(list.map(|list| Record::new(&root, &list, since_s)));
        });
    }
}
