//! Heavy work over a line that breaks: a folder with many small files and a large one goes to the person while the relay
//! is killed twice and a second session runs beside, and comes back; then a file is sent that is there already. The
//! operator does it by keyboard.

use super::Teller;
use crate::demo::files;
use crate::demo::hands::{BACKSPACE, RETURN, TAB};
use crate::demo::names::{self, SEND_CHAT, agent, console, program};
use crate::demo::person::Person;
use crate::demo::stage::Guest;
use crate::demo::wait::{PATIENCE, until};
use crate::run::{Context, Failure};
use atspi::Role;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The folder that is sent, and the one that it comes back into.
const FOLDER: &str = "pratiche";
const RETURNED: &str = "ritorno";

/// The large file; it is the last of its folder.
const LARGE: &str = "scansioni.bin";

/// How many small files there are, and how many of them are there when the relay is killed first.
const SMALL: usize = 1000;
const BEFORE_FIRST_KILL: usize = 150;

/// Which part of everything has moved when the operator pauses, and when the relay is killed again.
const BEFORE_PAUSE: f64 = 0.3;
const BEFORE_SECOND_KILL: f64 = 0.5;

/// One of the small files, which is sent once more.
const AGAIN: &str = "pratica-0042.txt";

/// Whom the operator helps.
const FIRST: &str = "Marco Bini";
const SECOND: &str = "Anna Fanti";

/// What they write to each other.
const FROM_GUEST: &str = "Buongiorno, la stampante non parte.";
const TO_GUEST: &str = "Arrivo subito, la guardo.";

/// How long files may take that are moved by a debug build on a busy machine.
const LONG: Duration = Duration::from_secs(1200);

/// What moves, and to where.
struct Boxes {
    /// The operator's folder.
    sent: PathBuf,
    /// The folder at the person's.
    received: PathBuf,
    /// Where it is when it has come back.
    returned: PathBuf,
    bytes: u64,
}

impl<'a> Teller<'a> {
    /// A move of an office's files.
    pub(super) async fn load(&mut self, large_mib: u32) -> Result<(), Failure> {
        let boxes = self.fill_boxes(large_mib)?;
        let client = self.meet().await?;
        client.let_help_begin().await?;
        client.answer(agent::ALLOW_VIEW).await?;
        self.operator.see(console::SCREEN).await?;
        self.name_person(FIRST).await?;

        let begin = Instant::now();
        self.send_folder(&client).await?;
        self.first_break(&client, &boxes).await?;
        self.hold(&client).await?;
        let guest = self.help_second(&client).await?;
        self.go_on(&client).await?;
        self.second_break(&client, &guest).await?;
        self.hear_second(&client, &guest).await?;
        self.end_second(&guest).await?;
        self.has_arrived(&client, &boxes).await?;
        tell_rate("sent with two breaks and a pause", boxes.bytes, begin.elapsed());

        self.fetch_back(&client, &boxes).await?;
        self.send_again(&client, &boxes).await?;

        self.operator.press("console-tool-end").await?;
        client.see(agent::STARS).await?;
        client.press(agent::STARS).await?;
        client.answer(agent::RATE).await?;
        self.operator.see(console::ENDED).await?;
        self.operator.press("console-outcome-solved").await?;
        self.keep("load-solved", &client).await?;
        self.operator.hands().control('w')?;
        self.operator.see(console::NEW_KEY).await?;
        self.keep("load-recent", &client).await?;
        // What the person received is theirs.
        self.stage.before.extend(files::tree(&boxes.received));
        self.stage.before.insert(boxes.received);
        self.part(&client, &[]).await
    }

    /// Makes what is to be sent.
    fn fill_boxes(&mut self, large_mib: u32) -> Result<Boxes, Failure> {
        let home = self.stage.operator_home();
        let (sent, returned) = (home.join(FOLDER), home.join(RETURNED));
        for folder in [&sent, &returned] {
            fs::create_dir_all(folder).context(folder.display())?;
        }
        for number in 0..SMALL {
            let name = sent.join(format!("pratica-{number:04}.txt"));
            let size = 200 + number * 37 % 40_000;
            files::write_noise(&name, size, number as u64 * 2 + 1)?;
        }
        let large = usize::try_from(large_mib).context("size")? * 1024 * 1024;
        files::write_noise(&sent.join(LARGE), large, 77)?;
        let size = |path: PathBuf| path.metadata().map_or(0, |metadata| metadata.len());
        let bytes = files::tree(&sent).into_iter().map(size).sum();
        let received = self.stage.client_folder().join("home").join(FOLDER);
        Ok(Boxes { sent, received, returned: returned.join(FOLDER), bytes })
    }

    /// Says whom the operator helps, which is what the tab is called from then on.
    async fn name_person(&self, name: &str) -> Result<(), Failure> {
        self.operator.press("console-notes-open").await?;
        self.operator.fill("console-notes-name", name).await?;
        self.operator.press("console-notes-close").await?;
        let live = self.tab_words("console-tab-name", name, "console-tab-live");
        self.operator.see_text(&live).await
    }

    /// What a screen reader says of a tab.
    fn tab_words(&self, id: &str, name: &str, state: &str) -> String {
        self.words.with_count(id, &[("name", name), ("state", &self.words.text(state))], 0)
    }

    /// Ctrl+O, the folder, Ctrl+Enter; and the person takes it.
    async fn send_folder(&mut self, client: &Person<'_>) -> Result<(), Failure> {
        let local = self.words.text("console-files-list-local");
        self.operator.hands().control('o')?;
        client.see(agent::NOT_NOW).await?;
        client.agree("ask-browse-yes").await?;
        self.operator.go_to_row(&local, FOLDER).await?;
        self.keep("load-folders", client).await?;
        self.operator.hands().control_and(RETURN)?;
        client.see(agent::NOT_NOW).await?;
        self.keep("load-receive-asked", client).await?;
        client.agree("ask-receive-files-yes").await
    }

    /// The relay is gone while the small files move, and comes back.
    async fn first_break(&mut self, client: &Person<'_>, boxes: &Boxes) -> Result<(), Failure> {
        until("some of the small files at the person", LONG, || async {
            Ok((count(&boxes.received) >= BEFORE_FIRST_KILL).then_some(()))
        })
        .await?;
        self.stage.kill_relay().await?;
        self.see_break(client).await?;
        self.keep("load-first-break", client).await?;
        let there = count(&boxes.received);
        if there > SMALL {
            return Err(format!("{there} files were there before the relay was killed").into());
        }
        self.stage.restart_relay().await?;
        self.see_line(client).await?;
        self.moves(0.0).await?;
        self.keep("load-first-line", client).await
    }

    /// Both windows say that the line is down.
    async fn see_break(&self, client: &Person<'_>) -> Result<(), Failure> {
        self.operator.see("console-reconnecting-short").await?;
        client.see_text(&self.words.text("panel-reconnecting")).await
    }

    /// Neither of them says so any more.
    async fn see_line(&self, client: &Person<'_>) -> Result<(), Failure> {
        self.operator.see_no_text(&self.words.text("console-reconnecting-short")).await?;
        client.see_no_text(&self.words.text("panel-reconnecting")).await
    }

    /// How far the transfer is that the operator's window shows, from 0 to 1; `None` if none moves.
    async fn share(&self) -> Result<Option<f64>, Failure> {
        for control in self.operator.reader().controls().await? {
            if control.role == Role::ProgressBar {
                // It may be drawn anew before it is asked.
                return Ok(self.operator.reader().progress(&control).await.ok());
            }
        }
        Ok(None)
    }

    /// Waits until more than that share has moved; the answer is how much.
    async fn moves(&self, from: f64) -> Result<f64, Failure> {
        until(&format!("more than {:.0} % to have moved", from * 100.0), LONG, || async {
            Ok(self.share().await?.filter(|share| *share > from))
        })
        .await
    }

    /// The operator pauses the transfer.
    async fn hold(&mut self, client: &Person<'_>) -> Result<(), Failure> {
        self.moves(BEFORE_PAUSE).await?;
        self.operator.press_named(&self.words.with("console-transfer-pause-name", "name", FOLDER)).await?;
        self.operator.see_named(&self.words.with("console-transfer-resume-name", "name", FOLDER)).await?;
        client.see_text(self.words.pattern("transfer-held", "state").end()).await?;
        self.keep("load-held", client).await
    }

    /// Another key and another person, while the first transfer is held.
    async fn help_second(&mut self, client: &Person<'_>) -> Result<Person<'a>, Failure> {
        let held = self.share().await?.ok_or("nothing is shown to be held")?;
        self.operator.hands().control('n')?;
        let key = self.operator.read("a second key", names::session_key).await?;
        self.picture("load-second-key").await?;
        let place = self.stage.guest(&self.packed).await?;
        self.stage.start_guest(&place, self.words)?;
        let guest = Person::at(&place.desktop, program::AGENT, self.words).await?;
        self.guest = Some(place);
        guest.fill(agent::KEY, &key).await?;
        guest.answer(agent::CONTINUE).await?;
        guest.see(agent::RECOGNISED).await?;
        guest.let_help_begin().await?;
        guest.answer(agent::ALLOW_VIEW).await?;
        self.operator.see(console::SCREEN).await?;
        self.name_person(SECOND).await?;
        self.keep("load-second", &guest).await?;
        self.operator.hands().control('2')?;
        self.operator.see_named(&self.words.with("console-transfer-resume-name", "name", FOLDER)).await?;
        let now = self.share().await?.ok_or("nothing is shown to be held any more")?;
        if (now - held).abs() > f64::EPSILON {
            return Err(format!("{held} was held, and {now} has moved").into());
        }
        self.keep("load-back", client).await?;
        Ok(guest)
    }

    /// The pause is over.
    async fn go_on(&mut self, client: &Person<'_>) -> Result<(), Failure> {
        let from = self.share().await?.unwrap_or_default();
        self.operator.press_named(&self.words.with("console-transfer-resume-name", "name", FOLDER)).await?;
        client.see_no_text(self.words.pattern("transfer-held", "state").end()).await?;
        self.moves(from).await.map(|_| ())
    }

    /// The relay is gone again, under both sessions.
    async fn second_break(&mut self, client: &Person<'_>, guest: &Person<'_>) -> Result<(), Failure> {
        self.moves(BEFORE_SECOND_KILL).await?;
        self.keep("load-large", client).await?;
        self.stage.kill_relay().await?;
        self.see_break(client).await?;
        guest.see_text(&self.words.text("panel-reconnecting")).await?;
        self.keep("load-second-break", client).await?;
        self.stage.restart_relay().await?;
        self.see_line(client).await?;
        guest.see_no_text(&self.words.text("panel-reconnecting")).await
    }

    /// The second person writes; the operator sees that from the first session, goes there and answers.
    async fn hear_second(&mut self, client: &Person<'_>, guest: &Person<'_>) -> Result<(), Failure> {
        let before = self.unseen(SECOND).await?;
        guest.press("panel-chat").await?;
        guest.fill(agent::CHAT, FROM_GUEST).await?;
        guest.press(SEND_CHAT).await?;
        until("one thing more that is new in the second session", PATIENCE, || async {
            Ok((self.unseen(SECOND).await? == before + 1).then_some(()))
        })
        .await?;
        self.keep("load-unread", client).await?;
        self.operator.hands().control_and(TAB)?;
        self.operator.see_text(FROM_GUEST).await?;
        if self.unseen(SECOND).await? != 0 {
            return Err("what is in front still counts as new".into());
        }
        self.operator.fill(console::CHAT, TO_GUEST).await?;
        self.operator.press(SEND_CHAT).await?;
        guest.see_text(TO_GUEST).await?;
        self.keep("load-chat", guest).await
    }

    /// How much is new in the session with that person, as its tab says.
    async fn unseen(&self, name: &str) -> Result<u64, Failure> {
        let state = self.words.text("console-tab-live");
        let says = |count: u64| match count {
            0 => self.words.with_count("console-tab-name", &[("name", name), ("state", &state)], 0),
            _ => self.words.with_count("console-tab-news", &[("name", name), ("state", &state)], count),
        };
        until(&format!("the tab of {name}"), PATIENCE, || async {
            let controls = self.operator.reader().controls().await?;
            let tab = |count: &u64| controls.iter().any(|control| control.name == says(*count));
            Ok((0..MOST_UNSEEN).find(tab))
        })
        .await
    }

    /// The second session ends with its outcome; the first is in front again.
    async fn end_second(&mut self, guest: &Person<'_>) -> Result<(), Failure> {
        self.operator.press("console-tool-end").await?;
        guest.see(agent::STARS).await?;
        guest.press(agent::STARS).await?;
        guest.answer(agent::RATE).await?;
        self.operator.see(console::ENDED).await?;
        self.operator.press("console-outcome-to-continue").await?;
        self.keep("load-second-ended", guest).await?;
        self.operator.hands().control('w')?;
        let place = self.guest.take().ok_or("there is no second person")?;
        let Guest { desktop: _, folder, before } = place;
        self.leave(guest, Guest::AGENT, &folder, &before, &[]).await?;
        self.operator.hands().control('2')?;
        self.operator.see(console::SCREEN).await
    }

    /// Everything is there, and the same.
    async fn has_arrived(&mut self, client: &Person<'_>, boxes: &Boxes) -> Result<(), Failure> {
        self.done("console-transfer-out").await?;
        client.value("panel-saved-to", "path").await?;
        self.keep("load-sent", client).await?;
        same_folder(&boxes.sent, &boxes.received)
    }

    /// Waits until a transfer says that it is done and checked.
    async fn done(&self, id: &str) -> Result<(), Failure> {
        let pattern = self.words.pattern(id, "size");
        until(&format!("{id} in the operator's window"), LONG, || async {
            let controls = self.operator.reader().controls().await?;
            Ok(controls.iter().find_map(|control| pattern.value_in(&control.name)).map(|_| ()))
        })
        .await
    }

    /// The folder comes back into an empty one.
    async fn fetch_back(&mut self, client: &Person<'_>, boxes: &Boxes) -> Result<(), Failure> {
        let (local, remote) =
            (self.words.text("console-files-list-local"), self.words.text("console-files-list-remote"));
        self.operator.tab_to_list(&local).await?;
        self.operator.go_to_row(&local, RETURNED).await?;
        self.operator.open_row(&local).await?;
        self.operator.tab_to_list(&remote).await?;
        self.operator.go_to_row(&remote, FOLDER).await?;
        self.keep("load-fetch", client).await?;
        self.operator.hands().control_and(RETURN)?;
        client.see(agent::NOT_NOW).await?;
        self.keep("load-give-asked", client).await?;
        client.agree("ask-give-files-yes").await?;
        let begin = Instant::now();
        self.moves(BEFORE_PAUSE).await?;
        self.keep("load-fetching", client).await?;
        self.done("console-transfer-in").await?;
        tell_rate("fetched", boxes.bytes, begin.elapsed());
        self.keep("load-fetched", client).await?;
        same_folder(&boxes.sent, &boxes.returned)
    }

    /// A file that is there already is sent again, twice: the person has it replaced, then both are kept.
    async fn send_again(&mut self, client: &Person<'_>, boxes: &Boxes) -> Result<(), Failure> {
        let (local, remote) =
            (self.words.text("console-files-list-local"), self.words.text("console-files-list-remote"));
        self.operator.open_row(&remote).await?;
        self.operator.tab_to_list(&local).await?;
        self.operator.leave_row(&local, BACKSPACE).await?;
        self.operator.go_to_row(&local, FOLDER).await?;
        self.operator.open_row(&local).await?;
        self.operator.go_to_row(&local, AGAIN).await?;
        let (ours, theirs) = (boxes.sent.join(AGAIN), boxes.received.join(AGAIN));

        fs::write(&ours, "Pratica 42, corretta.\n").context(AGAIN)?;
        self.operator.hands().control_and(RETURN)?;
        // The picture takes longer than a window that was just moved takes no answer.
        client.see(agent::NOT_NOW).await?;
        self.keep("load-again-asked", client).await?;
        client.choose_named(&self.words.counted("ask-conflict-replace", 1)).await?;
        self.keep("load-replace-chosen", client).await?;
        client.agree("ask-receive-yes").await?;
        until("the file to be replaced", PATIENCE, || async { Ok(files::same(&ours, &theirs).then_some(())) }).await?;
        client.see(agent::PAUSE).await?;
        self.keep("load-replaced", client).await?;
        let replaced = count(&boxes.received);
        if replaced != SMALL + 1 {
            return Err(format!("{replaced} files are there after one was replaced").into());
        }

        let kept = fs::read(&theirs).context(AGAIN)?;
        fs::write(&ours, "Pratica 42, corretta due volte.\n").context(AGAIN)?;
        self.operator.hands().control_and(RETURN)?;
        client.see(agent::NOT_NOW).await?;
        self.keep("load-keep-asked", client).await?;
        client.choose_named(&self.words.text("ask-conflict-keep")).await?;
        client.agree("ask-receive-yes").await?;
        until("the file beside the one that is there", PATIENCE, || async {
            let beside =
                files::tree(&boxes.received).into_iter().find(|path| *path != theirs && files::same(&ours, path));
            Ok(beside.map(|_| ()))
        })
        .await?;
        if fs::read(&theirs).context(AGAIN)? != kept {
            return Err("the file that was to be kept is another".into());
        }
        client.see(agent::PAUSE).await?;
        self.keep("load-kept-both", client).await
    }
}

/// More than this a tab does not have to tell.
const MOST_UNSEEN: u64 = 40;

/// How many entries a folder has; none while it is not there.
fn count(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Fails unless both folders hold the same bytes under the same names.
fn same_folder(one: &Path, other: &Path) -> Result<(), Failure> {
    match files::difference(one, other) {
        None => Ok(()),
        Some(difference) => Err(format!("{} and {}: {difference}", one.display(), other.display()).into()),
    }
}

fn tell_rate(what: &str, bytes: u64, took: Duration) {
    let seconds = took.as_secs_f64();
    let rate = bytes as f64 * 8.0 / seconds / 1e6;
    println!("stories: {what}: {} files, {} MiB, {seconds:.0} s, {rate:.0} Mbit/s", SMALL + 1, bytes >> 20);
}
