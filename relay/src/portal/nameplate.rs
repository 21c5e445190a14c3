//! What the portal may say of an operator: as much as the organisation's policy lets it.

use identity::{Operator, Organisation, Policy};

/// Place of the word `name` among the values of `portal_name`.
const NAME: u64 = 0;

/// Shown beside the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nameplate {
    pub(crate) name: Option<String>,
    pub(crate) team: Option<String>,
}

impl Nameplate {
    /// Of a proven operator. A team may be one person, so it goes with the name.
    pub(crate) fn of(organisation: &Organisation, operator: &Operator) -> Self {
        let policy = Policy::effective(&organisation.file().policy, &operator.profile.policy);
        if policy.value("portal_name") == NAME {
            Self { name: Some(operator.name.clone()), team: operator.team.clone() }
        } else {
            Self { name: None, team: None }
        }
    }
}
