//! The plainest relay that there can be: joins TCP connections two by two.

use crate::Failure;
use std::io::Write as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Listens on a free port of 127.0.0.1, tells it in one line, and joins each connection with the
/// next one, for ever.
///
/// # Errors
/// No port is free.
pub async fn splice() -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on {}", listener.local_addr()?)?;
    out.flush()?;
    let mut joined = JoinSet::new();
    loop {
        let (mut one, _) = listener.accept().await?;
        let (mut other, _) = listener.accept().await?;
        one.set_nodelay(true)?;
        other.set_nodelay(true)?;
        // How a pair ended shows at both its ends.
        joined.spawn(async move { drop(tokio::io::copy_bidirectional(&mut one, &mut other).await) });
        while joined.try_join_next().is_some() {}
    }
}
