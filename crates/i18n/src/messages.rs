//! Message files to text.

use crate::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::borrow::Cow;

/// The message files of one language, in the order in which they are read.
const fn files(language: Language) -> [(&'static str, &'static str); 5] {
    match language {
        Language::Italian => [
            ("common", include_str!("../locales/it/common.ftl")),
            ("agent", include_str!("../locales/it/agent.ftl")),
            ("console", include_str!("../locales/it/console.ftl")),
            ("log", include_str!("../locales/it/log.ftl")),
            ("org", include_str!("../locales/it/org.ftl")),
        ],
        Language::English => [
            ("common", include_str!("../locales/en/common.ftl")),
            ("agent", include_str!("../locales/en/agent.ftl")),
            ("console", include_str!("../locales/en/console.ftl")),
            ("log", include_str!("../locales/en/log.ftl")),
            ("org", include_str!("../locales/en/org.ftl")),
        ],
    }
}

/// A value that is put into a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg<'a> {
    /// A whole number; decides between singular and plural.
    Number(i64),
    /// Text that is shown as it is.
    Text(Cow<'a, str>),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

macro_rules! number_args {
    ($($number:ty),*) => {$(
        impl From<$number> for Arg<'_> {
            fn from(number: $number) -> Self {
                Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }
    )*};
}

number_args!(u8, u16, u32, u64, usize, i32, i64);

/// All messages of one language.
pub struct I18n {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for I18n {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("I18n").field("language", &self.language).finish_non_exhaustive()
    }
}

impl I18n {
    /// Reads the embedded messages of `language`.
    #[must_use]
    pub fn new(language: Language) -> Self {
        let tags = language.tag().parse().map_or_else(|_| Vec::new(), |tag| vec![tag]);
        let mut bundle = FluentBundle::new_concurrent(tags);
        bundle.set_use_isolating(false);
        for (_, source) in files(language) {
            // A fault in an embedded file is found by the tests; what is sound in it is still used.
            let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
            let _ = bundle.add_resource(resource);
        }
        Self { language, bundle }
    }

    /// The same with every text longer by about two fifths and in letters that no language of Ponte has: what is cut
    /// off or was never a message shows in the tests of the windows.
    #[must_use]
    pub fn stretched(language: Language) -> Self {
        let mut stretched = Self::new(language);
        stretched.bundle.set_transform(Some(stretch));
        stretched
    }

    /// The language of the messages.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// Whether there is such a message.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.bundle.has_message(id)
    }

    /// The message `id`; the id in brackets if there is none.
    #[must_use]
    pub fn text(&self, id: &str) -> String {
        self.text_with(id, &[])
    }

    /// The message `id` with values in it; the id in brackets if there is none.
    #[must_use]
    pub fn text_with(&self, id: &str, args: &[(&str, Arg<'_>)]) -> String {
        let mut values = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            values.set(
                (*name).to_owned(),
                match value {
                    Arg::Number(number) => FluentValue::from(*number),
                    Arg::Text(text) => FluentValue::from(text.clone().into_owned()),
                },
            );
        }
        let Some(pattern) = self.bundle.get_message(id).and_then(|message| message.value()) else {
            return format!("[{id}]");
        };
        self.bundle.format_pattern(pattern, Some(&values), &mut Vec::new()).into_owned()
    }
}

/// Every vowel twice, and foreign.
fn stretch(text: &str) -> Cow<'_, str> {
    let foreign = |c: char| match c {
        'a' => "åå",
        'e' => "ëë",
        'i' => "ïï",
        'o' => "øø",
        'u' => "ūū",
        'A' => "ÅÅ",
        'E' => "ËË",
        'I' => "ÏÏ",
        'O' => "ØØ",
        'U' => "ŪŪ",
        _ => "",
    };
    let mut long = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match foreign(c) {
            "" => long.push(c),
            vowels => long.push_str(vowels),
        }
    }
    Cow::Owned(long)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// Message ids of one file, each with the arguments that it uses.
    fn messages_of(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut messages = BTreeMap::new();
        let mut current = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if let Some((id, _)) = line.split_once('=')
                && line.starts_with(|first: char| first.is_ascii_alphabetic())
            {
                current = id.trim().to_owned();
                assert!(messages.insert(current.clone(), BTreeSet::new()).is_none(), "{current} is there twice");
            }
            for argument in line.split('$').skip(1) {
                let name: String = argument.chars().take_while(|at| at.is_alphanumeric() || *at == '-').collect();
                messages.get_mut(&current).unwrap().insert(name);
            }
        }
        messages
    }

    #[test]
    fn every_language_has_the_same_messages_with_the_same_arguments() {
        for ((name, italian), (_, english)) in files(Language::Italian).into_iter().zip(files(Language::English)) {
            assert_eq!(messages_of(italian), messages_of(english), "{name}.ftl");
        }
    }

    #[test]
    fn every_message_file_is_sound_and_every_message_can_be_formatted() {
        for language in Language::ALL {
            let i18n = I18n::new(language);
            let mut seen = BTreeSet::new();
            for (name, source) in files(language) {
                if let Err((_, errors)) = FluentResource::try_new(source.to_owned()) {
                    panic!("{name}.ftl in {language:?}: {errors:?}");
                }
                for (id, arguments) in messages_of(source) {
                    assert!(seen.insert(id.clone()), "{id} is in two files");
                    let pattern = i18n.bundle.get_message(&id).unwrap().value().unwrap();
                    for number in [0, 1, 2] {
                        let values: FluentArgs<'_> =
                            arguments.iter().map(|name| (name.clone(), FluentValue::from(number))).collect();
                        let mut errors = Vec::new();
                        let text = i18n.bundle.format_pattern(pattern, Some(&values), &mut errors);
                        assert!(errors.is_empty(), "{id} in {language:?}: {errors:?}");
                        assert!(!text.contains(['!', '\u{2068}']), "{id} in {language:?}: {text}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_missing_message_shows_its_id_in_brackets() {
        assert_eq!(I18n::new(Language::English).text("no-such-message"), "[no-such-message]");
    }

    #[test]
    fn a_stretched_text_is_longer_and_its_values_stay_as_they_are() {
        let plain = I18n::new(Language::English).text("key-lead");
        let long = I18n::stretched(Language::English).text("key-lead");
        assert!(long.chars().count() * 10 > plain.chars().count() * 13, "{long}");
        let since = I18n::stretched(Language::English).text_with("common-since", &[("time", "oui".into())]);
        assert_eq!(since, "sïïncëë oui");
    }

    #[test]
    fn arguments_stand_in_the_text_without_invisible_marks() {
        let i18n = I18n::new(Language::English);
        assert_eq!(i18n.text_with("common-since", &[("time", "10:42".into())]), "since 10:42");
    }
}
