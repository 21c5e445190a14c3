//! A console that was changed to ignore its certificate, against whatever agent comes: its certificate allows
//! viewing and nothing else, and it tries everything. `modified_console FOLDER` writes the organisation file that
//! the agent is to trust into FOLDER, prints `ready`, waits for an agent with [`KEY`], prints each answer that it
//! gets, then `tried`, and ends when the agent does.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use channel::ConsoleIdentity;
use e2e::evil::Trap;
use e2e::evil::ends::{FalseConsole, framed, stream};
use identity::Profile;
use pairing::SessionKey;
use proto::Text;
use proto::geometry::MonitorId;
use proto::input::{InputEvent, InputRecord};
use proto::session::{
    AgentToConsole, Asking, Capability, ConsoleToAgent, Decision, FileName, PathText, Request, RequestId, StreamKind,
    TransferId,
};
use std::error::Error;
use std::path::Path;
use std::time::Duration;

/// The key that its person reads out.
const KEY: &str = "K7M 4QXP";
/// How long a person may take to type it.
const TYPING: Duration = Duration::from_secs(60);
/// What it would do with mouse and keyboard.
const STOLEN: &str = "typed by a console that may only look";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder")?;
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    std::fs::write(Path::new(&folder).join("organisation.ponte"), &trap.organisation.organisation_file)?;
    println!("ready");

    let operator = e2e::operator_with(&trap.organisation, &Profile::of([(Capability::View, Asking::OncePerSession)]));
    let chain = operator.chain.iter().map(|der| der.clone().into()).collect();
    let identity = ConsoleIdentity { chain, seed: operator.seed };
    let key = SessionKey::parse(KEY).map_err(|error| format!("{error:?}"))?;
    trap.runtime.block_on(async {
        let caught = tokio::time::timeout(TYPING, catcher.next()).await?;
        try_everything(caught.be_console(&key, &identity).await).await.ok_or("the agent has gone")?;
        Ok(())
    })
}

async fn ask(console: &mut FalseConsole, id: u32, what: Request) -> Option<Decision> {
    println!("asks for {what:?}");
    console.talk.say(&ConsoleToAgent::Ask { request: RequestId(id), what }).await;
    let decided = |message: &AgentToConsole| match message {
        AgentToConsole::Decided { request, decision } if *request == RequestId(id) => Some(*decision),
        _ => None,
    };
    let decision = console.talk.expect(decided).await?;
    println!("answer: {decision:?}");
    Some(decision)
}

/// `None` once the agent has gone.
async fn try_everything(mut console: FalseConsole) -> Option<()> {
    let ready = |message: &AgentToConsole| matches!(message, AgentToConsole::Ready { .. }).then_some(());
    console.talk.expect(ready).await?;
    ask(&mut console, 1, Request::View).await?;
    ask(&mut console, 2, Request::Control).await?;
    let (title, folder) = (FileName::truncated("present.exe"), PathText::default());
    ask(&mut console, 3, Request::SendBatch { transfer: TransferId(1), title, items: 1, folder }).await?;
    let title = PathText::truncated("/etc/hostname");
    ask(&mut console, 4, Request::FetchBatch { transfer: TransferId(2), title, items: 1 }).await?;

    let mut records = framed(&StreamKind::Input);
    let moved = InputEvent::PointerMove { monitor: MonitorId(0), x: 5, y: 5 };
    for (sequence, event) in (1..).zip([moved, InputEvent::Text(Text::truncated(STOLEN))]) {
        records.extend(framed(&InputRecord { sequence, event }));
    }
    let input = stream(&console.channel, &[records], &[]).await?;
    println!("input without a permission: {:?}", input.stopped().await);
    let kind = StreamKind::Batch { transfer: TransferId(1) };
    let file = stream(&console.channel, &[framed(&kind)], &[0; 1000]).await?;
    println!("a file without a permission: {:?}", file.stopped().await);
    console.talk.say(&ConsoleToAgent::Chat { id: 1, text: Text::truncated("press yes") }).await;

    // Everything said before has been dealt with once this is answered.
    console.talk.say(&ConsoleToAgent::Ping { token: 7 }).await;
    let pong = |message: &AgentToConsole| matches!(message, AgentToConsole::Pong { .. }).then_some(());
    console.talk.expect(pong).await?;
    println!("tried");
    while console.talk.hear().await.is_some() {}
    Some(())
}
