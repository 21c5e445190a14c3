//! From an empty folder to a signed-in operator, without a window.

// Helpers outside of test functions unwrap too: a test that cannot go on has failed.
#![allow(clippy::unwrap_used)]

use console_core::ConsoleConfig;
use console_core::gate::{
    Busy, Cost, Gate, GateCommand, GateDone, GateProblem, GateStage, GateView, Places, Secret, WRONG_TRIES, WRONG_WAIT,
};
use identity::dev::{self, DevOrganisation, SAMPLE_DOMAIN, SAMPLE_OPERATOR};
use identity::{
    Enrolment, EnrolmentRequest, OperatorRequest, Organisation, Profile, RelayAddress, RelayNode, Revoked, create_crl,
    issue_operator, key_fingerprint,
};
use proto::session::CertificateProblem;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use vault::{OperatorVault, RecoveryKey};

const NOW: u64 = 1_790_000_000;
const DAY: u64 = 86_400;
const PASSWORD: &str = "Tre-querce-7";

struct Desk {
    gate: Gate,
    changed: Receiver<()>,
    folder: TempDir,
    now: Instant,
}

impl Desk {
    fn new() -> Self {
        Self::over(tempfile::tempdir().unwrap())
    }

    /// The console, started again over the same files.
    fn again(self) -> Self {
        Self::over(self.folder)
    }

    fn over(folder: TempDir) -> Self {
        let (tell, changed) = sync_channel(64);
        let on_change = Arc::new(move || while_it_is_wanted(&tell));
        let gate = Gate::new(places(&folder), Cost::TRIAL, "en", on_change);
        Self { gate, changed, folder, now: Instant::now() }
    }

    fn view(&mut self) -> GateView {
        self.gate.view(self.now, NOW)
    }

    /// Does it at this time, and waits until it is done.
    fn handle_at(&mut self, command: GateCommand, now_s: u64) -> GateView {
        self.gate.handle(command, self.now, now_s);
        loop {
            let view = self.view();
            if view.busy.is_none() {
                return view;
            }
            self.changed.recv_timeout(Duration::from_secs(60)).unwrap();
        }
    }

    fn handle(&mut self, command: GateCommand) -> GateView {
        self.handle_at(command, NOW)
    }

    fn make_key(&mut self) -> GateView {
        self.handle(make_key(SAMPLE_OPERATOR, PASSWORD, PASSWORD))
    }

    fn sign_in(&mut self, password: &str) -> GateView {
        self.handle(GateCommand::SignIn(secret(password)))
    }

    fn public_key(&self) -> [u8; 32] {
        let request = fs::read(places(&self.folder).request()).unwrap();
        EnrolmentRequest::open(&request).unwrap().public_key
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn import(&mut self, enrolment: &Enrolment) -> GateView {
        let path = self.put("answer", &enrolment.to_bytes());
        self.handle(GateCommand::Import(path))
    }

    /// A console that is enrolled with this organisation, before signing in.
    fn enrolled(organisation: &DevOrganisation) -> Self {
        let mut desk = Self::new();
        desk.make_key();
        desk.import(&answer(organisation, &desk.public_key(), NOW, 1));
        assert_eq!(desk.handle(GateCommand::Accept).problem, None);
        desk
    }

    fn opened(&mut self) -> Option<ConsoleConfig> {
        self.gate.take_opened()
    }
}

/// A full queue wakes its reader too.
fn while_it_is_wanted(tell: &SyncSender<()>) {
    let _ = tell.try_send(());
}

fn places(folder: &TempDir) -> Places {
    Places::in_folder(folder.path().join("data"))
}

fn secret(text: &str) -> Secret {
    text.to_owned().into()
}

fn make_key(name: &str, password: &str, again: &str) -> GateCommand {
    GateCommand::MakeKey { name: name.to_owned(), password: secret(password), again: secret(again) }
}

fn organisation(seed: u64) -> DevOrganisation {
    let nodes = vec![RelayNode { name: "one".to_owned(), host: "relay.example".to_owned(), port: 443 }];
    let relay = RelayAddress { name: "relay".to_owned(), nodes, pin: None };
    dev::sample(&mut StdRng::seed_from_u64(seed), NOW, relay).unwrap()
}

/// What the organisation answers at this time to a request for this key.
fn answer(organisation: &DevOrganisation, public_key: &[u8; 32], now_s: u64, serial: u8) -> Enrolment {
    let request = OperatorRequest { name: SAMPLE_OPERATOR.to_owned(), team: None, profile: Profile::all_tools() };
    let leaf = issue_operator(&organisation.issuing, public_key, &request, &[serial; 16], now_s).unwrap();
    Enrolment {
        chain: vec![leaf, organisation.issuing.certificate().to_vec()],
        organisation_file: organisation.organisation_file.clone(),
        revocation_list: Some(create_crl(&organisation.issuing, 1, &[], now_s).unwrap()),
    }
}

fn name_of(view: &GateView) -> String {
    format!("{:?}", view.stage)
}

#[test]
fn an_operator_comes_from_an_empty_folder_to_an_open_console() {
    let lucca = organisation(1);
    let mut desk = Desk::new();
    assert_eq!(desk.view().stage, GateStage::Empty);

    let view = desk.make_key();
    let fingerprint = key_fingerprint(&desk.public_key());
    let requested = GateStage::Requested { name: SAMPLE_OPERATOR.to_owned(), fingerprint };
    assert_eq!((view.stage, view.problem), (requested.clone(), None));

    let out = desk.folder.path().to_owned();
    let done = desk.handle(GateCommand::SaveRequest(out.clone())).done;
    let path = out.join("giulia-rinaldi.request");
    assert_eq!(done, Some(GateDone::RequestSaved(path.clone())));
    let request = EnrolmentRequest::open(&fs::read(path).unwrap()).unwrap();

    // The console was closed meanwhile.
    desk = desk.again();
    assert_eq!(desk.view().stage, requested);
    let view = desk.import(&answer(&lucca, &request.public_key, NOW, 1));
    let GateStage::Confirm(answered) = view.stage else { panic!("{}", name_of(&view)) };
    assert_eq!((answered.name.as_str(), answered.domain.as_str()), (SAMPLE_OPERATOR, SAMPLE_DOMAIN));
    assert_eq!(desk.handle(GateCommand::Decline).stage, requested);
    assert!(!places(&desk.folder).organisation().exists());

    desk.import(&answer(&lucca, &request.public_key, NOW, 1));
    let view = desk.handle(GateCommand::Accept);
    let locked = GateStage::Locked { name: SAMPLE_OPERATOR.to_owned(), until: None };
    assert_eq!((view.stage, view.done), (locked.clone(), Some(GateDone::AnswerTaken)));
    assert!(desk.opened().is_none());

    desk = desk.again();
    assert_eq!(desk.view().stage, locked);
    assert_eq!(desk.sign_in(PASSWORD).stage, GateStage::Open);
    let config = desk.opened().unwrap();
    let operator = config.operator_view(NOW);
    assert_eq!((operator.name.as_str(), operator.domain.as_str()), (SAMPLE_OPERATOR, SAMPLE_DOMAIN));
    assert_eq!(config.logs_folder, places(&desk.folder).logs());
    assert!(config.logs_folder.is_dir() && config.revocations.is_some());
    assert!(desk.opened().is_none(), "once");
}

#[test]
fn the_key_is_on_the_disk_only_under_the_password_and_only_for_its_owner() {
    let mut desk = Desk::new();
    desk.make_key();
    check_files(&desk, 2);
    let lucca = organisation(1);
    desk.import(&answer(&lucca, &desk.public_key(), NOW, 1));
    desk.handle(GateCommand::Accept);
    check_files(&desk, 4);
    desk.sign_in(PASSWORD);
    check_files(&desk, 4);
}

/// That none of so many files holds the key in any usual form, and that they are their owner's alone.
fn check_files(desk: &Desk, expected: usize) {
    let files = places(&desk.folder);
    let vault = fs::read(files.vault()).unwrap();
    let seed = OperatorVault::open_bytes(&vault).unwrap().unlock(PASSWORD).unwrap();
    let hex: String = seed.expose().iter().map(|byte| format!("{byte:02x}")).collect();
    let holds = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    let paths = fs::read_dir(&files.data).unwrap().map(|entry| entry.unwrap().path());
    let paths: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    assert_eq!(paths.len(), expected);
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        // Base64 goes by groups of three bytes, wherever the key begins in what is encoded.
        for offset in 0..3 {
            let encoded = base64_of(&seed.expose()[offset..offset + 27]);
            assert!(!holds(&bytes, encoded.as_bytes()), "{}", path.display());
        }
        assert!(!holds(&bytes, seed.expose()), "{}", path.display());
        assert!(!holds(&bytes.to_ascii_lowercase(), hex.as_bytes()), "{}", path.display());
        #[cfg(unix)]
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    #[cfg(unix)]
    assert_eq!(mode(&files.data), 0o700);
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Base64 (RFC 4648) of whole groups of three bytes.
fn base64_of(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sign = |value: u32| char::from(SIGNS[(value & 63) as usize]);
    let group = |three: &[u8]| {
        let value = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        [sign(value >> 18), sign(value >> 12), sign(value >> 6), sign(value)]
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

#[test]
fn after_three_wrong_passwords_the_window_takes_none_for_a_while() {
    let mut desk = Desk::enrolled(&organisation(1));
    for left in [2, 1, 0] {
        assert_eq!(desk.sign_in("Wrong-7-times").problem, Some(GateProblem::WrongPassword { left }));
    }
    assert_eq!(WRONG_TRIES, 3);
    let until = desk.now + WRONG_WAIT;
    assert_eq!(desk.view().stage, GateStage::Locked { name: SAMPLE_OPERATOR.to_owned(), until: Some(until) });
    desk.now += WRONG_WAIT - Duration::from_millis(1);
    assert!(matches!(desk.sign_in(PASSWORD).stage, GateStage::Locked { .. }));
    desk.now = until;
    assert_eq!(desk.sign_in(PASSWORD).stage, GateStage::Open);
}

#[test]
fn a_name_and_a_password_that_will_not_do_make_no_key() {
    let mut desk = Desk::new();
    let rows = [
        (make_key(" ", PASSWORD, PASSWORD), GateProblem::BadName),
        (make_key("a\u{7}b", PASSWORD, PASSWORD), GateProblem::BadName),
        (make_key("Anna", "Corta-1", "Corta-1"), GateProblem::PasswordShort),
        (make_key("Anna", "soltantominuscole", "soltantominuscole"), GateProblem::PasswordPlain),
        (make_key("Anna", "Password1!", "Password1!"), GateProblem::PasswordCommon),
        (make_key("Anna Fanti", "Anna-Fanti-1", "Anna-Fanti-1"), GateProblem::PasswordIsName),
        (make_key("Anna", PASSWORD, "Tre-querce-8"), GateProblem::PasswordsDiffer),
    ];
    for (command, problem) in rows {
        let view = desk.handle(command);
        assert_eq!((view.stage, view.problem), (GateStage::Empty, Some(problem)));
    }
    assert!(!places(&desk.folder).vault().exists());
}

#[test]
fn an_answer_that_is_not_for_this_key_or_not_whole_changes_nothing() {
    let (lucca, other) = (organisation(1), organisation(2));
    let mut desk = Desk::new();
    desk.make_key();
    let key = desk.public_key();
    let good = answer(&lucca, &key, NOW, 1);
    let revoked = [Revoked { serial: vec![1; 16], at_s: NOW }];
    let certificate = GateProblem::Certificate;
    let rows = [
        (answer(&lucca, &lucca.operator_seed.public_key(), NOW, 1).to_bytes(), GateProblem::AnswerForAnotherKey),
        (
            Enrolment { organisation_file: other.organisation_file.clone(), ..good.clone() }.to_bytes(),
            certificate(CertificateProblem::NotFromThisOrganisation),
        ),
        (answer(&lucca, &key, NOW - 60 * DAY, 1).to_bytes(), certificate(CertificateProblem::Expired)),
        (answer(&lucca, &key, NOW + 20 * DAY, 1).to_bytes(), certificate(CertificateProblem::NotYetValid)),
        (
            Enrolment { revocation_list: Some(create_crl(&lucca.issuing, 2, &revoked, NOW).unwrap()), ..good.clone() }
                .to_bytes(),
            certificate(CertificateProblem::Revoked),
        ),
        (
            Enrolment {
                revocation_list: Some(create_crl(&lucca.issuing, 2, &[], NOW - 60 * DAY).unwrap()),
                ..good.clone()
            }
            .to_bytes(),
            certificate(CertificateProblem::StaleRevocationList),
        ),
        (
            Enrolment { revocation_list: Some(vec![0; 9]), ..good.clone() }.to_bytes(),
            certificate(CertificateProblem::BadRevocationList),
        ),
        (
            Enrolment { organisation_file: b"moon".to_vec(), ..good.clone() }.to_bytes(),
            GateProblem::OrganisationDamaged,
        ),
        (good.to_bytes()[1..].to_vec(), GateProblem::NotAnAnswer),
        (Vec::new(), GateProblem::NotAnAnswer),
    ];
    for (bytes, problem) in rows {
        let path = desk.put("answer", &bytes);
        let view = desk.handle(GateCommand::Import(path));
        assert_eq!(view.problem, Some(problem.clone()));
        assert!(matches!(view.stage, GateStage::Requested { .. }), "{problem:?}");
    }
    let nowhere = desk.folder.path().join("nowhere");
    assert_eq!(desk.handle(GateCommand::Import(nowhere.clone())).problem, Some(GateProblem::NotRead(nowhere)));
    assert!(!places(&desk.folder).organisation().exists());
}

#[test]
fn the_certificate_is_renewed_while_signed_in_and_by_no_other_organisation() {
    let (lucca, other) = (organisation(1), organisation(2));
    let mut desk = Desk::enrolled(&lucca);
    let key = desk.public_key();
    desk.sign_in(PASSWORD);
    let before = desk.opened().unwrap().operator_view(NOW);

    let view = desk.import(&answer(&other, &key, NOW, 9));
    assert_eq!((view.stage, view.problem), (GateStage::Open, Some(GateProblem::AnswerForeign)));
    // Not even if the file that would show it is gone.
    fs::remove_file(places(&desk.folder).organisation()).unwrap();
    assert_eq!(desk.import(&answer(&other, &key, NOW, 9)).problem, Some(GateProblem::AnswerForeign));
    assert!(desk.opened().is_none());

    let renewed = answer(&lucca, &key, NOW + DAY / 8, 2);
    let path = desk.put("answer", &renewed.to_bytes());
    let view = desk.handle_at(GateCommand::Import(path), NOW + DAY);
    assert_eq!((view.stage, view.problem, view.done), (GateStage::Open, None, Some(GateDone::AnswerTaken)));
    let after = desk.opened().unwrap().operator_view(NOW);
    assert_eq!(after.ends_at_s, before.ends_at_s + DAY / 8);
    desk = desk.again();
    desk.gate.handle(GateCommand::SignIn(secret(PASSWORD)), desk.now, NOW + DAY);
    while desk.view().busy.is_some() {
        desk.changed.recv().unwrap();
    }
    assert_eq!(desk.opened().unwrap().operator_view(NOW).fingerprint, after.fingerprint);
}

#[test]
fn what_comes_with_an_answer_never_replaces_what_is_newer() {
    let lucca = organisation(1);
    let mut desk = Desk::enrolled(&lucca);
    let file = Organisation::open(&lucca.organisation_file, NOW).unwrap().file().clone();
    let newer = identity::OrganisationFile { serial: 7, ..file }.sign(lucca.root.seed()).unwrap();
    let files = places(&desk.folder);
    let list = create_crl(&lucca.issuing, 5, &[], NOW).unwrap();
    for (path, bytes) in [(files.organisation(), &newer), (files.revocations(), &list)] {
        fs::write(path, bytes).unwrap();
    }
    let key = desk.public_key();
    assert_eq!(desk.import(&answer(&lucca, &key, NOW, 2)).done, Some(GateDone::AnswerTaken));
    assert!(fs::read(files.organisation()).unwrap() == newer && fs::read(files.revocations()).unwrap() == list);
}

#[test]
fn a_certificate_that_does_not_hold_now_is_told_and_opens_nothing() {
    let lucca = organisation(1);
    let revoked = create_crl(&lucca.issuing, 2, &[Revoked { serial: vec![1; 16], at_s: NOW }], NOW).unwrap();
    type Change<'a> = &'a dyn Fn(&Places);
    let organisation = |bytes: &'static [u8]| move |files: &Places| fs::write(files.organisation(), bytes).unwrap();
    let certificate = GateProblem::Certificate;
    let missing = |files: &Places| GateProblem::NoOrganisation(files.organisation());
    let mut desk = Desk::enrolled(&lucca);
    let files = places(&desk.folder);
    let rows: [(Change<'_>, u64, GateProblem); 7] = [
        (&|_| (), NOW + 29 * DAY + DAY * 3, GateProblem::OrganisationExpired),
        (&|_| (), NOW - 5 * DAY, certificate(CertificateProblem::NotYetValid)),
        (&|files| fs::write(files.revocations(), &revoked).unwrap(), NOW, certificate(CertificateProblem::Revoked)),
        (&organisation(b"moon"), NOW, GateProblem::OrganisationDamaged),
        (&organisation(b"ponte-organisation-999\n"), NOW, GateProblem::OrganisationDamaged),
        (&|files| fs::remove_file(files.organisation()).unwrap(), NOW, missing(&files)),
        (
            &|files| fs::write(files.organisation(), organisation_of_somebody_else()).unwrap(),
            NOW,
            certificate(CertificateProblem::NotFromThisOrganisation),
        ),
    ];
    for (change, now_s, problem) in rows {
        change(&files);
        let view = desk.handle_at(GateCommand::SignIn(secret(PASSWORD)), now_s);
        assert_eq!(view.problem, Some(problem.clone()));
        assert!(matches!(view.stage, GateStage::Locked { until: None, .. }), "{problem:?}");
        assert!(desk.opened().is_none());
    }
}

fn organisation_of_somebody_else() -> Vec<u8> {
    organisation(2).organisation_file
}

#[test]
fn a_damaged_vault_is_told_and_never_replaced() {
    let mut desk = Desk::enrolled(&organisation(1));
    let path = places(&desk.folder).vault();
    let good = fs::read(&path).unwrap();
    let newer = String::from_utf8(good.clone()).unwrap().replacen("\"version\": 1", "\"version\": 2", 1);
    let rows = [
        (good[..good.len() / 2].to_vec(), GateProblem::VaultDamaged(path.clone())),
        (Vec::new(), GateProblem::VaultDamaged(path.clone())),
        (newer.into_bytes(), GateProblem::VaultNewer(path.clone())),
    ];
    for (bytes, problem) in rows {
        fs::write(&path, &bytes).unwrap();
        desk = desk.again();
        let view = desk.make_key();
        assert_eq!(view.stage, GateStage::Unusable);
        assert_eq!(desk.handle(GateCommand::Reload).problem, Some(problem));
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    fs::write(&path, good).unwrap();
    assert!(matches!(desk.handle(GateCommand::Reload).stage, GateStage::Locked { .. }));
}

#[test]
fn the_password_is_changed_by_who_knows_it() {
    const NEW: &str = "Quattro-lecci-8";
    let mut desk = Desk::enrolled(&organisation(1));
    desk.sign_in(PASSWORD);
    let change = |old: &str, new: &str, again: &str| GateCommand::ChangePassword {
        old: secret(old),
        new: secret(new),
        again: secret(again),
    };
    let rows = [
        (change("Wrong-7-times", NEW, NEW), GateProblem::WrongPassword { left: 2 }),
        (change(PASSWORD, PASSWORD, PASSWORD), GateProblem::PasswordOld),
        (change(PASSWORD, NEW, "Quattro-lecci-9"), GateProblem::PasswordsDiffer),
        (change(PASSWORD, "short", "short"), GateProblem::PasswordShort),
    ];
    for (command, problem) in rows {
        assert_eq!(desk.handle(command).problem, Some(problem));
    }
    assert_eq!(desk.handle(change(PASSWORD, NEW, NEW)).done, Some(GateDone::PasswordChanged));
    desk = desk.again();
    assert_eq!(desk.sign_in(PASSWORD).problem, Some(GateProblem::WrongPassword { left: 2 }));
    assert_eq!(desk.sign_in(NEW).stage, GateStage::Open);
}

#[test]
fn a_vault_from_elsewhere_is_opened_where_it_is_and_can_be_renewed_too() {
    let lucca = organisation(1);
    let folder = tempfile::tempdir().unwrap();
    let sealed =
        OperatorVault::seal_file(&lucca.operator_file(), PASSWORD, Cost::TRIAL, &mut StdRng::seed_from_u64(3)).unwrap();
    let (vault, file) = (folder.path().join("operator.json"), folder.path().join("lucca.ponte"));
    fs::write(&vault, sealed.to_bytes()).unwrap();
    fs::write(&file, &lucca.organisation_file).unwrap();
    let data = folder.path().join("data");
    let places = Places { data: data.clone(), operator: Some(vault), organisation: Some(file) };
    let (tell, changed) = sync_channel(64);
    let mut gate = Gate::new(places, Cost::TRIAL, "it", Arc::new(move || while_it_is_wanted(&tell)));
    let now = Instant::now();
    gate.handle(GateCommand::SignIn(secret(PASSWORD)), now, NOW);
    assert_eq!(gate.view(now, NOW).busy.unwrap_or(Busy::SigningIn), Busy::SigningIn);
    while gate.view(now, NOW).busy.is_some() {
        changed.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    assert_eq!(gate.view(now, NOW).stage, GateStage::Open);
    gate.handle(GateCommand::SaveRequest(folder.path().to_owned()), now, NOW);
    let saved = fs::read(folder.path().join("giulia-rinaldi.request")).unwrap();
    assert_eq!(EnrolmentRequest::open(&saved).unwrap().public_key, lucca.operator_seed.public_key());
    assert!(data.join("logs").is_dir());
}

#[test]
fn an_organisation_with_a_recovery_key_can_give_the_vault_another_password() {
    let mut rng = StdRng::seed_from_u64(4);
    let key = RecoveryKey::random(&mut rng);
    let mut lucca = organisation(1);
    let file = Organisation::open(&lucca.organisation_file, NOW).unwrap().file().clone();
    let file = identity::OrganisationFile { recovery_key: Some(key.public()), ..file };
    lucca.organisation_file = file.sign(lucca.root.seed()).unwrap();
    let mut desk = Desk::enrolled(&lucca);
    assert!(!desk.view().is_recoverable);
    assert!(desk.sign_in(PASSWORD).is_recoverable);
    let path = desk.view().vault;
    let vault = OperatorVault::open_bytes(&fs::read(&path).unwrap()).unwrap();
    let recovered = vault.recover(&key, "Quattro-lecci-8", Cost::TRIAL, &mut rng).unwrap();
    fs::write(path, recovered.to_bytes()).unwrap();
    desk = desk.again();
    assert_eq!(desk.sign_in("Quattro-lecci-8").stage, GateStage::Open);
}

#[test]
fn no_password_is_ever_printed() {
    let printed = format!("{:?}", make_key("Anna", PASSWORD, PASSWORD));
    assert!(printed.contains("Anna") && !printed.contains("querce"));
}
