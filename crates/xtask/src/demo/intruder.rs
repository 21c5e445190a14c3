//! What a program on the client's desktop can try: to answer for the client. An operator with a
//! shell could start it.

use super::desktop::Desktop;
use super::names::agent;
use super::person::Person;
use super::wait::{PATIENCE, until};
use crate::run::{self, Failure};
use std::process::Command;
use std::time::Duration;
use tokio::time::timeout;

/// How many controls the Tab key may pass on the way to the yes.
const MOST_TABS: usize = 12;

/// How long the window may take to refuse a key.
const REACTION: Duration = Duration::from_secs(3);

/// What must not be.
const ANSWERED: &str = "a program has answered for the client";

/// A program that presses.
pub(crate) struct Intruder<'a> {
    desktop: &'a Desktop,
}

impl<'a> Intruder<'a> {
    /// On that desktop.
    pub(crate) const fn on(desktop: &'a Desktop) -> Self {
        Self { desktop }
    }

    fn xdotool(&self, words: &[&str]) -> Result<(), Failure> {
        let mut program = Command::new("xdotool");
        self.desktop.enter(&mut program);
        run::run(program.args(words))
    }

    /// Moves the pointer there and clicks.
    pub(crate) fn click(&self, (x, y): (i32, i32)) -> Result<(), Failure> {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"])
    }

    fn key(&self, name: &str) -> Result<(), Failure> {
        self.xdotool(&["key", name])
    }

    /// Tries every way to say yes to the question that is open. Fails if one counts, or if the window
    /// does not say to the client that somebody tried.
    pub(crate) async fn answer(&self, client: &Person<'_>, yes: &str) -> Result<(), Failure> {
        client.see(yes).await?;
        // The window takes no answer in its first moment: what it refuses then tells nothing.
        until("the window to tell of a program's click", PATIENCE, || async {
            if !client.offers(yes).await {
                return Err(ANSWERED.into());
            }
            self.click(client.place(yes).await?.middle())?;
            Ok(client.sees_beginning(agent::NOT_COUNTED).await.then_some(()))
        })
        .await?;
        for key in ["space", "Return"] {
            // Nor does it take a key then, or right after it has refused something.
            until(&format!("the window to refuse a program's {key}"), PATIENCE, || async {
                self.put_focus_on(client, yes).await?;
                self.key(key)?;
                // A refusal puts the no under the focus.
                let refused = timeout(REACTION, client.see_focus(agent::NOT_NOW)).await;
                Ok(refused.is_ok_and(|seen| seen.is_ok()).then_some(()))
            })
            .await?;
        }
        client.reader().take_focus(&client.control(yes).await?).await?;
        client.see_focus(yes).await?;
        client.reader().act(&client.control(yes).await?).await?;
        client.see_focus(agent::NOT_NOW).await?;
        if client.offers(yes).await { Ok(()) } else { Err(ANSWERED.into()) }
    }

    /// Goes to the yes by the Tab key.
    async fn put_focus_on(&self, client: &Person<'_>, yes: &str) -> Result<(), Failure> {
        for _ in 0..MOST_TABS {
            if client.has_focus(yes).await {
                return Ok(());
            }
            let before = client.focus().await;
            self.key("Tab")?;
            until("the focus to move", PATIENCE, || async { Ok((client.focus().await != before).then_some(())) })
                .await?;
        }
        client.see_focus(yes).await
    }
}
