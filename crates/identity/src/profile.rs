//! What an operator may use, signed into his certificate.

use proto::session::Capability;
use serde::{Deserialize, Deserializer, Serialize};

/// The certificate extension that carries the profile. Provisional: 58888 is not registered for
/// this project, and must be replaced before certificates leave test organisations.
pub const PROFILE_OID: [u64; 9] = [1, 3, 6, 1, 4, 1, 58888, 1, 1];

/// The newest profile that this code understands. It rises only when an older reader must
/// refuse; whatever may be ignored is added as a new field.
pub const PROFILE_VERSION: u16 = 1;

/// Longest profile in a certificate, in bytes of JSON: a chain must fit into one message.
const PROFILE_BYTES: usize = 1024;

/// The signed profile of an operator. Fields and tools that this code does not know are ignored,
/// which can only take powers away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// See [`PROFILE_VERSION`].
    pub version: u16,
    /// What the operator may ask for.
    #[serde(deserialize_with = "known_tools")]
    pub tools: Vec<Capability>,
}

impl Profile {
    /// Every tool there is.
    #[must_use]
    pub fn all_tools() -> Self {
        Self { version: PROFILE_VERSION, tools: Capability::ALL.to_vec() }
    }

    /// Whether the operator may ask for this.
    #[must_use]
    pub fn allows(&self, capability: Capability) -> bool {
        self.tools.contains(&capability)
    }

    /// As the extension's value: JSON in a DER UTF8String. `None` if it is too long.
    #[must_use]
    pub fn to_extension(&self) -> Option<Vec<u8>> {
        let json = serde_json::to_vec(self).ok().filter(|json| json.len() <= PROFILE_BYTES)?;
        let [high, low] = u16::try_from(json.len()).ok()?.to_be_bytes();
        let mut der = vec![UTF8_STRING];
        match (high, low) {
            (0, 0..=0x7F) => der.push(low),
            (0, _) => der.extend([0x81, low]),
            _ => der.extend([0x82, high, low]),
        }
        der.extend(json);
        Some(der)
    }

    /// Reads the extension's value; `None` if it is not one, or too long.
    #[must_use]
    pub fn from_extension(der: &[u8]) -> Option<Self> {
        let (head, json) = match *der {
            [UTF8_STRING, length @ 0..=0x7F, ref json @ ..] => (usize::from(length), json),
            [UTF8_STRING, 0x81, length, ref json @ ..] => (usize::from(length), json),
            [UTF8_STRING, 0x82, high, low, ref json @ ..] => (usize::from(u16::from_be_bytes([high, low])), json),
            _ => return None,
        };
        (json.len() == head && head <= PROFILE_BYTES).then(|| serde_json::from_slice(json).ok()).flatten()
    }
}

/// DER tag of a UTF8String.
const UTF8_STRING: u8 = 0x0C;

fn known_tools<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Capability>, D::Error> {
    let names = Vec::<serde_json::Value>::deserialize(deserializer)?;
    Ok(names.into_iter().filter_map(|name| serde_json::from_value(name).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_reads_back_from_its_extension() {
        for tools in [vec![], vec![Capability::View], vec![Capability::View; 20], vec![Capability::FetchFile; 60]] {
            let profile = Profile { version: PROFILE_VERSION, tools };
            assert_eq!(Profile::from_extension(&profile.to_extension().unwrap()), Some(profile));
        }
        assert_eq!(Profile { version: 1, tools: vec![Capability::View; 200] }.to_extension(), None);
    }

    #[test]
    fn tools_and_fields_from_the_future_are_ignored() {
        let json = br#"{"version":1,"tools":["View","Teleport"],"hours":{"from":8}}"#;
        let der = [&[UTF8_STRING, u8::try_from(json.len()).unwrap()], &json[..]].concat();
        assert_eq!(Profile::from_extension(&der), Some(Profile { version: 1, tools: vec![Capability::View] }));
    }
}
