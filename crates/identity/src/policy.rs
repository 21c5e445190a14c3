//! Values that an organisation sets for its operators, and which of two is the stricter one.

use serde_json::Value;
use std::collections::BTreeMap;

/// What kind of value a rule has, and which of two is stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// A number; the higher one is stricter.
    AtLeast,
    /// A number; the lower one is stricter, but 0 means never and is the laxest.
    AtMost,
    /// A number that cannot be switched off; the lower one is stricter.
    AtMostAlways,
    /// Yes or no; yes is stricter.
    Flag,
    /// One of these words, the laxest first.
    Choice(&'static [&'static str]),
}

/// One value that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyRule {
    /// Its name in organisation files and profiles.
    pub key: &'static str,
    /// What it may be.
    pub kind: PolicyKind,
    /// What holds where nobody says anything; the number, 0 or 1 of a flag, or the place in a choice.
    pub default: u64,
    /// What we recommend.
    pub recommended: u64,
    /// The highest number that is taken.
    pub most: u64,
}

const fn rule(key: &'static str, kind: PolicyKind, default: u64, recommended: u64, most: u64) -> PolicyRule {
    PolicyRule { key, kind, default, recommended, most }
}

/// Everything that can be set.
pub const POLICY_RULES: [PolicyRule; 11] = [
    rule("password_min_length", PolicyKind::AtLeast, 8, 12, 128),
    rule("password_four_classes", PolicyKind::Flag, 1, 1, 1),
    rule("lock_after_wrong_tries", PolicyKind::AtMost, 3, 3, 100),
    rule("disable_after_unused_days", PolicyKind::AtMost, 30, 30, 3650),
    rule("barred_last_passwords", PolicyKind::AtLeast, 3, 3, 50),
    rule("change_password_days", PolicyKind::AtMost, 90, 90, 3650),
    rule("auto_lock_minutes", PolicyKind::AtMostAlways, 5, 5, 15),
    rule("pause_needs_reason", PolicyKind::Flag, 0, 0, 1),
    rule("longest_session_minutes", PolicyKind::AtMost, 0, 120, 24 * 60),
    rule("portal_name", PolicyKind::Choice(&["name", "organisation"]), 0, 0, 1),
    rule("recording", PolicyKind::Choice(&["off", "ask", "required"]), 1, 1, 2),
];

/// What is wrong with a value. Who wrote it is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// No such value.
    #[error("there is no policy value named {0}")]
    Unknown(String),
    /// Not what the rule takes.
    #[error("{0} cannot have this value")]
    BadValue(String),
    /// A profile's value is laxer than the organisation's.
    #[error("{0} is laxer than the organisation's value")]
    Laxer(String),
}

/// All values as they hold for one operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy(BTreeMap<&'static str, u64>);

impl Policy {
    /// The organisation's values, and where an operator's profile has a stricter one, that. What is not
    /// readable counts as not said; a laxer one in a profile does not count.
    #[must_use]
    pub fn effective(organisation: &BTreeMap<String, Value>, profile: &BTreeMap<String, Value>) -> Self {
        let value = |rule: &PolicyRule| {
            let own = organisation.get(rule.key).and_then(|value| rule.read(value)).unwrap_or(rule.default);
            let theirs = profile.get(rule.key).and_then(|value| rule.read(value)).unwrap_or(own);
            (rule.key, rule.stricter(own, theirs))
        };
        Self(POLICY_RULES.iter().map(value).collect())
    }

    /// A number, or 0 and 1 for no and yes, or the place of the word in its choice.
    #[must_use]
    pub fn value(&self, key: &str) -> u64 {
        self.0.get(key).copied().unwrap_or_default()
    }

    /// Checks what somebody wrote for an organisation.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn check(written: &BTreeMap<String, Value>) -> Result<(), PolicyError> {
        written.iter().try_for_each(|(key, value)| {
            let rule = PolicyRule::named(key).ok_or_else(|| PolicyError::Unknown(key.clone()))?;
            rule.read(value).map(drop).ok_or_else(|| PolicyError::BadValue(key.clone()))
        })
    }

    /// Checks what somebody wrote for a profile of that organisation: nothing may be laxer.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn check_profile(
        organisation: &BTreeMap<String, Value>,
        profile: &BTreeMap<String, Value>,
    ) -> Result<(), PolicyError> {
        Self::check(profile)?;
        let effective = Self::effective(organisation, profile);
        profile.iter().try_for_each(|(key, value)| {
            let written = PolicyRule::named(key).and_then(|rule| rule.read(value));
            if written == Some(effective.value(key)) { Ok(()) } else { Err(PolicyError::Laxer(key.clone())) }
        })
    }
}

impl PolicyRule {
    /// The rule of this name.
    #[must_use]
    pub fn named(key: &str) -> Option<&'static Self> {
        POLICY_RULES.iter().find(|rule| rule.key == key)
    }

    /// A written value as a number.
    #[must_use]
    pub fn read(&self, value: &Value) -> Option<u64> {
        let number = match self.kind {
            PolicyKind::Flag => u64::from(value.as_bool()?),
            PolicyKind::Choice(words) => words.iter().position(|word| Some(*word) == value.as_str())? as u64,
            PolicyKind::AtLeast | PolicyKind::AtMost => value.as_u64()?,
            PolicyKind::AtMostAlways => value.as_u64().filter(|number| *number > 0)?,
        };
        (number <= self.most).then_some(number)
    }

    fn stricter(&self, one: u64, other: u64) -> u64 {
        match self.kind {
            PolicyKind::AtMost if one == 0 || other == 0 => one.max(other),
            PolicyKind::AtMost | PolicyKind::AtMostAlways => one.min(other),
            PolicyKind::AtLeast | PolicyKind::Flag | PolicyKind::Choice(_) => one.max(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<const N: usize>(values: [(&str, Value); N]) -> BTreeMap<String, Value> {
        values.map(|(key, value)| (key.to_owned(), value)).into()
    }

    #[test]
    fn a_profile_can_only_be_stricter() {
        let organisation = values([("lock_after_wrong_tries", 5.into()), ("pause_needs_reason", true.into())]);
        for (key, value, holds, is_taken) in [
            ("lock_after_wrong_tries", Value::from(3), 3, true),
            ("lock_after_wrong_tries", 9.into(), 5, false),
            ("lock_after_wrong_tries", 0.into(), 5, false),
            ("password_min_length", 12.into(), 12, true),
            ("password_min_length", 4.into(), 8, false),
            ("pause_needs_reason", false.into(), 1, false),
            ("longest_session_minutes", 30.into(), 30, true),
            ("portal_name", "organisation".into(), 1, true),
            ("recording", "off".into(), 1, false),
        ] {
            let profile = values([(key, value.clone())]);
            assert_eq!(Policy::effective(&organisation, &profile).value(key), holds, "{key} {value}");
            let checked = Policy::check_profile(&organisation, &profile);
            let laxer = Err(PolicyError::Laxer(key.to_owned()));
            assert_eq!(checked, if is_taken { Ok(()) } else { laxer }, "{key} {value}");
        }
    }

    #[test]
    fn what_is_no_policy_value_is_named() {
        let unknown = values([("password_colour", 1.into())]);
        assert_eq!(Policy::check(&unknown), Err(PolicyError::Unknown("password_colour".to_owned())));
        for (key, value) in [
            ("auto_lock_minutes", Value::from(16)),
            ("auto_lock_minutes", 0.into()),
            ("password_four_classes", 1.into()),
            ("recording", "sometimes".into()),
        ] {
            assert_eq!(Policy::check(&values([(key, value)])), Err(PolicyError::BadValue(key.to_owned())));
        }
    }
}
