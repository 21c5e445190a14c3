//! The torture of the channel's socket: channels are made, used and closed over links that lose,
//! repeat and reorder packets and are replaced every few milliseconds, while the processor is busy.

use crate::Failure;
use crate::figures::Spread;
use crate::known::known;
use crate::wire::{Counts, Harm, wire};
use channel::{Channel, ConsoleIdentity, Port, accept, connect};
use rand::rngs::StdRng;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use testkit::{NOW_S, PairedEnds, paired_ends};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// How long the end that does not close waits to hear of it. Its notice may be lost with a link.
const HEARD: Duration = Duration::from_secs(2);
/// Most bytes of one transfer; several links' lives.
const MOST_BYTES: usize = 200_000;

/// What is done to the channel.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Channels that are made, used and closed.
    pub cycles: u64,
    /// What happens by chance comes from this.
    pub seed: u64,
    /// Channels at a time.
    pub parallel: usize,
    /// Threads that only use the processor; by default as many as it has cores.
    pub burners: usize,
    /// How long a link lives.
    pub swap: Duration,
    /// What links do to packets.
    pub harm: Harm,
    /// A cycle that takes longer hangs.
    pub deadline: Duration,
    /// Whether progress is told on the standard error.
    pub progress: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cycles: 100,
            seed: 1,
            parallel: 6,
            burners: std::thread::available_parallelism().map_or(2, NonZeroUsize::get),
            swap: Duration::from_millis(50),
            harm: Harm { lost: 0.02, twice: 0.01, late: 0.02 },
            deadline: Duration::from_secs(60),
            progress: false,
        }
    }
}

/// What happened.
#[derive(Debug, Clone)]
pub struct Report {
    /// Channels that were made, used and closed.
    pub cycles: u64,
    /// Bytes that arrived as they were sent.
    pub bytes: u64,
    /// Links that were replaced under a channel.
    pub swaps: u64,
    /// Ends that did not hear that the other one closed.
    pub unheard_closes: u64,
    /// Packets that passed, were lost, repeated and held back.
    pub packets: [u64; 4],
    /// Of one cycle, in seconds.
    pub seconds: Spread,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cycles, bytes, swaps, unheard_closes, packets: [passed, lost, twice, late], seconds } = self;
        writeln!(f, "{cycles} channels, {bytes} bytes as sent, {swaps} links replaced, no hang")?;
        writeln!(f, "packets: {passed} passed, {lost} lost, {twice} twice, {late} held back")?;
        writeln!(f, "closes that the other end did not hear of: {unheard_closes}")?;
        write!(f, "seconds of one cycle: {seconds}")
    }
}

/// Threads that only use the processor, until dropped.
struct Burners(Arc<AtomicBool>);

impl Burners {
    fn start(count: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..count {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                let mut number = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    number = std::hint::black_box(number.wrapping_mul(31).wrapping_add(7));
                }
            });
        }
        Self(stop)
    }
}

impl Drop for Burners {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the cycles share.
struct Torture {
    settings: Settings,
    ends: PairedEnds,
    next: AtomicU64,
    bytes: AtomicU64,
    swaps: AtomicU64,
    unheard: AtomicU64,
    counts: Arc<Counts>,
}

/// Runs all cycles.
///
/// # Errors
/// The first cycle that hangs, fails or delivers wrong bytes, with everything known about it.
pub async fn run(settings: Settings) -> Result<Report, Failure> {
    let _burners = Burners::start(settings.burners);
    let torture = Arc::new(Torture {
        // The exchange behind a pairing is slow and not what is tried here.
        ends: paired_ends(settings.seed),
        settings,
        next: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        swaps: AtomicU64::new(0),
        unheard: AtomicU64::new(0),
        counts: Arc::default(),
    });
    let mut workers = JoinSet::new();
    for _ in 0..torture.settings.parallel {
        workers.spawn(work(Arc::clone(&torture)));
    }
    let mut seconds = Vec::new();
    while let Some(worker) = workers.join_next().await {
        seconds.extend(worker??);
    }
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let counts = &torture.counts;
    Ok(Report {
        cycles: seconds.len() as u64,
        bytes: count(&torture.bytes),
        swaps: count(&torture.swaps),
        unheard_closes: count(&torture.unheard),
        packets: [&counts.passed, &counts.lost, &counts.twice, &counts.late].map(count),
        seconds: Spread::of(&seconds),
    })
}

/// Takes cycles until there are no more; returns what each took.
#[expect(clippy::print_stderr, reason = "progress of a program for the terminal")]
async fn work(torture: Arc<Torture>) -> Result<Vec<f64>, Failure> {
    let Settings { cycles, seed, deadline, progress, .. } = torture.settings;
    let mut seconds = Vec::new();
    loop {
        let number = torture.next.fetch_add(1, Ordering::Relaxed);
        if number >= cycles {
            return Ok(seconds);
        }
        if progress && number > 0 && number.is_multiple_of(100) {
            eprintln!("cycle {number}");
        }
        let begin = Instant::now();
        let cycle = Cycle::new(Arc::clone(&torture), number);
        let result = timeout(deadline, cycle.run()).await;
        let what = match result {
            Ok(Ok(())) => {
                seconds.push(begin.elapsed().as_secs_f64());
                continue;
            }
            Ok(Err(failure)) => failure.to_string(),
            Err(_) => format!("it took longer than {deadline:?}"),
        };
        let first = cycle.known();
        // What still moves after the deadline tells a slow channel from a stuck one.
        sleep(Duration::from_secs(2)).await;
        let text = format!("cycle {number} of seed {seed}: {what}\n{first}two seconds later:\n{}", cycle.known());
        return Err(text.into());
    }
}

/// One channel from its first packet to its last.
struct Cycle {
    torture: Arc<Torture>,
    seed: u64,
    console: Port,
    agent: Port,
    channels: OnceLock<(Channel, Channel)>,
    step: Mutex<&'static str>,
    swapper: OnceLock<AbortHandle>,
}

impl Drop for Cycle {
    fn drop(&mut self) {
        if let Some(swapper) = self.swapper.get() {
            swapper.abort();
        }
    }
}

impl Cycle {
    fn new(torture: Arc<Torture>, number: u64) -> Self {
        let seed = torture.settings.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(number << 8);
        Self {
            torture,
            seed,
            console: Port::new(),
            agent: Port::new(),
            channels: OnceLock::new(),
            step: Mutex::new("begins"),
            swapper: OnceLock::new(),
        }
    }

    fn step(&self, step: &'static str) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }

    fn known(&self) -> String {
        let step = *self.step.lock().unwrap_or_else(PoisonError::into_inner);
        let channels = self.channels.get();
        let console = known("console", &self.console, channels.map(|(console, _)| console));
        let agent = known("agent", &self.agent, channels.map(|(_, agent)| agent));
        format!("step: {step}\n{console}{agent}")
    }

    async fn run(&self) -> Result<(), Failure> {
        let mut rng = StdRng::seed_from_u64(self.seed);
        self.step("handshake");
        let (console, agent) = self.handshake(rng.r#gen()).await?;
        let (console, agent) = self.channels.get_or_init(|| (console, agent));
        let swapping = swap(Arc::clone(&self.torture), console.clone(), agent.clone(), rng.r#gen());
        let _ = self.swapper.set(tokio::spawn(swapping).abort_handle());
        self.step("transfer");
        let (up, down) = (content(&mut rng), content(&mut rng));
        let echoed = content(&mut rng);
        tokio::try_join!(one_way(console, agent, &up), one_way(agent, console, &down), echo(console, agent, &echoed))?;
        self.torture.bytes.fetch_add((up.len() + down.len() + 2 * echoed.len()) as u64, Ordering::Relaxed);
        self.step("close");
        let (closer, other) = if rng.r#gen() { (console, agent) } else { (agent, console) };
        let ((), heard) = tokio::join!(closer.close(HEARD), timeout(HEARD, other.connection().closed()));
        if heard.is_err() {
            self.torture.unheard.fetch_add(1, Ordering::Relaxed);
            other.close(Duration::ZERO).await;
        }
        Ok(())
    }

    async fn handshake(&self, seed: u64) -> Result<(Channel, Channel), Failure> {
        let Torture { ends, settings, counts, .. } = &*self.torture;
        let (ours, theirs) = wire(seed, settings.harm, counts);
        self.console.attach(ours);
        self.agent.attach(theirs);
        let chain = ends.operator.chain.iter().map(|der| der.clone().into()).collect();
        let identity = ConsoleIdentity { chain, seed: ends.operator.seed.clone() };
        let certificate = ends.certificate.clone().into();
        let organisation = Arc::clone(&ends.organisation);
        let (console, agent) = tokio::try_join!(
            connect(self.console.clone(), &ends.console, &identity),
            accept(self.agent.clone(), &ends.agent, certificate, &ends.seed, organisation, NOW_S),
        )?;
        Ok((console, agent.channel))
    }
}

/// Replaces the link for ever, in every order that is possible.
async fn swap(torture: Arc<Torture>, console: Channel, agent: Channel, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let Settings { swap, harm, .. } = torture.settings;
    loop {
        sleep(swap).await;
        let (ours, theirs) = wire(rng.r#gen(), harm, &torture.counts);
        let mut ends = [(&console, ours), (&agent, theirs)];
        if rng.r#gen() {
            ends.reverse();
        }
        for (channel, packets) in ends {
            if rng.gen_bool(0.3) {
                channel.port().detach();
            }
            if rng.gen_bool(0.5) {
                sleep(Duration::from_millis(rng.gen_range(0..10))).await;
            }
            channel.reattach(packets);
        }
        torture.swaps.fetch_add(1, Ordering::Relaxed);
    }
}

fn content(rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = vec![0; rng.gen_range(0..MOST_BYTES).min(rng.gen_range(0..MOST_BYTES))];
    rng.fill_bytes(&mut bytes);
    bytes
}

async fn one_way(from: &Channel, to: &Channel, content: &[u8]) -> Result<(), Failure> {
    let sending = async {
        let mut stream = from.connection().open_uni().await?;
        stream.write_all(content).await?;
        stream.finish()?;
        stream.stopped().await?;
        Ok::<_, Failure>(())
    };
    let receiving = async {
        let mut stream = to.connection().accept_uni().await?;
        same(&stream.read_to_end(2 * MOST_BYTES).await?, content)
    };
    tokio::try_join!(sending, receiving)?;
    Ok(())
}

async fn echo(from: &Channel, to: &Channel, content: &[u8]) -> Result<(), Failure> {
    let (mut asking, mut answer) = from.connection().open_bi().await?;
    let asked = async {
        asking.write_all(content).await?;
        asking.finish()?;
        same(&answer.read_to_end(2 * MOST_BYTES).await?, content)
    };
    let answering = async {
        let (mut send, mut receive) = to.connection().accept_bi().await?;
        let received = receive.read_to_end(2 * MOST_BYTES).await?;
        send.write_all(&received).await?;
        send.finish()?;
        send.stopped().await?;
        Ok(())
    };
    tokio::try_join!(asked, answering)?;
    Ok(())
}

fn same(received: &[u8], sent: &[u8]) -> Result<(), Failure> {
    if received == sent {
        return Ok(());
    }
    let at = received.iter().zip(sent).position(|(one, other)| one != other);
    Err(format!("{} bytes received, {} sent, first difference at {at:?}", received.len(), sent.len()).into())
}
