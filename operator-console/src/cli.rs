//! The command line of `ponte-console`.

use crate::places;
pub use crate::settings::Look;
use crate::settings::Settings;
use clap::{Args, Parser, Subcommand, ValueEnum};
use console_core::gate::Places;
use i18n::Language;
use std::path::PathBuf;

/// The operator's console of Ponte.
///
/// At the first start the window makes your key and the request for your organisation; later it asks for
/// your password.
#[derive(Debug, Parser)]
#[command(name = "ponte-console", version, about, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    /// For the window.
    #[command(flatten)]
    pub arguments: Arguments,
    /// Without the window.
    #[command(subcommand)]
    pub instead: Option<Instead>,
}

/// What there is instead of the window.
#[derive(Debug, Subcommand)]
pub enum Instead {
    /// The same without a window, for programs: a command on each line of the standard input, answers and
    /// events on the standard output, all as JSON.
    Headless(Headless),
}

/// The command line without a window.
#[derive(Debug, Args)]
pub struct Headless {
    /// What the window takes, too.
    #[command(flatten)]
    pub arguments: Arguments,
    /// File with the password of the vault; a sign_in without a password takes it from there.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Folder that receives the logs of sessions; `logs` in the data folder if not given.
    #[arg(long, value_name = "FOLDER")]
    pub logs: Option<PathBuf>,
}

// No line of documentation: it would take the place of the program's own.
#[expect(missing_docs, reason = "see above")]
#[derive(Debug, Args)]
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
    /// Language of the window; as chosen in the window if not given, and the system's where nothing was.
    #[arg(long, value_name = "LANG")]
    pub lang: Option<Lang>,
    /// How to reach the relay.
    #[arg(long, value_name = "LINK", default_value = "race")]
    pub link: LinkChoice,
    /// Folder that receives saved pictures; that for downloads if not given.
    #[arg(long, value_name = "FOLDER")]
    pub pictures: Option<PathBuf>,
    /// Colours of the window; as chosen in the window if not given, and as the desktop where nothing was.
    #[arg(long, value_name = "COLOURS")]
    pub theme: Option<Look>,
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

    /// What holds for the window in this run, where that was chosen in the window before.
    #[must_use]
    pub fn settings(&self, chosen: Settings) -> Settings {
        let language = self.lang.map(|_| self.language()).or(chosen.language);
        Settings { look: self.theme.unwrap_or(chosen.look), language }
    }

    /// The folder that receives saved pictures.
    #[must_use]
    pub fn pictures(&self) -> PathBuf {
        self.pictures.clone().unwrap_or_else(places::downloads)
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
        let arguments = CommandLine::try_parse_from(line.split(' ')).unwrap().arguments;
        assert_eq!(arguments.language(), Language::Italian);
        assert_eq!(arguments.link, LinkChoice::Tls);
        let places = arguments.places();
        assert_eq!((places.vault(), places.organisation()), ("o.vault".into(), "org.ponte".into()));
        assert!(places.logs().is_absolute() && places.logs().ends_with("d/logs"));
        assert!(CommandLine::try_parse_from("ponte-console --lang de".split(' ')).is_err());
    }

    #[test]
    fn the_command_line_goes_before_what_was_chosen_in_the_window() {
        let chosen = Settings { look: Look::Dark, language: Some(Language::Italian) };
        for (line, expected) in [
            ("ponte-console", chosen),
            ("ponte-console --theme light", Settings { look: Look::Light, ..chosen }),
            (
                "ponte-console --theme system --lang en",
                Settings { look: Look::System, language: Some(Language::English) },
            ),
        ] {
            let arguments = CommandLine::try_parse_from(line.split(' ')).unwrap().arguments;
            assert_eq!(arguments.settings(chosen), expected, "{line}");
        }
        assert!(CommandLine::try_parse_from("ponte-console --theme pink".split(' ')).is_err());
    }

    #[test]
    fn without_arguments_everything_is_in_the_folder_for_data() {
        let places = CommandLine::try_parse_from(["ponte-console"]).unwrap().arguments.places();
        assert!(places.vault().starts_with(&places.data) && places.organisation().starts_with(&places.data));
        assert!(places.data.ends_with("ponte-console"));
    }

    #[test]
    fn without_a_window_the_same_is_understood_behind_the_word_for_it() {
        let line = "ponte-console headless --operator o.vault --link quic --logs l --password-file p";
        let Some(Instead::Headless(headless)) = CommandLine::try_parse_from(line.split(' ')).unwrap().instead else {
            panic!("the window would open");
        };
        assert_eq!(headless.arguments.link, LinkChoice::Quic);
        assert_eq!((headless.logs, headless.password_file), (Some("l".into()), Some("p".into())));
        for line in [
            "ponte-console --link quic headless",
            "ponte-console --logs l",
            "ponte-console --password-file p",
            "ponte-console headless --password secret",
        ] {
            assert!(CommandLine::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
