//! Files that the operator asked to send or to fetch: what is asked, and where the operator's words for it lead.

use crate::batches::{ReadyToLand, ReadyToLeave};
use proto::session::{Capability, TransferId};
use std::path::{Path, PathBuf};

/// A question about files, made ready so that a yes can be acted on at once. Whether there are such files is told to
/// nobody before a yes.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// From the operator; nothing if their list never came.
    Land { transfer: TransferId, ready: Option<ReadyToLand> },
    /// For the operator; nothing if the list of what they want never came.
    Leave { transfer: TransferId, ready: Option<ReadyToLeave> },
}

impl Prepared {
    pub(crate) fn transfer(&self) -> TransferId {
        match self {
            Self::Land { transfer, .. } | Self::Leave { transfer, .. } => *transfer,
        }
    }

    /// Whether the list never came: then there is nothing to ask about.
    pub(crate) fn is_without_list(&self) -> bool {
        matches!(self, Self::Land { ready: None, .. } | Self::Leave { ready: None, .. })
    }

    /// The power that it takes.
    pub(crate) fn capability(&self) -> Capability {
        match self {
            Self::Land { .. } => Capability::SendFile,
            Self::Leave { .. } => Capability::FetchFile,
        }
    }
}

/// The path that an operator named, to the letter: relative ones, and those below `~`, begin in the person's home.
pub(crate) fn named_path(home: &Path, named: &str) -> PathBuf {
    match named.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(below) if below.starts_with('/') => home.join(below.trim_start_matches('/')),
        _ => home.join(named),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_path_is_taken_to_the_letter_and_begins_at_home() {
        let home = Path::new("/home/anna");
        for (named, expected) in [
            ("", "/home/anna/"),
            ("~", "/home/anna"),
            ("~/", "/home/anna/"),
            ("~//etc", "/home/anna/etc"),
            ("~/a b.txt", "/home/anna/a b.txt"),
            ("~old", "/home/anna/~old"),
            ("notes", "/home/anna/notes"),
            ("/srv/ends with a blank ", "/srv/ends with a blank "),
        ] {
            assert_eq!(named_path(home, named).as_os_str(), expected, "{named}");
        }
    }
}
