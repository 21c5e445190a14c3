//! `log ...`: session logs, checked and shown; needs nothing but the files.

use crate::Context;
use crate::cli::{Log, LogFormat};
use crate::failure::Failure;
use crate::files::{self, Readers};
use crate::outcome::{Found, Outcome, shown_json};
use crate::package::open_organisation;
use audit_log::export::{self, Words};
use audit_log::{Difference, Event, Report, Role, Verdict};
use i18n::{Arg, I18n};
use identity::{ORGANISATION_FILE_BYTES, Operator, verify_operator};
use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use std::path::Path;

/// Largest log, in bytes: days of a busy session.
const LOG_BYTES: usize = 64 * 1024 * 1024;
/// Columns that every terminal has.
const COLUMNS: usize = 80;

pub(crate) fn run(context: &Context<'_>, command: &Log) -> Result<Outcome, Failure> {
    match command {
        Log::Verify { file, other, organisation } => verify(context, file, other.as_deref(), organisation.as_deref()),
        Log::Show { file, format, out } => show(context, file, *format, out.as_deref()),
    }
}

/// The sentences of a log in a language, with the operator's name where it is proven.
struct Sentences<'a> {
    words: &'a I18n,
    operator: Option<String>,
}

impl Words for Sentences<'_> {
    fn say(&self, id: &str, arguments: &[(&str, &str)]) -> String {
        let arguments: Vec<(&str, Arg<'_>)> = arguments.iter().map(|(name, value)| (*name, (*value).into())).collect();
        self.words.text_with(id, &arguments)
    }

    fn operator(&self) -> String {
        self.operator.clone().unwrap_or_else(|| self.say("log-operator", &[]))
    }
}

fn read(path: &Path) -> Result<Report, Failure> {
    Ok(Report::of(files::read(path, LOG_BYTES)?))
}

fn verify(
    context: &Context<'_>,
    file: &Path,
    other: Option<&Path>,
    organisation: Option<&Path>,
) -> Result<Outcome, Failure> {
    let report = read(file)?;
    let mut holds = report.holds();
    let mut text = sentences(context, &report);
    // It has no map and no number that JSON could not write.
    let mut json = serde_json::to_value(export::summary(&report)).unwrap_or_default();
    json["log"] = json!(file);

    let copy = other.map(|path| read(path).map(|copy| (path, copy))).transpose()?;
    if let Some((path, copy)) = &copy {
        let difference = report.difference(copy);
        holds &= copy.holds() && matches!(difference, None | Some(Difference::Longer { .. }));
        if !copy.holds() {
            text.push(context.say("org-log-other", &[("file", path.display().to_string().into())]));
            text.extend(sentences(context, copy));
        }
        text.push(compared(context, difference));
        json["other"] = json!({ "log": path, "holds": copy.holds(), "difference": difference.map(difference_json) });
    }
    // Whoever changed it, nothing else of it counts.
    let one_sided = holds.then(|| one_sided(context, &report, copy.as_ref().map(|copy| &copy.1))).flatten();
    let is_one_sided = one_sided.as_ref().is_some_and(|(_, is_much)| *is_much);
    if let Some((sentence, _)) = one_sided {
        text.insert(0, sentence);
    }
    if let Some(path) = organisation {
        let proven = operator_of(&report, path)?;
        holds &= proven.is_ok();
        let (sentence, value) = match &proven {
            Ok(operator) => (
                context.say(
                    "org-log-operator",
                    &[("name", (&operator.name).into()), ("organisation", (&operator.organisation).into())],
                ),
                json!({ "proven": true, "name": operator.name, "organisation": operator.organisation,
                        "team": operator.team }),
            ),
            Err(reason) => (
                context.say("org-log-operator-unproven", &[("reason", context.say(reason, &[]).into())]),
                json!({ "proven": false, "reason": reason }),
            ),
        };
        text.push(sentence);
        if let Some(begin) = &report.begin {
            text.push(context.say("org-log-time", &[("time", export::time(begin.at_ms).into())]));
        }
        json["operator"] = value;
    }
    let found = if holds && is_one_sided { Found::OneSided } else { Found::of(holds) };
    json["holds"] = (found == Found::Good).into();
    json["one_sided"] = is_one_sided.into();
    Ok(Outcome { json, text, found })
}

/// What of a log in which nothing was changed is one side's word only, and whether that is more than how it ended.
fn one_sided(context: &Context<'_>, report: &Report, copy: Option<&Report>) -> Option<(String, bool)> {
    let last = |report: &Report| report.entries.last().map_or(0, |entry| entry.number);
    let last = copy.map_or(0, last).max(last(report));
    let has_signed = |by| [Some(report), copy].into_iter().flatten().any(|copy| copy.signed.contains_key(&by));
    match report.vouched_for_by_both(copy) {
        Some(number) if number == last => None,
        Some(number @ 1..) => {
            let all = [Some(report), copy].into_iter().flatten().flat_map(|copy| &copy.entries);
            let says_what_was_done =
                all.filter(|entry| entry.number > number).any(|entry| !is_of_the_end(&entry.event));
            Some((context.say("org-log-half-signed", &[("number", number.into())]), says_what_was_done))
        }
        Some(0) => Some((context.say("org-log-beginning-signed", &[]), true)),
        None => {
            let id = match (has_signed(Role::Agent), has_signed(Role::Console)) {
                (true, _) => "org-log-one-sided-agent",
                (false, true) => "org-log-one-sided-console",
                (false, false) => "org-log-unsigned",
            };
            Some((context.say(id, &[]), true))
        }
    }
}

/// What an honest log has after the last signature of both where the line was lost or the person left.
const fn is_of_the_end(event: &Event) -> bool {
    use Event::{ConsoleClock, Ended, Link, Rated, Removed};
    matches!(event, Ended { .. } | Rated { .. } | Removed { .. } | Link { .. } | ConsoleClock { .. })
}

/// The verdict, then what was found.
fn sentences(context: &Context<'_>, report: &Report) -> Vec<String> {
    let id = match report.verdict() {
        Verdict::Whole => "log-verdict-whole",
        Verdict::Incomplete => "log-verdict-incomplete",
        Verdict::Changed => "log-verdict-changed",
        Verdict::Unknown => "log-verdict-unknown",
    };
    let findings = export::findings(report, &Sentences { words: context.words, operator: None });
    let findings = findings.into_iter().map(|finding| format!("- {finding}"));
    [context.say(id, &[])].into_iter().chain(findings).collect()
}

fn compared(context: &Context<'_>, difference: Option<Difference>) -> String {
    match difference {
        None => context.say("org-log-same", &[]),
        Some(Difference::OtherSession) => context.say("org-log-other-session", &[]),
        Some(Difference::Entry(number)) => context.say("org-log-differs", &[("number", number.into())]),
        Some(Difference::Longer { first: true, from }) => {
            context.say("org-log-longer-first", &[("number", from.into())])
        }
        Some(Difference::Longer { first: false, from }) => {
            context.say("org-log-longer-other", &[("number", from.into())])
        }
    }
}

fn difference_json(difference: Difference) -> Value {
    match difference {
        Difference::OtherSession => json!({ "what": "other_session" }),
        Difference::Entry(number) => json!({ "what": "entry", "number": number }),
        Difference::Longer { first, from } => json!({ "what": "longer", "first": first, "from": from }),
    }
}

/// Who the operator was, if the organisation stood behind them when the session was; else the id of the
/// sentence that says why not. Whether the certificate was revoked by then, a log cannot say.
fn operator_of(report: &Report, path: &Path) -> Result<Result<Operator, &'static str>, Failure> {
    let bytes = files::read(path, ORGANISATION_FILE_BYTES)?;
    let Some(begin) = &report.begin else { return Ok(Err("org-log-no-beginning")) };
    // By the agent's clock, at the session's time: certificates of old sessions have ended since.
    let at_s = begin.at_ms / 1000;
    let organisation = open_organisation(path, &bytes, at_s)?;
    let chain: Vec<CertificateDer<'_>> =
        report.certificates.iter().take(2).map(|der| CertificateDer::from(der.as_slice())).collect();
    if chain.is_empty() {
        return Ok(Err("org-log-no-certificates"));
    }
    Ok(match verify_operator(&organisation, &chain, None, at_s) {
        Ok(operator) if operator.public_key == begin.operator_key.0 => Ok(operator),
        Ok(_) => Err("org-log-other-key"),
        Err(_) => Err("org-log-not-theirs"),
    })
}

fn show(context: &Context<'_>, file: &Path, format: LogFormat, out: Option<&Path>) -> Result<Outcome, Failure> {
    let report = read(file)?;
    let words = Sentences { words: context.words, operator: None };
    let document = match format {
        LogFormat::Text => export::text_within(&report, &words, COLUMNS),
        LogFormat::Html => export::html(&report, &words),
        LogFormat::Json => shown_json(&export::json(&report)),
    };
    let holds = report.holds();
    let found = Found::of(holds);
    let Some(out) = out else {
        let mut json = json!({ "log": file, "holds": holds });
        if !context.json {
            return Ok(Outcome { json, text: vec![document], found });
        }
        json["document"] = document.into();
        return Ok(Outcome { json, text: Vec::new(), found });
    };
    files::write(out, document.as_bytes(), Readers::Owner)?;
    let text = context.say("org-log-written", &[("file", out.display().to_string().into())]);
    Ok(Outcome { json: json!({ "log": file, "holds": holds, "document": out }), text: vec![text], found })
}
