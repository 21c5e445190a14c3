//! What people write on the command line, as values: names, nodes, tools, hours, policy.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::{Day, Hours, PolicyKind, PolicyRule, RelayNode};
use proto::limits::NAME_BYTES;
use proto::session::{Asking, Capability};
use serde_json::Value;

/// A name and a value: `NAME=VALUE`.
pub(crate) type Named = (String, String);

/// How tools are written.
pub(crate) const TOOLS: [(&str, Capability); 12] = [
    ("view", Capability::View),
    ("control", Capability::Control),
    ("annotate", Capability::Annotate),
    ("chat", Capability::Chat),
    ("send-file", Capability::SendFile),
    ("fetch-file", Capability::FetchFile),
    ("shell", Capability::Shell),
    ("system-info", Capability::SystemInfo),
    ("end-process", Capability::EndProcess),
    ("clipboard", Capability::Clipboard),
    ("record", Capability::Record),
    ("invite", Capability::Invite),
];

/// How often somebody is asked, as it is written.
pub(crate) const ASKINGS: [(&str, Asking); 3] =
    [("absent", Asking::Absent), ("each", Asking::EachUse), ("once", Asking::OncePerSession)];

const DAYS: [(&str, &str, Day); 7] = [
    ("mon", "lun", Day::Mon),
    ("tue", "mar", Day::Tue),
    ("wed", "mer", Day::Wed),
    ("thu", "gio", Day::Thu),
    ("fri", "ven", Day::Fri),
    ("sat", "sab", Day::Sat),
    ("sun", "dom", Day::Sun),
];

const YES: [&str; 5] = ["yes", "true", "on", "si", "sì"];
const NO: [&str; 3] = ["no", "false", "off"];

/// Whether people can be shown this name: not empty, not too long for a certificate, and nothing in it
/// that moves the cursor or turns the direction of writing, so that it could look like another.
pub(crate) fn is_name(name: &str) -> bool {
    let hides = |at: char| {
        at.is_control()
            || matches!(at, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
    };
    !name.trim().is_empty() && name.len() <= NAME_BYTES && !name.contains(hides)
}

/// `NAME=VALUE`, neither empty.
pub(crate) fn named(text: &str) -> Result<Named, String> {
    match text.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("this is to be written NAME=VALUE".to_owned()),
    }
}

/// `NAME=HOST:PORT`; an IPv6 address stands in brackets.
pub(crate) fn node(text: &str) -> Result<RelayNode, String> {
    let wrong = || "this is to be written NAME=HOST:PORT, for example one=relay.example.org:443".to_owned();
    let (name, address) = named(text)?;
    let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse::<u16>().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() { Err(wrong()) } else { Ok(RelayNode { name, host: host.to_owned(), port }) }
}

/// 32 bytes, in base64 or as 64 hexadecimal digits.
pub(crate) fn digest(text: &str) -> Result<[u8; 32], String> {
    let bytes = from_hex(text).or_else(|| STANDARD.decode(text).ok());
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| "this is to be a SHA-256 value: 64 hexadecimal digits, or base64".to_owned())
}

pub(crate) fn yes_or_no(text: &str) -> Result<bool, String> {
    let text = text.to_lowercase();
    match (YES.contains(&text.as_str()), NO.contains(&text.as_str())) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err("this is to be yes or no".to_owned()),
    }
}

/// `TOOL=ASKING`.
pub(crate) fn tool(text: &str) -> Result<(Capability, Asking), String> {
    let (tool, asking) = named(text)?;
    let tool = TOOLS.iter().find(|(name, _)| *name == tool).ok_or_else(|| {
        let names: Vec<&str> = TOOLS.iter().map(|(name, _)| *name).collect();
        format!("there is no tool \"{tool}\"; tools are {}", names.join(", "))
    })?;
    let asking = ASKINGS
        .iter()
        .find(|(name, _)| *name == asking)
        .ok_or_else(|| format!("\"{asking}\" is not one of absent, each, once"))?;
    Ok((tool.1, asking.1))
}

/// `DAYS FROM-TO`: days as `mon-fri`, `sat,sun` or `daily`, also with Italian names; times from 00:00
/// to 24:00, where a later one first means until the next day.
pub(crate) fn hours(text: &str) -> Result<Hours, String> {
    let wrong = || format!("\"{text}\" is to be written DAYS FROM-TO, for example \"mon-fri 08:00-18:00\"");
    let (days, times) = text.trim().split_once(char::is_whitespace).ok_or_else(wrong)?;
    let (from, to) = times.trim().split_once('-').ok_or_else(wrong)?;
    let (from_minute, to_minute) = (minute(from.trim()).ok_or_else(wrong)?, minute(to.trim()).ok_or_else(wrong)?);
    if from_minute == to_minute || from_minute >= MIDNIGHT {
        return Err(wrong());
    }
    Ok(Hours { days: parse_days(days).ok_or_else(wrong)?, from_minute, to_minute })
}

const MIDNIGHT: u16 = 24 * 60;

fn parse_days(text: &str) -> Option<Vec<Day>> {
    let text = text.to_lowercase();
    if text == "daily" {
        return Some(Day::ALL.to_vec());
    }
    let place = |name: &str| DAYS.iter().position(|(english, italian, _)| [*english, *italian].contains(&name));
    let mut on = [false; 7];
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (place(from)?, place(to)?);
        // From Friday to Monday is four days.
        let count = (to + 7 - from) % 7;
        (from..=from + count).for_each(|day| on[day % 7] = true);
    }
    Some(DAYS.iter().zip(on).filter(|(_, on)| *on).map(|((_, _, day), _)| *day).collect())
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| if text.len() == 2 { text.parse::<u16>().ok() } else { None };
    let minute = digits(hour)? * 60 + digits(minute).filter(|minute| *minute < 60)?;
    (minute <= MIDNIGHT).then_some(minute)
}

/// Hours as [`hours`] reads them.
pub(crate) fn write_hours(hours: &Hours) -> String {
    let name = |day: &Day| DAYS.iter().find(|(_, _, other)| other == day).map_or("", |(name, _, _)| name);
    let times = [hours.from_minute, hours.to_minute].map(|at| format!("{:02}:{:02}", at / 60, at % 60));
    let places: Vec<usize> =
        Day::ALL.iter().enumerate().filter(|(_, day)| hours.days.contains(day)).map(|(at, _)| at).collect();
    let runs = places.chunk_by(|one, next| one + 1 == *next);
    let days: Vec<String> = runs
        .map(|run| match run {
            [first, .., last] => format!("{}-{}", name(&Day::ALL[*first]), name(&Day::ALL[*last])),
            _ => run.iter().map(|at| name(&Day::ALL[*at])).collect(),
        })
        .collect();
    format!("{} {}-{}", days.join(","), times[0], times[1])
}

/// A policy value as the rule wants it; `None` if it is not one.
pub(crate) fn policy_value(rule: &PolicyRule, text: &str) -> Option<Value> {
    let value = match rule.kind {
        PolicyKind::Flag => Value::from(yes_or_no(text).ok()?),
        PolicyKind::Choice(_) => Value::from(text),
        PolicyKind::AtLeast | PolicyKind::AtMost | PolicyKind::AtMostAlways => Value::from(text.parse::<u64>().ok()?),
    };
    rule.read(&value).map(|_| value)
}

/// How a tool is written.
pub(crate) fn tool_name(tool: Capability) -> &'static str {
    TOOLS.iter().find(|(_, other)| *other == tool).map_or("", |(name, _)| name)
}

/// How an asking is written.
pub(crate) fn asking_name(asking: Asking) -> &'static str {
    ASKINGS.iter().find(|(_, other)| *other == asking).map_or("", |(name, _)| name)
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_as_people_write_them() {
        let rows = [
            ("mon-fri 08:00-18:00", "mon-fri 08:00-18:00"),
            ("lun-ven 08:00-18:00", "mon-fri 08:00-18:00"),
            ("sat,SUN  09:30 - 12:00", "sat-sun 09:30-12:00"),
            ("fri-mon 22:00-06:00", "mon,fri-sun 22:00-06:00"),
            ("wed 00:00-24:00", "wed 00:00-24:00"),
            ("daily 08:00-09:00", "mon-sun 08:00-09:00"),
        ];
        for (text, expected) in rows {
            assert_eq!(hours(text).map(|hours| write_hours(&hours)), Ok(expected.to_owned()), "{text}");
        }
        for text in [
            "",
            "mon",
            "mon-fri",
            "08:00-18:00",
            "mon 8-18",
            "mon 08:00",
            "mon 08:60-09:00",
            "mon 08:00-24:01",
            "mon 24:00-08:00",
            "mon 08:00-08:00",
            "xyz 08:00-09:00",
            "mon- 08:00-09:00",
            "mon 8:00-9:00",
        ] {
            assert!(hours(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_tool_has_a_name_and_reads_back() {
        for capability in Capability::ALL {
            for (name, asking) in ASKINGS {
                assert_eq!(tool(&format!("{}={name}", tool_name(capability))), Ok((capability, asking)));
            }
        }
        for text in ["view", "view=", "view=always", "teleport=once", "=once"] {
            assert!(tool(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nodes_have_a_name_a_host_and_a_port() {
        let read = |text| node(text).ok().map(|node| (node.name, node.host, node.port));
        let rows = [
            ("one=relay.example:443", Some(("one", "relay.example", 443))),
            ("two=[2001:db8::1]:8443", Some(("two", "2001:db8::1", 8443))),
            ("relay.example:443", None),
            ("one=relay.example", None),
            ("one=relay.example:0", None),
            ("one=:443", None),
        ];
        for (text, expected) in rows {
            let expected = expected.map(|(name, host, port)| (name.to_owned(), host.to_owned(), port));
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_digest_is_read_in_both_spellings() {
        assert_eq!(digest(&to_hex(&[0xA5; 32])), Ok([0xA5; 32]));
        assert_eq!(digest(&STANDARD.encode([0xA5; 32])), Ok([0xA5; 32]));
        assert!(digest("a5").is_err() && digest("").is_err());
    }
}
