//! The relay of the trial: its certificate, its address, its configuration files.

use crate::demo::names::{self, program};
use crate::demo::processes::Processes;
use crate::run::{Context, Failure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity::Seed;
use rand::rngs::OsRng;
use serde_json::json;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// The relay's name, which every session is bound to.
pub(crate) const NAME: &str = "prova";

/// Its only node.
const NODE: &str = "uno";

/// Where the node is reached.
const HOST: &str = "127.0.0.1";

/// Address and certificate of the node; several relays can be there one after the other.
pub(crate) struct Site {
    folder: PathBuf,
    port: u16,
    /// SHA-256 of the public key in its certificate.
    pub(crate) pin: String,
}

impl Site {
    /// Makes the certificate and finds a port that is free now.
    pub(crate) fn make(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder).context(folder.display())?;
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).context("clock")?.as_secs();
        let key = Seed::random(&mut OsRng);
        let authority = identity::create_root(Seed::random(&mut OsRng), "trial", &[1], now_s).context("certificate")?;
        let certificate = identity::server_certificate(&authority, &key, &[HOST.to_owned()], now_s);
        let certificate = certificate.context("certificate")?;
        let pin = identity::spki_sha256(&certificate).ok_or("the certificate has no key")?;
        let chain = [&certificate[..], authority.certificate()].map(|der| pem("CERTIFICATE", der)).concat();
        fs::write(folder.join("chain.pem"), chain).context("certificate")?;
        fs::write(folder.join("key.pem"), pem("PRIVATE KEY", &key.pkcs8_der())).context("key")?;
        let listener = TcpListener::bind((HOST, 0)).context("port")?;
        let port = listener.local_addr().context("port")?.port();
        Ok(Self { folder: folder.to_owned(), port, pin: STANDARD.encode(pin) })
    }

    /// The node as the organisation's command takes it.
    pub(crate) fn node(&self) -> String {
        format!("{NODE}={HOST}:{}", self.port)
    }

    /// Starts a relay here that trusts these organisations; each may have a list of revoked certificates.
    pub(crate) async fn start(
        &self,
        programs: &Path,
        name: &str,
        trusted: &[(PathBuf, Option<PathBuf>)],
        processes: &mut Processes,
    ) -> Result<(), Failure> {
        let organisations: Vec<_> =
            trusted.iter().map(|(file, list)| json!({ "file": file, "revocation_list": list })).collect();
        let configuration = json!({
            "node": NODE, "listen": format!("{HOST}:{}", self.port), "certificate": "chain.pem", "key": "key.pem",
            "organisations": organisations, "state": name,
        });
        let path = self.folder.join(format!("{name}.json"));
        fs::write(&path, configuration.to_string()).context(path.display())?;
        let mut command = Command::new(programs.join(program::RELAY));
        command.arg("--config").arg(path);
        processes.start_until_line(name, command, names::relay_is_ready).await
    }
}

/// The text form of a certificate or key (RFC 7468).
fn pem(label: &str, der: &[u8]) -> String {
    const LINE: usize = 64;
    let base64 = STANDARD.encode(der);
    let lines: Vec<_> = base64.as_bytes().chunks(LINE).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_written_in_lines_between_its_labels() {
        let text = pem("KEY", &[0; 49]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!((lines.len(), lines[0], lines[3]), (4, "-----BEGIN KEY-----", "-----END KEY-----"));
        assert_eq!((lines[1].len(), lines[2]), (64, "AA=="));
    }
}
