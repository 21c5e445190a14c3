//! Checks a finished log, and compares the copies of both ends; needs nothing but the bytes.

use crate::chain::{link, read};
use crate::key::{holds, operator_proof_holds};
use crate::{Begin, Commitment, Difference, Entry, Event, FORMAT, Finding, Hex, Line, Role, Signature, Verdict, hex};
use ring::digest;
use std::collections::{BTreeMap, HashSet};

/// Most findings that a report lists.
pub const FINDINGS: usize = 1000;

/// What a log holds and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The first line.
    pub begin: Option<Begin>,
    /// The entries in the order in which they are there, also those that do not hold.
    pub entries: Vec<Entry>,
    /// The texts that are there, by what the entries say of them.
    pub texts: BTreeMap<Commitment, String>,
    /// The operator's certificate and those that vouch for it, DER, the operator's first; empty if they were left
    /// out. What the first is, is checked; that the organisation stands behind it, and that its key is the first
    /// line's `operator_key`, is for whoever knows the organisation.
    pub certificates: Vec<Vec<u8>>,
    /// The last entry that each end vouched for with a signature that holds, 0 for the first line alone; none
    /// without one.
    pub signed: BTreeMap<Role, u64>,
    /// What is wrong: first what is in one place, in the order of the lines. At most [`FINDINGS`], those that were
    /// found first: a file that is no log has one for each of its lines.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub findings_left_out: u64,
    /// The first line of those that are left out and mean that somebody changed the log.
    pub tampering_left_out: Option<usize>,
}

/// What is carried from line to line.
#[derive(Default)]
struct Reading {
    report: Report,
    /// The chain's hash after each number, as far as entries follow from each other.
    heads: Vec<Hex<32>>,
    broken: bool,
    /// What the next entry is due to say, going by the entry before it alone: so one change is found once.
    due: Option<Hex<32>>,
    expected: u64,
    texts: Vec<(usize, Commitment)>,
}

impl Report {
    /// Reads a whole log. In time and memory that grow with its length.
    #[must_use]
    pub fn of(log: impl AsRef<[u8]>) -> Self {
        let mut reading = Reading { expected: 1, ..Reading::default() };
        for (number, line) in (1..).zip(log.as_ref().split_inclusive(|byte| *byte == b'\n')) {
            let Some(line) = line.strip_suffix(b"\n") else {
                reading.report.found(Finding::CutShort(number));
                break;
            };
            if number > 1 {
                reading.line(number, line);
            } else if let Err(finding) = reading.first(line) {
                reading.report.found(finding);
                return reading.report;
            }
        }
        reading.finish()
    }

    /// Whether nothing in it was changed. It may still be incomplete: see [`Report::verdict`].
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self.verdict(), Verdict::Whole | Verdict::Incomplete)
    }

    /// What all findings come to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.begin.is_none() {
            Verdict::Unknown
        } else if self.first_divergence().is_some() {
            Verdict::Changed
        } else if self.findings.is_empty() && self.findings_left_out == 0 {
            Verdict::Whole
        } else {
            Verdict::Incomplete
        }
    }

    /// Up to which entry both ends vouched for the log, in this copy or in `other`, which must tell the same as far as
    /// both go. `None` if one of them never did, 0 if for its beginning only. What follows is the word of whoever had
    /// the log, and so is all of it where there is nothing before.
    #[must_use]
    pub fn vouched_for_by_both(&self, other: Option<&Self>) -> Option<u64> {
        let by = |role| [Some(self), other].into_iter().flatten().filter_map(|copy| copy.signed.get(&role)).max();
        by(Role::Agent).min(by(Role::Console)).copied()
    }

    /// The first line, from 1, at which it shows that something was changed; the change is there or before it.
    #[must_use]
    pub fn first_divergence(&self) -> Option<usize> {
        let listed = self.findings.iter().filter(|finding| finding.is_tampering()).filter_map(Finding::line);
        listed.chain(self.tampering_left_out).min()
    }

    fn found(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS {
            self.findings.push(finding);
            return;
        }
        self.findings_left_out = self.findings_left_out.saturating_add(1);
        if finding.is_tampering() {
            self.tampering_left_out = self.tampering_left_out.into_iter().chain(finding.line()).min();
        }
    }

    /// The personal text that goes with what happened, if there is one and it is still there.
    #[must_use]
    pub fn text_of(&self, event: &Event) -> Option<&str> {
        self.texts.get(&event.commitment()?).map(String::as_str)
    }

    /// The first place at which two copies differ; `None` if they tell the same.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        if self.begin != other.begin {
            return Some(Difference::OtherSession);
        }
        if let Some((one, other)) = self.entries.iter().zip(&other.entries).find(|(one, other)| one != other) {
            return Some(Difference::Entry(one.number.min(other.number)));
        }
        let (first, longer, common) = if self.entries.len() > other.entries.len() {
            (true, &self.entries, other.entries.len())
        } else {
            (false, &other.entries, self.entries.len())
        };
        longer.get(common).map(|entry| Difference::Longer { first, from: entry.number })
    }
}

/// What can be kept of a log that was being written when the program or the machine stopped: how many bytes from
/// its beginning are whole lines, and what the log says. Whoever goes on with it cuts it off there first.
#[must_use]
pub fn recover(log: &[u8]) -> (usize, Report) {
    let whole = log.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    (whole, Report::of(log))
}

impl Reading {
    fn first(&mut self, line: &[u8]) -> Result<(), Finding> {
        // A newer first line may have more in it than we can read; its format is then the only thing to tell.
        if let Some(format) = format_of(line).filter(|format| *format != FORMAT) {
            return Err(Finding::Format(format));
        }
        let Ok(Line::Begin(begin)) = read(line) else { return Err(Finding::NoBeginning) };
        if !operator_proof_holds(&begin) {
            self.report.found(Finding::OperatorProof);
        }
        let head = link(None, line);
        self.heads.push(head);
        self.due = Some(head);
        self.report.begin = Some(begin);
        Ok(())
    }

    fn line(&mut self, number: usize, line: &[u8]) {
        match read(line) {
            Ok(Line::Entry(entry)) => self.entry(number, entry, line),
            Ok(Line::Signature(signature)) => self.signature(number, &signature),
            Ok(Line::Opening(opening)) => {
                self.texts.push((number, opening.commitment()));
                self.report.texts.insert(opening.commitment(), opening.text().to_owned());
            }
            Ok(Line::Certificates(chain)) => self.certificates(number, &chain),
            Ok(Line::Begin(_)) => self.report.found(Finding::SecondBeginning(number)),
            Err(_) => self.report.found(Finding::NotALine(number)),
        }
    }

    fn entry(&mut self, line: usize, entry: Entry, text: &[u8]) {
        let (expected, found) = (self.expected, entry.number);
        if found != expected {
            self.report.found(Finding::Number { line, expected, found });
            self.broken = true;
        } else if self.due != Some(entry.before) {
            self.report.found(Finding::Changed(line));
            self.broken = true;
        }
        let head = link(Some(entry.before), text);
        if !self.broken {
            self.heads.push(head);
        }
        self.due = Some(head);
        self.expected = found.saturating_add(1);
        let named = self.report.begin.as_ref().map(|begin| begin.operator_certificate);
        if matches!(entry.event, Event::Operator { certificate_sha256, .. } if Some(certificate_sha256) != named) {
            self.report.found(Finding::OtherOperator(line));
        }
        self.report.entries.push(entry);
    }

    fn signature(&mut self, line: usize, signature: &Signature) {
        let by = signature.by;
        let key = self.report.begin.as_ref().map(|begin| match by {
            Role::Agent => begin.agent_key,
            Role::Console => begin.console_key,
        });
        let head = usize::try_from(signature.number).ok().and_then(|number| self.heads.get(number));
        match (key, head) {
            (Some(key), Some(head)) if holds(signature, &key, *head) => {
                let signed = self.report.signed.entry(by).or_default();
                *signed = signature.number.max(*signed);
            }
            _ => self.report.found(Finding::Signature { line, by }),
        }
    }

    fn certificates(&mut self, line: usize, chain: &[String]) {
        let Some(chain) = chain.iter().map(|digits| hex::bytes(digits)).collect::<Option<Vec<_>>>() else {
            self.report.found(Finding::NotALine(line));
            return;
        };
        let sha256 = chain.first().map(|leaf| digest::digest(&digest::SHA256, leaf));
        let named = self.report.begin.as_ref().map(|begin| begin.operator_certificate.0);
        if sha256.as_ref().map(AsRef::as_ref) != named.as_ref().map(<[u8; 32]>::as_slice) {
            self.report.found(Finding::Certificate(line));
        } else if self.report.certificates.is_empty() {
            self.report.certificates = chain;
        }
    }

    fn finish(self) -> Report {
        let Self { mut report, texts, .. } = self;
        if report.begin.is_none() {
            report.found(Finding::Empty);
            return report;
        }
        let known: HashSet<_> = report.entries.iter().filter_map(|entry| entry.event.commitment()).collect();
        let strays = texts.into_iter().filter(|(_, commitment)| !known.contains(commitment));
        strays.for_each(|(line, _)| report.found(Finding::Stray(line)));
        report.texts.retain(|commitment, _| known.contains(commitment));
        let last = report.entries.last().map_or(0, |entry| entry.number);
        for by in [Role::Agent, Role::Console] {
            let from = report.signed.get(&by).map_or(0, |number| number.saturating_add(1));
            if from <= last {
                report.found(Finding::Unsigned { by, from });
            }
        }
        if !report.entries.iter().any(|entry| matches!(entry.event, Event::Ended { .. })) {
            report.found(Finding::NoEnd);
        }
        report.findings.sort_by_key(|finding| finding.line().unwrap_or(usize::MAX));
        report
    }
}

/// What a first line of whatever program says about its format.
fn format_of(line: &[u8]) -> Option<u32> {
    #[derive(serde::Deserialize)]
    struct First {
        begin: Format,
    }
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    if line.len() > crate::CERTIFICATES_LINE_BYTES {
        return None;
    }
    serde_json::from_slice::<First>(line).ok().map(|first| first.begin.format)
}
