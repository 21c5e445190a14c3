//! What the demo knows of the programs: their names, options, files, and the ids of the messages
//! by which it finds their controls.

use super::reader::clean;
use i18n::{Arg, I18n, Language};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs, as they are called on disk and on the accessibility bus.
pub(crate) mod program {
    /// The relay.
    pub(crate) const RELAY: &str = "ponte-relay";
    /// The operator's window.
    pub(crate) const CONSOLE: &str = "ponte-console";
    /// The window of the person who is helped.
    pub(crate) const AGENT: &str = "ponte-agent";
    /// The packages that make them.
    pub(crate) const PACKAGES: [&str; 3] = ["relay", "operator-console", "client-agent"];
}

/// Message ids of the console's controls.
pub(crate) mod console {
    /// The field for the vault's password.
    pub(crate) const PASSWORD: &str = "console-sign-in-password";
    /// Opens the vault.
    pub(crate) const SIGN_IN: &str = "console-sign-in";
    /// Makes a key.
    pub(crate) const NEW_KEY: &str = "console-new-key";
    /// Asks to see the screen, where that is not asked by itself.
    pub(crate) const ASK_VIEW: &str = "console-ask-view";
    /// Asks for mouse and keyboard.
    pub(crate) const ASK_CONTROL: &str = "console-tool-control";
    /// The picture of the person's screen.
    pub(crate) const SCREEN: &str = "console-remote-screen";
    /// Under the picture: mouse and keyboard go to the person.
    pub(crate) const HINT_FOCUSED: &str = "console-hint-focused";
    /// The field of the chat.
    pub(crate) const CHAT: &str = "console-chat-hint";
    /// Opens the panel that sends a file.
    pub(crate) const SEND: &str = "console-tool-send";
    /// The path of the file to send.
    pub(crate) const SEND_PATH: &str = "console-send-path";
    /// Sends it.
    pub(crate) const SEND_NOW: &str = "console-send-now";
    /// Opens the panel that asks for a file.
    pub(crate) const FETCH: &str = "console-tool-fetch";
    /// The path of the file to ask for.
    pub(crate) const FETCH_PATH: &str = "console-fetch-path";
    /// The folder that receives it.
    pub(crate) const FETCH_INTO: &str = "console-fetch-into";
    /// Asks for it.
    pub(crate) const FETCH_NOW: &str = "console-fetch-now";
    /// Saves the decoded picture as a PNG file of exact size below the operator's home.
    pub(crate) const SAVE_PICTURE: &str = "console-tool-picture";
    /// The kind of link, argument `link`.
    pub(crate) const LINK: &str = "console-details-link";
    /// The round trip in milliseconds, argument `ms`.
    pub(crate) const ROUND_TRIP: &str = "console-details-round-trip";
    /// Bytes that arrived, argument `bytes`.
    pub(crate) const RECEIVED: &str = "console-details-received-bytes";
    /// Bytes that were sent, argument `bytes`.
    pub(crate) const SENT: &str = "console-details-sent-bytes";
    /// The person's rating, argument `stars`.
    pub(crate) const STARS: &str = "console-ended-rated";
    /// After the end.
    pub(crate) const ENDED: &str = "console-ended-title";
}

/// Message ids of the agent's controls.
pub(crate) mod agent {
    /// The field for the key.
    pub(crate) const KEY: &str = "key-field";
    /// The field for the domain of an organisation.
    pub(crate) const DOMAIN: &str = "domain-field";
    /// Leaves before anything has begun.
    pub(crate) const EXIT: &str = "agent-exit";
    /// Tries the key.
    pub(crate) const CONTINUE: &str = "key-continue";
    /// The check word in one sentence, argument `word`.
    pub(crate) const CHECK_WORD: &str = "who-word";
    /// It is the right operator.
    pub(crate) const RECOGNISED: &str = "who-yes";
    /// Scrolls to the end of what is to be read.
    pub(crate) const READ_ON: &str = "ask-read-on";
    /// Accepts the terms.
    pub(crate) const TERMS: &str = "terms-yes";
    /// Says what the help is bound to.
    pub(crate) const TERMS_TITLE: &str = "terms-title";
    /// Pauses the sharing.
    pub(crate) const PAUSE: &str = "panel-pause";
    /// Ends the pause.
    pub(crate) const RESUME: &str = "panel-resume";
    /// Asks what to share instead.
    pub(crate) const CHANGE_SHARE: &str = "panel-change-share";
    /// Shares that from now on.
    pub(crate) const SHARE_NOW: &str = "share-yes-now";
    /// Goes on with what is chosen to be shared.
    pub(crate) const SHARE: &str = "share-yes";
    /// Brings the single windows into sight.
    pub(crate) const ONE_WINDOW: &str = "share-one-window";
    /// The best rating.
    pub(crate) const STARS: &str = "rating-5";
    /// Sends the rating.
    pub(crate) const RATE: &str = "rating-send";
    /// Gives no rating.
    pub(crate) const NO_RATING: &str = "rating-skip";
    /// Shows the log of the session, and where it can be kept.
    pub(crate) const KEEP_LOG: &str = "ended-log-save";
    /// Lets the operator see the screen.
    pub(crate) const ALLOW_VIEW: &str = "ask-view-yes";
    /// The yes to one window being seen.
    pub(crate) const ALLOW_VIEW_WINDOW: &str = "ask-view-yes-window";
    /// Lets the operator use mouse and keyboard.
    pub(crate) const ALLOW_CONTROL: &str = "ask-control-yes";
    /// The safe answer to that.
    pub(crate) const NOT_NOW: &str = "ask-not-now";
    /// The beginning of what is said when a press was not the client's own.
    pub(crate) const NOT_COUNTED: &str = "refused-not-pressed";
    /// Takes a file.
    pub(crate) const ALLOW_RECEIVE: &str = "ask-receive-yes";
    /// Gives a file.
    pub(crate) const ALLOW_GIVE: &str = "ask-give-yes";
    /// Unfolds the chat when something new is in it, argument `count`.
    pub(crate) const OPEN_CHAT_UNREAD: &str = "panel-chat-unread";
    /// The field of the chat.
    pub(crate) const CHAT: &str = "panel-chat-hint";
    /// The red X.
    pub(crate) const END: &str = "panel-end";
    /// The beginning of the report of what was removed.
    pub(crate) const REMOVED: &str = "ended-removed";
    /// Closes the last page.
    pub(crate) const CLOSE: &str = "ended-close";
}

/// Sends a line of chat, in both windows.
pub(crate) const SEND_CHAT: &str = "common-send";

/// The relay of a demo: makes an organisation, an operator and certificates in `folder`, or takes those of its last
/// start there. It listens at `port` of this machine; 0 takes a free one.
pub(crate) fn relay(programs: &Path, folder: &Path, port: u16) -> Command {
    let mut command = Command::new(programs.join(program::RELAY));
    command.arg("--dev").arg(folder).args(["--listen", &format!("127.0.0.1:{port}")]);
    command
}

/// Whether the relay says with that line that it is ready.
pub(crate) fn relay_is_ready(line: &str) -> Option<()> {
    relay_port(line).map(|_| ())
}

/// Where the relay listens, if it says with that line that it is ready.
pub(crate) fn relay_port(line: &str) -> Option<u16> {
    let address: SocketAddr = line.strip_prefix("ponte-relay listening on ")?.trim().parse().ok()?;
    Some(address.port())
}

/// The organisation file that the relay made.
pub(crate) fn organisation_file(relay: &Path) -> PathBuf {
    relay.join("organisation.ponte")
}

/// The agent's program as somebody downloads it: with the organisation file in it.
pub(crate) fn pack(program: &[u8], organisation_file: &[u8]) -> Vec<u8> {
    identity::append_to_program(program, organisation_file)
}

/// The console of the operator that the relay made; saved pictures go to `pictures`.
pub(crate) fn console(programs: &Path, relay: &Path, link: &str, pictures: &Path) -> Command {
    let mut command = Command::new(programs.join(program::CONSOLE));
    command
        .arg("--organisation")
        .arg(organisation_file(relay))
        .arg("--operator")
        .arg(relay.join("operator.ponte-vault"));
    command.args(["--link", link]).arg("--pictures").arg(pictures);
    command
}

/// The agent, which finds the organisation in its own program file.
pub(crate) fn agent(program: &Path, link: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["--link", link]);
    command
}

/// The words of the windows in one language.
#[derive(Debug)]
pub(crate) struct Words {
    texts: I18n,
    check_words: BTreeSet<String>,
}

impl Words {
    /// The words of that language.
    pub(crate) fn new(language: Language) -> Self {
        let check_words =
            (0_u32..).take(i18n::WORD_COUNT).map(|number| i18n::check_word(number, language).to_lowercase());
        Self { texts: I18n::new(language), check_words: check_words.collect() }
    }

    /// Makes a program speak this language.
    pub(crate) fn speak(&self, command: &mut Command) {
        command.env("PONTE_LANG", self.texts.language().tag());
    }

    /// The text of a message as a screen reader sees it.
    pub(crate) fn text(&self, id: &str) -> String {
        clean(&self.texts.text(id))
    }

    /// The name of a choice with a second line.
    pub(crate) fn text_pair(&self, title: &str, second: &str) -> String {
        format!("{}, {}", self.text(title), self.text(second))
    }

    /// The text of a message with one value.
    pub(crate) fn with(&self, id: &str, argument: &str, value: &str) -> String {
        clean(&self.texts.text_with(id, &[(argument, Arg::from(value))]))
    }

    /// The text of a message with one value and a number.
    pub(crate) fn with_count(&self, id: &str, values: &[(&str, &str)], count: u64) -> String {
        let mut arguments: Vec<_> = values.iter().map(|(name, value)| (*name, Arg::from(*value))).collect();
        arguments.push(("count", Arg::from(count)));
        clean(&self.texts.text_with(id, &arguments))
    }

    /// How to find a value in a message.
    pub(crate) fn pattern(&self, id: &str, argument: &str) -> Pattern {
        let with_mark = clean(&self.texts.text_with(id, &[(argument, Arg::from(Pattern::MARK))]));
        let (before, after) = with_mark.split_once(Pattern::MARK).unwrap_or((&with_mark, "\0"));
        Pattern { before: before.to_owned(), after: after.to_owned() }
    }

    /// The text of a message that counts something.
    pub(crate) fn counted(&self, id: &str, count: usize) -> String {
        clean(&self.texts.text_with(id, &[("count", Arg::from(count))]))
    }

    /// The check word, if that is one, alone or in the agent's sentence.
    pub(crate) fn check_word(&self, name: &str) -> Option<String> {
        let in_sentence = self.pattern(agent::CHECK_WORD, "word").value_in(name);
        let word = in_sentence.as_deref().unwrap_or(name).trim().to_lowercase();
        self.check_words.contains(&word).then_some(word)
    }
}

/// A message with a hole where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    before: String,
    after: String,
}

impl Pattern {
    const MARK: &'static str = "\u{fffc}";

    /// What stands behind the value.
    pub(crate) fn end(&self) -> &str {
        &self.after
    }

    /// The value, if `name` is that message.
    pub(crate) fn value_in(&self, name: &str) -> Option<String> {
        let value = name.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        (!value.is_empty()).then(|| value.to_owned())
    }
}

/// The session key, if that is one: "K7M 4QXP".
pub(crate) fn session_key(name: &str) -> Option<String> {
    let (locator, secret) = name.trim().split_once(char::is_whitespace)?;
    let symbols =
        |part: &str, count| part.len() == count && part.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
    (symbols(locator, 3) && symbols(secret, 4)).then(|| format!("{locator} {secret}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_that_the_demo_looks_for_exists_in_both_languages() {
        let ids = [
            console::PASSWORD,
            console::SIGN_IN,
            console::NEW_KEY,
            console::ASK_VIEW,
            console::ASK_CONTROL,
            console::SCREEN,
            console::HINT_FOCUSED,
            console::CHAT,
            console::SEND,
            console::SEND_PATH,
            console::SEND_NOW,
            console::FETCH,
            console::FETCH_PATH,
            console::FETCH_INTO,
            console::FETCH_NOW,
            console::SAVE_PICTURE,
            console::LINK,
            console::ROUND_TRIP,
            console::RECEIVED,
            console::SENT,
            console::STARS,
            console::ENDED,
            agent::KEY,
            agent::DOMAIN,
            agent::EXIT,
            agent::NOT_NOW,
            agent::NOT_COUNTED,
            agent::CONTINUE,
            agent::CHECK_WORD,
            agent::RECOGNISED,
            agent::READ_ON,
            agent::TERMS,
            agent::SHARE,
            agent::ONE_WINDOW,
            agent::TERMS_TITLE,
            agent::PAUSE,
            agent::RESUME,
            agent::CHANGE_SHARE,
            agent::SHARE_NOW,
            agent::STARS,
            agent::RATE,
            agent::NO_RATING,
            agent::KEEP_LOG,
            agent::ALLOW_VIEW,
            agent::ALLOW_VIEW_WINDOW,
            agent::ALLOW_CONTROL,
            agent::ALLOW_RECEIVE,
            agent::ALLOW_GIVE,
            agent::OPEN_CHAT_UNREAD,
            agent::CHAT,
            agent::END,
            agent::REMOVED,
            agent::CLOSE,
            SEND_CHAT,
        ];
        for language in Language::ALL {
            let texts = I18n::new(language);
            let missing: Vec<_> = ids.iter().filter(|id| !texts.has(id)).collect();
            assert!(missing.is_empty(), "{} has no {missing:?}", language.tag());
        }
    }

    #[test]
    fn values_are_found_in_their_message_only() {
        let pattern = Pattern { before: "Round trip: ".into(), after: " ms".into() };
        assert_eq!(pattern.value_in("Round trip: 12 ms"), Some("12".into()));
        assert_eq!(pattern.value_in("Round trip: 12 s"), None);
        assert_eq!(pattern.value_in("12 ms"), None);
    }

    #[test]
    fn a_key_has_three_and_four_symbols() {
        for (name, key) in [
            ("K7M 4QXP", Some("K7M 4QXP")),
            (" K7M 4QXP ", Some("K7M 4QXP")),
            ("New key", None),
            ("K7M 4QX", None),
            ("K7M", None),
        ] {
            assert_eq!(session_key(name).as_deref(), key, "{name}");
        }
    }
}
