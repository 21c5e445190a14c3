//! The TCP connections of a path: their bytes arrive late, slowly or not for now, but whole.

use super::Shared;
use super::lane::Lane;
use std::io;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Bytes that share one fate: some three segments.
const PIECE_BYTES: usize = 4096;
/// Pieces under way in one direction; then the sender is held back.
const PIECES: usize = 64;

pub(super) async fn forward(listener: TcpListener, shared: Shared) {
    let mut tasks = JoinSet::new();
    let mut number = 0;
    loop {
        // An error is a connection that ended before it was taken.
        let Ok((end, _)) = listener.accept().await else { continue };
        if shared.conditions().tcp_blocked {
            shared.counts().tcp_refused += 1;
            continue;
        }
        shared.counts().tcp_connections += 1;
        number += 1;
        let seed = shared.seed.wrapping_mul(998_244_353).wrapping_add(2 * number);
        let shared = shared.clone();
        tasks.spawn(async move {
            let mut address = shared.address.clone();
            address.mark_unchanged();
            tokio::select! {
                // How a connection ended shows at both its ends.
                _ = connection(end, shared, seed) => {}
                _ = address.changed() => {}
            }
        });
    }
}

async fn connection(mut end: TcpStream, mut shared: Shared, seed: u64) -> io::Result<()> {
    shared.passable().await;
    let mut relay = TcpStream::connect(shared.target).await?;
    end.set_nodelay(true)?;
    relay.set_nodelay(true)?;
    let (end_read, end_write) = end.split();
    let (relay_read, relay_write) = relay.split();
    tokio::try_join!(
        carry(end_read, relay_write, shared.clone(), Lane::new(seed)),
        carry(relay_read, end_write, shared, Lane::new(seed + 1)),
    )?;
    Ok(())
}

/// Carries one direction to its end.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    shared: Shared,
    mut lane: Lane,
) -> io::Result<()> {
    let (pieces, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(PIECES);
    let conditions = shared.clone();
    let reading = async move {
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let length = from.read(&mut buffer).await?;
            if length == 0 {
                return Ok(());
            }
            let at = lane.piece(Instant::now(), length, &conditions.conditions());
            let piece = buffer.get(..length).unwrap_or_default().to_vec();
            if pieces.send((at, piece)).await.is_err() {
                return Ok(());
            }
        }
    };
    let mut shared = shared;
    let writing = async move {
        while let Some((at, piece)) = under_way.recv().await {
            tokio::time::sleep_until(at.into()).await;
            shared.passable().await;
            to.write_all(&piece).await?;
            shared.counts().tcp_bytes += piece.len() as u64;
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing)?;
    Ok(())
}
