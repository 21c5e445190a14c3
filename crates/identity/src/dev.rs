//! A throw-away organisation with one operator: for trials, tests and the demonstration.

use crate::authority::{Authority, IssueError, OperatorRequest, create_issuing, create_root, issue_operator};
use crate::operator_file::OperatorFile;
use crate::organisation::{OrganisationFile, RelayAddress};
use crate::profile::Profile;
use crate::seed::Seed;
use rand::{CryptoRng, RngCore};
use std::collections::BTreeMap;

/// How long a throw-away organisation file holds, in seconds: 30 days.
const DEV_SECONDS: u64 = 30 * 24 * 60 * 60;

/// The operator of the sample organisation.
pub const SAMPLE_OPERATOR: &str = "Giulia Rinaldi";
/// The domain of the sample organisation; no such domain can exist (RFC 2606).
pub const SAMPLE_DOMAIN: &str = "lucca.example";

/// The password of the sample operator's vault: a trial has no secrets, and hides nothing.
pub const SAMPLE_PASSWORD: &str = "Prova-2026";

const TERMS: [(&str, &str); 2] = [
    (
        "it",
        "Una persona dell'assistenza può aiutarla a distanza, mentre lei guarda.\n\
         Vede lo schermo, usa mouse e tastiera e scambia file solo se lei lo permette, ogni volta. \
         Può fermare tutto in qualsiasi momento con il pulsante rosso.\n\
         Alla fine il programma si chiude: sul suo computer non resta installato nulla. \
         Restano solo i file che ha accettato e le modifiche fatte insieme.",
    ),
    (
        "en",
        "A person from the help desk can help you from a distance while you watch.\n\
         They see the screen, use mouse and keyboard, and exchange files only if you allow it, each time. \
         You can stop everything at any moment with the red button.\n\
         At the end the program closes: nothing stays installed on your computer. \
         Only the files you accepted and the changes you made together remain.",
    ),
];

const PRIVACY: [(&str, &str); 2] = [
    (
        "it",
        "Lo schermo passa cifrato da un computer all'altro; nessuno in mezzo può leggerlo e non viene registrato.\n\
         L'assistenza annota chi ha aiutato, quando, per quanto tempo e che cosa è stato permesso.",
    ),
    (
        "en",
        "The screen travels encrypted from one computer to the other; nobody between can read it, and it is not \
         recorded.\n\
         The help desk notes who helped, when, for how long and what was allowed.",
    ),
];

/// Everything of a throw-away organisation, with all its keys. No `Debug`.
pub struct DevOrganisation {
    /// The signed file.
    pub organisation_file: Vec<u8>,
    /// The root.
    pub root: Authority,
    /// The issuing authority.
    pub issuing: Authority,
    /// The operator's key.
    pub operator_seed: Seed,
    /// The operator's certificates, leaf first, DER.
    pub operator_chain: Vec<Vec<u8>>,
}

impl DevOrganisation {
    /// The operator's chain and key as a file.
    #[must_use]
    pub fn operator_file(&self) -> OperatorFile {
        OperatorFile { chain: self.operator_chain.clone(), seed: self.operator_seed.clone() }
    }
}

/// Makes an organisation with these names per language, its two authorities and one operator who
/// may use every tool. The texts of terms and privacy are samples.
///
/// # Errors
/// [`IssueError`] if a name or address is not usable.
pub fn throw_away(
    rng: &mut (impl RngCore + CryptoRng),
    now_s: u64,
    relay: RelayAddress,
    operator_name: &str,
    names: &BTreeMap<String, String>,
    domain: &str,
) -> Result<DevOrganisation, IssueError> {
    let organisation = names.values().next_back().map_or(domain, String::as_str);
    let root = create_root(Seed::random(rng), organisation, &serial(rng), now_s)?;
    let issuing = create_issuing(&root, Seed::random(rng), &serial(rng), now_s)?;
    let operator_seed = Seed::random(rng);
    let request = OperatorRequest { name: operator_name.to_owned(), team: None, profile: Profile::all_tools() };
    let leaf = issue_operator(&issuing, &operator_seed.public_key(), &request, &serial(rng), now_s)?;
    let organisation_file = OrganisationFile {
        domain: domain.to_owned(),
        names: names.clone(),
        serial: 1,
        not_after_s: now_s.saturating_add(DEV_SECONDS),
        roots: vec![root.certificate().to_vec()],
        relay,
        terms: texts(TERMS),
        privacy: texts(PRIVACY),
        time_zone: "Europe/Rome".to_owned(),
        revocation_required: false,
        recovery_key: None,
        policy: BTreeMap::new(),
        minimum_builds: BTreeMap::new(),
    }
    .sign(root.seed())?;
    let operator_chain = vec![leaf, issuing.certificate().to_vec()];
    Ok(DevOrganisation { organisation_file, root, issuing, operator_seed, operator_chain })
}

/// [`throw_away`] with the sample names: Lucca's help desk and [`SAMPLE_OPERATOR`].
///
/// # Errors
/// [`IssueError`] if the relay's address is not usable.
pub fn sample(
    rng: &mut (impl RngCore + CryptoRng),
    now_s: u64,
    relay: RelayAddress,
) -> Result<DevOrganisation, IssueError> {
    let names = texts([("it", "Assistenza Comune di Lucca"), ("en", "Lucca City Help Desk")]);
    throw_away(rng, now_s, relay, SAMPLE_OPERATOR, &names, SAMPLE_DOMAIN)
}

/// A random serial number of 16 bytes that is never zero.
fn serial(rng: &mut (impl RngCore + CryptoRng)) -> [u8; 16] {
    let mut serial = [0; 16];
    rng.fill_bytes(&mut serial);
    serial[0] |= 0x40;
    serial
}

fn texts<const N: usize>(texts: [(&str, &str); N]) -> BTreeMap<String, String> {
    texts.map(|(language, text)| (language.to_owned(), text.to_owned())).into()
}
