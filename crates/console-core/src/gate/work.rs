//! The steps of the gate, each from files to files: making a key, reading an answer, signing in.

use super::files::{self, Places};
use super::problem::GateProblem;
use super::view::AnswerView;
use crate::config::ConsoleConfig;
use identity::{
    CRL_BYTES, ENROLMENT_BYTES, ENROLMENT_REQUEST_BYTES, Enrolment, EnrolmentRequest, ORGANISATION_FILE_BYTES,
    OperatorError, OperatorFile, Organisation, Seed, crl_number, verify_operator,
};
use rand::rngs::OsRng;
use std::path::{Path, PathBuf};
use vault::{Cost, OperatorVault, VAULT_BYTES};

/// The vault that is there, if any.
pub(super) fn open_vault(places: &Places) -> Result<Option<OperatorVault>, GateProblem> {
    let path = places.vault();
    let bytes = files::read_if_there(&path, VAULT_BYTES)?;
    let vault = bytes.map(|bytes| OperatorVault::open_bytes(&bytes)).transpose();
    vault.map_err(|error| GateProblem::of_vault(error, &path))
}

/// Draws a key, writes its vault, and the request for a certificate.
pub(super) fn make_key(places: &Places, name: &str, password: &str, cost: Cost) -> Result<OperatorVault, GateProblem> {
    let seed = Seed::random(&mut OsRng);
    let request = EnrolmentRequest::make(&seed, name)?;
    let vault = OperatorVault::create(&seed, name.trim(), password, cost, &mut OsRng);
    files::write(&places.request(), &request)?;
    // A key that is there already is never replaced: its certificate would be lost with it.
    files::write_new(&places.vault(), &vault.to_bytes())?;
    Ok(vault)
}

/// Puts the request for this vault's key into a folder; says where it is.
pub(super) fn save_request(places: &Places, vault: &OperatorVault, folder: &Path) -> Result<PathBuf, GateProblem> {
    let bytes = files::read_if_there(&places.request(), ENROLMENT_REQUEST_BYTES)?.ok_or(GateProblem::NoRequest)?;
    let request = EnrolmentRequest::open(&bytes).map_err(|_| GateProblem::NoRequest)?;
    if request.public_key != vault.public_key() {
        return Err(GateProblem::NoRequest);
    }
    let path = folder.join(format!("{}.request", file_stem(vault.name())));
    files::write(&path, &bytes)?;
    Ok(path)
}

/// A person's name as a file's: letters and digits, joined by dashes.
fn file_stem(name: &str) -> String {
    let words = name.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
    let stem = words.map(str::to_lowercase).collect::<Vec<_>>().join("-");
    if stem.is_empty() { "operator".to_owned() } else { stem }
}

/// An answer whose certificates hold and are for this vault's key.
pub(super) struct Answer {
    enrolment: Enrolment,
    /// Whose it is.
    pub(super) organisation: Organisation,
    /// What the operator looks at before the answer counts.
    pub(super) view: AnswerView,
    /// Whether it is known that this is the operator's own organisation.
    pub(super) is_known: bool,
}

/// Reads and checks an answer.
pub(super) fn read_answer(
    places: &Places,
    vault: &OperatorVault,
    path: &Path,
    language: &str,
    now_s: u64,
) -> Result<Answer, GateProblem> {
    let bytes = files::read_if_there(path, ENROLMENT_BYTES)?.ok_or_else(|| GateProblem::NotRead(path.to_owned()))?;
    let enrolment = Enrolment::open(&bytes)?;
    let (organisation, operator) = enrolment.verify(&vault.public_key(), now_s)?;
    let known = known_organisation(places)?;
    if known.as_ref().is_some_and(|known| known.root_sha256() != organisation.root_sha256()) {
        return Err(GateProblem::AnswerForeign);
    }
    let view = AnswerView {
        name: operator.name,
        team: operator.team,
        organisation: organisation.name_for(language).to_owned(),
        domain: organisation.domain().to_owned(),
        ends_at_s: operator.not_after_s,
        time_zone: organisation.time_zone().to_owned(),
    };
    Ok(Answer { enrolment, organisation, view, is_known: known.is_some() })
}

/// The organisation whose file is here, even if the file has ended; `None` if there is none that is usable.
fn known_organisation(places: &Places) -> Result<Option<Organisation>, GateProblem> {
    let bytes = files::read_if_there(&places.organisation(), ORGANISATION_FILE_BYTES)?;
    Ok(bytes.and_then(|bytes| Organisation::open(&bytes, 0).ok()))
}

/// Writes what an answer brings, but nothing that is older than what is here.
pub(super) fn keep_answer(
    places: &Places,
    vault: &OperatorVault,
    answer: Answer,
) -> Result<OperatorVault, GateProblem> {
    let Answer { enrolment, organisation, .. } = answer;
    let vault = vault.clone().with_chain(enrolment.chain).map_err(|_| GateProblem::AnswerForAnotherKey)?;
    let known = known_organisation(places)?;
    if known.is_none_or(|known| known.file().serial <= organisation.file().serial) {
        files::write(&places.organisation(), &enrolment.organisation_file)?;
    }
    if let Some(list) = enrolment.revocation_list {
        let here = files::read_if_there(&places.revocations(), CRL_BYTES)?.and_then(|list| crl_number(&list));
        if here <= crl_number(&list) {
            files::write(&places.revocations(), &list)?;
        }
    }
    // Last: with it the console takes the answer as given.
    files::write(&places.vault(), &vault.to_bytes())?;
    Ok(vault)
}

/// An operator who gave the right password, and whose certificate holds.
pub(super) struct SignedIn {
    /// The vault, as it is on the disk now.
    pub(super) vault: OperatorVault,
    /// For a renewal meanwhile.
    pub(super) file: OperatorFile,
    /// What the engine is started with.
    pub(super) config: ConsoleConfig,
}

/// Opens the vault.
pub(super) fn sign_in(
    places: &Places,
    vault: &OperatorVault,
    password: &str,
    now_s: u64,
) -> Result<SignedIn, GateProblem> {
    let file = vault.unlock_file(password).map_err(|error| GateProblem::of_unlocking(error, &places.vault()))?;
    keep_request(places, vault, &file);
    let config = open_config(places, &file, now_s)?;
    let vault = if vault.is_recoverable() { vault.clone() } else { made_recoverable(places, vault, &file, &config) };
    Ok(SignedIn { vault, file, config })
}

/// The same vault, so that the organisation can give it another password, if it has a recovery key. Without it
/// everything else goes on.
pub(super) fn made_recoverable(
    places: &Places,
    vault: &OperatorVault,
    file: &OperatorFile,
    config: &ConsoleConfig,
) -> OperatorVault {
    let Some(key) = &config.organisation.file().recovery_key else { return vault.clone() };
    let Ok(made) = vault.clone().with_recovery(&file.seed, key, &mut OsRng) else {
        tracing::warn!("the organisation's recovery key is not usable");
        return vault.clone();
    };
    match files::write(&places.vault(), &made.to_bytes()) {
        Ok(()) => made,
        Err(_) => vault.clone(),
    }
}

/// A vault that was made elsewhere has no request beside it yet: it is what a renewal begins with.
fn keep_request(places: &Places, vault: &OperatorVault, file: &OperatorFile) {
    let kept = files::read_if_there(&places.request(), ENROLMENT_REQUEST_BYTES).ok().flatten();
    let is_ours = kept
        .and_then(|bytes| EnrolmentRequest::open(&bytes).ok())
        .is_some_and(|request| request.public_key == vault.public_key());
    if !is_ours && let Ok(request) = EnrolmentRequest::make(&file.seed, vault.name()) {
        // Only a renewal needs it, and says so if it is missing.
        drop(files::write(&places.request(), &request));
    }
}

/// What the engine is started with.
pub(super) fn open_config(places: &Places, file: &OperatorFile, now_s: u64) -> Result<ConsoleConfig, GateProblem> {
    let path = places.organisation();
    let organisation =
        files::read_if_there(&path, ORGANISATION_FILE_BYTES)?.ok_or(GateProblem::NoOrganisation(path))?;
    let mut config = ConsoleConfig::open(file, &organisation, now_s)?;
    if let Some(list) = files::read_if_there(&places.revocations(), CRL_BYTES)? {
        let chain: Vec<_> = file.chain.iter().map(|der| der.clone().into()).collect();
        match verify_operator(&config.organisation, &chain, Some(&list), now_s) {
            // The relay has a newer one.
            Ok(_) | Err(OperatorError::StaleRevocationList) => config.revocations = Some(list),
            Err(OperatorError::BadRevocationList) => tracing::warn!("the list of revoked certificates is not usable"),
            Err(error) => return Err(error.into()),
        }
    }
    config.logs_folder = places.logs();
    if let Err(error) = files::make_folder(&config.logs_folder) {
        // The session's own log says it again, where it matters.
        tracing::warn!(%error, "the folder for logs cannot be made");
    }
    Ok(config)
}

/// The same vault under another password.
pub(super) fn change_password(
    places: &Places,
    vault: &OperatorVault,
    old: &str,
    new: &str,
    cost: Cost,
) -> Result<OperatorVault, GateProblem> {
    let path = places.vault();
    let changed = vault.change_password(old, new, cost, &mut OsRng);
    let changed = changed.map_err(|error| GateProblem::of_opening(error, &path))?;
    files::write(&path, &changed.to_bytes())?;
    Ok(changed)
}
