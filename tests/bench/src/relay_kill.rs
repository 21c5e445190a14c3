//! The relay killed again and again, by SIGKILL at random moments, while messages and a bulk stream
//! run through it: nothing may be lost or come twice, and how long does it stall?

use crate::Failure;
use crate::ends::{self, End};
use crate::figures::Spread;
use crate::relay_process::RelayProcess;
use channel::{ReadExactError, RecvStream, SendStream};
use link::LinkKind;
use rand::rngs::StdRng;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Kills of one session, then another one begins by the other way.
const KILLS_OF_SESSION: u32 = 5;
/// How often either end says something.
const MESSAGE_EVERY: Duration = Duration::from_millis(20);
/// A message: number, time of sending, filling.
const MESSAGE_BYTES: usize = 64;
/// The bulk stream's blocks, and how often one is sent: 16 Mbit/s.
const BLOCK_BYTES: usize = 16 * 1024;
const BLOCK_EVERY: Duration = Duration::from_millis(8);
/// The longest time that the relay stays away, in milliseconds.
const LONGEST_OUTAGE_MS: u64 = 4000;
/// A stall that lasts longer is a hang.
const HANG: Duration = Duration::from_secs(60);

/// What happened.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How often the relay was killed.
    pub kills: u32,
    /// Messages that arrived, each once and in order.
    pub messages: u64,
    /// Bytes of the bulk stream that arrived as they were sent.
    pub bulk_bytes: u64,
    /// Milliseconds of stalls, by what they were measured from and the kind of link.
    pub stalls_ms: BTreeMap<String, Vec<f64>>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, messages, bulk_bytes, stalls_ms } = self;
        write!(f, "{kills} kills, {messages} messages and {bulk_bytes} bulk bytes: none lost, none twice")?;
        for (name, stalls) in stalls_ms {
            let Spread { median, p95, max, samples, .. } = Spread::of(stalls);
            write!(f, "\n{name:<52}  median {median:>7.0}  p95 {p95:>7.0}  max {max:>7.0} ms  ({samples})")?;
        }
        Ok(())
    }
}

/// What happens at one kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outage {
    /// The relay is started again at once.
    Short,
    /// It stays away for a while.
    Long,
    /// It is killed again while the ends are coming back; measured from the second kill.
    Twice,
}

impl Outage {
    fn random(rng: &mut StdRng, kills_left: u32) -> Self {
        match rng.gen_range(0..5) {
            0 | 1 => Self::Long,
            2 if kills_left > 1 => Self::Twice,
            _ => Self::Short,
        }
    }

    fn kills(self) -> u32 {
        if self == Self::Twice { 2 } else { 1 }
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "back at once",
            Self::Long => "back later",
            Self::Twice => "killed twice",
        })
    }
}

/// Kills the relay so many times.
///
/// # Errors
/// Whatever was lost, came twice or hung, with everything known about it.
pub async fn run(kills: u32, seed: u64) -> Result<Report, Failure> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut relay = RelayProcess::start("normal").await?;
    let mut report = Report::default();
    let mut kinds = [LinkKind::Quic, LinkKind::Tls].into_iter().cycle();
    while report.kills < kills {
        let kind = kinds.next().unwrap_or(LinkKind::Quic);
        let most = (kills - report.kills).min(KILLS_OF_SESSION);
        let (console, agent) = ends::pair(&relay, kind).await?;
        let session = Box::pin(session(&mut relay, (&console, &agent), kind, most, &mut rng, &mut report));
        if let Err(failure) = session.await {
            let ends = format!("{}{}", console.known("console"), agent.known("agent"));
            return Err(format!("{kind}, seed {seed}, after kill {}: {failure}\n{ends}", report.kills).into());
        }
        tokio::join!(console.leave(), agent.leave());
    }
    Ok(report)
}

/// One session with its kills, until everything that was sent has arrived.
#[expect(clippy::print_stderr, reason = "progress of a program for the terminal")]
async fn session(
    relay: &mut RelayProcess,
    (console, agent): (&End, &End),
    kind: LinkKind,
    kills: u32,
    rng: &mut StdRng,
    report: &mut Report,
) -> Result<(), Failure> {
    let start = Instant::now();
    let (stop, stopped) = watch::channel(false);
    let (up_heard, mut up) = watch::channel(Duration::ZERO);
    let (down_heard, mut down) = watch::channel(Duration::ZERO);
    let bulk_seed = rng.r#gen();
    let (console, agent) = (console.channel.connection(), agent.channel.connection());
    // The other end takes streams in the order in which they are opened.
    let (up_sends, down_sends) = (console.open_uni().await?, agent.open_uni().await?);
    let bulk_sends = agent.open_uni().await?;
    let traffic = async {
        tokio::try_join!(
            talk(up_sends, start, stopped.clone()),
            talk(down_sends, start, stopped.clone()),
            send_bulk(bulk_sends, bulk_seed, stopped.clone()),
            async { listen(agent.accept_uni().await?, up_heard).await },
            async {
                let talk = console.accept_uni().await?;
                let bulk = console.accept_uni().await?;
                tokio::try_join!(listen(talk, down_heard), receive_bulk(bulk, bulk_seed))
            },
        )
    };
    let mut traffic = Box::pin(traffic);
    let killing = async {
        let mut left = kills;
        while left > 0 {
            sleep(Duration::from_millis(rng.gen_range(100..2000))).await;
            let outage = Outage::random(rng, left);
            relay.kill().await?;
            let mut killed = Instant::now();
            if outage == Outage::Long {
                sleep(Duration::from_millis(rng.gen_range(0..LONGEST_OUTAGE_MS))).await;
            }
            relay.restart().await?;
            if outage == Outage::Twice {
                sleep(Duration::from_millis(rng.gen_range(0..500))).await;
                relay.kill().await?;
                killed = Instant::now();
                relay.restart().await?;
            }
            let ready = Instant::now();
            let times = outage.kills();
            left -= times;
            report.kills += times;
            let sent_after = killed.duration_since(start);
            let heard = async { tokio::try_join!(since(&mut up, sent_after), since(&mut down, sent_after)) };
            timeout(HANG, heard).await.map_err(|_| format!("no message for {HANG:?} after a kill"))??;
            for (mark, from) in [("kill", killed), ("relay back", ready)] {
                let stalls =
                    report.stalls_ms.entry(format!("{mark} to messages both ways, {kind}, {outage}")).or_default();
                stalls.push(from.elapsed().as_secs_f64() * 1e3);
            }
            eprintln!("kill {}: {kind}, {outage}, {:.1} s", report.kills, killed.elapsed().as_secs_f64());
        }
        // An error is traffic that has failed, which tells it better.
        let _ = stop.send(true);
        Ok::<_, Failure>(())
    };
    let all = async { tokio::try_join!(async { timeout_after_stop(&mut traffic, stopped.clone()).await }, killing) };
    let ((up_sent, down_sent, bulk_sent, up_got, (down_got, bulk_got)), ()) = all.await?;
    for (what, sent, got) in [("up", up_sent, up_got), ("down", down_sent, down_got), ("bulk", bulk_sent, bulk_got)] {
        if sent != got {
            return Err(format!("{what}: {sent} sent, {got} received").into());
        }
    }
    report.messages += up_got + down_got;
    report.bulk_bytes += bulk_got * BLOCK_BYTES as u64;
    Ok(())
}

/// Waits for a message that was sent not before `then`. What the watch lends is given back at once:
/// while it is lent no message is taken.
async fn since(heard: &mut watch::Receiver<Duration>, then: Duration) -> Result<(), watch::error::RecvError> {
    heard.wait_for(|sent_at| *sent_at >= then).await.map(drop)
}

/// Waits for work that must end soon after the stop.
async fn timeout_after_stop<T>(
    work: impl Future<Output = Result<T, Failure>>,
    mut stopped: watch::Receiver<bool>,
) -> Result<T, Failure> {
    let late = async {
        let _ = stopped.wait_for(|stopped| *stopped).await;
        sleep(HANG).await;
    };
    tokio::select! {
        result = work => result,
        () = late => Err(format!("what was sent has not arrived {HANG:?} after the last message").into()),
    }
}

/// Sends numbered messages until told to stop; returns how many.
async fn talk(mut to: SendStream, start: Instant, mut stopped: watch::Receiver<bool>) -> Result<u64, Failure> {
    let mut tick = interval(MESSAGE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut number = 0_u64;
    while !*stopped.borrow_and_update() {
        tick.tick().await;
        let sent_ns = u64::try_from(start.elapsed().as_nanos())?;
        to.write_all(&message(number, sent_ns)).await?;
        number += 1;
    }
    to.finish()?;
    Ok(number)
}

fn message(number: u64, sent_ns: u64) -> [u8; MESSAGE_BYTES] {
    let mut message = [number.to_le_bytes()[0]; MESSAGE_BYTES];
    message[..8].copy_from_slice(&number.to_be_bytes());
    message[8..16].copy_from_slice(&sent_ns.to_be_bytes());
    message
}

/// Receives messages to the end, each exactly once and in order; returns how many. Tells when the
/// newest was sent.
async fn listen(mut from: RecvStream, heard: watch::Sender<Duration>) -> Result<u64, Failure> {
    let mut number = 0_u64;
    loop {
        let mut received = [0; MESSAGE_BYTES];
        match from.read_exact(&mut received).await {
            Ok(()) => {}
            Err(ReadExactError::FinishedEarly(0)) => return Ok(number),
            Err(error) => return Err(error.into()),
        }
        let sent_ns = received[8..16].iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        if received != message(number, sent_ns) {
            return Err(format!("message {number} was due, but {received:?} came").into());
        }
        number += 1;
        heard.send_replace(Duration::from_nanos(sent_ns));
    }
}

/// Sends random blocks until told to stop; returns how many.
async fn send_bulk(mut to: SendStream, seed: u64, mut stopped: watch::Receiver<bool>) -> Result<u64, Failure> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut tick = interval(BLOCK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut block = vec![0; BLOCK_BYTES];
    let mut number = 0;
    while !*stopped.borrow_and_update() {
        tick.tick().await;
        rng.fill_bytes(&mut block);
        to.write_all(&block).await?;
        number += 1;
    }
    to.finish()?;
    Ok(number)
}

/// Receives the same random blocks to the end; returns how many.
async fn receive_bulk(mut from: RecvStream, seed: u64) -> Result<u64, Failure> {
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut block, mut received) = (vec![0; BLOCK_BYTES], vec![0; BLOCK_BYTES]);
    let mut number = 0;
    loop {
        match from.read_exact(&mut received).await {
            Ok(()) => {}
            Err(ReadExactError::FinishedEarly(0)) => return Ok(number),
            Err(error) => return Err(error.into()),
        }
        rng.fill_bytes(&mut block);
        if block != received {
            return Err(format!("block {number} of the bulk stream is not what was sent").into());
        }
        number += 1;
    }
}
