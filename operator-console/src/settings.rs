//! What the operator chose for the window, in a small file of the data folder that people may read and change.

use clap::ValueEnum;
use i18n::Language;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use ui_kit::theme::Mode;

/// The file's name in the data folder.
const FILE: &str = "settings.json";
/// Larger is no such file, in bytes.
const MOST: u64 = 4096;

/// Which colours the window has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Look {
    /// As the desktop.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Look {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The same for the toolkit.
    #[must_use]
    pub const fn mode(self) -> Mode {
        match self {
            Self::System => Mode::System,
            Self::Light => Mode::Light,
            Self::Dark => Mode::Dark,
        }
    }
}

/// What was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// Which colours.
    pub look: Look,
    /// In which language the window is; the system's if none.
    pub language: Option<Language>,
}

/// One choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Which colours.
    Look(Look),
    /// In which language the window is; the system's if none.
    Language(Option<Language>),
}

/// As it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    theme: Look,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

impl Settings {
    /// What was chosen until now. A file that cannot be understood counts for nothing.
    #[must_use]
    pub fn read(data: &Path) -> Self {
        match read(&data.join(FILE)) {
            Ok(settings) => settings,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => {
                tracing::warn!(%error, "the settings of the window cannot be read");
                Self::default()
            }
        }
    }

    /// With this choice.
    #[must_use]
    pub const fn with(self, choice: Choice) -> Self {
        match choice {
            Choice::Look(look) => Self { look, ..self },
            Choice::Language(language) => Self { language, ..self },
        }
    }

    /// Keeps it in this folder, which is made if it is not there; the file is whole or as it was before.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn write(self, data: &Path) -> io::Result<()> {
        let written = Written { theme: self.look, language: self.language.map(|language| language.tag().to_owned()) };
        console_core::gate::write_whole(&data.join(FILE), &serde_json::to_vec_pretty(&written)?)
    }
}

fn read(path: &Path) -> io::Result<Settings> {
    let mut text = Vec::new();
    File::open(path)?.take(MOST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let written: Written = serde_json::from_slice(&text)?;
    let language = written.language.map(|tag| Language::from_tag(&tag).ok_or(io::ErrorKind::InvalidData));
    Ok(Settings { look: written.theme, language: language.transpose()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_there_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("ponte-console");
        assert_eq!(Settings::read(&data), Settings::default());
        for choice in [Choice::Look(Look::Dark), Choice::Language(Some(Language::Italian)), Choice::Language(None)] {
            let settings = Settings::read(&data).with(choice);
            settings.write(&data).unwrap();
            assert_eq!(Settings::read(&data), settings);
        }
        assert_eq!(Settings::read(&data).look, Look::Dark, "one choice leaves the other");
    }

    #[test]
    fn a_file_that_is_none_counts_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "{", "{\"theme\":\"pink\"}", "{\"language\":\"xx\"}", "{\"other\":1}", &" ".repeat(5000)] {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            assert_eq!(Settings::read(folder.path()), Settings::default(), "{text}");
        }
    }
}
