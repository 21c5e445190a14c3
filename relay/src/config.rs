//! The configuration file: JSON, unknown keys refused, every problem named at once.

use crate::lists::List;
use crate::settings::{
    Limits, OrganisationTrust, RECORDS, Settings, SettingsError, Watching, bind, stored_secret, unix_s,
};
use identity::Organisation;
use proto::relay::NodeName;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// As it was written. Paths are relative to the file's folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// The node's name, as in the organisation files.
    node: String,
    /// Address and port for UDP and TCP.
    listen: String,
    /// Outer certificate chain, PEM.
    certificate: PathBuf,
    /// Its key, PEM.
    key: PathBuf,
    /// Whose operators may use the relay.
    organisations: Vec<RawOrganisation>,
    /// Folder that keeps the node's secret, and since when which revocation list holds.
    state: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOrganisation {
    /// The organisation file.
    file: PathBuf,
    /// Its newest revocation list, DER; read again whenever the file is written while the relay runs.
    revocation_list: Option<PathBuf>,
}

/// What is wrong with a configuration file, all of it.
#[derive(Debug)]
pub struct ConfigError {
    /// Which file.
    pub path: PathBuf,
    /// One line each.
    pub problems: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be used:", self.path.display())?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
    }
}

impl std::error::Error for ConfigError {}

/// Collects problems instead of stopping at the first.
struct Reader<'a> {
    folder: &'a Path,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn note<T, E: fmt::Display>(&mut self, what: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.problems.push(format!("{what}: {error}"))).ok()
    }

    fn organisation(&mut self, raw: &RawOrganisation) -> Option<OrganisationTrust> {
        let name = raw.file.display().to_string();
        let bytes = self.note(&name, fs::read(self.folder.join(&raw.file)))?;
        let organisation = self.note(&name, Organisation::open(&bytes, unix_s()))?;
        let revocation_file = raw.revocation_list.as_ref().map(|path| self.folder.join(path));
        let revocation_list = match &revocation_file {
            None => None,
            Some(path) => Some(self.note(&path.display().to_string(), List::open(path))?),
        };
        Some(OrganisationTrust { organisation, revocation_file, revocation_list })
    }
}

pub(crate) fn settings(path: &Path, limits: Limits) -> Result<Settings, SettingsError> {
    let unusable = |problems| ConfigError { path: path.to_owned(), problems };
    let text = fs::read(path).map_err(|error| SettingsError::File { path: path.to_owned(), error })?;
    let raw: Raw = serde_json::from_slice(&text).map_err(|error| unusable(vec![error.to_string()]))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut reader = Reader { folder, problems: Vec::new() };

    let node = reader.note("node", NodeName::new(raw.node));
    let listen = reader.note("listen", raw.listen.parse::<SocketAddr>());
    let certificates = CertificateDer::pem_file_iter(folder.join(&raw.certificate)).and_then(Iterator::collect);
    let chain: Option<Vec<CertificateDer<'static>>> = reader.note("certificate", certificates);
    if chain.as_ref().is_some_and(Vec::is_empty) {
        reader.problems.push("certificate: no certificate in the file".to_owned());
    }
    let key = reader.note("key", PrivateKeyDer::from_pem_file(folder.join(&raw.key)));
    if raw.organisations.is_empty() {
        reader.problems.push("organisations: at least one is needed".to_owned());
    }
    let organisations: Vec<_> = raw.organisations.iter().filter_map(|raw| reader.organisation(raw)).collect();
    let state = folder.join(&raw.state);
    let _ = reader.note("state", fs::create_dir_all(&state));

    let (Some(node), Some(listen), Some(chain), Some(key), true) =
        (node, listen, chain, key, reader.problems.is_empty())
    else {
        return Err(unusable(reader.problems).into());
    };
    let node_secret = stored_secret(&state.join("node.secret"))?;
    let sockets = bind(listen)?;
    let (records, watching) = (state.join(RECORDS), Watching::default());
    Ok(Settings { node, sockets, chain, key, organisations, node_secret, records, limits, watching })
}
