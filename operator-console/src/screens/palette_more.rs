//! What the command palette has by a name of its own: this monitor, that transfer, a certain tab; and the order in
//! which what is found stands.

use super::notes::outcome_name;
use super::side::Powers;
use super::transfers::{choices, waits};
use super::{Effect, Scene, ScreenState, browser, clip, look, tabs};
use crate::desk::DeskCommand;
use crate::settings::{Choice, Look};
use crate::words;
use console_core::LineId;
use console_core::proto::session::Capability;
use console_core::records::{Description, Outcome};
use console_core::view::{ConsoleCommand, PowerState, SessionView, Stage};

/// What one of them does.
#[derive(Debug)]
pub(super) enum More {
    Send(ConsoleCommand),
    ClipboardStrip,
    Folders,
    Tab(LineId),
    Outcome(Outcome),
    Choose(Choice),
}

/// One that makes sense now: its name, its keys, and what it does.
pub(super) type Named = (String, String, More);

/// All of them.
pub(super) fn more(scene: &Scene<'_>, state: &ScreenState) -> Vec<Named> {
    let mut found = Vec::new();
    match &scene.view.stage {
        Stage::Session(session) => {
            monitors(scene, session, &mut found);
            transfers(scene, session, &mut found);
            for capability in [Capability::SystemInfo, Capability::Clipboard] {
                if session.state_of(capability) == PowerState::Granted {
                    let power = [("power", scene.i18n.text(words::power(capability)).into())];
                    let name = scene.i18n.text_with("console-give-back-name", &power);
                    found.push((name, String::new(), More::Send(ConsoleCommand::Release(capability))));
                }
            }
            if clip::may_exchange(&scene.view.operator, session) {
                let name = scene.i18n.text("console-tool-clipboard");
                found.push((name, "Shift F10".to_owned(), More::ClipboardStrip));
            }
        }
        Stage::Ended(_) if scene.record().is_some() => {
            found.extend(Outcome::ALL.into_iter().zip(1..).map(|(outcome, key): (_, u8)| {
                let outcome_is = [("outcome", scene.i18n.text(outcome_name(outcome)).into())];
                let name = scene.i18n.text_with("console-palette-outcome", &outcome_is);
                (name, key.to_string(), More::Outcome(outcome))
            }));
        }
        _ => {}
    }
    for (tab, place) in scene.desk.tabs.iter().zip(2_u8..) {
        if scene.desk.front != Some(tab.line) {
            let name = [("name", tabs::name_of(scene, tab).into())];
            let keys = if place <= 9 { format!("Ctrl {place}") } else { String::new() };
            found.push((scene.i18n.text_with("console-palette-tab", &name), keys, More::Tab(tab.line)));
        }
    }
    settings(scene, state, &mut found);
    found
}

fn monitors(scene: &Scene<'_>, session: &SessionView, found: &mut Vec<Named>) {
    let others = session.layout.monitors.iter().enumerate();
    for (index, monitor) in others.filter(|(_, monitor)| session.monitor != Some(monitor.id)) {
        let name = scene.i18n.text_with("console-palette-monitor", &[("number", (index + 1).into())]);
        // With two, the next is the other.
        let keys = if session.layout.monitors.len() == 2 { "Shift F11" } else { "" };
        found.push((name, keys.to_owned(), More::Send(ConsoleCommand::ShowMonitor(monitor.id))));
    }
}

fn transfers(scene: &Scene<'_>, session: &SessionView, found: &mut Vec<Named>) {
    let i18n = scene.i18n;
    let open = || session.transfers.iter().filter(|transfer| !transfer.state.is_over());
    let mut push = |name: String, command| found.push((name, String::new(), More::Send(command)));
    for transfer in open() {
        let named = |id: &str| i18n.text_with(id, &[("name", (&transfer.name).into())]);
        let id = transfer.id;
        if transfer.may_hold() {
            let message = if transfer.is_held { "console-transfer-resume-name" } else { "console-transfer-pause-name" };
            push(named(message), ConsoleCommand::HoldTransfer(id, !transfer.is_held));
        }
        if waits(transfer) {
            for (conflict, answer) in choices(transfer) {
                let name = format!("{}: {}", i18n.text(answer), transfer.name);
                push(name, ConsoleCommand::Resolve(id, conflict));
            }
        }
        push(named("console-transfer-cancel-name"), ConsoleCommand::CancelTransfer(id));
    }
    if open().count() > 1 {
        push(i18n.text("console-palette-cancel-all"), ConsoleCommand::CancelTransfers);
    }
    if open().next().is_some() && browser::may_browse(scene, session) {
        found.push((i18n.text("console-palette-transfers"), "Ctrl O".to_owned(), More::Folders));
    }
}

fn settings(scene: &Scene<'_>, state: &ScreenState, found: &mut Vec<Named>) {
    let i18n = scene.i18n;
    let mut push = |title: &str, value: String, choice| {
        found.push((format!("{}: {value}", i18n.text(title)), String::new(), More::Choose(choice)));
    };
    for chosen in Look::ALL.into_iter().filter(|chosen| *chosen != state.settings.look) {
        push("console-look", i18n.text(look::look_name(chosen)), Choice::Look(chosen));
    }
    for language in look::languages().filter(|language| *language != state.settings.language) {
        push("console-window-language", look::language_name(i18n, language), Choice::Language(language));
    }
}

/// Does it.
pub(super) fn perform(scene: &Scene<'_>, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>, more: More) {
    match more {
        More::Send(command) => commands.push(command),
        More::ClipboardStrip => state.clip.open = !state.clip.open,
        More::Folders => {
            if let Stage::Session(session) = &scene.view.stage {
                browser::look_at_transfers(session, state, commands);
            }
        }
        More::Tab(line) => tabs::show(state, Some(line)),
        More::Outcome(outcome) => {
            if let Some(record) = scene.record() {
                let what = Description::Outcome(Some(outcome));
                state.effects.push(Effect::Desk(DeskCommand::Describe(record.id.clone(), what)));
            }
        }
        More::Choose(choice) => state.effects.push(Effect::Choose(choice)),
    }
}

/// How well a name that has every typed word fits: less is better. What begins with them goes before where a word
/// begins with them, and that before where they are inside of one.
pub(super) fn rank(name: &str, typed: &str) -> u8 {
    let (name, typed) = (name.to_lowercase(), typed.trim().to_lowercase());
    if name.starts_with(&typed) {
        return 0;
    }
    let begins = |word: &str| name.split(|symbol: char| !symbol.is_alphanumeric()).any(|part| part.starts_with(word));
    if typed.split_whitespace().all(begins) { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_the_typed_words_stands_first() {
        let mut names = ["Send a file", "Give back control", "To the end", "End the session"];
        names.sort_by_key(|name| rank(name, "end"));
        assert_eq!(names, ["End the session", "To the end", "Send a file", "Give back control"]);
        let mut unsorted = ["b", "a"];
        unsorted.sort_by_key(|name| rank(name, " "));
        assert_eq!(unsorted, ["b", "a"], "nothing typed changes nothing");
    }
}
