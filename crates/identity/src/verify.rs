//! Whether a chain of certificates proves an operator of an organisation, and who that is.

use crate::authority::{crl_number, is_name, without_leading_zeros};
use crate::organisation::{Organisation, ed25519_key};
use crate::profile::{PROFILE_OID, PROFILE_VERSION, Profile};
use crate::revocations::ListHead;
use proto::session::CertificateProblem;
use ring::digest::{SHA256, digest};
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use std::time::Duration;
use webpki::{
    BorrowedCertRevocationList, CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage,
    RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
};
use x509_parser::asn1_rs::Oid;
use x509_parser::prelude::{AttributeTypeAndValue, FromDer, X509Certificate};

/// How long a revocation list may be used after its end, in seconds: 48 hours.
pub const CRL_GRACE_SECONDS: u64 = 48 * 60 * 60;
/// Longest revocation list, in bytes: some 25,000 entries.
pub const CRL_BYTES: usize = proto::limits::REVOCATIONS_BYTES;
/// Longest certificate, in bytes; as [`proto::relay::CertificateBytes`].
const CERTIFICATE_BYTES: usize = 2048;

/// A proven operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The person's name.
    pub name: String,
    /// The organisation as the certificate has it; the person being helped is shown the
    /// organisation file's name and domain.
    pub organisation: String,
    /// The team, if any.
    pub team: Option<String>,
    /// Serial number of the certificate, without leading zeros.
    pub serial: Vec<u8>,
    /// The Ed25519 key.
    pub public_key: [u8; 32],
    /// Beginning, in seconds since 1970.
    pub not_before_s: u64,
    /// End, in seconds since 1970.
    pub not_after_s: u64,
    /// What the operator may use.
    pub profile: Profile,
    /// SHA-256 of the leaf certificate.
    pub leaf_sha256: [u8; 32],
}

/// Why a chain proves no operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    /// No root of this organisation stands behind it, or not through exactly one issuing
    /// authority. The peer is to blame.
    #[error("the certificate is not from this organisation")]
    NotFromThisOrganisation,
    /// A certificate has ended, or our clock is fast.
    #[error("the certificate has expired, or this clock is wrong")]
    Expired,
    /// A certificate has not begun, or our clock is slow.
    #[error("the certificate is not yet valid, or this clock is wrong")]
    NotYetValid,
    /// The organisation revoked it.
    #[error("the certificate was revoked")]
    Revoked,
    /// It is for something else than being an operator.
    #[error("the certificate is not an operator's")]
    WrongPurpose,
    /// It carries no profile.
    #[error("the certificate has no profile")]
    NoProfile,
    /// Its profile demands a newer program.
    #[error("the profile needs a newer program")]
    NewerProfile,
    /// The revocation list ended more than [`CRL_GRACE_SECONDS`] ago.
    #[error("the revocation list is too old")]
    StaleRevocationList,
    /// The revocation list is unreadable or was not signed by the operator's issuing authority.
    /// Who brought the list is to blame, not the operator.
    #[error("the revocation list is not usable")]
    BadRevocationList,
    /// Not two certificates, or what they say is not readable. The peer is to blame.
    #[error("the certificates are malformed")]
    Malformed,
}

impl From<OperatorError> for CertificateProblem {
    fn from(error: OperatorError) -> Self {
        match error {
            OperatorError::NotFromThisOrganisation => Self::NotFromThisOrganisation,
            OperatorError::Expired => Self::Expired,
            OperatorError::NotYetValid => Self::NotYetValid,
            OperatorError::Revoked => Self::Revoked,
            OperatorError::WrongPurpose => Self::WrongPurpose,
            OperatorError::NoProfile => Self::NoProfile,
            OperatorError::NewerProfile => Self::NewerProfile,
            OperatorError::StaleRevocationList => Self::StaleRevocationList,
            OperatorError::BadRevocationList => Self::BadRevocationList,
            OperatorError::Malformed => Self::Malformed,
        }
    }
}

/// Checks a chain (leaf first, then the issuing authority, DER; never the root) and, when one is
/// given, a revocation list (DER), at `now_s` seconds since 1970. Only Ed25519 signatures count.
///
/// # Errors
/// [`OperatorError`], the same for the same input.
pub fn verify_operator(
    organisation: &Organisation,
    chain: &[CertificateDer<'_>],
    crl: Option<&[u8]>,
    now_s: u64,
) -> Result<Operator, OperatorError> {
    let [leaf, issuing] = chain else { return Err(OperatorError::Malformed) };
    if chain.iter().any(|certificate| certificate.len() > CERTIFICATE_BYTES) {
        return Err(OperatorError::Malformed);
    }
    verify_path(organisation, leaf, issuing, crl, now_s)?;
    if let Some(crl) = crl {
        check_age(crl, now_s)?;
    }
    read_leaf(leaf)
}

/// Checks the chain as [`verify_operator`] does, and that it was not revoked, by a list with at least the
/// number that somebody has seen (0 if nobody has); gives the list's number. Without a list only an
/// organisation that does not demand one is content, and only if nobody has seen any.
///
/// # Errors
/// [`OperatorError`]; [`OperatorError::StaleRevocationList`] if the list is missing or older than that.
pub fn verify_not_revoked(
    organisation: &Organisation,
    chain: &[CertificateDer<'_>],
    crl: Option<&[u8]>,
    least_number: u64,
    now_s: u64,
) -> Result<u64, OperatorError> {
    verify_operator(organisation, chain, crl, now_s)?;
    let number = match crl {
        Some(crl) => crl_number(crl).ok_or(OperatorError::BadRevocationList)?,
        None if organisation.file().revocation_required => return Err(OperatorError::StaleRevocationList),
        None => 0,
    };
    if number < least_number { Err(OperatorError::StaleRevocationList) } else { Ok(number) }
}

fn verify_path(
    organisation: &Organisation,
    leaf: &CertificateDer<'_>,
    issuing: &CertificateDer<'_>,
    crl: Option<&[u8]>,
    now_s: u64,
) -> Result<(), OperatorError> {
    let roots: Vec<CertificateDer<'_>> = organisation.roots().collect();
    let anchors: Vec<TrustAnchor<'_>> = roots
        .iter()
        .map(|root| webpki::anchor_from_trusted_cert(root).map_err(|_| OperatorError::NotFromThisOrganisation))
        .collect::<Result<_, _>>()?;
    let list = crl.map(read_crl).transpose()?;
    let lists: Vec<&CertRevocationList<'_>> = list.iter().collect();
    let revocation = RevocationOptionsBuilder::new(&lists).ok().map(|options| {
        options
            .with_depth(RevocationCheckDepth::EndEntity)
            .with_status_policy(UnknownStatusPolicy::Deny)
            // Our grace is longer than none, which is all that the library offers; see check_age.
            .with_expiration_policy(ExpirationPolicy::Ignore)
            .build()
    });
    let end_entity = EndEntityCert::try_from(leaf).map_err(|error| kind(&error))?;
    let intermediates = [issuing.clone()];
    let path = end_entity
        .verify_for_usage(
            &[webpki::ring::ED25519],
            &anchors,
            &intermediates,
            UnixTime::since_unix_epoch(Duration::from_secs(now_s)),
            KeyUsage::client_auth(),
            revocation,
            None,
        )
        .map_err(|error| kind(&error))?;
    // A leaf straight from the root is none of ours: roots are offline and certify authorities.
    if path.intermediate_certificates().count() == 1 { Ok(()) } else { Err(OperatorError::NotFromThisOrganisation) }
}

/// Not turned into a table: one search reads the entries once, a table costs ten times that.
fn read_crl(crl: &[u8]) -> Result<CertRevocationList<'_>, OperatorError> {
    if crl.len() > CRL_BYTES {
        return Err(OperatorError::BadRevocationList);
    }
    BorrowedCertRevocationList::from_der(crl).map(Into::into).map_err(|_| OperatorError::BadRevocationList)
}

/// Only after the list's signature was checked.
fn check_age(crl: &[u8], now_s: u64) -> Result<(), OperatorError> {
    let end_s = ListHead::read(crl).ok_or(OperatorError::BadRevocationList)?.next_update_s;
    if now_s > end_s.saturating_add(CRL_GRACE_SECONDS) { Err(OperatorError::StaleRevocationList) } else { Ok(()) }
}

fn kind(error: &Error) -> OperatorError {
    match error {
        Error::CertExpired { .. } => OperatorError::Expired,
        Error::CertNotValidYet { .. } => OperatorError::NotYetValid,
        Error::CertRevoked => OperatorError::Revoked,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension | Error::CaUsedAsEndEntity => {
            OperatorError::WrongPurpose
        }
        Error::InvalidCrlSignatureForPublicKey
        | Error::IssuerNotCrlSigner
        | Error::UnknownRevocationStatus
        | Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => OperatorError::BadRevocationList,
        Error::UnknownIssuer
        | Error::InvalidSignatureForPublicKey
        | Error::EndEntityUsedAsCa
        | Error::PathLenConstraintViolated
        | Error::NameConstraintViolation
        | Error::SignatureAlgorithmMismatch
        | Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => OperatorError::NotFromThisOrganisation,
        _ => OperatorError::Malformed,
    }
}

/// What a verified leaf says.
fn read_leaf(der: &CertificateDer<'_>) -> Result<Operator, OperatorError> {
    let malformed = OperatorError::Malformed;
    let (_, leaf) = X509Certificate::from_der(der).map_err(|_| malformed)?;
    // webpki takes a leaf without purposes for one with all; we do not.
    let purposes = leaf.extended_key_usage().map_err(|_| malformed)?;
    if !purposes.is_some_and(|purposes| purposes.value.client_auth) {
        return Err(OperatorError::WrongPurpose);
    }
    let oid = Oid::from(&PROFILE_OID).map_err(|_| malformed)?;
    let extension = leaf.get_extension_unique(&oid).map_err(|_| malformed)?.ok_or(OperatorError::NoProfile)?;
    let profile = Profile::from_extension(extension.value).ok_or(malformed)?;
    if profile.version > PROFILE_VERSION {
        return Err(OperatorError::NewerProfile);
    }
    let subject = leaf.subject();
    let mut leaf_sha256 = [0; 32];
    leaf_sha256.copy_from_slice(digest(&SHA256, der).as_ref());
    Ok(Operator {
        name: at_most_one(subject.iter_common_name())?.ok_or(malformed)?,
        organisation: at_most_one(subject.iter_organization())?.ok_or(malformed)?,
        team: at_most_one(subject.iter_organizational_unit())?,
        serial: without_leading_zeros(leaf.raw_serial()).to_vec(),
        public_key: ed25519_key(&leaf).ok_or(malformed)?,
        not_before_s: seconds(leaf.validity().not_before.timestamp()).ok_or(malformed)?,
        not_after_s: seconds(leaf.validity().not_after.timestamp()).ok_or(malformed)?,
        profile,
        leaf_sha256,
    })
}

/// A name that must not be there twice: two would let two readers see two persons. An authority that lets anything
/// stand in a name does not steer anybody's terminal with it.
fn at_most_one<'a>(
    mut names: impl Iterator<Item = &'a AttributeTypeAndValue<'a>>,
) -> Result<Option<String>, OperatorError> {
    let Some(name) = names.next() else { return Ok(None) };
    let name = name.as_str().map_err(|_| OperatorError::Malformed)?;
    if names.next().is_none() && is_name(name) { Ok(Some(name.to_owned())) } else { Err(OperatorError::Malformed) }
}

fn seconds(timestamp: i64) -> Option<u64> {
    u64::try_from(timestamp).ok()
}
