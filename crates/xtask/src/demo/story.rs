//! One whole session by the real windows: every step as the two people would do it.

use super::files;
use super::intruder::Intruder;
use super::names::{self, SEND_CHAT, Words, agent, console, program};
use super::person::Person;
use super::picture::Picture;
use super::reader::Place;
use super::screen::Screen;
use super::stage::{EDITOR_PROGRAM, Stage};
use super::summary::{Summary, count, number};
use super::wait::{PATIENCE, until};
use crate::run::Failure;
use identity::dev::SAMPLE_PASSWORD;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What the operator types into the client's editor.
const SENTENCE: &str = "Ponte: 3 + 4 = 7 symbols, typed by the operator.";

/// What the operator says in the chat.
const FROM_OPERATOR: &str = "Good morning, can you read this?";

/// What the client answers.
const FROM_CLIENT: &str = "Yes, I can read it.";

/// The file that the operator sends, and its size in bytes.
const GIFT: (&str, usize) = ("manual.bin", 300_000);

/// The file that the operator asks for, and its size in bytes.
const WANTED: (&str, usize) = ("errors.bin", 200_000);

/// How often the two pictures are compared before they count as different.
const MOST_COMPARISONS: usize = 5;

/// Both people and what is seen from outside.
pub(crate) struct Story<'a> {
    /// The programs and desktops.
    pub(crate) stage: &'a mut Stage,
    /// The operator at the console.
    pub(crate) operator: Person<'a>,
    /// The client at the agent.
    pub(crate) client: Person<'a>,
    /// The client's desktop from outside.
    pub(crate) client_screen: Screen,
    /// The operator's desktop from outside.
    pub(crate) operator_screen: Screen,
    /// The words of both windows.
    pub(crate) words: &'a Words,
    /// The folder for pictures and the summary.
    pub(crate) out: &'a Path,
    /// What has been seen so far.
    pub(crate) summary: &'a mut Summary,
}

impl Story<'_> {
    /// Tells it from the first key to the last trace.
    pub(crate) async fn tell(&mut self) -> Result<(), Failure> {
        self.connect().await?;
        self.control().await?;
        self.chat().await?;
        self.send_file().await?;
        self.fetch_file().await?;
        self.compare().await?;
        let figures = self.figures().await;
        self.end().await?;
        figures
    }

    /// Key, check word, consent to view, first picture.
    pub(crate) async fn connect(&mut self) -> Result<(), Failure> {
        say("the operator signs in, makes a key and reads it out");
        self.operator.fill_hidden(console::PASSWORD, SAMPLE_PASSWORD).await?;
        self.operator.press(console::SIGN_IN).await?;
        self.operator.press(console::NEW_KEY).await?;
        let key = self.operator.read("a session key", names::session_key).await?;
        self.summary.key = Some(key.clone());

        say(&format!("the client types {key}"));
        self.client.fill(agent::KEY, &key).await?;
        let begin = Instant::now();
        self.client.answer(agent::CONTINUE).await?;

        self.client.see(agent::RECOGNISED).await?;
        let read = self.client.read("the check word", |name| self.words.check_word(name)).await?;
        // Some other word of the window may be in the list of words as well.
        self.operator
            .read(&format!("the check word \"{read}\""), |name| {
                self.words.check_word(name).filter(|word| *word == read)
            })
            .await?;
        say(&format!("both read \"{read}\": the client recognises the operator"));
        self.client.let_help_begin().await?;

        until("the question for the screen", PATIENCE, || async {
            if self.operator.offers(console::ASK_VIEW).await {
                self.operator.press(console::ASK_VIEW).await?;
            }
            Ok(self.client.offers(agent::ALLOW_VIEW).await.then_some(()))
        })
        .await?;
        self.agent_window("agent-window.png").await?;
        self.client.answer(agent::ALLOW_VIEW).await?;

        // The console shows that control as soon as there is a picture to show.
        self.operator.see(console::SCREEN).await?;
        let took = begin.elapsed();
        self.summary.first_picture_ms = u64::try_from(took.as_millis()).ok();
        say(&format!("the operator sees the screen after {} ms", took.as_millis()));
        Ok(())
    }

    /// Control: typing into the client's editor through the console.
    async fn control(&mut self) -> Result<(), Failure> {
        say("the operator asks for mouse and keyboard, the client agrees");
        self.operator.press(console::ASK_CONTROL).await?;
        self.nobody_else_answers(agent::ALLOW_CONTROL).await?;
        self.client.answer(agent::ALLOW_CONTROL).await?;
        self.rest_hand()?;
        self.operator.see(console::HINT_FOCUSED).await?;

        say("the operator types into the client's editor");
        let point = self.stage.in_the_text();
        let (x, y) = self.on_console(point).await?;
        self.operator.hands().click(x, y)?;
        self.operator.see(console::HINT_FOCUSED).await?;
        self.client_screen.clicked(self.process(EDITOR_PROGRAM)?, point).await?;
        self.operator.hands().type_text(SENTENCE)?;
        self.operator.hands().control('s')?;
        let note = self.stage.note();
        let saved = until("the editor to save what was typed", PATIENCE, || async {
            let text = std::fs::read_to_string(&note).unwrap_or_default();
            Ok(text.contains(SENTENCE).then_some(()))
        })
        .await;
        if let Err(failure) = saved {
            let text = std::fs::read_to_string(&note).unwrap_or_default();
            return Err(format!("{failure}; the note reads {text:?}").into());
        }
        self.summary.text_arrived = true;
        Ok(())
    }

    /// Programs on the client's desktop try to answer.
    async fn nobody_else_answers(&mut self, yes: &str) -> Result<(), Failure> {
        say("programs on the client's desktop try to answer for the client: that does not count");
        Intruder::on(&self.stage.client).answer(&self.client, yes).await?;
        self.agent_window("agent-refused.png").await?;
        self.summary.only_the_client_answers = true;
        // A pointer that a program has put somewhere counts for nothing until it is moved by hand.
        self.rest_hand()
    }

    /// A line of chat each way.
    async fn chat(&mut self) -> Result<(), Failure> {
        say("both write in the chat");
        self.operator.fill(console::CHAT, FROM_OPERATOR).await?;
        self.operator.press(SEND_CHAT).await?;
        self.open_chat().await?;
        self.client.see_text(FROM_OPERATOR).await?;
        self.client.fill(agent::CHAT, FROM_CLIENT).await?;
        self.client.press(SEND_CHAT).await?;
        self.rest_hand()?;
        self.operator.see_text(FROM_CLIENT).await?;
        self.summary.chat_both_ways = true;
        Ok(())
    }

    /// Unfolds the agent's chat, which says that there is something new in it.
    async fn open_chat(&self) -> Result<(), Failure> {
        if self.client.offers(agent::CHAT).await {
            return Ok(());
        }
        self.client.press_named(&self.words.counted(agent::OPEN_CHAT_UNREAD, 1)).await
    }

    /// A file from the operator to the client.
    async fn send_file(&mut self) -> Result<(), Failure> {
        say("the operator sends a file, the client takes it");
        let sent = self.stage.operator_home().join(GIFT.0);
        files::write_noise(&sent, GIFT.1, 3)?;
        self.operator.press(console::SEND).await?;
        self.operator.fill(console::SEND_PATH, &sent.to_string_lossy()).await?;
        self.operator.press(console::SEND_NOW).await?;
        self.client.answer(agent::ALLOW_RECEIVE).await?;
        self.rest_hand()?;
        let folder = self.stage.client_folder();
        until("the file at the client", PATIENCE, || async {
            Ok(files::arrived(&folder, &self.stage.before, |path| files::same(path, &sent)))
        })
        .await
        .map(|_| ())
    }

    /// A file from the client to the operator.
    async fn fetch_file(&mut self) -> Result<(), Failure> {
        say("the operator asks for a file, the client gives it");
        let wanted = self.stage.client_folder().join("home").join(WANTED.0);
        files::write_noise(&wanted, WANTED.1, 5)?;
        // It is the client's own file and stays.
        self.stage.before.insert(wanted.clone());
        let into = self.stage.operator_home().join("received");
        std::fs::create_dir_all(&into).map_err(|error| format!("{}: {error}", into.display()))?;
        self.operator.press(console::FETCH).await?;
        self.operator.fill(console::FETCH_PATH, &wanted.to_string_lossy()).await?;
        self.operator.fill(console::FETCH_INTO, &into.to_string_lossy()).await?;
        self.operator.press(console::FETCH_NOW).await?;
        self.client.answer(agent::ALLOW_GIVE).await?;
        self.rest_hand()?;
        until("the file at the operator", PATIENCE, || async {
            Ok(files::arrived(&into, &Default::default(), |path| files::same(path, &wanted)))
        })
        .await?;
        self.summary.file_digest_equal = true;
        Ok(())
    }

    /// The client's screen against the console's decoded picture.
    async fn compare(&mut self) -> Result<(), Failure> {
        say("both pictures are compared pixel for pixel");
        for attempt in 1..=MOST_COMPARISONS {
            let hidden = self.own_windows()?;
            self.client_screen.still(&hidden, PATIENCE).await?;
            let decoded = self.save_picture(attempt).await?;
            let seen = self.client_screen.grab()?;
            let moved = self.client_screen.changed(&hidden)?;
            seen.write(&self.out.join("agent-desktop.png"))?;
            let difference = seen.compare(&decoded, &hidden).ok_or("the console's picture has another size")?;
            self.summary.compared_pixels = difference.compared;
            self.summary.different_pixels = difference.different;
            if difference.different == 0 && difference.compared > 0 {
                self.summary.picture_equal = true;
                break;
            }
            say(&format!(
                "comparison {attempt}: {} pixels differ{}",
                difference.different,
                if moved { ", something moved meanwhile" } else { "" }
            ));
            decoded.write(&self.out.join("decoded.png"))?;
        }
        let whole = self.operator_screen.grab()?;
        let windows = self.operator_screen.windows_of(self.process(program::CONSOLE)?)?;
        let window = windows.into_iter().max_by_key(|place| place.width * place.height);
        window.map_or(whole.clone(), |place| whole.cut(place)).write(&self.out.join("console-window.png"))
    }

    /// Presses "save picture" and reads the file that it makes.
    async fn save_picture(&self, attempt: usize) -> Result<Picture, Failure> {
        let home = self.stage.operator_home();
        let before = files::tree(&home);
        self.operator.press(console::SAVE_PICTURE).await?;
        until(&format!("saved picture {attempt}"), PATIENCE, || async {
            let is_picture = |path: &Path| path.extension().is_some_and(|extension| extension == "png");
            // A file that is still being written cannot be read yet.
            Ok(files::arrived(&home, &before, is_picture).and_then(|path| Picture::read(&path).ok()))
        })
        .await
    }

    /// What the console says about the session.
    async fn figures(&mut self) -> Result<(), Failure> {
        self.summary.link = Some(self.operator.value(console::LINK, "link").await?.to_lowercase());
        self.summary.rtt_ms = number(&self.operator.value(console::ROUND_TRIP, "ms").await?);
        self.summary.bytes_to_console = count(&self.operator.value(console::RECEIVED, "bytes").await?);
        self.summary.bytes_to_agent = count(&self.operator.value(console::SENT, "bytes").await?);
        Ok(())
    }

    /// The red X, the last page, and what is left.
    async fn end(&mut self) -> Result<(), Failure> {
        say("the red X ends everything; whoever presses it, so let it be a program");
        let red_x = self.client.place(agent::END).await?;
        Intruder::on(&self.stage.client).click(red_x.middle())?;
        self.operator.see(console::ENDED).await?;
        say("the client rates the help, and the operator sees it");
        self.client.press(agent::STARS).await?;
        self.agent_window("agent-rating.png").await?;
        self.client.answer(agent::RATE).await?;
        if self.operator.value(console::STARS, "stars").await? != "5" {
            return Err("the operator does not see the five stars".into());
        }
        self.client.see_beginning(agent::REMOVED).await?;
        self.agent_window("agent-end.png").await?;
        self.client.answer(agent::CLOSE).await?;
        self.stage.processes.ended(program::AGENT, PATIENCE).await?;

        let (folder, agent) = (self.stage.client_folder(), self.stage.agent_program());
        let gift = self.stage.operator_home().join(GIFT.0);
        let kept: Vec<PathBuf> =
            files::arrived(&folder, &self.stage.before, |path| files::same(path, &gift)).into_iter().collect();
        let gone = until("nothing of the agent to be left", Duration::from_secs(5), || async {
            Ok(files::leftovers(&folder, &self.stage.before, &agent, &kept).is_empty().then_some(()))
        })
        .await;
        match gone {
            Ok(()) => self.summary.agent_removed = true,
            Err(_) => {
                for path in files::leftovers(&folder, &self.stage.before, &agent, &kept) {
                    say(&format!("left behind: {}", path.display()));
                }
            }
        }
        Ok(())
    }

    /// A point of the client's screen, where the console shows it: fitted and in the middle.
    async fn on_console(&self, (x, y): (i32, i32)) -> Result<(i32, i32), Failure> {
        let seen = self.client_screen.grab()?;
        let place = self.operator.place(console::SCREEN).await?;
        Ok(fitted(place, (seen.width, seen.height), (x, y)))
    }

    /// The client's hand leaves Ponte's windows, where no input of the operator is taken.
    pub(crate) fn rest_hand(&self) -> Result<(), Failure> {
        let (x, y) = self.stage.on_the_bare_desktop();
        self.client.hands().move_to(x, y)
    }

    fn own_windows(&self) -> Result<Vec<Place>, Failure> {
        self.client_screen.windows_of(self.process(program::AGENT)?)
    }

    fn process(&self, name: &str) -> Result<u32, Failure> {
        self.stage.processes.id(name).ok_or_else(|| format!("{name} does not run").into())
    }

    /// Keeps a picture of the agent's largest window.
    async fn agent_window(&self, name: &str) -> Result<(), Failure> {
        let windows = self.own_windows()?;
        let window = windows.into_iter().max_by_key(|place| place.width * place.height);
        let window = window.ok_or("the agent shows no window")?;
        self.client_screen.grab()?.cut(window).write(&self.out.join(name))
    }
}

/// Where a point of a picture is when the picture is fitted into the middle of `place`.
fn fitted(place: Place, (width, height): (u32, u32), (x, y): (i32, i32)) -> (i32, i32) {
    let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
    let (room_x, room_y) = (f64::from(place.width), f64::from(place.height));
    let scale = (room_x / width).min(room_y / height);
    let at = |begin: i32, room: f64, size: f64, point: i32| {
        f64::from(begin) + (room - size * scale) / 2.0 + f64::from(point) * scale
    };
    (at(place.x, room_x, width, x).round() as i32, at(place.y, room_y, height, y).round() as i32)
}

fn say(what: &str) {
    println!("demo: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_found_in_a_fitted_picture() {
        let place = |width, height| Place { x: 10, y: 20, width, height };
        for (place, point, expected) in [
            (place(100, 50), (0, 0), (10, 20)),
            (place(100, 50), (200, 100), (110, 70)),
            (place(100, 70), (100, 50), (60, 55)),
            (place(120, 50), (0, 0), (20, 20)),
        ] {
            assert_eq!(fitted(place, (200, 100), point), expected, "{place:?} {point:?}");
        }
    }
}
