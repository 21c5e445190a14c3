//! TLS 1.3 of the channel: ring only, hybrid key exchange first, certificates pinned by the pairing.

use identity::{Operator, OperatorError, Organisation, Seed};
use pairing::PeerCertificate;
use proto::session::CertificateProblem;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
};
use std::sync::{Arc, Mutex, PoisonError};

const ALPN: &[u8] = b"ponte-channel/1";

/// The name under which the console greets the agent; nothing is decided by it.
pub(crate) const AGENT_NAME: &str = "agent.ponte.internal";

fn provider() -> Arc<CryptoProvider> {
    let mut provider = ring::default_provider();
    provider.kx_groups = vec![crate::hybrid::X25519_MLKEM768, ring::kx_group::X25519];
    Arc::new(provider)
}

fn key(seed: &Seed) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(seed.pkcs8_der().to_vec()))
}

/// The console's side: shows the operator's chain, accepts only the paired agent's certificate.
pub(crate) fn client_config(
    chain: Vec<CertificateDer<'static>>,
    seed: &Seed,
    agent: PeerCertificate,
) -> Result<ClientConfig, Error> {
    let provider = provider();
    let verifier = PinnedAgent { agent, algorithms: provider.signature_verification_algorithms };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_auth_cert(chain, key(seed))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// The agent's side: shows its own throw-away certificate, accepts only an operator of the
/// organisation whose certificate is the one committed to in the pairing.
pub(crate) fn server_config(
    certificate: CertificateDer<'static>,
    seed: &Seed,
    verifier: Arc<CommittedOperator>,
) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key(seed))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

#[derive(Debug)]
struct PinnedAgent {
    agent: PeerCertificate,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for PinnedAgent {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.agent.matches(end_entity.as_ref()) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// Accepts the operator that the pairing committed to, if the organisation's chain holds; keeps who
/// it was, or why not, for the person's eyes.
#[derive(Debug)]
pub(crate) struct CommittedOperator {
    operator: PeerCertificate,
    organisation: Arc<Organisation>,
    now_s: u64,
    algorithms: WebPkiSupportedAlgorithms,
    outcome: Mutex<Option<Result<ProvenOperator, OperatorError>>>,
}

impl CommittedOperator {
    pub(crate) fn new(operator: PeerCertificate, organisation: Arc<Organisation>, now_s: u64) -> Self {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        Self { operator, organisation, now_s, algorithms, outcome: Mutex::new(None) }
    }

    /// Who the operator is, or why the certificate was refused; `None` if none was shown.
    pub(crate) fn outcome(&self) -> Option<Result<ProvenOperator, OperatorError>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A proven operator and what proves them.
#[derive(Debug, Clone)]
pub(crate) struct ProvenOperator {
    pub(crate) operator: Operator,
    pub(crate) chain: Vec<CertificateDer<'static>>,
}

/// What TLS tells the console, as an alert (RFC 8446, 6.2); [`problem_of`] reads it.
fn shown_as(error: OperatorError) -> CertificateError {
    match error {
        OperatorError::NotFromThisOrganisation => CertificateError::UnknownIssuer,
        OperatorError::Expired => CertificateError::Expired,
        OperatorError::NotYetValid => CertificateError::NotValidYet,
        OperatorError::Revoked => CertificateError::Revoked,
        OperatorError::WrongPurpose | OperatorError::NoProfile => CertificateError::InvalidPurpose,
        OperatorError::NewerProfile
        | OperatorError::StaleRevocationList
        | OperatorError::BadRevocationList
        | OperatorError::Malformed => CertificateError::ApplicationVerificationFailure,
    }
}

/// What an alert says about our certificate.
pub(crate) fn problem_of(alert: u8) -> Option<CertificateProblem> {
    match AlertDescription::from(alert) {
        AlertDescription::UnknownCA => Some(CertificateProblem::NotFromThisOrganisation),
        AlertDescription::CertificateExpired => Some(CertificateProblem::Expired),
        AlertDescription::CertificateRevoked => Some(CertificateProblem::Revoked),
        AlertDescription::UnsupportedCertificate => Some(CertificateProblem::WrongPurpose),
        _ => None,
    }
}

impl ClientCertVerifier for CommittedOperator {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if !self.operator.matches(end_entity.as_ref()) {
            return Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure));
        }
        let mut chain = vec![end_entity.clone().into_owned()];
        chain.extend(intermediates.iter().map(|certificate| certificate.clone().into_owned()));
        let verified = identity::verify_operator(&self.organisation, &chain, None, self.now_s);
        let answer = match &verified {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(error) => Err(Error::InvalidCertificate(shown_as(*error))),
        };
        let outcome = verified.map(|operator| ProvenOperator { operator, chain });
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        answer
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{ClientConnection, NamedGroup, ServerConnection};
    use testkit::{NOW_S, paired_ends};

    #[test]
    fn the_key_exchange_is_hybrid() {
        let ends = paired_ends(4);
        let chain = ends.operator.chain.iter().map(|der| der.clone().into()).collect();
        let client = client_config(chain, &ends.operator.seed, ends.console.peer).unwrap();
        let verifier = CommittedOperator::new(ends.agent.peer, ends.organisation, NOW_S);
        let server = server_config(ends.certificate.into(), &ends.seed, Arc::new(verifier)).unwrap();
        let mut client = ClientConnection::new(Arc::new(client), AGENT_NAME.try_into().unwrap()).unwrap();
        let mut server = ServerConnection::new(Arc::new(server)).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut bytes = Vec::new();
            client.write_tls(&mut bytes).unwrap();
            server.read_tls(&mut bytes.as_slice()).unwrap();
            server.process_new_packets().unwrap();
            bytes.clear();
            server.write_tls(&mut bytes).unwrap();
            client.read_tls(&mut bytes.as_slice()).unwrap();
            client.process_new_packets().unwrap();
        }
        for group in [client.negotiated_key_exchange_group(), server.negotiated_key_exchange_group()] {
            assert_eq!(group.unwrap().name(), NamedGroup::X25519MLKEM768);
        }
    }
}
