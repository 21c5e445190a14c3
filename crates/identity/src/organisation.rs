//! The organisation file: who an organisation is, where its relay is, signed by its root.
//!
//! On disk: a first line with the format's name and version, a second with the base64 Ed25519
//! signature by the first root over everything else (first line and payload), then the payload,
//! JSON.

use crate::authority::IssueError;
use crate::hours::is_time_zone;
use crate::seed::{Seed, verify_signature};
use crate::text;
use ring::digest::{SHA256, digest};
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Longest organisation file, in bytes: terms and notices in many languages fit.
pub const ORGANISATION_FILE_BYTES: usize = 256 * 1024;

const FORMAT: &[u8] = b"ponte-organisation ";
const FIRST_LINE: &[u8] = b"ponte-organisation 1\n";
/// Most roots: the current one, its successor and two spare.
const ROOTS: usize = 4;
/// Most relay nodes.
const NODES: usize = 64;
/// Most languages of any text, and most entries of policy and minimum builds.
const ENTRIES: usize = 64;
/// Longest host name in bytes (RFC 1035, 2.3.4).
const HOST_BYTES: usize = 253;
/// Longest name of a relay or node in bytes; as in [`proto::relay::NodeName`].
const RELAY_NAME_BYTES: usize = 100;
/// Language when neither the wanted one nor its base is there.
const FALLBACK_LANGUAGE: &str = "en";

/// One node of a relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayNode {
    /// Its name, unique in the file.
    pub name: String,
    /// DNS name or address.
    pub host: String,
    /// Port, the same for UDP and TCP.
    pub port: u16,
}

/// Where an organisation's relay is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayAddress {
    /// The relay's name; bound into every pairing and every link proof.
    pub name: String,
    /// Its nodes, at least one.
    pub nodes: Vec<RelayNode>,
    /// SHA-256 of the SubjectPublicKeyInfo of its outer certificate; where present it replaces
    /// the platform's trust.
    #[serde(default, with = "text::digest", skip_serializing_if = "Option::is_none")]
    pub pin: Option<[u8; 32]>,
}

/// The content of an organisation file, before it is signed or after it was checked. Fields that
/// this code does not know are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganisationFile {
    /// The organisation's DNS domain: the only part of its identity that somebody checked.
    pub domain: String,
    /// Its name per language tag.
    pub names: BTreeMap<String, String>,
    /// Rises with every file of the organisation.
    pub serial: u64,
    /// When the file ends, in seconds since 1970.
    pub not_after_s: u64,
    /// Root certificates (DER, as base64); the first one signs the file.
    #[serde(with = "text::list")]
    pub roots: Vec<Vec<u8>>,
    /// Its relay.
    pub relay: RelayAddress,
    /// Terms of the help, per language tag.
    #[serde(default)]
    pub terms: BTreeMap<String, String>,
    /// Privacy notice, per language tag.
    #[serde(default)]
    pub privacy: BTreeMap<String, String>,
    /// Where its working hours are counted, a name of the IANA time zone database.
    #[serde(default = "default_time_zone")]
    pub time_zone: String,
    /// Whether an operator must show a list of revoked certificates that is in time.
    #[serde(default)]
    pub revocation_required: bool,
    /// The key (X25519) that operators' secrets are sealed to besides their password, for the
    /// organisation to recover them.
    #[serde(default, with = "text::digest", skip_serializing_if = "Option::is_none")]
    pub recovery_key: Option<[u8; 32]>,
    /// Policy values by name; see [`crate::Policy`].
    #[serde(default)]
    pub policy: BTreeMap<String, serde_json::Value>,
    /// Oldest build that may be used, by program.
    #[serde(default)]
    pub minimum_builds: BTreeMap<String, String>,
}

fn default_time_zone() -> String {
    "UTC".to_owned()
}

impl OrganisationFile {
    /// The signed file. `root` is the key of the first root certificate.
    ///
    /// # Errors
    /// [`IssueError::Unwritable`] if the content breaks a limit that [`Organisation::open`] has;
    /// [`IssueError::NotAnAuthority`] if `root` is not the first root's key.
    pub fn sign(&self, root: &Seed) -> Result<Vec<u8>, IssueError> {
        self.check().map_err(|error| IssueError::Unwritable(error.to_string()))?;
        let first = self.roots.first().and_then(|der| root_key(der)).ok_or(IssueError::NotAnAuthority)?;
        if first != root.public_key() {
            return Err(IssueError::NotAnAuthority);
        }
        let payload = serde_json::to_vec_pretty(self).map_err(|error| IssueError::Unwritable(error.to_string()))?;
        let signature = text::encode(&root.sign(&statement(&payload)));
        let file = [FIRST_LINE, signature.as_bytes(), b"\n", &payload].concat();
        if file.len() > ORGANISATION_FILE_BYTES {
            return Err(IssueError::Unwritable(OrganisationError::TooLarge.to_string()));
        }
        Ok(file)
    }

    fn check(&self) -> Result<(), OrganisationError> {
        let within = |length: usize, least: usize, most: usize| (least..=most).contains(&length);
        let texts = [&self.names, &self.terms, &self.privacy, &self.minimum_builds];
        let nodes = &self.relay.nodes;
        let good = is_domain(&self.domain)
            && within(self.roots.len(), 1, ROOTS)
            && !self.names.is_empty()
            && self.names.values().all(|name| within(name.trim().len(), 1, proto::limits::NAME_BYTES))
            && texts.iter().all(|map| map.len() <= ENTRIES)
            && self.policy.len() <= ENTRIES
            && is_time_zone(&self.time_zone)
            && within(self.relay.name.len(), 1, RELAY_NAME_BYTES)
            && within(nodes.len(), 1, NODES)
            && nodes.iter().all(|node| within(node.name.len(), 1, RELAY_NAME_BYTES) && node.port != 0)
            && nodes.iter().all(|node| within(node.host.len(), 1, HOST_BYTES))
            && nodes.iter().map(|node| &node.name).collect::<BTreeSet<_>>().len() == nodes.len();
        if good { Ok(()) } else { Err(OrganisationError::BadContent) }
    }
}

/// A file is not a usable organisation file. Who made or brought the file is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrganisationError {
    /// The first line is missing: some other file.
    #[error("this is not an organisation file")]
    NotAnOrganisationFile,
    /// A later format; a newer program is needed.
    #[error("this organisation file needs a newer program")]
    NewerFormat,
    /// Longer than [`ORGANISATION_FILE_BYTES`].
    #[error("the organisation file is too large")]
    TooLarge,
    /// The payload is not what the format demands, or breaks a limit.
    #[error("the organisation file has bad content")]
    BadContent,
    /// The first root did not sign this.
    #[error("the signature of the organisation file is wrong")]
    BadSignature,
    /// The file has ended; a newer one is needed.
    #[error("the organisation file has expired")]
    Expired,
}

/// An organisation as a checked file describes it. Checked means: whole, in time, and signed by
/// the root that it names itself. Whether that root is the one of its domain depends on where the
/// file came from, which only the caller knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    file: OrganisationFile,
    root_sha256: [u8; 32],
}

impl Organisation {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`OrganisationError`] says what is wrong; nothing of a bad file can be used.
    pub fn open(bytes: &[u8], now_s: u64) -> Result<Self, OrganisationError> {
        if bytes.len() > ORGANISATION_FILE_BYTES {
            return Err(OrganisationError::TooLarge);
        }
        if !bytes.starts_with(FORMAT) {
            return Err(OrganisationError::NotAnOrganisationFile);
        }
        let rest = bytes.strip_prefix(FIRST_LINE).ok_or(OrganisationError::NewerFormat)?;
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or(OrganisationError::BadSignature)?;
        let (signature, payload) = rest.split_at(end);
        let payload = payload.strip_prefix(b"\n").ok_or(OrganisationError::BadSignature)?;
        let signature = text::decode(signature).ok_or(OrganisationError::BadSignature)?;

        // The key is inside the payload, so it is read before the signature is checked; nothing
        // else of it is used before.
        let file: OrganisationFile = serde_json::from_slice(payload).map_err(|_| OrganisationError::BadContent)?;
        let first = file.roots.first().ok_or(OrganisationError::BadContent)?;
        let key = root_key(first).ok_or(OrganisationError::BadContent)?;
        if !verify_signature(&key, &statement(payload), &signature) {
            return Err(OrganisationError::BadSignature);
        }
        file.check()?;
        if !file.roots.iter().all(|root| root_key(root).is_some()) {
            return Err(OrganisationError::BadContent);
        }
        if now_s > file.not_after_s {
            return Err(OrganisationError::Expired);
        }
        let mut root_sha256 = [0; 32];
        root_sha256.copy_from_slice(digest(&SHA256, first).as_ref());
        Ok(Self { file, root_sha256 })
    }

    /// Everything that the file says.
    #[must_use]
    pub fn file(&self) -> &OrganisationFile {
        &self.file
    }

    /// The domain; to be shown wherever the name is.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.file.domain
    }

    /// The relay.
    #[must_use]
    pub fn relay(&self) -> &RelayAddress {
        &self.file.relay
    }

    /// SHA-256 of the first root certificate: two files with the same one are of one organisation.
    #[must_use]
    pub fn root_sha256(&self) -> [u8; 32] {
        self.root_sha256
    }

    /// The time zone of its working hours.
    #[must_use]
    pub fn time_zone(&self) -> &str {
        &self.file.time_zone
    }

    /// The name in this language ("it", "it-CH"), in its base language, in English, or in any.
    #[must_use]
    pub fn name_for(&self, language: &str) -> &str {
        in_language(&self.file.names, language).unwrap_or(&self.file.domain)
    }

    /// The terms, chosen as in [`Self::name_for`].
    #[must_use]
    pub fn terms_for(&self, language: &str) -> Option<&str> {
        in_language(&self.file.terms, language)
    }

    /// The privacy notice, chosen as in [`Self::name_for`].
    #[must_use]
    pub fn privacy_for(&self, language: &str) -> Option<&str> {
        in_language(&self.file.privacy, language)
    }

    /// Whether a program of this build ("ponte-agent 1.2.3", or the version alone) is as new as the organisation
    /// wants it. Builds are compared number by number; what cannot be compared is new enough.
    #[must_use]
    pub fn is_new_enough(&self, program: &str, build: &str) -> bool {
        let least = self.file.minimum_builds.get(program).and_then(|least| version(least));
        least.is_none_or(|least| version(build).is_none_or(|build| build >= least))
    }

    pub(crate) fn roots(&self) -> impl Iterator<Item = CertificateDer<'_>> {
        self.file.roots.iter().map(|root| CertificateDer::from(root.as_slice()))
    }
}

/// The numbers of a version, without those that are missing at its end.
fn version(build: &str) -> Option<[u64; 3]> {
    let mut numbers = [0; 3];
    let version = build.rsplit(' ').next().unwrap_or(build).split(['-', '+']).next().unwrap_or_default();
    let mut parts = version.split('.');
    for (number, part) in numbers.iter_mut().zip(parts.by_ref()) {
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn in_language<'a>(texts: &'a BTreeMap<String, String>, language: &str) -> Option<&'a str> {
    let base = language.split(['-', '_']).next().unwrap_or_default();
    [language, base, FALLBACK_LANGUAGE]
        .iter()
        .find_map(|tag| texts.get(*tag))
        .or_else(|| texts.values().next())
        .map(String::as_str)
}

/// What is signed: the first line too, so that a signature belongs to one format and version and
/// cannot be mistaken for one over a certificate.
fn statement(payload: &[u8]) -> Vec<u8> {
    [FIRST_LINE, payload].concat()
}

/// The Ed25519 key of a root certificate.
fn root_key(der: &[u8]) -> Option<[u8; 32]> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    let is_root = rest.is_empty() && certificate.is_ca();
    if is_root { ed25519_key(&certificate) } else { None }
}

/// The key of a certificate if it is an Ed25519 one (RFC 8410).
pub(crate) fn ed25519_key(certificate: &X509Certificate<'_>) -> Option<[u8; 32]> {
    let key = certificate.public_key();
    if key.algorithm.algorithm != x509_parser::oid_registry::OID_SIG_ED25519 {
        return None;
    }
    <[u8; 32]>::try_from(key.subject_public_key.data.as_ref()).ok()
}

/// Lower-case letters, digits, dashes and dots, at least one dot: what is shown as the domain
/// cannot be made to look like another by script or direction.
fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    domain.len() <= HOST_BYTES && domain.contains('.') && domain.split('.').all(label)
}
