//! `operator ...`: who may help in the organisation's name.

use crate::Context;
use crate::cli::{Operator, OperatorAdd, OperatorRenew, OperatorRevoke};
use crate::failure::Failure;
use crate::files::{self, Readers};
use crate::init::{issue, serial};
use crate::issuing;
use crate::outcome::{Found, Outcome, day, moment, shown, table};
use crate::publish::{list_json, list_text, sign_list};
use crate::state::{CertificateRecord, OperatorRecord, Standing, State, content_of};
use crate::values::{is_name, to_hex, yes_or_no};
use identity::{
    Authority, ENROLMENT_REQUEST_BYTES, Enrolment, EnrolmentError, EnrolmentRequest, ORGANISATION_FILE_BYTES,
    OperatorRequest, Organisation, OrganisationError, issue_operator,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Certificates with fewer days are marked.
const SOON_DAYS: u64 = 7;
const DAY_S: u64 = 24 * 60 * 60;
/// For how long somebody whose certificate ended counts as forgotten and not as gone, in seconds.
const FORGOTTEN_S: u64 = 30 * DAY_S;

pub(crate) fn run(context: &mut Context<'_>, command: &Operator) -> Result<Outcome, Failure> {
    match command {
        Operator::Add(add) => self::add(context, add),
        Operator::List { expiring } => list(context, *expiring),
        Operator::Show { who } => show(context, who),
        Operator::Renew(renew) => self::renew(context, renew),
        Operator::Revoke(revoke) => self::revoke(context, revoke),
    }
}

fn add(context: &mut Context<'_>, add: &OperatorAdd) -> Result<Outcome, Failure> {
    let (_lock, mut state) = context.change()?;
    let request = open_request(&add.request)?;
    state.profile(&add.profile)?;
    check_team(&state, add.team.as_deref())?;
    let name = add.name.as_deref().unwrap_or(&request.name).trim().to_owned();
    check_new(&state, &name, &request.public_key)?;
    let file = context.organisation_file()?;
    if !add.yes {
        let fingerprint = request.fingerprint();
        context.confirm("org-ask-fingerprint", &[("name", &name), ("fingerprint", &fingerprint)])?;
    }
    let authority = context.issuing(&state.issuing.clone(), add.issuing.passphrase_file.as_deref())?;
    state.operators.push(OperatorRecord {
        name: name.clone(),
        team: add.team.clone(),
        profile: add.profile.clone(),
        public_key: request.public_key,
        certificates: Vec::new(),
    });
    let at = state.operators.len() - 1;
    let (answers, list) = certify(context, &mut state, &authority, &[at], &file)?;
    // The state first: no certificate is ever out that cannot be revoked.
    state.save(&context.folder)?;
    context.write_list(&list)?;
    write_answers(&answers, |_| add.out.clone())?;

    let operator = &state.operators[at];
    let ends = day(operator.ends_s(), &state.file.time_zone);
    let text = context.say(
        "org-operator-added",
        &[
            ("name", (&operator.name).into()),
            ("profile", (&operator.profile).into()),
            ("ends", ends.into()),
            ("file", add.out.display().to_string().into()),
        ],
    );
    let mut json = operator_json(operator, context.now_s);
    json["answer"] = json!(add.out);
    Ok(Outcome::new(json, [text].into_iter().chain(issuing::warning(context, &state)).collect()))
}

fn open_request(path: &Path) -> Result<EnrolmentRequest, Failure> {
    let bytes = files::read(path, ENROLMENT_REQUEST_BYTES)?;
    EnrolmentRequest::open(&bytes).map_err(|error| {
        let code = match error {
            EnrolmentError::Newer => "request-newer",
            EnrolmentError::BadName => "name",
            EnrolmentError::BadSignature => "request-signature",
            EnrolmentError::NotAnEnrolment
            | EnrolmentError::Organisation(_)
            | EnrolmentError::Operator(_)
            | EnrolmentError::KeyMismatch => "not-a-request",
        };
        Failure::new(code).with("file", path.display())
    })
}

fn check_team(state: &State, team: Option<&str>) -> Result<(), Failure> {
    match team {
        Some(team) if !state.teams.contains(team) => {
            let teams: Vec<&str> = state.teams.iter().map(String::as_str).collect();
            Err(Failure::new("no-team").with("name", team).with("names", teams.join(", ")))
        }
        _ => Ok(()),
    }
}

/// One key is one person, and nobody is to be taken for somebody else of the same name.
fn check_new(state: &State, name: &str, public_key: &[u8; 32]) -> Result<(), Failure> {
    if !is_name(name) {
        return Err(Failure::new("name"));
    }
    for operator in &state.operators {
        if operator.public_key == *public_key {
            let code = if operator.is_revoked() { "key-revoked" } else { "key-known" };
            return Err(Failure::new(code).with("name", &operator.name));
        }
        if operator.name.to_lowercase() == name.to_lowercase() && !operator.is_revoked() {
            return Err(Failure::new("name-taken").with("name", name));
        }
    }
    Ok(())
}

fn renew(context: &mut Context<'_>, renew: &OperatorRenew) -> Result<Outcome, Failure> {
    let (_lock, mut state) = context.change()?;
    check_team(&state, renew.team.as_deref())?;
    let places = match (&renew.who, renew.expiring) {
        (Some(who), _) => vec![state.find(who)?],
        (None, days) => soon(&state, days.unwrap_or_default(), context.now_s),
    };
    if let Some(gone) = places.iter().map(|at| &state.operators[*at]).find(|operator| operator.is_revoked()) {
        return Err(Failure::new("revoked").with("name", &gone.name));
    }
    let mut revoked = Vec::with_capacity(places.len());
    for at in &places {
        revoked.push(change(&mut state, *at, renew, context.now_s)?);
    }
    if places.is_empty() {
        return Ok(Outcome::new(json!({ "operators": [] }), vec![context.say("org-nobody-expires", &[])]));
    }
    let file = context.organisation_file()?;
    let authority = context.issuing(&state.issuing.clone(), renew.issuing.passphrase_file.as_deref())?;
    let (answers, list) = certify(context, &mut state, &authority, &places, &file)?;
    state.save(&context.folder)?;
    let list_path = context.write_list(&list)?;
    if let Some(folder) = &renew.out_dir {
        files::make_folder(folder)?;
    }
    let paths = write_answers(&answers, |at| match (&renew.out, &renew.out_dir) {
        (Some(out), _) => out.clone(),
        (None, folder) => folder.clone().unwrap_or_default().join(answer_name(&state.operators[at])),
    })?;

    let mut text = Vec::new();
    let mut json = Vec::new();
    for ((at, path), revoked) in paths.into_iter().zip(&revoked) {
        let operator = &state.operators[at];
        text.push(context.say(
            "org-operator-renewed",
            &[
                ("name", (&operator.name).into()),
                ("ends", day(operator.ends_s(), &state.file.time_zone).into()),
                ("file", path.display().to_string().into()),
            ],
        ));
        if *revoked > 0 {
            let args = [("name", (&operator.name).into()), ("count", (*revoked).into())];
            text.push(context.say("org-operator-changed", &args));
        }
        let mut entry = operator_json(operator, context.now_s);
        entry["answer"] = json!(path);
        entry["revoked_now"] = json!(revoked);
        json.push(entry);
    }
    if revoked.iter().any(|count| *count > 0) {
        text.push(list_text(context, &state, &list_path));
    }
    text.extend(issuing::warning(context, &state));
    let list = list_json(&state, &list_path, context.now_s);
    Ok(Outcome::new(json!({ "operators": json, "list": list }), text))
}

/// Gives an operator the profile and the team of a renewal. Certificates with others are revoked, or what was taken
/// away would stay until they end; says how many.
fn change(state: &mut State, at: usize, renew: &OperatorRenew, now_s: u64) -> Result<usize, Failure> {
    let operator = &state.operators[at];
    let profile = renew.profile.as_ref().unwrap_or(&operator.profile).clone();
    let team = renew.team.clone().or_else(|| operator.team.clone());
    let content = content_of(state.profile(&profile)?, team.as_deref());
    let is_moved = profile != operator.profile || team != operator.team;
    let operator = &mut state.operators[at];
    (operator.profile, operator.team) = (profile, team);
    let mut count = 0;
    for certificate in operator.certificates.iter_mut().filter(|certificate| certificate.revoked_s.is_none()) {
        let is_same = certificate.content.as_ref().map_or(!is_moved, |before| *before == content);
        if !is_same {
            certificate.revoked_s = Some(now_s);
            count += usize::from(certificate.not_after_s >= now_s);
        }
    }
    Ok(count)
}

/// `giulia-rinaldi-1A2B.enrolment`: readable, safe on every system, and one for each key.
fn answer_name(operator: &OperatorRecord) -> String {
    let name: String =
        operator.name.to_lowercase().chars().map(|at| if at.is_alphanumeric() { at } else { '-' }).take(60).collect();
    let fingerprint = operator.fingerprint();
    format!("{name}-{}.enrolment", fingerprint.split(' ').next().unwrap_or_default())
}

fn revoke(context: &mut Context<'_>, revoke: &OperatorRevoke) -> Result<Outcome, Failure> {
    let (_lock, mut state) = context.change()?;
    let at = state.find(&revoke.who)?;
    let name = state.operators[at].name.clone();
    if state.operators[at].is_revoked() {
        return Err(Failure::new("revoked").with("name", name));
    }
    if !revoke.yes {
        context.confirm("org-ask-revoke", &[("name", &name), ("fingerprint", &state.operators[at].fingerprint())])?;
    }
    let authority = context.issuing(&state.issuing.clone(), revoke.issuing.passphrase_file.as_deref())?;
    for certificate in &mut state.operators[at].certificates {
        certificate.revoked_s.get_or_insert(context.now_s);
    }
    let list = sign_list(&mut state, &authority, context.now_s)?;
    state.save(&context.folder)?;
    let mut path = context.write_list(&list)?;
    if let Some(out) = &revoke.out {
        files::write(out, &list, Readers::All)?;
        path.clone_from(out);
    }
    let text =
        vec![context.say("org-operator-revoked", &[("name", (&name).into())]), list_text(context, &state, &path)];
    let mut json = operator_json(&state.operators[at], context.now_s);
    json["list"] = list_json(&state, &path, context.now_s);
    Ok(Outcome::new(json, text))
}

/// The place of an operator and the bytes of the answer.
type Answer = (usize, Vec<u8>);

/// Issues a certificate for each of these operators, and puts it with the organisation file and a new
/// list of revoked certificates, which is given back too, into an answer. Nothing is answered that a
/// console would refuse.
fn certify(
    context: &Context<'_>,
    state: &mut State,
    issuing: &Authority,
    places: &[usize],
    file: &[u8],
) -> Result<(Vec<Answer>, Vec<u8>), Failure> {
    let now_s = context.now_s;
    let list = sign_list(state, issuing, now_s)?;
    let mut answers = Vec::with_capacity(places.len());
    for at in places {
        let operator = &state.operators[*at];
        let profile = state.profile(&operator.profile)?.clone();
        let content = content_of(&profile, operator.team.as_deref());
        let request = OperatorRequest { name: operator.name.clone(), team: operator.team.clone(), profile };
        let leaf =
            issue_operator(issuing, &operator.public_key, &request, &serial(), now_s).map_err(|error| issue(&error))?;
        let answer = Enrolment {
            chain: vec![leaf, issuing.certificate().to_vec()],
            organisation_file: file.to_vec(),
            revocation_list: Some(list.clone()),
        };
        let (_, proven) = answer
            .verify(&operator.public_key, now_s)
            .map_err(|error| Failure::new("self-check").with("reason", error))?;
        state.operators[*at].certificates.push(CertificateRecord {
            serial: proven.serial,
            issued_s: now_s,
            not_after_s: proven.not_after_s,
            content: Some(content),
            revoked_s: None,
        });
        answers.push((*at, answer.to_bytes()));
    }
    Ok((answers, list))
}

fn write_answers(answers: &[Answer], path: impl Fn(usize) -> PathBuf) -> Result<Vec<(usize, PathBuf)>, Failure> {
    let write = |(at, bytes): &Answer| {
        let path = path(*at);
        files::write(&path, bytes, Readers::All)?;
        Ok((*at, path))
    };
    answers.iter().map(write).collect()
}

impl Context<'_> {
    /// The last organisation file, if it still holds.
    fn organisation_file(&self) -> Result<Vec<u8>, Failure> {
        let path = self.file_path();
        let bytes = files::read(&path, ORGANISATION_FILE_BYTES)?;
        match Organisation::open(&bytes, self.now_s) {
            Ok(_) => Ok(bytes),
            Err(OrganisationError::Expired) => Err(Failure::new("file-expired").with("file", path.display())),
            Err(error) => Err(Failure::new("file-broken").with("file", path.display()).with("reason", error)),
        }
    }

    /// Asks yes or no; whatever is not a yes is a no.
    fn confirm(&mut self, id: &str, args: &[(&str, &String)]) -> Result<(), Failure> {
        let args: Vec<(&str, i18n::Arg<'_>)> = args.iter().map(|(name, value)| (*name, (*value).into())).collect();
        let question = shown(&self.words.text_with(id, &args));
        let answer = self.ask.line(&question).map_err(|_| Failure::new("no-confirmation"))?;
        let is_yes = yes_or_no(&answer).unwrap_or(false) || ["y", "s"].contains(&answer.to_lowercase().as_str());
        if is_yes { Ok(()) } else { Err(Failure::new("not-confirmed")) }
    }
}

/// Who is to be renewed within so many days: also who was forgotten, but not who left long ago.
fn soon(state: &State, days: u64, now_s: u64) -> Vec<usize> {
    let until_s = now_s.saturating_add(days.saturating_mul(DAY_S));
    let is_soon = |operator: &OperatorRecord| {
        let ends_s = operator.ends_s();
        !operator.is_revoked() && ends_s <= until_s && ends_s.saturating_add(FORGOTTEN_S) >= now_s
    };
    state.operators.iter().enumerate().filter(|(_, operator)| is_soon(operator)).map(|(at, _)| at).collect()
}

fn list(context: &Context<'_>, expiring: Option<u64>) -> Result<Outcome, Failure> {
    let state = State::load(&context.folder)?;
    let places = match expiring {
        Some(days) => soon(&state, days, context.now_s),
        None => (0..state.operators.len()).collect(),
    };
    let mut operators: Vec<&OperatorRecord> = places.into_iter().map(|at| &state.operators[at]).collect();
    operators.sort_by_key(|operator| (operator.is_revoked(), operator.ends_s()));
    let json: Vec<Value> = operators.iter().map(|operator| operator_json(operator, context.now_s)).collect();
    let mut text = if operators.is_empty() {
        vec![context.say(if expiring.is_some() { "org-nobody-expires" } else { "org-no-operators" }, &[])]
    } else {
        let head = ["name", "team", "profile", "ends", "state"];
        let mut rows = vec![head.map(|column| context.say(&format!("org-column-{column}"), &[])).to_vec()];
        rows.extend(operators.iter().map(|operator| {
            vec![
                operator.name.clone(),
                operator.team.clone().unwrap_or_default(),
                operator.profile.clone(),
                day(operator.ends_s(), &state.file.time_zone),
                standing(context, operator),
            ]
        }));
        table(&rows)
    };
    text.extend(issuing::warning(context, &state));
    let found = Found::of(expiring.is_none() || operators.is_empty());
    let issuing_ends = moment(issuing::ends_s(&state));
    Ok(Outcome { json: json!({ "operators": json, "issuing_ends": issuing_ends }), text, found })
}

fn show(context: &Context<'_>, who: &str) -> Result<Outcome, Failure> {
    let state = State::load(&context.folder)?;
    let operator = &state.operators[state.find(who)?];
    let rows = [
        ("org-column-name", operator.name.clone()),
        ("org-column-team", operator.team.clone().unwrap_or_default()),
        ("org-column-profile", operator.profile.clone()),
        ("org-column-key", operator.fingerprint()),
        ("org-column-state", standing(context, operator)),
    ];
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(id, value)| vec![context.say(id, &[]), value])
        .collect();
    let mut text = table(&rows);
    let zone = &state.file.time_zone;
    text.extend(operator.certificates.iter().map(|certificate| {
        let id = if certificate.revoked_s.is_some() { "org-certificate-revoked" } else { "org-certificate" };
        context.say(
            id,
            &[
                ("serial", to_hex(&certificate.serial).into()),
                ("issued", day(certificate.issued_s, zone).into()),
                ("ends", day(certificate.not_after_s, zone).into()),
                ("revoked", day(certificate.revoked_s.unwrap_or_default(), zone).into()),
            ],
        )
    }));
    Ok(Outcome::new(operator_json(operator, context.now_s), text))
}

pub(crate) fn standing(context: &Context<'_>, operator: &OperatorRecord) -> String {
    match operator.standing(context.now_s) {
        Standing::Valid { days_left } if days_left < SOON_DAYS => {
            context.say("org-standing-soon", &[("days", days_left.into())])
        }
        Standing::Valid { days_left } => context.say("org-standing-valid", &[("days", days_left.into())]),
        Standing::Expired => context.say("org-standing-expired", &[]),
        Standing::Revoked => context.say("org-standing-revoked", &[]),
    }
}

pub(crate) fn operator_json(operator: &OperatorRecord, now_s: u64) -> Value {
    let (state, days_left) = match operator.standing(now_s) {
        Standing::Valid { days_left } => ("valid", Some(days_left)),
        Standing::Expired => ("expired", None),
        Standing::Revoked => ("revoked", None),
    };
    let certificates: Vec<Value> = operator
        .certificates
        .iter()
        .map(|certificate| {
            json!({
                "serial": to_hex(&certificate.serial), "issued": moment(certificate.issued_s),
                "ends": moment(certificate.not_after_s), "revoked": certificate.revoked_s.map(moment),
            })
        })
        .collect();
    json!({
        "name": operator.name, "team": operator.team, "profile": operator.profile,
        "fingerprint": operator.fingerprint(), "state": state, "days_left": days_left,
        "expires_soon": days_left.is_some_and(|days| days < SOON_DAYS),
        "ends": moment(operator.ends_s()), "certificates": certificates,
    })
}
