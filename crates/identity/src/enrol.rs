//! How an operator gets a certificate: a request with the public key, and the organisation's
//! answer. Private keys stay where they were drawn.

use crate::authority::is_name;
use crate::organisation::{ORGANISATION_FILE_BYTES, Organisation, OrganisationError, ed25519_key};
use crate::seed::{Seed, verify_signature};
use crate::text;
use crate::verify::{CRL_BYTES, Operator, OperatorError, verify_operator};
use ring::digest::{SHA256, digest};
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Longest request, in bytes.
pub const ENROLMENT_REQUEST_BYTES: usize = 16 * 1024;
/// Longest answer, in bytes: the largest organisation file and revocation list, as base64, and
/// some certificates.
pub const ENROLMENT_BYTES: usize = (ORGANISATION_FILE_BYTES + CRL_BYTES) / 3 * 4 + 64 * 1024;

const REQUEST_FORMAT: &str = "ponte-enrolment-request";
const ANSWER_FORMAT: &str = "ponte-enrolment";
const VERSION: u16 = 1;
const REQUEST_LABEL: &[u8] = b"ponte enrolment request 1";

/// Bytes are not a usable request or answer. Who made or brought them is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentError {
    /// Not such a file, or longer than any can be.
    #[error("this is not an enrolment file")]
    NotAnEnrolment,
    /// A later form; a newer program is needed.
    #[error("this enrolment file needs a newer program")]
    Newer,
    /// The name is empty, longer than [`NAME_BYTES`](proto::limits::NAME_BYTES) or has control characters.
    #[error("the name in the request is empty, too long or has control characters")]
    BadName,
    /// Whoever wrote the request does not have the key, or somebody changed it on its way.
    #[error("the signature of the request is wrong")]
    BadSignature,
    /// The organisation file in the answer is not usable.
    #[error(transparent)]
    Organisation(#[from] OrganisationError),
    /// The certificates in the answer are not those of an operator of that organisation.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// The certificate is for another key: the answer to somebody else's request.
    #[error("the certificate is for another key")]
    KeyMismatch,
}

/// A person asks an organisation for an operator's certificate. The signature in it proves that
/// whoever wrote it has the key; it proves nothing about the name: see [`Self::fingerprint`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentRequest {
    /// The name, as the person gave it.
    pub name: String,
    /// The key's public half.
    pub public_key: [u8; 32],
}

#[derive(Serialize, Deserialize)]
struct RawRequest {
    format: String,
    version: u16,
    name: String,
    public_key: String,
    signature: String,
}

impl EnrolmentRequest {
    /// A request (JSON) for this key; blanks around the name are left out.
    ///
    /// # Errors
    /// [`EnrolmentError::BadName`].
    pub fn make(seed: &Seed, name: &str) -> Result<Vec<u8>, EnrolmentError> {
        let name = name.trim();
        if !is_name(name) {
            return Err(EnrolmentError::BadName);
        }
        let public_key = seed.public_key();
        let raw = RawRequest {
            format: REQUEST_FORMAT.to_owned(),
            version: VERSION,
            name: name.to_owned(),
            public_key: text::encode(&public_key),
            signature: text::encode(&seed.sign(&statement(name, &public_key))),
        };
        // Texts and a number only: there is nothing that JSON could refuse.
        Ok(serde_json::to_vec_pretty(&raw).unwrap_or_default())
    }

    /// Reads a request and checks that its writer has the key.
    ///
    /// # Errors
    /// [`EnrolmentError`].
    pub fn open(bytes: &[u8]) -> Result<Self, EnrolmentError> {
        let bad = EnrolmentError::NotAnEnrolment;
        check_head(bytes, ENROLMENT_REQUEST_BYTES, REQUEST_FORMAT)?;
        let raw: RawRequest = serde_json::from_slice(bytes).map_err(|_| bad)?;
        let public_key = text::decode(raw.public_key.as_bytes()).ok_or(bad)?;
        let public_key = <[u8; 32]>::try_from(public_key).map_err(|_| bad)?;
        let signature = text::decode(raw.signature.as_bytes()).ok_or(bad)?;
        if !is_name(&raw.name) {
            return Err(EnrolmentError::BadName);
        }
        if !verify_signature(&public_key, &statement(&raw.name, &public_key), &signature) {
            return Err(EnrolmentError::BadSignature);
        }
        Ok(Self { name: raw.name, public_key })
    }

    /// What both compare by telephone before the organisation answers: see [`key_fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> String {
        key_fingerprint(&self.public_key)
    }
}

/// The first 12 bytes of the SHA-256 of an operator's public key as six groups of four
/// hexadecimal digits, short enough to be read out and compared.
#[must_use]
pub fn key_fingerprint(public_key: &[u8; 32]) -> String {
    let hash = digest(&SHA256, public_key);
    let groups: Vec<String> =
        hash.as_ref().chunks_exact(2).take(6).map(|pair| format!("{:02X}{:02X}", pair[0], pair[1])).collect();
    groups.join(" ")
}

/// The organisation's answer to a request: all that a console needs to begin. It carries no
/// secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Leaf first, then the issuing authority; DER.
    pub chain: Vec<Vec<u8>>,
    /// The signed organisation file.
    pub organisation_file: Vec<u8>,
    /// The newest revocation list, DER.
    pub revocation_list: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct RawEnrolment {
    format: String,
    version: u16,
    #[serde(with = "text::list")]
    chain: Vec<Vec<u8>>,
    organisation_file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revocation_list: Option<String>,
}

impl Enrolment {
    /// As JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let raw = RawEnrolment {
            format: ANSWER_FORMAT.to_owned(),
            version: VERSION,
            chain: self.chain.clone(),
            organisation_file: text::encode(&self.organisation_file),
            revocation_list: self.revocation_list.as_ref().map(|list| text::encode(list)),
        };
        serde_json::to_vec_pretty(&raw).unwrap_or_default()
    }

    /// Reads an answer. Nothing in it is worth anything before [`Self::verify`].
    ///
    /// # Errors
    /// [`EnrolmentError::NotAnEnrolment`], [`EnrolmentError::Newer`].
    pub fn open(bytes: &[u8]) -> Result<Self, EnrolmentError> {
        let bad = EnrolmentError::NotAnEnrolment;
        check_head(bytes, ENROLMENT_BYTES, ANSWER_FORMAT)?;
        let raw: RawEnrolment = serde_json::from_slice(bytes).map_err(|_| bad)?;
        let decode = |text: String| text::decode(text.as_bytes()).ok_or(bad);
        Ok(Self {
            chain: raw.chain,
            organisation_file: decode(raw.organisation_file)?,
            revocation_list: raw.revocation_list.map(decode).transpose()?,
        })
    }

    /// Checks everything in the answer at `now_s` (seconds since 1970): the organisation file,
    /// the certificates under it, that they are not revoked, and that they are for `public_key`.
    /// Whether that organisation is the one that was asked, its root says: who already knows one
    /// compares [`Organisation::root_sha256`], who does not looks at the domain.
    ///
    /// # Errors
    /// [`EnrolmentError`] says which of these is not so.
    pub fn verify(&self, public_key: &[u8; 32], now_s: u64) -> Result<(Organisation, Operator), EnrolmentError> {
        let organisation = Organisation::open(&self.organisation_file, now_s)?;
        let chain: Vec<CertificateDer<'_>> =
            self.chain.iter().map(|certificate| CertificateDer::from(certificate.as_slice())).collect();
        let operator = verify_operator(&organisation, &chain, self.revocation_list.as_deref(), now_s)?;
        if operator.public_key != *public_key {
            return Err(EnrolmentError::KeyMismatch);
        }
        Ok((organisation, operator))
    }
}

/// The name and the key in a leaf certificate (DER), `None` if it has not both or the name is none that can be
/// shown. Says nothing
/// about who signed it: for labels, and to see which key a certificate is for.
#[must_use]
pub fn unverified_leaf(der: &[u8]) -> Option<(String, [u8; 32])> {
    let (_, leaf) = X509Certificate::from_der(der).ok()?;
    let name = leaf.subject().iter_common_name().next()?.as_str().ok().filter(|name| is_name(name))?;
    Some((name.to_owned(), ed25519_key(&leaf)?))
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u16,
}

fn check_head(bytes: &[u8], most: usize, format: &str) -> Result<(), EnrolmentError> {
    let bad = EnrolmentError::NotAnEnrolment;
    if bytes.len() > most {
        return Err(bad);
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|_| bad)?;
    match head.version {
        _ if head.format != format => Err(bad),
        0 => Err(bad),
        VERSION => Ok(()),
        _ => Err(EnrolmentError::Newer),
    }
}

/// What a request's signature covers; the key, which has a fixed length, ends it.
fn statement(name: &str, public_key: &[u8; 32]) -> Vec<u8> {
    [REQUEST_LABEL, name.as_bytes(), public_key].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn changed(bytes: &[u8], field: &str, value: Value) -> Vec<u8> {
        let mut json: Value = serde_json::from_slice(bytes).unwrap();
        json[field] = value;
        serde_json::to_vec(&json).unwrap()
    }

    #[test]
    fn a_request_reads_back_with_its_name_and_key() {
        let seed = Seed::new([7; 32]);
        let request = EnrolmentRequest::open(&EnrolmentRequest::make(&seed, " Giulia Rinaldi ").unwrap()).unwrap();
        assert_eq!((request.name.as_str(), request.public_key), ("Giulia Rinaldi", seed.public_key()));
        let fingerprint = request.fingerprint();
        assert_eq!(fingerprint.split(' ').map(str::len).collect::<Vec<_>>(), [4; 6]);
        assert_ne!(fingerprint, key_fingerprint(&Seed::new([8; 32]).public_key()));
    }

    #[test]
    fn a_request_with_anything_changed_is_refused() {
        let good = EnrolmentRequest::make(&Seed::new([7; 32]), "Giulia").unwrap();
        let other = text::encode(&Seed::new([8; 32]).public_key());
        let mut long = good.clone();
        long.resize(ENROLMENT_REQUEST_BYTES + 1, b' ');
        let rows = [
            (changed(&good, "name", json!("Giulio")), EnrolmentError::BadSignature),
            (changed(&good, "public_key", json!(other)), EnrolmentError::BadSignature),
            (changed(&good, "signature", json!("AAAA")), EnrolmentError::BadSignature),
            (changed(&good, "name", json!("  ")), EnrolmentError::BadName),
            (changed(&good, "name", json!("a\nb")), EnrolmentError::BadName),
            (changed(&good, "version", json!(2)), EnrolmentError::Newer),
            (changed(&good, "format", json!("ponte-enrolment")), EnrolmentError::NotAnEnrolment),
            (changed(&good, "public_key", json!("AAAA")), EnrolmentError::NotAnEnrolment),
            (long, EnrolmentError::NotAnEnrolment),
            (Vec::new(), EnrolmentError::NotAnEnrolment),
        ];
        for (row, (bytes, expected)) in rows.into_iter().enumerate() {
            assert_eq!(EnrolmentRequest::open(&bytes), Err(expected), "row {row}");
        }
    }

    #[test]
    fn a_name_that_no_certificate_could_have_is_refused_at_once() {
        for name in ["", " ", "a\u{7}b", "a\u{202E}b", &"x".repeat(proto::limits::NAME_BYTES + 1)] {
            assert_eq!(EnrolmentRequest::make(&Seed::new([7; 32]), name), Err(EnrolmentError::BadName));
        }
    }
    #[test]
    fn an_answer_is_worth_something_for_its_own_key_and_as_a_whole_only() {
        use crate::{Revoked, create_crl, dev};
        use rand::SeedableRng;

        const NOW: u64 = 1_790_000_000;
        let relay = crate::RelayAddress {
            name: "relay".to_owned(),
            nodes: vec![crate::RelayNode { name: "one".to_owned(), host: "relay.example".to_owned(), port: 443 }],
            pin: None,
        };
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        let ours = dev::sample(&mut rng, NOW, relay.clone()).unwrap();
        let other = dev::sample(&mut rng, NOW, relay).unwrap();
        let key = ours.operator_seed.public_key();
        let list = |revoked: &[Revoked]| Some(create_crl(&ours.issuing, 1, revoked, NOW).unwrap());
        let good = Enrolment {
            chain: ours.operator_chain.clone(),
            organisation_file: ours.organisation_file.clone(),
            revocation_list: list(&[]),
        };
        let read = Enrolment::open(&good.to_bytes()).unwrap();
        assert_eq!(read, good);
        let (organisation, operator) = read.verify(&key, NOW).unwrap();
        assert_eq!((organisation.domain(), operator.name.as_str()), (dev::SAMPLE_DOMAIN, dev::SAMPLE_OPERATOR));

        let revoked = Revoked { serial: operator.serial, at_s: NOW };
        let rows = [
            (Enrolment { revocation_list: list(&[revoked]), ..good.clone() }, OperatorError::Revoked.into()),
            (
                Enrolment { organisation_file: other.organisation_file, ..good.clone() },
                OperatorError::NotFromThisOrganisation.into(),
            ),
            (
                Enrolment { organisation_file: Vec::new(), ..good.clone() },
                OrganisationError::NotAnOrganisationFile.into(),
            ),
            (Enrolment { chain: Vec::new(), ..good.clone() }, OperatorError::Malformed.into()),
        ];
        for (row, (enrolment, expected)) in rows.into_iter().enumerate() {
            let verified: Result<_, EnrolmentError> = enrolment.verify(&key, NOW);
            assert_eq!(verified.map(drop), Err(expected), "row {row}");
        }
        let stranger = Seed::new([7; 32]).public_key();
        assert_eq!(good.verify(&stranger, NOW).map(drop), Err(EnrolmentError::KeyMismatch));
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let good = Enrolment { chain: Vec::new(), organisation_file: vec![1], revocation_list: None }.to_bytes();
        let rows = [
            (changed(&good, "version", json!(2)), EnrolmentError::Newer),
            (changed(&good, "format", json!("ponte-enrolment-request")), EnrolmentError::NotAnEnrolment),
            (changed(&good, "chain", json!(["?"])), EnrolmentError::NotAnEnrolment),
            (changed(&good, "organisation_file", json!("?")), EnrolmentError::NotAnEnrolment),
            (vec![b' '; ENROLMENT_BYTES + 1], EnrolmentError::NotAnEnrolment),
        ];
        for (row, (bytes, expected)) in rows.into_iter().enumerate() {
            assert_eq!(Enrolment::open(&bytes), Err(expected), "row {row}");
        }
    }
}
