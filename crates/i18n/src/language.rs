//! The languages that Ponte speaks, and which one this system wants.

/// A language with a complete set of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Italian, with the formal Lei.
    Italian,
    /// English; what everybody gets whose language is not here.
    English,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Italian, Self::English];

    /// The language of a tag such as `it`, `it-IT` or `it_IT.UTF-8`; `None` for one that Ponte does not speak.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', '.', '@']).next()?;
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The language that the environment variable `PONTE_LANG` names, else the first of the
    /// system's languages that Ponte speaks, else English.
    #[must_use]
    pub fn system() -> Self {
        std::env::var("PONTE_LANG")
            .ok()
            .and_then(|tag| Self::from_tag(&tag))
            .or_else(|| sys_locale::get_locales().find_map(|tag| Self::from_tag(&tag)))
            .unwrap_or(Self::English)
    }

    /// Its BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Italian => "it",
            Self::English => "en",
        }
    }

    pub(crate) const fn decimal_separator(self) -> char {
        match self {
            Self::Italian => ',',
            Self::English => '.',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_understood_in_every_spelling() {
        let rows = [
            ("it", Some(Language::Italian)),
            ("IT-it", Some(Language::Italian)),
            ("it_CH.UTF-8", Some(Language::Italian)),
            ("en@euro", Some(Language::English)),
            ("ita", None),
            ("de-DE", None),
            ("", None),
        ];
        for (tag, language) in rows {
            assert_eq!(Language::from_tag(tag), language, "{tag}");
        }
    }
}
