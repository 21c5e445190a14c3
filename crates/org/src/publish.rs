//! What the organisation signs for everybody: its file (`export`) and its list of revoked certificates (`crl`).

use crate::Context;
use crate::cli::{Crl, Export};
use crate::failure::Failure;
use crate::files::{self, Lock, Readers};
use crate::init::issue;
use crate::keys::KeyKind;
use crate::outcome::{Outcome, day, moment};
use crate::state::{State, state_path};
use crate::values::{Named, is_name, policy_value};
use i18n::Arg;
use identity::{
    Authority, CRL_BYTES, CRL_SECONDS, ORGANISATION_FILE_BYTES, Policy, PolicyError, PolicyRule, Revoked, Seed,
    create_crl, is_time_zone,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const DAY_S: u64 = 24 * 60 * 60;
/// How far the clock of an agent may be behind and still find a revoked certificate on the list, in seconds.
const SLOW_CLOCK_S: u64 = 30 * DAY_S;
/// The policy values that programs of this version read; the others are signed for later ones.
const ENFORCED: [&str; 1] = ["longest_session_minutes"];

impl Context<'_> {
    /// The state, held against every other command that would change it.
    pub(crate) fn change(&self) -> Result<(Lock, State), Failure> {
        if !state_path(&self.folder).exists() {
            return Err(Failure::new("no-organisation").with("folder", self.folder.display()));
        }
        let lock = Lock::take(&self.folder)?;
        Ok((lock, State::load(&self.folder)?))
    }

    /// Where the last organisation file lies.
    pub(crate) fn file_path(&self) -> PathBuf {
        self.folder.join("organisation.ponte")
    }

    pub(crate) fn write_file(&self, file: &[u8]) -> Result<PathBuf, Failure> {
        let path = self.file_path();
        files::write(&path, file, Readers::All)?;
        Ok(path)
    }

    pub(crate) fn write_list(&self, list: &[u8]) -> Result<PathBuf, Failure> {
        let path = self.folder.join("revoked.crl");
        files::write(&path, list, Readers::All)?;
        Ok(path)
    }
}

/// The next organisation file; the state remembers its serial number.
pub(crate) fn sign_file(state: &mut State, root: &Seed, days: u64, now_s: u64) -> Result<Vec<u8>, Failure> {
    state.file.serial = state.file.serial.saturating_add(1);
    state.file.not_after_s = now_s.saturating_add(days.saturating_mul(DAY_S));
    state.file.sign(root).map_err(|error| issue(&error))
}

/// The next list of revoked certificates; the state remembers its number. What ended by itself, and
/// longer ago than [`SLOW_CLOCK_S`], is left out, as nobody accepts it any more.
pub(crate) fn sign_list(state: &mut State, issuing: &Authority, now_s: u64) -> Result<Vec<u8>, Failure> {
    state.list_number = state.list_number.saturating_add(1);
    let list = create_crl(issuing, state.list_number, &revoked(state, now_s), now_s).map_err(|error| issue(&error))?;
    if list.len() > CRL_BYTES { Err(Failure::new("list-long")) } else { Ok(list) }
}

fn revoked(state: &State, now_s: u64) -> Vec<Revoked> {
    let certificates = state.operators.iter().flat_map(|operator| &operator.certificates);
    certificates
        .filter(|certificate| certificate.not_after_s.saturating_add(SLOW_CLOCK_S) >= now_s)
        .filter_map(|certificate| Some(Revoked { serial: certificate.serial.clone(), at_s: certificate.revoked_s? }))
        .collect()
}

pub(crate) fn crl(context: &mut Context<'_>, crl: &Crl) -> Result<Outcome, Failure> {
    let (_lock, mut state) = context.change()?;
    let issuing = context.issuing(&state.issuing.clone(), crl.issuing.passphrase_file.as_deref())?;
    let list = sign_list(&mut state, &issuing, context.now_s)?;
    state.save(&context.folder)?;
    let mut path = context.write_list(&list)?;
    if let Some(out) = &crl.out {
        files::write(out, &list, Readers::All)?;
        path.clone_from(out);
    }
    Ok(Outcome::new(list_json(&state, &path, context.now_s), vec![list_text(context, &state, &path)]))
}

pub(crate) fn list_json(state: &State, path: &Path, now_s: u64) -> Value {
    json!({
        "revocation_list": path, "number": state.list_number, "entries": revoked(state, now_s).len(),
        "ends": moment(now_s.saturating_add(CRL_SECONDS)),
    })
}

pub(crate) fn list_text(context: &Context<'_>, state: &State, path: &Path) -> String {
    let ends = day(context.now_s.saturating_add(CRL_SECONDS), &state.file.time_zone);
    let args: [(&str, Arg<'_>); 4] = [
        ("number", state.list_number.into()),
        ("entries", revoked(state, context.now_s).len().into()),
        ("file", path.display().to_string().into()),
        ("ends", ends.into()),
    ];
    context.say("org-list-written", &args)
}

pub(crate) fn export(context: &mut Context<'_>, export: &Export) -> Result<Outcome, Failure> {
    let (_lock, mut state) = context.change()?;
    apply(&mut state, export)?;
    let laxer = laxer_profiles(&state);
    let passphrase = context.passphrase(KeyKind::Root, export.root.root_passphrase_file.as_deref())?;
    let root = context.open_key(KeyKind::Root, export.root_key.as_deref(), &passphrase)?;
    let path = export.root_key.clone().unwrap_or_else(|| KeyKind::Root.path(&context.folder));
    let signed = sign_file(&mut state, &root, export.days, context.now_s).map_err(|failure| match failure.code() {
        "issue" => Failure::new("key-mismatch").with("file", path.display()),
        _ => failure,
    })?;
    // First the number, then the file: a number is never used for two files.
    state.save(&context.folder)?;
    let mut path = context.write_file(&signed)?;
    if let Some(out) = &export.out {
        files::write(out, &signed, Readers::All)?;
        path.clone_from(out);
    }

    let file = &state.file;
    let ends = day(file.not_after_s, &file.time_zone);
    let mut text = vec![context.say(
        "org-export-done",
        &[
            ("serial", file.serial.into()),
            ("file", path.display().to_string().into()),
            ("ends", ends.into()),
            ("domain", (&file.domain).into()),
        ],
    )];
    if file.terms.is_empty() || file.privacy.is_empty() {
        text.push(context.say("org-export-no-texts", &[]));
    }
    text.extend(
        laxer
            .iter()
            .map(|(profile, key)| context.say("org-export-laxer", &[("profile", profile.into()), ("key", key.into())])),
    );
    text.extend(not_enforced_text(context, &file.policy));
    let json = json!({
        "organisation_file": path, "domain": file.domain, "serial": file.serial, "ends": moment(file.not_after_s),
        "not_enforced": not_enforced(&file.policy),
        "terms": file.terms.keys().collect::<Vec<_>>(), "privacy": file.privacy.keys().collect::<Vec<_>>(),
        "laxer_profiles": laxer.iter().map(|(profile, _)| profile).collect::<Vec<_>>(),
    });
    Ok(Outcome::new(json, text))
}

/// Puts what was given in the place of what was there.
fn apply(state: &mut State, export: &Export) -> Result<(), Failure> {
    let file = &mut state.file;
    for (texts, from) in [(&mut file.terms, &export.terms), (&mut file.privacy, &export.privacy)] {
        for (language, path) in from {
            let path = Path::new(path);
            let bytes = files::read(path, ORGANISATION_FILE_BYTES)?;
            let text = String::from_utf8(bytes).map_err(|_| Failure::new("not-text").with("file", path.display()))?;
            texts.insert(language.clone(), text.trim().to_owned());
        }
    }
    if !export.names.iter().all(|(_, name)| is_name(name)) {
        return Err(Failure::new("name"));
    }
    file.names.extend(export.names.iter().cloned());
    file.minimum_builds.extend(export.minimum_builds.iter().cloned());
    set_policy(&mut file.policy, &export.policy)?;
    if !export.nodes.is_empty() {
        file.relay.nodes.clone_from(&export.nodes);
    }
    if export.no_pin || export.pin.is_some() {
        file.relay.pin = export.pin;
    }
    if let Some(zone) = &export.time_zone {
        if !is_time_zone(zone) {
            return Err(Failure::new("time-zone").with("zone", zone));
        }
        file.time_zone.clone_from(zone);
    }
    file.revocation_required = export.revocation_required.unwrap_or(file.revocation_required);
    Ok(())
}

/// Puts policy values, as people write them, among the others.
pub(crate) fn set_policy(policy: &mut BTreeMap<String, Value>, written: &[Named]) -> Result<(), Failure> {
    for (key, value) in written {
        let rule = PolicyRule::named(key).ok_or_else(|| policy_failure(&PolicyError::Unknown(key.clone())))?;
        let value = policy_value(rule, value).ok_or_else(|| policy_failure(&PolicyError::BadValue(key.clone())))?;
        policy.insert(key.clone(), value);
    }
    Ok(())
}

/// Which of these values no program of this version reads.
pub(crate) fn not_enforced(policy: &BTreeMap<String, Value>) -> Vec<&str> {
    policy.keys().map(String::as_str).filter(|key| !ENFORCED.contains(key)).collect()
}

/// What is to be said of them.
pub(crate) fn not_enforced_text(context: &Context<'_>, policy: &BTreeMap<String, Value>) -> Option<String> {
    let keys = not_enforced(policy);
    (!keys.is_empty()).then(|| context.say("org-not-enforced", &[("keys", keys.join(", ").into())]))
}

pub(crate) fn policy_failure(error: &PolicyError) -> Failure {
    match error {
        PolicyError::Unknown(key) => {
            let keys: Vec<&str> = identity::POLICY_RULES.iter().map(|rule| rule.key).collect();
            Failure::new("policy-unknown").with("key", key).with("keys", keys.join(", "))
        }
        PolicyError::BadValue(key) => Failure::new("policy-value").with("key", key),
        PolicyError::Laxer(key) => Failure::new("policy-laxer").with("key", key),
    }
}

/// Profiles with a value that does not count any more, as the organisation's is stricter now.
fn laxer_profiles(state: &State) -> Vec<(String, String)> {
    let checked =
        state.profiles.iter().map(|(name, profile)| (name, Policy::check_profile(&state.file.policy, &profile.policy)));
    checked
        .filter_map(|(name, checked)| match checked {
            Err(PolicyError::Laxer(key)) => Some((name.clone(), key)),
            _ => None,
        })
        .collect()
}
