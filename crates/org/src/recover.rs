//! `vault recover`: a new password for an operator who lost the old one.

use crate::Context;
use crate::cli::VaultRecover;
use crate::failure::Failure;
use crate::files::{self, Readers};
use crate::keys::KeyKind;
use crate::operator::{operator_json, standing};
use crate::outcome::Outcome;
use crate::state::RecoveryRecord;
use identity::{Policy, key_fingerprint};
use rand::rngs::OsRng;
use serde_json::json;
use std::collections::BTreeMap;
use vault::{OperatorVault, RecoveryKey, VAULT_BYTES, VaultError};

pub(crate) fn recover(context: &mut Context<'_>, recover: &VaultRecover) -> Result<Outcome, Failure> {
    let (_lock, mut state) = context.change()?;
    let bytes = files::read(&recover.vault, VAULT_BYTES)?;
    let vault = OperatorVault::open_bytes(&bytes).map_err(|error| {
        let code = if error == VaultError::Newer { "state-newer" } else { "not-a-vault" };
        Failure::new(code).with("file", recover.vault.display())
    })?;
    if !vault.is_recoverable() {
        return Err(Failure::new("not-recoverable").with("file", recover.vault.display()));
    }
    // The name in a vault is anybody's word; the key is proven when it is opened.
    let key = vault.public_key();
    let operator = state.operators.iter().find(|operator| operator.public_key == key).cloned();
    let operator = operator.ok_or_else(|| {
        Failure::new("unknown-vault").with("file", recover.vault.display()).with("fingerprint", key_fingerprint(&key))
    })?;
    let passphrase = context.passphrase(KeyKind::Recovery, recover.root.root_passphrase_file.as_deref())?;
    let key = context.open_key(KeyKind::Recovery, recover.recovery_key.as_deref(), &passphrase)?;
    let key = RecoveryKey::from_bytes(key.expose());
    let password = context.typed_twice("org-ask-new-password", recover.new_password_file.as_deref())?;
    let least = Policy::effective(&state.file.policy, &BTreeMap::new()).value("password_min_length");
    if (password.chars().count() as u64) < least {
        return Err(Failure::new("password-short").with("characters", least));
    }
    let opened = vault
        .recover(&key, &password, context.cost, &mut OsRng)
        .map_err(|_| Failure::new("other-recovery-key").with("file", recover.vault.display()))?;

    // First the note, then the vault: none is ever out that is not noted.
    let fingerprint = operator.fingerprint();
    state.recoveries.push(RecoveryRecord {
        name: operator.name.clone(),
        fingerprint: fingerprint.clone(),
        at_s: context.now_s,
    });
    state.save(&context.folder)?;
    files::write(&recover.out, &opened.to_bytes(), Readers::Owner)?;
    let text = context.say(
        "org-vault-recovered",
        &[
            ("name", (&operator.name).into()),
            ("standing", standing(context, &operator).into()),
            ("fingerprint", (&fingerprint).into()),
            ("file", recover.out.display().to_string().into()),
        ],
    );
    let mut json = operator_json(&operator, context.now_s);
    json["vault"] = json!(recover.out);
    Ok(Outcome::new(json, vec![text]))
}
