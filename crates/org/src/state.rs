//! What an organisation's folder says, but for its keys: one JSON file that people may read.

use crate::failure::Failure;
use crate::files::{self, Readers};
use crate::values::{from_hex, to_hex};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::{OrganisationFile, Profile, key_fingerprint};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const FORMAT: &str = "ponte-organisation-state";
const VERSION: u16 = 1;
/// Longest state, in bytes: some 50,000 operators.
const STATE_BYTES: usize = 64 * 1024 * 1024;

/// Everything but the keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    format: String,
    version: u16,
    /// What the organisation file says, as it was signed last.
    pub(crate) file: OrganisationFile,
    /// The issuing authority's certificate, DER.
    #[serde(with = "base64_text")]
    pub(crate) issuing: Vec<u8>,
    /// Number of the last list of revoked certificates.
    pub(crate) list_number: u64,
    /// Teams.
    pub(crate) teams: BTreeSet<String>,
    /// Profiles by name.
    pub(crate) profiles: BTreeMap<String, Profile>,
    /// Operators, in the order in which they came.
    pub(crate) operators: Vec<OperatorRecord>,
    /// Every vault that was given a new password, in the order in which it happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) recoveries: Vec<RecoveryRecord>,
}

/// A vault was given a new password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecoveryRecord {
    /// Whose it is, by its key.
    pub(crate) name: String,
    /// Fingerprint of its key.
    pub(crate) fingerprint: String,
    /// When, in seconds since 1970.
    #[serde(rename = "at", with = "moment")]
    pub(crate) at_s: u64,
}

/// An operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OperatorRecord {
    /// The name in the certificates.
    pub(crate) name: String,
    /// The team, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) team: Option<String>,
    /// The profile's name.
    pub(crate) profile: String,
    /// The key.
    #[serde(with = "base64_key")]
    pub(crate) public_key: [u8; 32],
    /// Every certificate for it, oldest first.
    pub(crate) certificates: Vec<CertificateRecord>,
}

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CertificateRecord {
    /// Serial number.
    #[serde(with = "hex_text")]
    pub(crate) serial: Vec<u8>,
    /// When it was issued, in seconds since 1970.
    #[serde(rename = "issued", with = "moment")]
    pub(crate) issued_s: u64,
    /// When it ends, in seconds since 1970.
    #[serde(rename = "ends", with = "moment")]
    pub(crate) not_after_s: u64,
    /// What [`content_of`] says of the profile and the team in it; states of older programs do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
    /// When it was revoked, in seconds since 1970.
    #[serde(default, rename = "revoked", with = "moment_option", skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_s: Option<u64>,
}

/// Tells certificates with one profile and team from those with another: the first half of a SHA-256 over both, in
/// hexadecimal digits.
pub(crate) fn content_of(profile: &Profile, team: Option<&str>) -> String {
    let mut hashed = Context::new(&SHA256);
    hashed.update(b"ponte-org certificate content 1\0");
    // No team has this character.
    hashed.update(team.unwrap_or_default().as_bytes());
    hashed.update(&[0]);
    hashed.update(&profile.to_extension().unwrap_or_default());
    to_hex(hashed.finish().as_ref().get(..16).unwrap_or_default())
}

/// How an operator stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Valid { days_left: u64 },
    Expired,
    Revoked,
}

const DAY_S: u64 = 24 * 60 * 60;

impl OperatorRecord {
    pub(crate) fn ends_s(&self) -> u64 {
        self.certificates.iter().map(|certificate| certificate.not_after_s).max().unwrap_or_default()
    }

    pub(crate) fn standing(&self, now_s: u64) -> Standing {
        let ends_s = self.ends_s();
        if self.certificates.last().is_none_or(|newest| newest.revoked_s.is_some()) {
            Standing::Revoked
        } else if ends_s < now_s {
            Standing::Expired
        } else {
            Standing::Valid { days_left: (ends_s - now_s) / DAY_S }
        }
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.certificates.last().is_none_or(|newest| newest.revoked_s.is_some())
    }

    pub(crate) fn fingerprint(&self) -> String {
        key_fingerprint(&self.public_key)
    }
}

/// Where the state rests in an organisation's folder.
pub(crate) fn state_path(folder: &Path) -> PathBuf {
    folder.join("organisation.json")
}

impl State {
    pub(crate) fn new(file: OrganisationFile, issuing: Vec<u8>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            file,
            issuing,
            list_number: 0,
            teams: BTreeSet::new(),
            profiles: BTreeMap::new(),
            operators: Vec::new(),
            recoveries: Vec::new(),
        }
    }

    pub(crate) fn load(folder: &Path) -> Result<Self, Failure> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u16,
        }
        let path = state_path(folder);
        if !path.exists() {
            return Err(Failure::new("no-organisation").with("folder", folder.display()));
        }
        let bytes = files::read(&path, STATE_BYTES)?;
        let broken = |reason: &dyn std::fmt::Display| {
            Failure::new("state-broken").with("file", path.display()).with("reason", reason)
        };
        let head: Head = serde_json::from_slice(&bytes).map_err(|error| broken(&error))?;
        if head.format != FORMAT {
            return Err(broken(&format!("format is not {FORMAT}")));
        }
        if head.version > VERSION {
            return Err(Failure::new("state-newer").with("file", path.display()));
        }
        serde_json::from_slice(&bytes).map_err(|error| broken(&error))
    }

    pub(crate) fn save(&self, folder: &Path) -> Result<(), Failure> {
        let path = state_path(folder);
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| Failure::write(&path, &error.into()))?;
        bytes.push(b'\n');
        files::write(&path, &bytes, Readers::Owner)
    }

    /// The place of the one operator who is meant: by name, or by the beginning of the fingerprint.
    /// Those who are not revoked come first, as a name may come back.
    pub(crate) fn find(&self, who: &str) -> Result<usize, Failure> {
        let name = who.trim().to_lowercase();
        let digits = who.replace([' ', '-', ':'], "").to_uppercase();
        let meant = |operator: &OperatorRecord| {
            operator.name.to_lowercase() == name
                || digits.len() >= 4 && operator.fingerprint().replace(' ', "").starts_with(&digits)
        };
        let places = |revoked: bool| -> Vec<usize> {
            let all = self.operators.iter().enumerate();
            all.filter(|(_, operator)| operator.is_revoked() == revoked && meant(operator)).map(|(at, _)| at).collect()
        };
        let found = Some(places(false)).filter(|found| !found.is_empty()).unwrap_or_else(|| places(true));
        match found[..] {
            [one] => Ok(one),
            [] => Err(Failure::new("no-operator").with("who", who)),
            // Two entries of one revoked person: the newest is meant.
            [.., last] if self.operators[last].is_revoked() => Ok(last),
            _ => Err(Failure::new("which-operator").with("who", who)),
        }
    }

    pub(crate) fn profile(&self, name: &str) -> Result<&Profile, Failure> {
        self.profiles.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            Failure::new("no-profile").with("name", name).with("names", names.join(", "))
        })
    }
}

mod base64_text {
    use super::*;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(|_| de::Error::custom("not base64"))
    }
}

mod base64_key {
    use super::*;

    pub(super) fn serialize<S: Serializer>(key: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        base64_text::serialize(key, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        base64_text::deserialize(deserializer)?.try_into().map_err(|_| de::Error::custom("not a key"))
    }
}

mod hex_text {
    use super::*;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        from_hex(&String::deserialize(deserializer)?).ok_or_else(|| de::Error::custom("not hexadecimal digits"))
    }
}

/// Seconds since 1970 as `2026-11-22T09:00:00Z`.
mod moment {
    use super::*;
    use jiff::Timestamp;

    pub(super) fn write(seconds: u64) -> Option<String> {
        let timestamp = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
        Some(timestamp.to_string())
    }

    pub(super) fn read<E: de::Error>(text: &str) -> Result<u64, E> {
        let moment: Option<Timestamp> = text.parse().ok();
        moment
            .and_then(|moment| u64::try_from(moment.as_second()).ok())
            .ok_or_else(|| E::custom("not a time such as 2026-11-22T09:00:00Z"))
    }

    // The signature is serde's: a reference to the field.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(super) fn serialize<S: Serializer>(seconds: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        let text = write(*seconds).ok_or_else(|| serde::ser::Error::custom("a time beyond all calendars"))?;
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        read(&String::deserialize(deserializer)?)
    }
}

mod moment_option {
    use super::*;

    // The signature is serde's: a reference to the field.
    #[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref)]
    pub(super) fn serialize<S: Serializer>(seconds: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        match seconds {
            Some(seconds) => moment::serialize(seconds, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        Option::<String>::deserialize(deserializer)?.map(|text| moment::read(&text)).transpose()
    }
}
