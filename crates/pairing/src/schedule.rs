//! From the PAKE's output and the transcript to the three keys: two confirmations and the exporter.

use crate::paired::ExporterKey;
use crate::{PAKE_VERSION, PairingError};
use proto::relay::{AttemptId, OfferId};
use proto::{Locator, PROTOCOL_VERSION};
use ring::digest::{Context, SHA256, digest};
use ring::{hkdf, hmac};
use zeroize::Zeroizing;

/// What both ends must have seen alike for their keys to agree.
pub(crate) struct Transcript<'a> {
    pub(crate) offer: OfferId,
    pub(crate) attempt: AttemptId,
    pub(crate) locator: Locator,
    pub(crate) relay_name: &'a str,
    pub(crate) p1: &'a [u8],
    pub(crate) p2: &'a [u8],
}

impl Transcript<'_> {
    /// SHA-256 over all fields, each with its length before it.
    fn hash(&self) -> [u8; 32] {
        let locator = self.locator.to_string();
        let fields: [&[u8]; 9] = [
            b"ponte pairing transcript 1",
            &[PROTOCOL_VERSION],
            &[PAKE_VERSION],
            &self.offer.0,
            &self.attempt.0.to_be_bytes(),
            locator.as_bytes(),
            self.relay_name.as_bytes(),
            self.p1,
            self.p2,
        ];
        let mut context = Context::new(&SHA256);
        for field in fields {
            context.update(&(field.len() as u64).to_be_bytes());
            context.update(field);
        }
        fixed(context.finish().as_ref())
    }
}

/// The keys of one attempt.
pub(crate) struct Keys {
    transcript: [u8; 32],
    agent: Zeroizing<[u8; 32]>,
    console: Zeroizing<[u8; 32]>,
    exporter: ExporterKey,
}

impl Keys {
    /// HKDF-SHA256 (RFC 5869): the transcript's hash is the salt, the PAKE's output the input.
    pub(crate) fn derive(pake: &[u8], transcript: &Transcript<'_>) -> Result<Self, PairingError> {
        let transcript = transcript.hash();
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &transcript).extract(pake);
        Ok(Self {
            transcript,
            agent: expand(&prk, b"ponte agent confirmation 1")?,
            console: expand(&prk, b"ponte console confirmation 1")?,
            exporter: ExporterKey(expand(&prk, b"ponte exporter 1")?),
        })
    }

    /// P3: the agent knows the key.
    pub(crate) fn agent_confirmation(&self) -> [u8; 32] {
        fixed(hmac::sign(&self.agent_key(), &self.transcript).as_ref())
    }

    /// Whether P3 is right, in constant time.
    pub(crate) fn agent_confirmed(&self, confirmation: &[u8; 32]) -> bool {
        hmac::verify(&self.agent_key(), &self.transcript, confirmation).is_ok()
    }

    /// P4: the console knows the key and opens its commitment with these bytes and no others.
    pub(crate) fn console_confirmation(&self, opening: &[u8; 32]) -> [u8; 32] {
        fixed(hmac::sign(&self.console_key(), &self.console_statement(opening)).as_ref())
    }

    /// Whether P4 is right, in constant time.
    pub(crate) fn console_confirmed(&self, opening: &[u8; 32], confirmation: &[u8; 32]) -> bool {
        hmac::verify(&self.console_key(), &self.console_statement(opening), confirmation).is_ok()
    }

    /// What remains after both confirmed.
    pub(crate) fn into_exporter(self) -> ExporterKey {
        self.exporter
    }

    fn agent_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.agent.as_slice())
    }

    fn console_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.console.as_slice())
    }

    fn console_statement(&self, opening: &[u8; 32]) -> Vec<u8> {
        [self.transcript, *opening].concat()
    }
}

/// SHA-256 of a certificate, as P1 carries it.
pub(crate) fn certificate_sha256(certificate_der: &[u8]) -> [u8; 32] {
    fixed(digest(&SHA256, certificate_der).as_ref())
}

/// The commitment in P2: SHA-256 of a label, the opening (fixed length) and the certificate.
pub(crate) fn commitment(certificate_der: &[u8], opening: &[u8; 32]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(b"ponte certificate commitment 1");
    context.update(opening);
    context.update(certificate_der);
    fixed(context.finish().as_ref())
}

/// Thirty-two bytes of HKDF output under a label.
pub(crate) fn expand(prk: &hkdf::Prk, label: &[u8]) -> Result<Zeroizing<[u8; 32]>, PairingError> {
    let mut key = Zeroizing::new([0; 32]);
    let info = [label];
    prk.expand(&info, hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(key.as_mut_slice()))
        .map_err(|_| PairingError::Unwritable)?;
    Ok(key)
}

/// The 32 bytes of a SHA-256 value that ring returns as a slice.
pub(crate) fn fixed(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    out
}
