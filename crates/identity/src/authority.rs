//! The certificate authorities of an organisation: root, issuing, operators' leaves, revocations.

use crate::profile::{PROFILE_OID, Profile};
use crate::revocations::ListHead;
use crate::seed::Seed;
use proto::limits::NAME_BYTES;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, PublicKeyData, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use std::time::Duration;
use x509_parser::prelude::{FromDer, X509Certificate};

/// How long an operator's certificate holds, in seconds: 30 days.
pub const OPERATOR_SECONDS: u64 = 30 * DAY;
/// How long before its making a certificate begins, in seconds: 48 hours, as clocks of the people
/// who are helped are often wrong.
pub const BACKDATED_SECONDS: u64 = 2 * DAY;
/// After how long a revocation list is to be replaced, in seconds: 7 days.
pub const CRL_SECONDS: u64 = 7 * DAY;

const DAY: u64 = 24 * 60 * 60;
const ROOT_SECONDS: u64 = 20 * 365 * DAY;
const ISSUING_SECONDS: u64 = 3 * 365 * DAY;
/// The end of the year 9998; later times do not fit into certificates.
const LAST_SECOND: u64 = 253_370_764_799;
/// Longest serial number in bytes: with a sign byte within RFC 5280's 20.
const SERIAL_BYTES: usize = 19;

/// A certificate or list could not be made. We, or who filled in the request, are to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// A name is empty, longer than [`NAME_BYTES`] or has characters that steer a terminal or rearrange text.
    #[error("a name is empty, too long or has control characters")]
    BadName,
    /// A serial number is zero or longer than 19 bytes.
    #[error("a serial number is zero or too long")]
    BadSerial,
    /// The profile does not fit into a certificate.
    #[error("the profile is too long")]
    BadProfile,
    /// These bytes are not the certificate of an authority, or the key is not its key.
    #[error("this is not the certificate and key of an authority")]
    NotAnAuthority,
    /// The certificate library refused.
    #[error("a certificate could not be written: {0}")]
    Unwritable(String),
}

impl From<rcgen::Error> for IssueError {
    fn from(error: rcgen::Error) -> Self {
        Self::Unwritable(error.to_string())
    }
}

/// A certificate authority: its key and its certificate. No `Debug`, as it holds a key.
#[derive(Clone)]
pub struct Authority {
    seed: Seed,
    certificate: Vec<u8>,
    organisation: String,
}

impl Authority {
    /// Puts a stored key and certificate (DER) together.
    ///
    /// # Errors
    /// [`IssueError::NotAnAuthority`] if they do not belong together.
    pub fn open(seed: Seed, certificate: Vec<u8>) -> Result<Self, IssueError> {
        let organisation = authority_name(&seed, &certificate).ok_or(IssueError::NotAnAuthority)?;
        Ok(Self { seed, certificate, organisation })
    }

    /// Its certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Its key.
    #[must_use]
    pub fn seed(&self) -> &Seed {
        &self.seed
    }

    /// The organisation that its certificate names.
    #[must_use]
    pub fn organisation(&self) -> &str {
        &self.organisation
    }

    pub(crate) fn issuer(&self) -> Result<Issuer<'static, &Seed>, IssueError> {
        Ok(Issuer::from_ca_cert_der(&self.certificate.as_slice().into(), &self.seed)?)
    }
}

fn authority_name(seed: &Seed, certificate: &[u8]) -> Option<String> {
    let (rest, parsed) = X509Certificate::from_der(certificate).ok()?;
    let own_key = parsed.public_key().subject_public_key.data.as_ref() == seed.public_key();
    let named = parsed.subject().iter().all(|part| part.iter().count() == 1);
    if !rest.is_empty() || !own_key || !named || !parsed.is_ca() {
        return None;
    }
    Some(parsed.subject().iter_organization().next()?.as_str().ok()?.to_owned())
}

/// Makes the root of an organisation; its key belongs offline.
///
/// # Errors
/// [`IssueError`] says what was wrong with the arguments.
pub fn create_root(seed: Seed, organisation: &str, serial: &[u8], now_s: u64) -> Result<Authority, IssueError> {
    let mut params = authority_params(organisation, "root", serial)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    set_validity(&mut params, now_s, ROOT_SECONDS);
    let certificate = params.self_signed(&seed)?.der().to_vec();
    Authority::open(seed, certificate)
}

/// Makes the authority that issues operators' certificates; it cannot make further authorities.
///
/// # Errors
/// [`IssueError`] says what was wrong with the arguments.
pub fn create_issuing(root: &Authority, seed: Seed, serial: &[u8], now_s: u64) -> Result<Authority, IssueError> {
    let mut params = authority_params(root.organisation(), "issuing", serial)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, now_s, ISSUING_SECONDS);
    let certificate = params.signed_by(&seed, &root.issuer()?)?.der().to_vec();
    Authority::open(seed, certificate)
}

/// Who is to get an operator's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorRequest {
    /// The person's name, as the person being helped will see it.
    pub name: String,
    /// The team, if the organisation has teams.
    pub team: Option<String>,
    /// What the operator may use.
    pub profile: Profile,
}

/// Issues an operator's certificate (DER) for [`OPERATOR_SECONDS`]; the organisation's name is
/// the issuing authority's.
///
/// # Errors
/// [`IssueError`] says what was wrong with the arguments.
pub fn issue_operator(
    issuing: &Authority,
    public_key: &[u8; 32],
    request: &OperatorRequest,
    serial: &[u8],
    now_s: u64,
) -> Result<Vec<u8>, IssueError> {
    let mut params = CertificateParams::default();
    params.serial_number = Some(serial_number(serial)?);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, issuing.organisation());
    if let Some(team) = &request.team {
        params.distinguished_name.push(DnType::OrganizationalUnitName, checked_name(team)?);
    }
    params.distinguished_name.push(DnType::CommonName, checked_name(&request.name)?);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    let profile = request.profile.to_extension().ok_or(IssueError::BadProfile)?;
    // Not critical, so that the other fields stay readable to common tools; our verifier demands it.
    params.custom_extensions = vec![CustomExtension::from_oid_content(&PROFILE_OID, profile)];
    set_validity(&mut params, now_s, OPERATOR_SECONDS);
    Ok(params.signed_by(&PublicKey(*public_key), &issuing.issuer()?)?.der().to_vec())
}

/// One entry of a revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The certificate's serial number.
    pub serial: Vec<u8>,
    /// Since when, in seconds since 1970.
    pub at_s: u64,
}

/// Makes a revocation list (DER), to be replaced after [`CRL_SECONDS`]. `number` rises with
/// every list.
///
/// # Errors
/// [`IssueError`] says what was wrong with the arguments.
pub fn create_crl(issuing: &Authority, number: u64, revoked: &[Revoked], now_s: u64) -> Result<Vec<u8>, IssueError> {
    let epoch = date_time_ymd(1970, 1, 1);
    let now_s = now_s.min(LAST_SECOND - CRL_SECONDS);
    let revoked_certs = revoked
        .iter()
        .map(|entry| {
            Ok(RevokedCertParams {
                serial_number: serial_number(&entry.serial)?,
                revocation_time: epoch + Duration::from_secs(entry.at_s.min(LAST_SECOND)),
                reason_code: None,
                invalidity_date: None,
            })
        })
        .collect::<Result<Vec<_>, IssueError>>()?;
    let list = CertificateRevocationListParams {
        this_update: epoch + Duration::from_secs(now_s),
        next_update: epoch + Duration::from_secs(now_s + CRL_SECONDS),
        crl_number: serial_number(&number.to_be_bytes())?,
        issuing_distribution_point: None,
        revoked_certs,
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(list.signed_by(&issuing.issuer()?)?.der().to_vec())
}

/// The number of a revocation list (DER), `None` if it has none or is no list. Says nothing about
/// who signed it.
#[must_use]
pub fn crl_number(crl_der: &[u8]) -> Option<u64> {
    ListHead::read(crl_der)?.number
}

/// A public key without its secret half.
struct PublicKey([u8; 32]);

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

fn authority_params(organisation: &str, what: &str, serial: &[u8]) -> Result<CertificateParams, IssueError> {
    let organisation = checked_name(organisation)?;
    let serial = serial_number(serial)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, organisation);
    // The serial keeps two authorities of one organisation apart: issuers are found by this name.
    params.distinguished_name.push(DnType::CommonName, format!("{what} {serial}"));
    params.serial_number = Some(serial);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// From [`BACKDATED_SECONDS`] before now until `seconds` after.
pub(crate) fn set_validity(params: &mut CertificateParams, now_s: u64, seconds: u64) {
    let epoch = date_time_ymd(1970, 1, 1);
    let end_s = now_s.saturating_add(seconds).min(LAST_SECOND);
    params.not_before = epoch + Duration::from_secs(now_s.min(end_s).saturating_sub(BACKDATED_SECONDS));
    params.not_after = epoch + Duration::from_secs(end_s);
}

fn checked_name(name: &str) -> Result<&str, IssueError> {
    if is_name(name) { Ok(name) } else { Err(IssueError::BadName) }
}

/// Whether a certificate can have this name: not empty, at most [`NAME_BYTES`] long, and nothing in it that steers
/// a terminal, ends a line or rearranges what stands beside it. Marks that only join or part letters are needed to
/// write some languages.
pub(crate) fn is_name(name: &str) -> bool {
    let steers = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    !name.trim().is_empty() && name.len() <= NAME_BYTES && !name.contains(steers)
}

/// A serial number without leading zeros, as DER wants it.
fn serial_number(serial: &[u8]) -> Result<SerialNumber, IssueError> {
    let serial = without_leading_zeros(serial);
    let good = !serial.is_empty() && serial.len() <= SERIAL_BYTES;
    if good { Ok(SerialNumber::from_slice(serial)) } else { Err(IssueError::BadSerial) }
}

pub(crate) fn without_leading_zeros(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}
