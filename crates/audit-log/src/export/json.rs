//! The log as one JSON document for other programs, its texts joined in and what was found beside it.

use super::time;
use crate::hex;
use crate::{Begin, Event, Finding, Hex, Report, Role, Verdict};
use serde::Serialize;

#[derive(Serialize)]
struct Summary {
    holds: bool,
    verdict: &'static str,
    first_divergence: Option<usize>,
    signed_up_to: SignedUpTo,
    findings: Vec<Found>,
    findings_left_out: u64,
    session: Option<Hex<16>>,
    begun: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    summary: Summary,
    begin: Option<&'a Begin>,
    certificates: Vec<String>,
    entries: Vec<Happened<'a>>,
}

#[derive(Serialize)]
struct SignedUpTo {
    agent: Option<u64>,
    console: Option<u64>,
}

#[derive(Serialize, Default)]
struct Found {
    what: &'static str,
    changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<u32>,
}

#[derive(Serialize)]
struct Happened<'a> {
    number: u64,
    at: String,
    at_ms: u64,
    before: Hex<32>,
    event: &'a Event,
    /// What the event's commitment was made to, if it is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

/// What a check came to, without what happened; its fields are the first of [`json`]'s.
#[must_use]
pub fn summary(report: &Report) -> impl Serialize + use<> {
    summarise(report)
}

fn summarise(report: &Report) -> Summary {
    Summary {
        holds: report.holds(),
        verdict: match report.verdict() {
            Verdict::Whole => "whole",
            Verdict::Incomplete => "incomplete",
            Verdict::Changed => "changed",
            Verdict::Unknown => "unknown",
        },
        first_divergence: report.first_divergence(),
        signed_up_to: SignedUpTo {
            agent: report.signed.get(&Role::Agent).copied(),
            console: report.signed.get(&Role::Console).copied(),
        },
        findings: report.findings.iter().map(found).collect(),
        findings_left_out: report.findings_left_out,
        session: report.begin.as_ref().map(Begin::session),
        begun: report.begin.as_ref().map(|begin| time(begin.at_ms)),
    }
}

/// The log, its texts joined in, what was found, and how far each end vouched for it.
#[must_use]
pub fn json(report: &Report) -> String {
    let document = Document {
        summary: summarise(report),
        begin: report.begin.as_ref(),
        certificates: report.certificates.iter().map(|der| hex::digits(der)).collect(),
        entries: report
            .entries
            .iter()
            .map(|entry| Happened {
                number: entry.number,
                at: time(entry.at_ms),
                at_ms: entry.at_ms,
                before: entry.before,
                event: &entry.event,
                text: report.text_of(&entry.event),
            })
            .collect(),
    };
    // These types have no map and no number that JSON could not write.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn found(finding: &Finding) -> Found {
    let found = |what| Found { what, changed: finding.is_tampering(), line: finding.line(), ..Found::default() };
    match *finding {
        Finding::Empty => found("empty"),
        Finding::NoBeginning => found("no_beginning"),
        Finding::Format(format) => Found { format: Some(format), ..found("format") },
        Finding::OperatorProof => found("operator_proof"),
        Finding::NotALine(_) => found("not_a_line"),
        Finding::SecondBeginning(_) => found("second_beginning"),
        Finding::CutShort(_) => found("cut_short"),
        Finding::Number { expected, found: number, .. } => {
            Found { expected: Some(expected), found: Some(number), ..found("number") }
        }
        Finding::Changed(_) => found("changed"),
        Finding::Signature { by, .. } => Found { by: Some(by), ..found("signature") },
        Finding::Stray(_) => found("stray"),
        Finding::Certificate(_) => found("certificate"),
        Finding::OtherOperator(_) => found("other_operator"),
        Finding::Unsigned { by, from } => Found { by: Some(by), from: Some(from), ..found("unsigned") },
        Finding::NoEnd => found("no_end"),
    }
}
