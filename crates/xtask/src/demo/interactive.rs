//! The demo for a person: they are the operator, this program plays the client.

use super::names::{Words, agent, program, session_key};
use super::person::Person;
use super::stage::Stage;
use crate::run::Failure;
use identity::dev::SAMPLE_PASSWORD;
use std::io::BufRead;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// How often the client looks at the agent's window.
const PACE: Duration = Duration::from_millis(250);

/// What the client agrees to, and what is said about it.
const ANSWERS: &[(&str, &str)] = &[
    (agent::RECOGNISED, "the client recognises you"),
    (agent::TERMS, "the client accepts the terms"),
    (agent::NO_RATING, "the client gives no rating"),
    (agent::ALLOW_VIEW, "the client lets you see the screen"),
    (agent::ALLOW_CONTROL, "the client lets you use mouse and keyboard"),
    (agent::ALLOW_RECEIVE, "the client takes your file"),
    (agent::ALLOW_GIVE, "the client gives you the file"),
];

/// Runs until the console is closed or Ctrl-C is pressed.
pub(crate) async fn play(stage: &mut Stage, words: &Words) -> Result<(), Failure> {
    let client = Person::at(&stage.client, program::AGENT, words).await?;
    println!("\nPonte's console is open: you are the operator.");
    println!("The client sits at a second desktop that nobody sees; I play the client.\n");
    println!(
        "  1. In the console sign in with the password {SAMPLE_PASSWORD} and press \"{}\".",
        words.text(super::names::console::NEW_KEY)
    );
    println!("  2. Read the key to the client: type it here and press Enter.");
    println!(
        "  3. Look at the client's desktop. \"{}\" lets you write in the editor.",
        words.text(super::names::console::ASK_CONTROL)
    );
    println!("\nClose the console or press Ctrl-C here to end.\n");

    let mut typed = lines();
    loop {
        tokio::select! {
            result = tokio::signal::ctrl_c() => {
                return result.map_err(|error| Failure::from(format!("Ctrl-C: {error}")));
            }
            Some(line) = typed.recv() => enter_key(&client, &line).await?,
            () = sleep(PACE) => {
                if !stage.processes.is_running(program::CONSOLE) {
                    println!("demo: the console was closed");
                    return Ok(());
                }
                if stage.processes.is_running(program::AGENT) {
                    answer(&client).await?;
                } else {
                    println!("demo: the agent has ended and removed itself; start the demo again for another session");
                    return Ok(());
                }
            }
        }
    }
}

/// Types a key as the client, if the agent asks for one.
async fn enter_key(client: &Person<'_>, line: &str) -> Result<(), Failure> {
    let line = line.trim().to_uppercase();
    let symbols: String = line.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let grouped = if symbols.len() == 7 { format!("{} {}", &symbols[..3], &symbols[3..]) } else { line };
    if session_key(&grouped).is_none() {
        println!("demo: a key has seven symbols, such as K7M 4QXP");
        return Ok(());
    }
    if !client.offers(agent::KEY).await {
        println!("demo: the client is not asked for a key now");
        return Ok(());
    }
    println!("demo: the client types {grouped}");
    client.fill(agent::KEY, &grouped).await?;
    client.answer(agent::CONTINUE).await
}

/// Says yes to whatever the agent asks.
async fn answer(client: &Person<'_>) -> Result<(), Failure> {
    if client.offers(agent::READ_ON).await {
        return client.press(agent::READ_ON).await;
    }
    if client.chooses_what_to_show().await {
        println!("demo: the client shares the screen");
        return client.share_screen().await;
    }
    for (id, what) in ANSWERS {
        if client.offers(id).await {
            println!("demo: {what}");
            return client.answer(id).await;
        }
    }
    if client.sees_beginning(agent::REMOVED).await && client.offers(agent::CLOSE).await {
        println!("demo: the session is over, the client closes the last page");
        client.answer(agent::CLOSE).await?;
    }
    Ok(())
}

/// The lines that are typed at the terminal.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(4);
    // Reading a terminal cannot be given up, so this thread ends with the program.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
