//! Addresses in a chat: found in the text, shown whole before they are opened, and opened only after a yes.
//!
//! What the other end writes is hostile: an address counts only if it is plain `http` or `https`, its host is in
//! letters that nobody mistakes for others, and no user name stands before the host to be taken for it.

use super::{button, heading, primary_button, small};
use crate::fonts::Weight;
use crate::theme;
use egui::text::{LayoutJob, TextFormat};
use egui::{Context, Frame, Id, Key, Label, Margin, Modifiers, Stroke, Ui};
use i18n::I18n;
use std::ops::Range;

/// Longest address, in bytes: longer ones are read by nobody before a yes.
const ADDRESS_BYTES: usize = 1000;

/// An address that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    whole: String,
    host: Range<usize>,
}

impl Address {
    /// Reads one; `None` if it is none, or one that could be taken for another.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let from = ["https://", "http://"].iter().find(|scheme| lower.starts_with(**scheme))?.len();
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&byte);
        if text.len() > ADDRESS_BYTES || !text.bytes().all(is_plain) {
            return None;
        }
        let rest = text.get(from..)?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
            && host.bytes().any(|byte| byte.is_ascii_alphanumeric())
            && port.bytes().all(|byte| byte.is_ascii_digit())
            // Another alphabet in disguise.
            && !host.to_ascii_lowercase().split('.').any(|label| label.starts_with("xn--"));
        is_host.then(|| Self { whole: text.to_owned(), host: from..from + host.len() })
    }

    /// All of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.whole
    }

    /// Whose page it is.
    #[must_use]
    pub fn host(&self) -> &str {
        self.whole.get(self.host.clone()).unwrap_or_default()
    }

    fn parts(&self) -> [&str; 3] {
        let part = |range: Range<usize>| self.whole.get(range).unwrap_or_default();
        [part(0..self.host.start), self.host(), part(self.host.end..self.whole.len())]
    }
}

/// The addresses in a text, with where they stand, in bytes.
#[must_use]
pub fn addresses(text: &str) -> Vec<(Range<usize>, Address)> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end().trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']']);
        let trimmed = bare.trim_start_matches(['(', '[']);
        let from = at + (bare.len() - trimmed.len());
        if let Some(address) = Address::parse(trimmed) {
            found.push((from..from + trimmed.len(), address));
        }
        at += word.len();
    }
    found
}

fn asked_id() -> Id {
    Id::unique("the address that is asked about")
}

fn wanted_id() -> Id {
    Id::unique("the address that is to be opened")
}

fn failed_id() -> Id {
    Id::unique("an address could not be opened")
}

fn height_id() -> Id {
    Id::unique("how high the question about an address is")
}

/// How high the question about an address was when the chat was drawn last, in points; 0 where there is none.
#[must_use]
pub fn address_question_height(context: &Context) -> f32 {
    context.data(|data| data.get_temp::<f32>(height_id())).unwrap_or_default()
}

/// Asks about this address where [`address_question_ui`] is drawn next.
pub(super) fn ask_about(context: &Context, address: Address) {
    context.data_mut(|data| {
        data.insert_temp(asked_id(), Some(address));
        data.remove_temp::<bool>(failed_id());
    });
    context.request_repaint();
}

/// The address to which somebody said yes; once.
#[must_use]
pub fn take_wanted_address(context: &Context) -> Option<Address> {
    context.data_mut(|data| data.remove_temp::<Option<Address>>(wanted_id())).flatten()
}

/// Tells in the chat that no program took the address.
pub fn address_not_opened(context: &Context) {
    context.data_mut(|data| data.insert_temp(failed_id(), true));
    context.request_repaint();
}

/// The question whether to open it, if there is one: the whole address, its host in bold, no as the first answer.
pub(super) fn address_question_ui(ui: &mut Ui, i18n: &I18n) {
    let top = ui.cursor().top();
    question_ui(ui, i18n);
    let height = ui.cursor().top() - top;
    let before = ui.ctx().data_mut(|data| std::mem::replace(data.get_temp_mut_or_default::<f32>(height_id()), height));
    if (before - height).abs() > 0.5 {
        // Whoever made room for it made another.
        ui.ctx().request_repaint();
    }
}

fn question_ui(ui: &mut Ui, i18n: &I18n) {
    let asked = ui.ctx().data(|data| data.get_temp::<Option<Address>>(asked_id())).flatten();
    let has_failed = ui.ctx().data(|data| data.get_temp::<bool>(failed_id())).unwrap_or_default();
    let tokens = theme::tokens(ui);
    let frame = Frame::new()
        .fill(tokens.surface)
        .stroke(Stroke::new(1.0, tokens.edge))
        .corner_radius(tokens.radius)
        .inner_margin(Margin::symmetric(12, 8));
    let Some(address) = asked else {
        if has_failed {
            frame.show(ui, |ui| small(ui, &i18n.text("common-address-failed")));
        }
        return;
    };
    let mut answer = None;
    frame.show(ui, |ui| {
        heading(ui, &i18n.text("common-address-ask"));
        address_ui(ui, &address);
        small(ui, &i18n.text_with("common-address-host", &[("host", address.host().into())]));
        ui.horizontal_wrapped(|ui| {
            let escaped = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
            if primary_button(ui, &i18n.text("common-address-no")).clicked() || escaped {
                answer = Some(false);
            }
            if button(ui, &i18n.text("common-address-yes")).clicked() {
                answer = Some(true);
            }
        });
    });
    if let Some(yes) = answer {
        ui.ctx().data_mut(|data| {
            data.remove_temp::<Option<Address>>(asked_id());
            if yes {
                data.insert_temp(wanted_id(), Some(address));
            }
        });
        ui.ctx().request_repaint();
    }
}

fn address_ui(ui: &mut Ui, address: &Address) {
    let tokens = theme::tokens(ui);
    let mut job = LayoutJob::default();
    for (part, is_host) in address.parts().into_iter().zip([false, true, false]) {
        let (weight, ink) =
            if is_host { (Weight::SemiBold, tokens.ink) } else { (Weight::Regular, tokens.ink_secondary) };
        job.append(part, 0.0, TextFormat::simple(weight.at(tokens.small_size.max(15.0)), ink));
    }
    job.wrap.max_width = ui.available_width();
    job.wrap.break_anywhere = true;
    ui.add(Label::new(job).selectable(true));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_only_if_it_is_what_it_seems() {
        for (text, host) in [
            ("https://comune.lucca.example/moduli?n=1#a", "comune.lucca.example"),
            ("HTTP://10.0.0.1:8080/", "10.0.0.1"),
            ("https://a.example", "a.example"),
        ] {
            assert_eq!(Address::parse(text).unwrap().host(), host);
        }
        for text in [
            "ftp://a.example",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://",
            "https:///a",
            "https://bank.example@evil.example/",
            "https://bank.example\\@evil.example/",
            "https://b\u{430}nk.example/",
            "https://xn--bnk-6cd.example/",
            "https://a.example:x/",
            "https://a.example/\u{202e}",
            "--help",
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
        assert_eq!(Address::parse(&format!("https://a.example/{}", "a".repeat(ADDRESS_BYTES))), None);
    }

    #[test]
    fn addresses_are_found_without_the_signs_around_them() {
        let text = "See (https://a.example/x), or http://b.example. \u{e8} https://c.example!";
        let found: Vec<&str> = addresses(text).iter().map(|(at, _)| &text[at.clone()]).collect();
        assert_eq!(found, ["https://a.example/x", "http://b.example", "https://c.example"]);
        assert!(addresses("").is_empty() && addresses("https:// no").is_empty());
    }
}
