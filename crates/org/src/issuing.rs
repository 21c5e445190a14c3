//! `issuing ...`: the key that names operators, and when it ends.

use crate::Context;
use crate::cli::IssuingRenew;
use crate::failure::Failure;
use crate::files::{self, Readers};
use crate::init::{issue, serial};
use crate::keys::KeyKind;
use crate::outcome::{Outcome, day, moment};
use crate::publish::sign_list;
use crate::state::State;
use identity::{Authority, Seed, create_issuing};
use rand::rngs::OsRng;
use serde_json::json;
use x509_parser::prelude::{FromDer, X509Certificate};

/// From when on it is said that the issuing certificate ends, in seconds before.
const SOON_S: u64 = 90 * 24 * 60 * 60;

pub(crate) fn renew(context: &mut Context<'_>, renew: &IssuingRenew) -> Result<Outcome, Failure> {
    let (_lock, mut state) = context.change()?;
    let root_path = renew.root_key.clone().unwrap_or_else(|| KeyKind::Root.path(&context.folder));
    let passphrase = context.passphrase(KeyKind::Root, renew.root.root_passphrase_file.as_deref())?;
    let seed = context.open_key(KeyKind::Root, renew.root_key.as_deref(), &passphrase)?;
    let certificate = state.file.roots.first().cloned().unwrap_or_default();
    let root = Authority::open(seed, certificate)
        .map_err(|_| Failure::new("key-mismatch").with("file", root_path.display()))?;
    let issuing =
        create_issuing(&root, Seed::random(&mut OsRng), &serial(), context.now_s).map_err(|error| issue(&error))?;
    let passphrase = context.new_passphrase(KeyKind::Issuing, renew.issuing.passphrase_file.as_deref())?;
    state.issuing = issuing.certificate().to_vec();
    let list = sign_list(&mut state, &issuing, context.now_s)?;

    // If the machine stops between the next lines, key and certificate are of two kinds, and the
    // old key is the one to put back.
    let path = KeyKind::Issuing.path(&context.folder);
    let old = path.with_extension("old.json");
    if path.exists() {
        files::write(&old, &files::read(&path, crate::keys::KEY_FILE_BYTES)?, Readers::Owner)?;
    }
    context.seal_key(KeyKind::Issuing, issuing.seed().expose(), &passphrase)?;
    state.save(&context.folder)?;
    context.write_list(&list)?;

    let ends_s = ends_s(&state);
    let text = context.say(
        "org-issuing-renewed",
        &[("file", path.display().to_string().into()), ("ends", day(ends_s, &state.file.time_zone).into())],
    );
    let text = vec![text, context.say("org-issuing-stolen", &[])];
    Ok(Outcome::new(json!({ "issuing_key": path, "ends": moment(ends_s) }), text))
}

/// When the issuing certificate ends, in seconds since 1970; 0 if it cannot be read.
pub(crate) fn ends_s(state: &State) -> u64 {
    X509Certificate::from_der(&state.issuing)
        .ok()
        .and_then(|(_, certificate)| u64::try_from(certificate.validity().not_after.timestamp()).ok())
        .unwrap_or_default()
}

/// What is to be said while the issuing certificate is about to end.
pub(crate) fn warning(context: &Context<'_>, state: &State) -> Option<String> {
    let ends_s = ends_s(state);
    let ends = day(ends_s, &state.file.time_zone);
    let soon = ends_s < context.now_s.saturating_add(SOON_S);
    soon.then(|| context.say("org-issuing-ends", &[("ends", ends.into())]))
}
