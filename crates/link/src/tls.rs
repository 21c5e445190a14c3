//! Outer TLS: 1.3 only, ring only; trust by the platform or by a pin; the relay's server side.

use crate::LinkError;
use ring::digest;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How the relay's outer certificate is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// By the system's trust store, so that networks that inspect TLS still pass (what they see is
    /// encrypted end to end).
    Platform,
    /// By the SHA-256 of the certificate's SubjectPublicKeyInfo alone; neither chain, name nor
    /// dates count.
    Pin([u8; 32]),
}

/// The one cryptographic provider.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Remembers that the certificate was the reason why a handshake failed: the error that comes out
/// of QUIC or TLS does not say so reliably.
#[derive(Debug, Clone, Default)]
pub(crate) struct Distrust(Arc<AtomicBool>);

impl Distrust {
    pub(crate) fn happened(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn note<T>(&self, result: Result<T, rustls::Error>) -> Result<T, rustls::Error> {
        if result.is_err() {
            self.0.store(true, Ordering::Relaxed);
        }
        result
    }
}

/// A client configuration of TLS 1.3 for one attempt.
pub(crate) fn client_config(trust: &Trust, alpn: &[u8]) -> Result<(ClientConfig, Distrust), LinkError> {
    let provider = provider();
    let judge: Arc<dyn ServerCertVerifier> = match trust {
        Trust::Platform => {
            Arc::new(rustls_platform_verifier::Verifier::new(provider.clone()).map_err(|error| local(&error))?)
        }
        Trust::Pin(pin) => Arc::new(Pinned { pin: *pin, provider: provider.clone() }),
    };
    let distrust = Distrust::default();
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| local(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Noting { judge, distrust: distrust.clone() }))
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    config.resumption = Resumption::disabled();
    Ok((config, distrust))
}

/// The relay's configuration of TLS 1.3 for one protocol (`ponte/1` on QUIC, `http/1.1` on TCP).
///
/// # Errors
/// [`LinkError::Local`] if key and certificate do not fit.
pub fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    alpn: &[u8],
) -> Result<ServerConfig, LinkError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| local(&error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| local(&error))?;
    config.alpn_protocols = vec![alpn.to_vec()];
    // Links are few and long: tickets would only be something to steal.
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn local(error: &rustls::Error) -> LinkError {
    LinkError::Local(error.to_string())
}

#[derive(Debug)]
struct Pinned {
    pin: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        if digest::digest(&digest::SHA256, key.as_ref()).as_ref() == self.pin {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[derive(Debug)]
struct Noting {
    judge: Arc<dyn ServerCertVerifier>,
    distrust: Distrust,
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.distrust.note(self.judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.distrust.note(self.judge.verify_tls12_signature(message, cert, dss))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.distrust.note(self.judge.verify_tls13_signature(message, cert, dss))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}
