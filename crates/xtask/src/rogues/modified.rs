//! A console that was changed to ignore its certificate, against the agent's real window.

use super::office::Office;
use super::scene::{Scene, Whose};
use crate::demo::names::agent;
use crate::demo::wait::{PATIENCE, until};
use crate::run::{Context, Failure};
use audit_log::{Event, Report};
use proto::session::Capability;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The program, an example of the whole sessions' tests.
pub(crate) const PROGRAM: &str = "modified_console";

/// The key that it knows.
const KEY: &str = "K7M 4QXP";

/// What it tries without being allowed to.
const TRIED: [Capability; 4] = [Capability::Control, Capability::SendFile, Capability::FetchFile, Capability::Chat];

impl Scene<'_> {
    /// It may view, and tries everything else: nobody is asked, nothing happens, all is written down.
    pub(crate) async fn modified_console(&mut self, office: &Office<'_>, bare: &Path) -> Result<(), Failure> {
        const ACT: &str = "5-modified-console";
        self.act(ACT).await?;
        let folder = self.folder.join("modified");
        fs::create_dir_all(&folder).context(folder.display())?;
        let mut command = Command::new(self.programs.join("examples").join(PROGRAM));
        command.arg(&folder);
        self.actors.start_until_line(PROGRAM, command, |line| (line == "ready").then_some(())).await?;
        let (organisation, packed) = (folder.join("organisation.ponte"), folder.join("agent"));
        office.package(bare, &organisation, &packed)?;

        let before = self.in_downloads()?;
        let client = self.agent(&packed, &["--link", "quic"]).await?;
        self.type_key(&client, KEY).await?;
        client.see(agent::RECOGNISED).await?;
        self.keep(Whose::Client, &client, "5-modified-console-who").await?;
        self.show_screen(&client, "5-modified-console-question").await?;
        // The person's hand leaves the window, where no input is taken anyway.
        client.hands().move_to(200, 200)?;
        let log = self.out.join("logs").join(ACT).join(format!("{PROGRAM}.log"));
        until("the modified console to have tried everything", PATIENCE, || async {
            let said = fs::read_to_string(&log).unwrap_or_default();
            Ok(said.lines().any(|line| line == "tried").then_some(()))
        })
        .await?;
        self.keep(Whose::Client, &client, "5-modified-console-afterwards").await?;
        for question in [agent::ALLOW_CONTROL, agent::ALLOW_RECEIVE, agent::ALLOW_GIVE] {
            if client.offers(question).await {
                return Err(format!("the person was asked: {}", self.words.text(question)).into());
            }
        }
        if self.pointer()? != (200, 200) {
            return Err("the pointer was moved".into());
        }
        if self.in_downloads()? != before {
            return Err("a file was written".into());
        }

        client.press(agent::END).await?;
        client.answer(agent::NO_RATING).await?;
        let saved = self.save_log(&client, "log-modified-console.ponte-log").await?;
        self.keep(Whose::Client, &client, "5-modified-console-ended").await?;
        let report = Report::of(fs::read(&saved).context(saved.display())?);
        for power in TRIED {
            let tried = Event::NotAllowed { power };
            if !report.entries.iter().any(|entry| entry.event == tried) {
                return Err(format!("the log does not say that {power:?} was tried").into());
            }
        }
        let said = office.run(&["log", "show", &saved.to_string_lossy(), "--format", "text"])?;
        let text = self.out.join("log-modified-console.txt");
        fs::write(&text, &said.text).context(text.display())
    }
}
