//! The outer certificate of a trial: of a P-256 key, as browsers take no Ed25519 in certificates.

use crate::settings::{SettingsError, read, write};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io;
use std::path::Path;

/// A certificate that signed itself, and its key.
pub(crate) struct Outer {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// The certificate for these DNS names and addresses. The key is drawn at the first start and stays in its
/// file, so the pin stays; the certificate around it is made new at each start.
pub(crate) fn open(key_file: &Path, names: Vec<String>) -> Result<Outer, SettingsError> {
    let unusable = |error: &dyn ToString| SettingsError::File {
        path: key_file.to_owned(),
        error: io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
    };
    let pkcs8 = match read(key_file)? {
        Some(pkcs8) => pkcs8,
        None => {
            let drawn = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
            let drawn = drawn.map_err(|error| unusable(&error))?;
            write(key_file, drawn.as_ref(), true)?;
            drawn.as_ref().to_vec()
        }
    };
    let key = PrivatePkcs8KeyDer::from(pkcs8);
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_ECDSA_P256_SHA256);
    let certificate = pair.and_then(|pair| {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "ponte relay for trials");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Whoever tries it out may have any clock; the pin is what counts.
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2049, 12, 31));
        params.self_signed(&pair)
    });
    let certificate = certificate.map_err(|error| unusable(&error))?.der().to_vec();
    Ok(Outer { certificate: certificate.into(), key: key.into() })
}
