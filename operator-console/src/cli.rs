//! The command line of `ponte-console`.

use clap::{Parser, ValueEnum};
use i18n::Language;
use std::path::PathBuf;

/// The operator's console of Ponte.
#[derive(Debug, Parser)]
#[command(name = "ponte-console", version, about)]
pub struct Arguments {
    /// The operator file: your own key and certificate.
    #[arg(long, value_name = "FILE")]
    pub operator: PathBuf,
    /// The organisation file, as your organisation publishes it.
    #[arg(long, value_name = "FILE")]
    pub organisation: PathBuf,
    /// Language of the window; the system's if not given.
    #[arg(long, value_name = "LANG")]
    pub lang: Option<Lang>,
    /// How to reach the relay.
    #[arg(long, value_name = "LINK", default_value = "race")]
    pub link: LinkChoice,
    /// Folder that receives saved pictures; that for downloads if not given.
    #[arg(long, value_name = "FOLDER")]
    pub pictures: Option<PathBuf>,
}

/// A language that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Italian.
    It,
    /// English.
    En,
}

/// A way to the relay that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LinkChoice {
    /// Both ways, the first that works.
    Race,
    /// QUIC over UDP.
    Quic,
    /// A WebSocket over TLS over TCP.
    Tls,
}

impl Arguments {
    /// The language of the window.
    #[must_use]
    pub fn language(&self) -> Language {
        match self.lang {
            Some(Lang::It) => Language::Italian,
            Some(Lang::En) => Language::English,
            None => Language::system(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_understood() {
        let line = "ponte-console --operator o.ponte --organisation org.ponte --lang it --link tls";
        let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
        assert_eq!(arguments.language(), Language::Italian);
        assert_eq!(arguments.link, LinkChoice::Tls);
        assert!(Arguments::try_parse_from(["ponte-console"]).is_err());
        assert!(Arguments::try_parse_from("ponte-console --operator o --organisation p --lang de".split(' ')).is_err());
    }
}
