//! A support call with every tool: the operator explains by chat and by pointing, ends a program that hogs the
//! processor, fetches a log, mends a setting in the terminal, sends a file, and writes down what was done.

use super::Teller;
use crate::demo::files;
use crate::demo::hands::{ESCAPE, RETURN};
use crate::demo::names::{SEND_CHAT, agent, console};
use crate::demo::person::Person;
use crate::demo::reader::Place;
use crate::demo::screen::Screen;
use crate::demo::wait::{PATIENCE, until};
use crate::run::{Context, Failure};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

/// The program that hogs the processor; it is the lowest of all, so that others still run.
const HOG: &str = "indicizzatore";

/// The folder with the log that tells what is wrong.
const FOLDER: &str = "protocollo";

/// The log, and the setting that is wrong.
const LOG: &str = "protocollo.log";
const SETTINGS: &str = "protocollo.conf";

/// The file that mends the rest.
const MODULE: &str = "modulo-residenza.txt";

/// Around the line in the client's editor that tells the error, in pixels of the client's screen.
const ERROR: Place = Place { x: 76, y: 172, width: 428, height: 32 };

/// The client's machine as it is before the call.
struct Office {
    folder: PathBuf,
    module: PathBuf,
}

impl Teller<'_> {
    /// Somebody's program says "error 17", and the machine is slow.
    pub(super) async fn call(&mut self) -> Result<(), Failure> {
        let office = self.furnish()?;
        let client = self.meet().await?;
        client.let_help_begin().await?;
        client.answer(agent::ALLOW_VIEW).await?;
        self.operator.see(console::SCREEN).await?;

        self.explain(&client).await?;
        self.end_hog(&client).await?;
        self.fetch_log(&client, &office).await?;
        self.mend_setting(&client, &office).await?;
        let sent = self.send_module(&client, &office).await?;
        self.share_clipboard(&client).await?;
        self.write_down().await?;

        self.operator.press("console-tool-end").await?;
        client.see(agent::STARS).await?;
        self.keep("call-rating", &client).await?;
        client.press(agent::STARS).await?;
        client.answer(agent::RATE).await?;
        self.operator.see(console::ENDED).await?;
        self.operator.press("console-outcome-solved").await?;
        self.keep("call-solved", &client).await?;
        self.operator.press("console-ended-back").await?;
        self.operator.see(console::NEW_KEY).await?;
        self.keep("call-recent", &client).await?;
        self.part(&client, &[sent]).await
    }

    /// Puts what is wrong onto the client's machine, and starts it.
    fn furnish(&mut self) -> Result<Office, Failure> {
        let home = self.stage.client_folder().join("home");
        let folder = home.join(FOLDER);
        fs::create_dir_all(&folder).context(folder.display())?;
        let lines = (1..=400).map(|number| {
            let code = if number % 40 == 0 { "errore 17: numero di protocollo mancante" } else { "modulo salvato" };
            format!("2026-11-30 09:{:02}:{:02} protocollo[812]: {code}\n", number / 60, number % 60)
        });
        let put = |name: &str, text: &str| fs::write(folder.join(name), text).context(name);
        put(LOG, &lines.collect::<String>())?;
        put(SETTINGS, "# Protocollo del Comune\nserver = protocollo.comune.example\nnumero =\nsede = centrale\n")?;
        let hog = home.join(HOG);
        fs::write(&hog, "#!/bin/sh\nwhile :; do :; done\n").context(HOG)?;
        fs::set_permissions(&hog, fs::Permissions::from_mode(0o755)).context(HOG)?;
        let module = self.stage.operator_home().join(MODULE);
        fs::write(&module, "Modulo di residenza, versione 4\n".repeat(2000)).context(MODULE)?;
        self.stage.before = files::tree(&self.stage.client_folder());
        let mut lowest = Command::new("nice");
        lowest.args(["-n", "19"]).arg(&hog);
        self.stage.processes.start(HOG, lowest)?;
        Ok(Office { folder, module })
    }

    /// Chat, and a box around the line that matters.
    async fn explain(&mut self, client: &Person<'_>) -> Result<(), Failure> {
        self.operator.fill(console::CHAT, "Buongiorno. Guardi il riquadro che disegno.").await?;
        self.operator.press(SEND_CHAT).await?;
        client.press_named(&self.words.counted(agent::OPEN_CHAT_UNREAD, 1)).await?;
        client.see_text("Guardi il riquadro che disegno.").await?;
        let screen = Screen::new(self.stage.client.connect()?)?;
        let before = screen.grab()?.cut(ERROR);
        self.operator.press("console-tool-mark").await?;
        self.operator.press("console-mark-box").await?;
        let (from, to) = self.on_the_picture(ERROR).await?;
        self.operator.hands().drag(from, to).await?;
        until("the box on the client's screen", PATIENCE, || async {
            let difference = screen.grab()?.cut(ERROR).compare(&before, &[]).unwrap_or_default();
            Ok((difference.different > 0).then_some(()))
        })
        .await?;
        self.keep("call-box", client).await?;
        client.fill(agent::CHAT, "Lo vedo, errore 17.").await?;
        client.press(SEND_CHAT).await?;
        self.operator.see_text("Lo vedo, errore 17.").await?;
        self.operator.press("console-mark-clear").await?;
        self.operator.press("console-mark-done").await
    }

    /// The two corners of a part of the client's screen as the operator sees it.
    async fn on_the_picture(&self, part: Place) -> Result<((i32, i32), (i32, i32)), Failure> {
        let whole = Screen::new(self.stage.client.connect()?)?.grab()?;
        let (width, height) = (whole.width, whole.height);
        let view = self.operator.place(console::SCREEN).await?;
        let scale = (f64::from(view.width) / f64::from(width)).min(f64::from(view.height) / f64::from(height));
        let left = f64::from(view.x) + (f64::from(view.width) - f64::from(width) * scale) / 2.0;
        let top = f64::from(view.y) + (f64::from(view.height) - f64::from(height) * scale) / 2.0;
        let at = |x: i32, y: i32| ((left + f64::from(x) * scale) as i32, (top + f64::from(y) * scale) as i32);
        Ok((at(part.x, part.y), at(part.x + part.width, part.y + part.height)))
    }

    /// Finds the program that hogs the processor, and ends it on a consent of its own.
    async fn end_hog(&mut self, client: &Person<'_>) -> Result<(), Failure> {
        self.operator.press("console-tool-machine").await?;
        client.see(agent::NOT_NOW).await?;
        self.keep("call-machine-asked", client).await?;
        client.agree("ask-system-yes").await?;
        self.operator.see("console-machine-processes").await?;
        self.keep("call-machine", client).await?;
        self.operator.press("console-machine-processes").await?;
        let id = self.stage.processes.id(HOG).ok_or("the hog does not run")?;
        let named = self.words.with("console-machine-end-name", "name", &format!("{HOG} ({id})"));
        // What is hungriest stands first; the first look cannot know yet what that is.
        until("the hog among the programs", PATIENCE, || async {
            if self.operator.offers_named(&named).await {
                return Ok(Some(()));
            }
            self.operator.press("console-machine-refresh").await?;
            Ok(None)
        })
        .await?;
        self.keep("call-processes", client).await?;
        self.operator.press_named(&named).await?;
        client.see(agent::NOT_NOW).await?;
        self.keep("call-end-asked", client).await?;
        client.agree("ask-end-yes").await?;
        self.stage.processes.ended(HOG, PATIENCE).await?;
        self.stage.processes.forget(HOG);
        self.operator.see_text(&self.words.text("console-ended-short")).await?;
        self.keep("call-hog-ended", client).await?;
        self.operator.press("console-close-panel").await
    }

    /// Looks through the folders and fetches the log.
    async fn fetch_log(&mut self, client: &Person<'_>, office: &Office) -> Result<(), Failure> {
        self.operator.hands().control('o')?;
        client.see(agent::NOT_NOW).await?;
        self.keep("call-browse-asked", client).await?;
        client.agree("ask-browse-yes").await?;
        let folder = format!("{FOLDER}, {}", self.words.text("console-files-kind-folder"));
        self.operator.click_row(&folder).await?;
        // Keys overtake a click that the window manager still looks at.
        self.operator.see_text(&self.words.counted("console-files-selected", 1)).await?;
        self.operator.hands().press(RETURN)?;
        self.choose(LOG).await?;
        self.keep("call-folders", client).await?;
        self.operator.press("console-files-fetch-name").await?;
        client.see(agent::NOT_NOW).await?;
        self.keep("call-give-asked", client).await?;
        client.agree(agent::ALLOW_GIVE).await?;
        let (home, wanted) = (self.stage.operator_home(), office.folder.join(LOG));
        until("the log at the operator", PATIENCE, || async {
            Ok(files::arrived(&home, &Default::default(), |path| files::same(path, &wanted)))
        })
        .await?;
        self.keep("call-fetched", client).await?;
        self.operator.press("console-close-panel").await
    }

    /// Chooses the file with that name in the folders.
    async fn choose(&self, name: &str) -> Result<(), Failure> {
        let row = self
            .operator
            .read(&format!("{name} in a folder"), |row| row.starts_with(&format!("{name}, ")).then(|| row.to_owned()))
            .await?;
        self.operator.click_row(&row).await
    }

    /// Mends the setting with an editor in the terminal.
    async fn mend_setting(&mut self, client: &Person<'_>, office: &Office) -> Result<(), Failure> {
        self.operator.press("console-tool-shell").await?;
        client.see(agent::NOT_NOW).await?;
        self.keep("call-shell-asked", client).await?;
        client.agree("ask-shell-yes").await?;
        let place = self.operator.place("console-terminal").await?;
        let (x, y) = place.middle();
        self.operator.hands().click(x, y)?;
        self.operator.see("console-terminal-hint-focused").await?;
        let hands = self.operator.hands();
        hands.type_text(&format!("cd {FOLDER}\nls -l\ngrep -c 'errore 17' {LOG}\n"))?;
        self.keep("call-shell", client).await?;
        let hands = self.operator.hands();
        hands.type_text(&format!("vim -n -i NONE {SETTINGS}\n"))?;
        // The line is there once the editor shows it: what is typed before that is typed for it all the same.
        hands.type_text("/numero =\nA 2026-0817")?;
        hands.press(ESCAPE)?;
        self.keep("call-editor", client).await?;
        self.operator.hands().type_text(":wq\n")?;
        until("the setting to be mended", PATIENCE, || async {
            let text = fs::read_to_string(office.folder.join(SETTINGS)).unwrap_or_default();
            Ok(text.contains("numero = 2026-0817\n").then_some(()))
        })
        .await?;
        self.operator.hands().type_text(&format!("tail -3 {SETTINGS}\n"))?;
        self.keep("call-mended", client).await?;
        self.operator.press("console-terminal-end").await?;
        self.operator.press("console-close-panel").await
    }

    /// Sends the file that mends the rest.
    async fn send_module(&mut self, client: &Person<'_>, office: &Office) -> Result<PathBuf, Failure> {
        self.operator.press("console-tool-files").await?;
        self.choose(MODULE).await?;
        self.operator.press("console-files-send-name").await?;
        client.see(agent::NOT_NOW).await?;
        self.keep("call-receive-asked", client).await?;
        client.agree(agent::ALLOW_RECEIVE).await?;
        let folder = self.stage.client_folder();
        let arrived = until("the file at the client", PATIENCE, || async {
            Ok(files::arrived(&folder, &self.stage.before, |path| files::same(path, &office.module)))
        })
        .await?;
        self.keep("call-sent", client).await?;
        self.operator.press("console-close-panel").await?;
        Ok(arrived)
    }

    /// The client copies the letter, and the operator fetches it.
    async fn share_clipboard(&mut self, client: &Person<'_>) -> Result<(), Failure> {
        let (x, y) = self.stage.in_the_text();
        let screen = Screen::new(self.stage.client.connect()?)?;
        until("the letter to be copied", PATIENCE, || async {
            client.hands().click(x, y)?;
            client.hands().control('a')?;
            client.hands().control('c')?;
            screen.has_copied().map(|copied| copied.then_some(()))
        })
        .await?;
        self.operator.press("console-tool-clipboard").await?;
        self.operator.press("console-clip-fetch").await?;
        client.see(agent::NOT_NOW).await?;
        self.keep("call-clipboard-asked", client).await?;
        client.agree("ask-clipboard-yes").await?;
        self.operator.see_text(&self.words.text("console-clip-fetched-text")).await?;
        self.keep("call-clipboard", client).await?;
        self.operator.press("console-clip-close").await
    }

    /// What was done, while it is fresh.
    async fn write_down(&mut self) -> Result<(), Failure> {
        self.operator.press("console-notes-open").await?;
        self.operator.fill("console-notes-name", "Ufficio anagrafe").await?;
        self.operator.fill("console-notes-summary", "Indicizzatore fermato; numero di protocollo rimesso.").await?;
        self.operator.fill("console-notes-tags", "protocollo, lentezza").await?;
        self.picture("call-notes").await
    }
}
