//! What an operator may use, when and for how long, signed into his certificate.

use crate::hours::{Hours, is_open};
use proto::session::{Asking, Capability};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The certificate extension that carries the profile. Provisional: 58888 is not registered for
/// this project, and must be replaced before certificates leave test organisations.
pub const PROFILE_OID: [u64; 9] = [1, 3, 6, 1, 4, 1, 58888, 1, 1];

/// The newest profile that this code understands. It rises only when an older reader must
/// refuse; whatever may be ignored is added as a new field.
pub const PROFILE_VERSION: u16 = 2;

/// Longest profile in a certificate, in bytes of JSON: a chain must fit into one message.
pub const PROFILE_BYTES: usize = 1024;

/// The signed profile of an operator. Tools that this code does not know are ignored, and so is a
/// way of asking that it does not know: both can only take powers away. Other fields that it does not
/// know are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// See [`PROFILE_VERSION`].
    pub version: u16,
    /// How the person is asked for each power; what is missing is absent.
    #[serde(deserialize_with = "known_tools")]
    pub tools: BTreeMap<Capability, Asking>,
    /// When the operator may work, in the organisation's time zone; always if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Hours>,
    /// After how many minutes a session ends; none: never by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_session_minutes: Option<u32>,
    /// Values of the organisation's policy that are stricter for this operator; see [`crate::Policy`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policy: BTreeMap<String, serde_json::Value>,
}

impl Profile {
    /// These powers, each asked for in this way, at any hour.
    #[must_use]
    pub fn of(tools: impl IntoIterator<Item = (Capability, Asking)>) -> Self {
        let tools = tools.into_iter().filter(|(_, asking)| *asking != Asking::Absent).collect();
        Self {
            version: PROFILE_VERSION,
            tools,
            hours: Vec::new(),
            longest_session_minutes: None,
            policy: BTreeMap::new(),
        }
    }

    /// Every tool there is: screen, mouse and chat asked for once, whatever opens or changes files,
    /// programs or settings at each use.
    #[must_use]
    pub fn all_tools() -> Self {
        Self::of(Capability::ALL.map(|capability| (capability, usual(capability))))
    }

    /// How the person is asked for this.
    #[must_use]
    pub fn asking(&self, capability: Capability) -> Asking {
        self.tools.get(&capability).copied().unwrap_or_default()
    }

    /// Whether the operator may ask for this.
    #[must_use]
    pub fn allows(&self, capability: Capability) -> bool {
        self.asking(capability) != Asking::Absent
    }

    /// Whether the operator may work at this moment (seconds since 1970) in this time zone (IANA). In a
    /// zone that nobody knows only profiles without hours work.
    #[must_use]
    pub fn is_open_at(&self, now_s: u64, zone: &str) -> bool {
        self.hours.is_empty() || is_open(&self.hours, now_s, zone)
    }

    /// After what time a session ends.
    #[must_use]
    pub fn longest_session(&self) -> Option<Duration> {
        self.longest_session_minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60))
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

/// How a help desk usually asks for this power.
const fn usual(capability: Capability) -> Asking {
    match capability {
        Capability::View | Capability::Control | Capability::Annotate | Capability::Chat | Capability::SystemInfo => {
            Asking::OncePerSession
        }
        Capability::SendFile
        | Capability::FetchFile
        | Capability::Shell
        | Capability::EndProcess
        | Capability::Clipboard
        | Capability::Record
        | Capability::Invite => Asking::EachUse,
    }
}

/// DER tag of a UTF8String.
const UTF8_STRING: u8 = 0x0C;

fn known_tools<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Capability, Asking>, D::Error> {
    let tools = BTreeMap::<String, serde_json::Value>::deserialize(deserializer)?;
    let known = tools.into_iter().filter_map(|(name, asking)| {
        let capability = serde_json::from_value(name.into()).ok()?;
        let asking = serde_json::from_value(asking).ok().filter(|asking| *asking != Asking::Absent)?;
        Some((capability, asking))
    });
    Ok(known.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hours::Day;

    #[test]
    fn a_profile_reads_back_from_its_extension() {
        let mut profiles =
            vec![Profile::of([]), Profile::of([(Capability::View, Asking::EachUse)]), Profile::all_tools()];
        let full = Profile {
            hours: vec![Hours { days: Day::ALL[..5].to_vec(), from_minute: 480, to_minute: 1080 }],
            longest_session_minutes: Some(60),
            policy: [("auto_lock_minutes".to_owned(), 2.into())].into(),
            ..Profile::all_tools()
        };
        profiles.push(full);
        for profile in profiles {
            assert_eq!(Profile::from_extension(&profile.to_extension().unwrap()), Some(profile));
        }
        let hours = Hours { days: Day::ALL.to_vec(), from_minute: 1, to_minute: 2 };
        assert_eq!(Profile { hours: vec![hours; 30], ..Profile::all_tools() }.to_extension(), None);
    }

    #[test]
    fn tools_and_fields_from_the_future_only_take_away() {
        let json = br#"{"version":2,"tools":{"View":"each_use","Teleport":"each_use","Control":"never_ask","Chat":"absent"},"moon":8}"#;
        let der = [&[UTF8_STRING, 0x81, u8::try_from(json.len()).unwrap()], &json[..]].concat();
        assert_eq!(Profile::from_extension(&der), Some(Profile::of([(Capability::View, Asking::EachUse)])));
    }
}
