//! A file as sessions move it, over a channel that stands: how fast, and what a person waits for meanwhile.

use crate::Failure;
use crate::figures::Spread;
use channel::Channel;
use proto::files::BatchWish;
use proto::session::{StreamKind, TransferId};
use session::{
    Arrival, Batch, BatchNews, Conflict, Gate, Landing, Own, Priority, Reader, accept_streams, open_stream,
    receive_batch, send_batch, walk_apart,
};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// What is written of the file at a time.
const CHUNK_BYTES: usize = 1 << 20;
/// News that may wait.
const NEWS: usize = 64;
/// A message of the size of a usual change of the screen, in bytes.
const PICTURE_BYTES: usize = 30_000;
/// A key press, in bytes.
const KEY_BYTES: usize = 32;
/// Until a file that moves has filled what it can fill.
const FILLS: Duration = Duration::from_millis(200);

/// A file on the disk, and room for it.
pub(crate) struct Files {
    folder: TempDir,
    batch: Arc<Batch>,
    bytes: usize,
}

/// Milliseconds until a message of each kind has its answer: median, and what 95 of 100 are below.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Waits {
    pub(crate) key: (f64, f64),
    pub(crate) picture: (f64, f64),
}

impl Files {
    /// One of so many bytes.
    pub(crate) async fn new(bytes: usize) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("file.bin");
        let chunk: Vec<u8> = (0..CHUNK_BYTES).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let mut file = fs::File::create(&path)?;
        for _ in 0..bytes / CHUNK_BYTES {
            std::io::Write::write_all(&mut file, &chunk)?;
        }
        let batch = walk_apart(move || vec![path]).await.map_err(told)?;
        Ok(Self { folder, batch: Arc::new(batch), bytes })
    }

    /// Moves it and gives Mbit/s, from the first byte read to the file's final name on the disk.
    pub(crate) async fn throughput(&self, from: &Channel, to: &Channel) -> Result<f64, Failure> {
        let begin = Instant::now();
        Box::pin(self.once(from, to)).await?;
        Ok(self.bytes as f64 * 8.0 / begin.elapsed().as_secs_f64() / 1e6)
    }

    async fn once(&self, from: &Channel, to: &Channel) -> Result<(), Failure> {
        let into = self.folder.path().join("into");
        fs::create_dir_all(&into)?;
        let path: PathBuf = into.join("file.bin");
        let mut landing =
            Landing::look(&into, None, self.batch.entries.clone(), Arc::new(AtomicBool::new(false))).map_err(told)?;
        let (wishes, _) = landing.plan(Conflict::Replace);
        let (streams, mut arriving) = mpsc::channel::<Arrival>(1);
        let accepting = accept_streams(to.clone(), streams);
        let moving = async {
            let sending = self.send(from, &wishes);
            let receiving = async {
                let Some(Arrival::Stream(_, mut reader)) = arriving.recv().await else {
                    return Err("no stream came".into());
                };
                Box::pin(receive(&mut reader, &mut landing, &wishes)).await
            };
            tokio::try_join!(sending, receiving).map(drop)
        };
        tokio::select! {
            biased;
            moved = moving => moved?,
            () = accepting => return Err("the channel ended".into()),
        }
        fs::remove_file(path)?;
        Ok(())
    }

    async fn send(&self, from: &Channel, wishes: &[BatchWish]) -> Result<(), Failure> {
        let kind = StreamKind::Batch { transfer: TransferId(1) };
        let mut writer = open_stream(from, kind, Priority::File).await?;
        let (news, told_news) = mpsc::channel(NEWS);
        let (_motion, gate) = Gate::new();
        let allowed = (|| true, |_, _| ());
        Box::pin(listening(told_news, send_batch(&mut writer, &self.batch, wishes, gate, allowed, &news))).await
    }

    /// What a key press and a change of the screen wait for, while files move without a pause or while none does.
    pub(crate) async fn waits(
        &self,
        (from, to): (&Channel, &Channel),
        beside_a_file: bool,
        most: Duration,
    ) -> Result<Waits, Failure> {
        let moving = async {
            if !beside_a_file {
                return std::future::pending().await;
            }
            loop {
                Box::pin(self.once(from, to)).await?;
            }
        };
        let asking = async {
            sleep(FILLS).await;
            let key = ask(from, to, Priority::Input, KEY_BYTES, most / 2).await?;
            let picture = ask(from, to, Priority::Screen, PICTURE_BYTES, most / 2).await?;
            Ok(Waits { key, picture })
        };
        tokio::select! {
            biased;
            waits = asking => waits,
            broken = moving => broken,
        }
    }
}

async fn receive(reader: &mut Reader, landing: &mut Landing, wishes: &[BatchWish]) -> Result<(), Failure> {
    let (news, told_news) = mpsc::channel(NEWS);
    let (_motion, gate) = Gate::new();
    Box::pin(listening(told_news, receive_batch(reader, landing, wishes, gate, Own, &news))).await
}

/// Does it while its news are heard; one file that fails is a failure.
async fn listening(
    mut news: mpsc::Receiver<BatchNews>,
    work: impl Future<Output = Result<(), proto::session::TransferFailure>>,
) -> Result<(), Failure> {
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            Some(told_now) = news.recv() => {
                if let BatchNews::Failed { failure, .. } = told_now {
                    return Err(told(failure));
                }
            }
            done = &mut work => return done.map_err(told),
        }
    }
}

/// Milliseconds until messages of so many bytes, each way one after the other, had their answers.
async fn ask(
    from: &Channel,
    to: &Channel,
    priority: Priority,
    bytes: usize,
    most: Duration,
) -> Result<(f64, f64), Failure> {
    let (mut send, mut receive) = from.connection().open_bi().await?;
    send.set_priority(priority as i32)?;
    let echoing = async {
        let (mut send, mut receive) = to.connection().accept_bi().await?;
        send.set_priority(Priority::Input as i32)?;
        let mut message = vec![0; bytes];
        while receive.read_exact(&mut message).await.is_ok() {
            send.write_all(&[1]).await?;
        }
        Ok::<_, Failure>(())
    };
    let asking = async {
        let (message, mut answer) = (vec![7; bytes], [0]);
        let (begin, mut times) = (Instant::now(), Vec::new());
        while begin.elapsed() < most {
            let asked = Instant::now();
            send.write_all(&message).await?;
            receive.read_exact(&mut answer).await?;
            times.push(asked.elapsed().as_secs_f64() * 1e3);
        }
        send.finish()?;
        Ok::<_, Failure>(times)
    };
    let (times, ()) = tokio::try_join!(asking, echoing)?;
    let Spread { median, p95, .. } = Spread::of(&times);
    Ok((median, p95))
}

fn told(failure: impl std::fmt::Debug) -> Failure {
    format!("{failure:?}").into()
}
