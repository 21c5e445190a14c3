//! The command line.

use agent_core::{Choice, LinkKind};
use clap::{Parser, ValueEnum};
use i18n::Language;
use std::path::PathBuf;

/// Lets an operator help you, once, while you watch.
#[derive(Debug, Clone, Parser)]
#[command(name = "ponte-agent", version)]
pub struct Cli {
    /// The organisation file to trust, instead of the one inside this program
    #[arg(long, value_name = "FILE")]
    pub organisation: Option<PathBuf>,
    /// The language of the window, instead of the system's
    #[arg(long, value_name = "TAG")]
    pub lang: Option<Lang>,
    /// By which way the relay is reached
    #[arg(long, default_value = "race")]
    pub link: Link,
}

/// A language as it is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Italian.
    It,
    /// English.
    En,
}

/// A way to the relay as it is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Link {
    /// Both, the faster one wins.
    Race,
    /// Only QUIC over UDP.
    Quic,
    /// Only TLS over TCP.
    Tls,
}

impl Cli {
    /// The language of the window.
    #[must_use]
    pub fn language(&self) -> Language {
        match self.lang {
            Some(Lang::It) => Language::Italian,
            Some(Lang::En) => Language::English,
            None => Language::system(),
        }
    }

    /// By which way the relay is reached.
    #[must_use]
    pub const fn choice(&self) -> Choice {
        match self.link {
            Link::Race => Choice::Race,
            Link::Quic => Choice::Only(LinkKind::Quic),
            Link::Tls => Choice::Only(LinkKind::Tls),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_read_as_it_is_documented() {
        let cli = Cli::parse_from(["ponte-agent", "--organisation", "o.json", "--lang", "it", "--link", "tls"]);
        assert_eq!(cli.organisation, Some(PathBuf::from("o.json")));
        assert_eq!(cli.language(), Language::Italian);
        assert_eq!(cli.choice(), Choice::Only(LinkKind::Tls));
        assert_eq!(Cli::parse_from(["ponte-agent"]).choice(), Choice::Race);
    }

    #[test]
    fn what_is_not_documented_is_refused() {
        for arguments in [&["ponte-agent", "--lang", "xx"][..], &["ponte-agent", "--unattended"], &["ponte-agent", "k"]]
        {
            assert!(Cli::try_parse_from(arguments).is_err(), "{arguments:?}");
        }
    }
}
