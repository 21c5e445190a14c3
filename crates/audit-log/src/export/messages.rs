//! Every sentence that an export can ask for, as data.

/// An id, and the names of what the sentence is about.
pub(super) type Message = (&'static str, &'static [&'static str]);

/// Every message that [`super::Words`] is asked for, with the names of its arguments, each once.
#[must_use]
pub fn message_ids() -> &'static [(&'static str, &'static [&'static str])] {
    MESSAGES
}

/// The message `{family}{word}` if there is one.
pub(super) fn find(family: &str, word: &str) -> Option<&'static str> {
    MESSAGES.iter().map(|(id, _)| *id).find(|id| id.strip_prefix(family) == Some(word))
}

/// `SendFile` to `send-file`.
pub(super) fn kebab(name: &str) -> String {
    let mut word = String::new();
    for (place, c) in name.char_indices() {
        if c.is_ascii_uppercase() && place > 0 {
            word.push('-');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

const MESSAGES: &[Message] = &[
    // The frame.
    ("log-language", &[]),
    ("log-title", &[]),
    ("log-operator", &[]),
    ("log-fact-session", &[]),
    ("log-fact-begun", &[]),
    ("log-fact-operator", &[]),
    ("log-fact-certificate", &[]),
    ("log-fact-signed-agent", &[]),
    ("log-fact-signed-console", &[]),
    ("log-signed-up-to", &["number"]),
    ("log-signed-beginning", &[]),
    ("log-signed-nothing", &[]),
    ("log-verdict-whole", &[]),
    ("log-verdict-incomplete", &[]),
    ("log-verdict-changed", &[]),
    ("log-verdict-unknown", &[]),
    ("log-part-entries", &[]),
    ("log-column-number", &[]),
    ("log-column-time", &[]),
    ("log-column-what", &[]),
    ("log-text-erased", &[]),
    // What other messages are put together from.
    ("log-power-view", &[]),
    ("log-power-control", &[]),
    ("log-power-annotate", &[]),
    ("log-power-chat", &[]),
    ("log-power-send-file", &[]),
    ("log-power-fetch-file", &[]),
    ("log-power-shell", &[]),
    ("log-power-system-info", &[]),
    ("log-power-end-process", &[]),
    ("log-power-clipboard", &[]),
    ("log-power-record", &[]),
    ("log-power-invite", &[]),
    ("log-power-other", &["word"]),
    ("log-other", &["word"]),
    // What happened.
    ("log-entry-operator-verified", &[]),
    ("log-entry-operator-not-verified", &[]),
    ("log-entry-operator-recognised", &[]),
    ("log-entry-operator-not-recognised", &[]),
    ("log-entry-terms-accepted", &["sha256"]),
    ("log-entry-terms-declined", &["sha256"]),
    ("log-entry-sharing-everything", &[]),
    ("log-entry-sharing-monitor", &[]),
    ("log-entry-sharing-window", &["name"]),
    ("log-entry-paused", &[]),
    ("log-entry-paused-unseen", &[]),
    ("log-entry-resumed", &[]),
    ("log-entry-asked", &["operator", "power"]),
    ("log-entry-asked-detail", &["operator", "power", "detail"]),
    ("log-entry-shown", &["power"]),
    ("log-entry-answered-granted", &["power"]),
    ("log-entry-answered-earlier", &["power"]),
    ("log-entry-answered-denied", &["power"]),
    ("log-entry-answered-timed-out", &["power"]),
    ("log-entry-answered-withdrawn", &["power"]),
    ("log-entry-answered-impossible", &["power"]),
    ("log-entry-answered-too-soon", &["power"]),
    ("log-entry-answered-barred", &["power"]),
    ("log-entry-answered-not-in-profile", &["power"]),
    ("log-entry-for-whole-session", &[]),
    ("log-entry-for-one-use", &[]),
    ("log-entry-revoked", &["power"]),
    ("log-entry-given-back", &["operator", "power"]),
    ("log-entry-use-over", &["power"]),
    ("log-entry-not-allowed", &["operator", "power"]),
    ("log-entry-file-to-client", &["operator", "name", "size", "blake3"]),
    ("log-entry-file-to-operator", &["operator", "name", "size", "blake3"]),
    ("log-entry-files-to-client", &["operator", "count", "size", "list"]),
    ("log-entry-files-to-operator", &["operator", "count", "size", "list"]),
    ("log-entry-folder-seen", &["operator", "path"]),
    ("log-entry-file-moved", &["bytes"]),
    ("log-entry-file-failed-not-found", &[]),
    ("log-entry-file-failed-permission-denied", &[]),
    ("log-entry-file-failed-disk-full", &[]),
    ("log-entry-file-failed-not-a-file", &[]),
    ("log-entry-file-failed-bad-name", &[]),
    ("log-entry-file-failed-corrupted", &[]),
    ("log-entry-file-failed-changed", &[]),
    ("log-entry-file-failed-cancelled", &[]),
    ("log-entry-file-failed-storage", &[]),
    ("log-entry-file-failed-link", &[]),
    ("log-entry-file-failed-protected", &[]),
    ("log-entry-file-failed-too-many", &[]),
    ("log-entry-file-failed-busy", &[]),
    ("log-entry-command", &["operator", "line"]),
    ("log-entry-chat-operator", &["operator", "line"]),
    ("log-entry-chat-person", &["line"]),
    ("log-entry-chat-cut", &[]),
    ("log-entry-process-ended", &["operator", "name"]),
    ("log-entry-annotated", &["operator"]),
    ("log-entry-clipboard-to-client-text", &["operator", "size"]),
    ("log-entry-clipboard-to-client-picture", &["operator", "size"]),
    ("log-entry-clipboard-to-operator-text", &["operator", "size"]),
    ("log-entry-clipboard-to-operator-picture", &["operator", "size"]),
    ("log-entry-recording-on", &[]),
    ("log-entry-recording-off", &[]),
    ("log-entry-recording-off-receipt", &["sha256"]),
    ("log-entry-link-up", &[]),
    ("log-entry-link-down", &[]),
    ("log-entry-console-clock", &["time"]),
    ("log-entry-rated", &["stars"]),
    ("log-entry-rated-comment", &["stars", "comment"]),
    ("log-entry-ended-client-ended", &[]),
    ("log-entry-ended-operator-ended", &[]),
    ("log-entry-ended-consent-denied", &[]),
    ("log-entry-ended-operator-not-recognised", &[]),
    ("log-entry-ended-connection-lost", &[]),
    ("log-entry-ended-protocol-violation", &[]),
    ("log-entry-ended-screen-unavailable", &[]),
    ("log-entry-ended-time-up", &[]),
    ("log-entry-ended-terms-declined", &[]),
    ("log-entry-ended-reported-as-scam", &[]),
    ("log-entry-removed", &["removed"]),
    ("log-entry-removed-not-all", &["removed", "left"]),
    ("log-entry-terminal-opened", &["operator"]),
    ("log-entry-terminal-closed", &[]),
    ("log-entry-unseen-lines", &["operator", "count"]),
    ("log-entry-still-running", &["count"]),
    ("log-entry-terminal-output", &["size", "sha256"]),
    ("log-entry-hidden-line", &["operator"]),
    // What is wrong, and what that means.
    ("log-finding-empty", &[]),
    ("log-finding-no-beginning", &[]),
    ("log-finding-format", &["format"]),
    ("log-finding-operator-proof", &[]),
    ("log-finding-not-a-line", &["line"]),
    ("log-finding-second-beginning", &["line"]),
    ("log-finding-cut-short", &["line"]),
    ("log-finding-number", &["line", "expected", "found"]),
    ("log-finding-changed", &["line"]),
    ("log-finding-signature-agent", &["line"]),
    ("log-finding-signature-console", &["line"]),
    ("log-finding-stray", &["line"]),
    ("log-finding-certificate", &["line"]),
    ("log-finding-other-operator", &["line"]),
    ("log-finding-unsigned-agent", &["from"]),
    ("log-finding-unsigned-console", &["from"]),
    ("log-finding-never-signed-agent", &[]),
    ("log-finding-never-signed-console", &[]),
    ("log-finding-no-end", &[]),
    ("log-finding-more", &["count"]),
];
