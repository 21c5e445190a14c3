//! `init`: the keys of a new organisation, its folder, its first organisation file.

use crate::Context;
use crate::cli::Init;
use crate::failure::Failure;
use crate::files::{self, Lock};
use crate::keys::KeyKind;
use crate::outcome::{Outcome, day, moment};
use crate::publish::{sign_file, sign_list};
use crate::state::{State, state_path};
use crate::values::is_name;
use identity::{IssueError, OrganisationFile, RelayAddress, Seed, create_issuing, create_root, is_time_zone};
use rand::RngCore;
use rand::rngs::OsRng;
use serde_json::json;
use std::collections::BTreeMap;
use vault::RecoveryKey;

/// How long an organisation file holds, in days, unless something else is said.
pub(crate) const FILE_DAYS: u64 = 365;

pub(crate) fn init(context: &mut Context<'_>, init: &Init) -> Result<Outcome, Failure> {
    if state_path(&context.folder).exists() {
        return Err(Failure::new("exists").with("folder", context.folder.display()));
    }
    if !is_time_zone(&init.time_zone) {
        return Err(Failure::new("time-zone").with("zone", &init.time_zone));
    }
    let names: BTreeMap<String, String> = init.names.iter().cloned().collect();
    if !names.values().all(|name| is_name(name)) {
        return Err(Failure::new("name"));
    }
    let now_s = context.now_s;
    // As in the certificates, which have one language: English if there is one.
    let name = names.get("en").or_else(|| names.values().next()).ok_or_else(|| Failure::new("name"))?;
    let root = create_root(Seed::random(&mut OsRng), name, &serial(), now_s).map_err(|error| issue(&error))?;
    let issuing = create_issuing(&root, Seed::random(&mut OsRng), &serial(), now_s).map_err(|error| issue(&error))?;
    let recovery = RecoveryKey::random(&mut OsRng);
    let file = OrganisationFile {
        domain: init.domain.clone(),
        names,
        serial: 0,
        not_after_s: 0,
        roots: vec![root.certificate().to_vec()],
        relay: RelayAddress { name: init.relay.clone(), nodes: init.nodes.clone(), pin: init.pin },
        terms: BTreeMap::new(),
        privacy: BTreeMap::new(),
        time_zone: init.time_zone.clone(),
        // There is a list from the first day on.
        revocation_required: true,
        recovery_key: Some(recovery.public()),
        policy: BTreeMap::new(),
        minimum_builds: BTreeMap::new(),
    };
    let mut state = State::new(file, issuing.certificate().to_vec());
    let signed = sign_file(&mut state, root.seed(), FILE_DAYS, now_s)?;
    let list = sign_list(&mut state, &issuing, now_s)?;

    // Everything that can be wrong with the arguments was found before anybody types a passphrase.
    let root_passphrase = context.new_passphrase(KeyKind::Root, init.root.root_passphrase_file.as_deref())?;
    let issuing_passphrase = context.new_passphrase(KeyKind::Issuing, init.issuing.passphrase_file.as_deref())?;
    files::make_folder(&context.folder.join("secrets"))?;
    let _lock = Lock::take(&context.folder)?;
    if state_path(&context.folder).exists() {
        return Err(Failure::new("exists").with("folder", context.folder.display()));
    }
    context.seal_key(KeyKind::Root, root.seed().expose(), &root_passphrase)?;
    context.seal_key(KeyKind::Recovery, recovery.expose(), &root_passphrase)?;
    context.seal_key(KeyKind::Issuing, issuing.seed().expose(), &issuing_passphrase)?;
    let file_path = context.write_file(&signed)?;
    let list_path = context.write_list(&list)?;
    // Last: without it there is no organisation yet, and the command can be given again.
    state.save(&context.folder)?;

    let paths = [KeyKind::Root, KeyKind::Recovery, KeyKind::Issuing].map(|kind| kind.path(&context.folder));
    let [root_path, recovery_path, issuing_path] = paths.each_ref().map(|path| path.display().to_string());
    let ends = day(state.file.not_after_s, &state.file.time_zone);
    let domain = state.file.domain.as_str();
    let text = vec![
        context.say(
            "org-init-done",
            &[("domain", domain.into()), ("folder", context.folder.display().to_string().into())],
        ),
        context.say("org-init-root", &[("root", (&root_path).into()), ("recovery", (&recovery_path).into())]),
        context.say("org-init-issuing", &[("issuing", (&issuing_path).into())]),
        context.say("org-init-file", &[("file", file_path.display().to_string().into()), ("ends", ends.into())]),
        context.say("org-init-next", &[]),
    ];
    let json = json!({
        "folder": context.folder, "domain": domain, "root_key": root_path, "recovery_key": recovery_path,
        "issuing_key": issuing_path, "organisation_file": file_path, "revocation_list": list_path,
        "serial": state.file.serial, "ends": moment(state.file.not_after_s),
    });
    Ok(Outcome::new(json, text))
}

/// A random serial number of 16 bytes that is never zero.
pub(crate) fn serial() -> [u8; 16] {
    let mut serial = [0; 16];
    OsRng.fill_bytes(&mut serial);
    serial[0] |= 0x40;
    serial
}

/// What it means for the person that something could not be signed.
pub(crate) fn issue(error: &IssueError) -> Failure {
    match error {
        IssueError::BadName => Failure::new("name"),
        IssueError::BadProfile => Failure::new("profile-long"),
        IssueError::Unwritable(_) => Failure::new("content").with("reason", error),
        IssueError::BadSerial | IssueError::NotAnAuthority => Failure::new("issue").with("reason", error),
    }
}
