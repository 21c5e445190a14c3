//! A web site of an organisation: answers one question over HTTPS, with a file or with none.

use agent_core::Site;
use identity::Seed;
use link::Trust;
use rand::rngs::OsRng;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// Longest head of a request that is read, in bytes.
const HEAD_BYTES: usize = 4096;

/// A site that runs until it is dropped.
pub struct WebSite {
    _runtime: Runtime,
    port: u16,
    pin: [u8; 32],
}

impl WebSite {
    /// Starts it with this file, or with none.
    #[must_use]
    pub fn start(file: Option<Vec<u8>>) -> Self {
        let runtime = crate::runtime();
        let seed = Seed::random(&mut OsRng);
        let ca = identity::create_root(Seed::random(&mut OsRng), "Site", &[1], crate::now_s()).expect("an authority");
        let names = ["lucca.example".to_owned()];
        let certificate = identity::server_certificate(&ca, &seed, &names, crate::now_s()).expect("a certificate");
        let pin = identity::spki_sha256(&certificate).expect("a key");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(seed.pkcs8_der().to_vec()));
        let config = link::tls::server_config(vec![CertificateDer::from(certificate)], key, b"http/1.1");
        let acceptor = TlsAcceptor::from(Arc::new(config.expect("a configuration")));
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a socket");
        let port = listener.local_addr().expect("an address").port();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(acceptor.clone(), stream, file.clone()));
            }
        });
        Self { _runtime: runtime, port, pin }
    }

    /// How it is reached.
    #[must_use]
    pub fn site(&self) -> Site {
        Site {
            domain: "lucca.example".to_owned(),
            instead: Some((Ipv4Addr::LOCALHOST.to_string(), self.port)),
            trust: Trust::Pin(self.pin),
        }
    }
}

async fn answer(acceptor: TlsAcceptor, stream: TcpStream, file: Option<Vec<u8>>) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let is_asked = head.starts_with(b"GET /.well-known/ponte/organisation HTTP/1.1\r\n");
    let answer = match file.filter(|_| is_asked) {
        Some(file) => [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", file.len()).as_bytes(), &file].concat(),
        None => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
    };
    // Who does not listen any more has learned enough.
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}
