//! The command line of `ponte-console`.

use crate::places;
use clap::{Parser, ValueEnum};
use console_core::gate::Places;
use i18n::Language;
use std::path::PathBuf;

/// The operator's console of Ponte.
///
/// At the first start the window makes your key and the request for your organisation; later it asks for
/// your password.
#[derive(Debug, Parser)]
#[command(name = "ponte-console", version, about)]
pub struct Arguments {
    /// Folder of your key, your organisation's file and the logs of your sessions; `ponte-console` in the
    /// folder for data that the system names if not given.
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Your vault: key and certificate, sealed under your password; in the data folder if not given.
    #[arg(long, value_name = "FILE")]
    pub operator: Option<PathBuf>,
    /// The organisation file, as your organisation publishes it; in the data folder if not given.
    #[arg(long, value_name = "FILE")]
    pub organisation: Option<PathBuf>,
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

    /// Where the console's files are.
    #[must_use]
    pub fn places(&self) -> Places {
        let data = self.data.clone().unwrap_or_else(places::data);
        Places {
            // The window says where files are.
            data: std::path::absolute(&data).unwrap_or(data),
            operator: self.operator.clone(),
            organisation: self.organisation.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_understood() {
        let line = "ponte-console --data d --operator o.vault --organisation org.ponte --lang it --link tls";
        let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
        assert_eq!(arguments.language(), Language::Italian);
        assert_eq!(arguments.link, LinkChoice::Tls);
        let places = arguments.places();
        assert_eq!((places.vault(), places.organisation()), ("o.vault".into(), "org.ponte".into()));
        assert!(places.logs().is_absolute() && places.logs().ends_with("d/logs"));
        assert!(Arguments::try_parse_from("ponte-console --lang de".split(' ')).is_err());
    }

    #[test]
    fn without_arguments_everything_is_in_the_folder_for_data() {
        let places = Arguments::try_parse_from(["ponte-console"]).unwrap().places();
        assert!(places.vault().starts_with(&places.data) && places.organisation().starts_with(&places.data));
        assert!(places.data.ends_with("ponte-console"));
    }
}
