//! Certificates for TLS itself: the agent's throw-away one, and a test relay's.

use crate::authority::{Authority, IssueError, set_validity};
use crate::seed::Seed;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};
use ring::digest::{SHA256, digest};
use x509_parser::prelude::{FromDer, X509Certificate};

const YEAR: u64 = 365 * 24 * 60 * 60;

/// The agent's self-signed certificate (DER) for one channel. It says nothing about the agent;
/// the console pins it by the digest from the pairing and does not look at names or times, so
/// the validity is wide.
///
/// # Errors
/// [`IssueError::Unwritable`] if the certificate library refuses.
pub fn channel_certificate(seed: &Seed, now_s: u64) -> Result<Vec<u8>, IssueError> {
    let mut params = CertificateParams::new(vec!["agent.ponte.invalid".to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "ponte agent");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    set_validity(&mut params, now_s, 10 * YEAR);
    Ok(params.self_signed(seed)?.der().to_vec())
}

/// A relay's outer TLS certificate (DER) for these DNS names and addresses, one year, for trials
/// where no public authority can be asked. `ca` should not be an organisation's authority: what
/// opens a link and who is an operator are different questions.
///
/// # Errors
/// [`IssueError::Unwritable`] if a name is neither a DNS name nor an address.
pub fn server_certificate(ca: &Authority, seed: &Seed, names: &[String], now_s: u64) -> Result<Vec<u8>, IssueError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "ponte relay");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, now_s, YEAR);
    Ok(params.signed_by(seed, &ca.issuer()?)?.der().to_vec())
}

/// SHA-256 of a certificate's SubjectPublicKeyInfo, for pins (RFC 7469, 2.4); `None` if these
/// bytes are no certificate.
#[must_use]
pub fn spki_sha256(certificate_der: &[u8]) -> Option<[u8; 32]> {
    let (_, certificate) = X509Certificate::from_der(certificate_der).ok()?;
    digest(&SHA256, certificate.public_key().raw).as_ref().try_into().ok()
}
