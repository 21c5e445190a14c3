//! A relay for trials: everything it needs is made at the first start and kept in one folder.

use crate::lists::{List, ListError};
use crate::outer;
use crate::portal::PortalSettings;
use crate::settings::{
    Limits, OrganisationTrust, RECORDS, Settings, SettingsError, Watching, bind, read, stored_secret, unix_s, write,
};
use identity::{Authority, Organisation, RelayAddress, RelayNode, Seed};
use proto::relay::NodeName;
use rand::rngs::OsRng;
use rustls_pki_types::CertificateDer;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use vault::{Cost, OperatorVault};

/// The operator of the throw-away organisation unless another name is given.
pub const DEV_OPERATOR: &str = identity::dev::SAMPLE_OPERATOR;
/// The domain of the throw-away organisation.
pub const DEV_DOMAIN: &str = identity::dev::SAMPLE_DOMAIN;

const RELAY_NAME: &str = "dev relay";
const NODE_NAME: &str = "dev 1";
const ORGANISATION: &str = "organisation.ponte";
const OPERATOR: &str = "operator.ponte-vault";
const REVOCATIONS: &str = "revoked.crl";
const DOWNLOADS: &str = "downloads";

pub(crate) fn settings(
    dir: &Path,
    listen: SocketAddr,
    operator_name: &str,
    limits: Limits,
) -> Result<Settings, SettingsError> {
    fs::create_dir_all(dir).map_err(|error| SettingsError::File { path: dir.to_owned(), error })?;
    let now_s = unix_s();
    let node_secret = stored_secret(&dir.join("node.secret"))?;
    let host = listen.ip().to_string();
    let outer = outer::open(&dir.join("outer.key"), vec![host.clone(), "localhost".to_owned()])?;
    let sockets = bind(listen)?;
    let relay = RelayAddress {
        name: RELAY_NAME.to_owned(),
        nodes: vec![RelayNode { name: NODE_NAME.to_owned(), host, port: sockets.address.port() }],
        pin: identity::spki_sha256(&outer.certificate),
    };
    let organisation = match kept(dir, &relay, operator_name, now_s)? {
        Some(organisation) => organisation,
        None => make(dir, relay, operator_name, now_s)?,
    };
    let revocation_file = dir.join(REVOCATIONS);
    let revocation_list = match List::open(&revocation_file) {
        Ok(list) => Some(list),
        Err(ListError::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            let error = io::Error::new(io::ErrorKind::InvalidData, error);
            return Err(SettingsError::File { path: revocation_file, error });
        }
    };
    Ok(Settings {
        node: NodeName::truncated(NODE_NAME),
        sockets,
        chain: vec![outer.certificate],
        key: outer.key,
        organisations: vec![OrganisationTrust {
            organisation,
            revocation_file: Some(revocation_file),
            revocation_list,
            downloads: Some(dir.join(DOWNLOADS)),
        }],
        node_secret,
        records: dir.join(RECORDS),
        limits,
        watching: Watching::default(),
        portal: PortalSettings::default(),
    })
}

/// The organisation of an earlier start, if file, operator and root key still fit together; signed
/// again when the relay has moved.
fn kept(
    dir: &Path,
    relay: &RelayAddress,
    operator_name: &str,
    now_s: u64,
) -> Result<Option<Organisation>, SettingsError> {
    let (Some(file), Some(operator), Some(seed)) =
        (read(&dir.join(ORGANISATION))?, read(&dir.join(OPERATOR))?, read(&dir.join("root.seed"))?)
    else {
        return Ok(None);
    };
    let (Ok(organisation), Ok(operator), Ok(seed)) =
        (Organisation::open(&file, now_s), OperatorVault::open_bytes(&operator), <[u8; 32]>::try_from(seed))
    else {
        return Ok(None);
    };
    let chain: Vec<CertificateDer<'_>> =
        operator.chain().iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let proven = identity::verify_operator(&organisation, &chain, None, now_s);
    if !proven.is_ok_and(|operator| operator.name == operator_name) {
        return Ok(None);
    }
    if organisation.relay() == relay {
        return Ok(Some(organisation));
    }
    let mut moved = organisation.file().clone();
    moved.relay = relay.clone();
    moved.serial = moved.serial.saturating_add(1);
    let Ok(signed) = moved.sign(&Seed::new(seed)) else { return Ok(None) };
    write(&dir.join(ORGANISATION), &signed, false)?;
    Ok(Organisation::open(&signed, now_s).ok())
}

fn make(dir: &Path, relay: RelayAddress, operator_name: &str, now_s: u64) -> Result<Organisation, SettingsError> {
    let names: BTreeMap<String, String> = [("it", "Assistenza Comune di Lucca"), ("en", "Lucca City Help Desk")]
        .map(|(language, name)| (language.to_owned(), name.to_owned()))
        .into();
    let made = identity::dev::throw_away(&mut OsRng, now_s, relay, operator_name, &names, DEV_DOMAIN)?;
    let root: &Authority = &made.root;
    write(&dir.join("root.seed"), root.seed().expose(), true)?;
    write(&dir.join("issuing.seed"), made.issuing.seed().expose(), true)?;
    write(&dir.join("issuing.der"), made.issuing.certificate(), false)?;
    let vault =
        OperatorVault::seal_file(&made.operator_file(), identity::dev::SAMPLE_PASSWORD, Cost::TRIAL, &mut OsRng)
            .map_err(|error| identity::IssueError::Unwritable(error.to_string()))?;
    write(&dir.join(OPERATOR), &vault.to_bytes(), true)?;
    write(&dir.join(ORGANISATION), &made.organisation_file, false)?;
    Organisation::open(&made.organisation_file, now_s)
        .map_err(|error| identity::IssueError::Unwritable(error.to_string()).into())
}
