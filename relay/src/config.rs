//! The configuration file: JSON, unknown keys refused, every problem named at once.

use crate::lists::List;
use crate::portal::PortalSettings;
use crate::settings::{
    Limits, OrganisationTrust, RECORDS, Settings, SettingsError, Watching, bind, stored_secret, unix_s,
};
use identity::Organisation;
use proto::relay::NodeName;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use std::collections::BTreeSet;
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
    /// The page that people open first.
    #[serde(default)]
    portal: RawPortal,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPortal {
    /// Other web servers that have the page, as `https://name` or `https://name:port`.
    #[serde(default)]
    origins: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOrganisation {
    /// The organisation file.
    file: PathBuf,
    /// Its newest revocation list, DER; read again whenever the file is written while the relay runs.
    revocation_list: Option<PathBuf>,
    /// Folder with the programs that the portal hands out, looked at again while the relay runs.
    downloads: Option<PathBuf>,
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
        let downloads = raw.downloads.as_ref().map(|path| self.folder.join(path));
        if let Some(path) = downloads.as_ref().filter(|path| !path.is_dir()) {
            self.problems.push(format!("{}: not a folder", path.display()));
        }
        Some(OrganisationTrust { organisation, revocation_file, revocation_list, downloads })
    }

    /// Two organisations of one domain would have one address for two programs.
    fn one_shelf_each(&mut self, organisations: &[OrganisationTrust]) {
        let mut domains = BTreeSet::new();
        for trust in organisations.iter().filter(|trust| trust.downloads.is_some()) {
            let domain = trust.organisation.domain();
            if !domains.insert(domain) {
                self.problems.push(format!("downloads: there are two folders for {domain}"));
            }
        }
    }

    fn portal(&mut self, raw: RawPortal) -> PortalSettings {
        for origin in raw.origins.iter().filter(|origin| !is_origin(origin)) {
            self.problems.push(format!(
                "portal: {origin:?} is no origin as browsers send it: https://name or https://name:port"
            ));
        }
        PortalSettings { origins: raw.origins, lasting: true }
    }
}

/// As browsers write it: lower case, a name or an address, perhaps a port that is not the usual one.
fn is_origin(origin: &str) -> bool {
    let Some(host) = origin.strip_prefix("https://") else { return false };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-[]:".contains(&byte);
    !name.is_empty()
        && name.bytes().all(known)
        && port.is_none_or(|port| port != "443" && port.parse::<u16>().is_ok_and(|number| number.to_string() == port))
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
    reader.one_shelf_each(&organisations);
    let portal = reader.portal(raw.portal);
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
    Ok(Settings { node, sockets, chain, key, organisations, node_secret, records, limits, watching, portal })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (origin, good) in [
            ("https://www.comune.lucca.it", true),
            ("https://www.comune.lucca.it:8443", true),
            ("https://[2001:db8::1]", true),
            ("https://[2001:db8::1]:8443", true),
            ("https://www.comune.lucca.it:443", false),
            ("https://www.comune.lucca.it:0443", false),
            ("https://www.comune.lucca.it/", false),
            ("https://www.Comune.it", false),
            ("https://user@comune.lucca.it", false),
            ("https://*", false),
            ("https://", false),
            ("http://www.comune.lucca.it", false),
            ("null", false),
            ("*", false),
        ] {
            assert_eq!(is_origin(origin), good, "{origin}");
        }
    }
}
