//! An HTTP CONNECT proxy (RFC 9110, 9.3.6) that leads to one place whatever it is asked for.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Longest head of a request, in bytes.
const HEAD_BYTES: usize = 8192;

/// Name and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl Login {
    /// Both as they are.
    #[must_use]
    pub fn new(user: &str, password: &str) -> Self {
        Self { user: user.to_owned(), password: password.to_owned() }
    }
}

/// One request that the proxy answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Host and port.
    pub authority: String,
    /// The status of the answer.
    pub status: u16,
}

/// A running proxy; dropping it ends it and all connections through it.
#[derive(Debug)]
pub struct ConnectProxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    _tasks: JoinSet<()>,
}

impl ConnectProxy {
    /// Listens on a free port of 127.0.0.1; every tunnel leads to `target`, as if names meant other
    /// machines to the proxy than to its users.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(target: SocketAddr, wants: Option<Login>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let mut tasks = JoinSet::new();
        let log = Arc::clone(&asked);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (wants, log) = (wants.clone(), Arc::clone(&log));
                // How a connection ended shows at both its ends.
                connections.spawn(async move { drop(serve(stream, target, wants, &log).await) });
            }
        });
        Ok(Self { address, asked, _tasks: tasks })
    }

    /// Its address as a user with this login would set it.
    #[must_use]
    pub fn uri(&self, login: Option<&Login>) -> String {
        match login {
            Some(Login { user, password }) => format!("http://{user}:{password}@{}", self.address),
            None => format!("http://{}", self.address),
        }
    }

    /// What it was asked for so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    target: SocketAddr,
    wants: Option<Login>,
    log: &Mutex<Vec<Asked>>,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let authority = lines.next().and_then(|line| line.strip_prefix("CONNECT ")?.strip_suffix(" HTTP/1.1"));
    let given = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("proxy-authorization").then(|| value.trim())
    });
    let wanted =
        wants.map(|Login { user, password }| format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))));
    let status = match (authority, wanted) {
        (None, _) => 400,
        (Some(_), Some(wanted)) if given != Some(wanted.as_str()) => 407,
        (Some(_), _) => 200,
    };
    let asked = Asked { authority: authority.unwrap_or_default().to_owned(), status };
    log.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    if status != 200 {
        let answer =
            format!("HTTP/1.1 {status} No\r\nproxy-authenticate: Basic realm=\"test\"\r\ncontent-length: 0\r\n\r\n");
        return stream.write_all(answer.as_bytes()).await;
    }
    let mut onward = TcpStream::connect(target).await?;
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    tokio::io::copy_bidirectional(&mut stream, &mut onward).await?;
    Ok(())
}
