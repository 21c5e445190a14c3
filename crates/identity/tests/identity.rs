//! Behaviour of organisation files, certificates and their verification.

// The lint knows only functions marked as tests, not what they share.
#![allow(clippy::unwrap_used)]

use identity::{
    Authority, BACKDATED_SECONDS, CRL_GRACE_SECONDS, CRL_SECONDS, IssueError, OPERATOR_SECONDS,
    ORGANISATION_FILE_BYTES, Operator, OperatorError, OperatorRequest, Organisation, OrganisationError,
    OrganisationFile, PROFILE_BYTES, PROFILE_VERSION, Profile, RelayAddress, RelayNode, Revoked, Seed, TRAILER_BYTES,
    append_to_program, bytes_to_read, channel_certificate, create_crl, create_issuing, create_root, crl_number, dev,
    find_appended, issue_operator, prove_link, server_certificate, spki_sha256, verify_link, verify_not_revoked,
    verify_operator,
};
use proptest::prelude::*;
use proto::session::{Asking, Capability};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use std::sync::Arc;
use std::time::Duration;

const NOW: u64 = 1_790_000_000;
const DAY: u64 = 24 * 60 * 60;

fn relay() -> RelayAddress {
    RelayAddress {
        name: "lucca".into(),
        nodes: vec![RelayNode { name: "a".into(), host: "relay.lucca.example".into(), port: 443 }],
        pin: Some([5; 32]),
    }
}

fn sample(seed: u64) -> dev::DevOrganisation {
    dev::sample(&mut StdRng::seed_from_u64(seed), NOW, relay()).ok().unwrap()
}

fn open(made: &dev::DevOrganisation) -> Organisation {
    Organisation::open(&made.organisation_file, NOW).unwrap()
}

fn verify(
    organisation: &Organisation,
    chain: &[Vec<u8>],
    crl: Option<&[u8]>,
    now_s: u64,
) -> Result<Operator, OperatorError> {
    let chain: Vec<CertificateDer<'_>> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    verify_operator(organisation, &chain, crl, now_s)
}

fn request() -> OperatorRequest {
    OperatorRequest { name: "Luca Bini".into(), team: Some("Sportello".into()), profile: Profile::all_tools() }
}

/// A leaf that our own functions would not make.
fn odd_leaf(authority: &Authority, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    params.distinguished_name.push(DnType::OrganizationName, "Odd");
    change(&mut params);
    let issuer = Issuer::from_ca_cert_der(&authority.certificate().into(), authority.seed()).unwrap();
    params.signed_by(&Seed::new([77; 32]), &issuer).unwrap().der().to_vec()
}

fn chain(leaf: Vec<u8>, authority: &Authority) -> Vec<Vec<u8>> {
    vec![leaf, authority.certificate().to_vec()]
}

#[test]
fn an_operator_is_proven_with_all_that_the_certificate_says() {
    let made = sample(1);
    let key = Seed::new([9; 32]).public_key();
    let profile = Profile::of([(Capability::View, Asking::OncePerSession), (Capability::SendFile, Asking::EachUse)]);
    let request = OperatorRequest { profile: profile.clone(), ..request() };
    let leaf = issue_operator(&made.issuing, &key, &request, &[0, 0x80, 1], NOW).unwrap();
    let operator = verify(&open(&made), &chain(leaf, &made.issuing), None, NOW).unwrap();

    assert_eq!((operator.name.as_str(), operator.team.as_deref()), ("Luca Bini", Some("Sportello")));
    assert_eq!(operator.organisation, "Assistenza Comune di Lucca");
    assert_eq!(operator.serial, [0x80, 1]);
    assert_eq!(operator.public_key, key);
    assert_eq!(operator.not_before_s, NOW - BACKDATED_SECONDS);
    assert_eq!(operator.not_after_s, NOW + OPERATOR_SECONDS);
    assert_eq!(operator.profile, profile);
    assert!(operator.profile.allows(Capability::View) && !operator.profile.allows(Capability::Control));
}

#[test]
fn the_sample_operator_is_giulia_and_her_chain_fits_into_a_message() {
    let made = sample(1);
    let operator = verify(&open(&made), &made.operator_chain, None, NOW).unwrap();
    assert_eq!((operator.name.as_str(), operator.team), (dev::SAMPLE_OPERATOR, None));
    let bytes: usize = made.operator_chain.iter().map(Vec::len).sum();
    assert!(bytes < 1500, "{bytes}");
}

#[test]
fn time_decides_to_the_second() {
    let made = sample(1);
    let check = |now_s, expected: Result<(), OperatorError>| {
        let found = verify(&open(&made), &made.operator_chain, None, now_s).map(|_| ());
        assert_eq!(found, expected, "{now_s}");
    };
    check(NOW - BACKDATED_SECONDS - 1, Err(OperatorError::NotYetValid));
    check(NOW - BACKDATED_SECONDS, Ok(()));
    check(NOW + OPERATOR_SECONDS, Ok(()));
    check(NOW + OPERATOR_SECONDS + 1, Err(OperatorError::Expired));
}

#[test]
fn a_chain_of_another_organisation_is_refused_even_with_the_same_names() {
    let (ours, theirs) = (sample(1), sample(2));
    let foreign = Err(OperatorError::NotFromThisOrganisation);
    assert_eq!(verify(&open(&ours), &theirs.operator_chain, None, NOW), foreign);
    let mixed = [theirs.operator_chain[0].clone(), ours.operator_chain[1].clone()];
    assert_eq!(verify(&open(&ours), &mixed, None, NOW), foreign);
}

#[test]
fn only_an_issuing_authority_under_the_root_makes_operators() {
    let made = sample(1);
    let organisation = open(&made);
    let key = Seed::new([9; 32]);
    let foreign = Err(OperatorError::NotFromThisOrganisation);

    let from_root = issue_operator(&made.root, &key.public_key(), &request(), &[1], NOW).unwrap();
    assert_eq!(verify(&organisation, &chain(from_root, &made.issuing), None, NOW), foreign);

    let below = create_issuing(&made.issuing, Seed::new([3; 32]), &[2], NOW).ok().unwrap();
    let from_below = issue_operator(&below, &key.public_key(), &request(), &[3], NOW).unwrap();
    assert_eq!(verify(&organisation, &chain(from_below.clone(), &below), None, NOW), foreign);
    let three = [from_below, below.certificate().to_vec(), made.issuing.certificate().to_vec()];
    assert_eq!(verify(&organisation, &three, None, NOW), Err(OperatorError::Malformed));
}

#[test]
fn an_operator_cannot_make_operators() {
    let made = sample(1);
    let own = Issuer::new(
        {
            let mut params = CertificateParams::default();
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(DnType::OrganizationName, "Assistenza Comune di Lucca");
            params.distinguished_name.push(DnType::CommonName, dev::SAMPLE_OPERATOR);
            params
        },
        &made.operator_seed,
    );
    let mut params = CertificateParams::default();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let leaf = params.signed_by(&Seed::new([9; 32]), &own).unwrap().der().to_vec();
    let forged = [leaf, made.operator_chain[0].clone()];
    assert_eq!(verify(&open(&made), &forged, None, NOW), Err(OperatorError::NotFromThisOrganisation));
}

#[test]
fn a_certificate_for_another_purpose_or_for_none_is_refused() {
    let made = sample(1);
    let organisation = open(&made);
    let check = |leaf: Vec<u8>| {
        let found = verify(&organisation, &chain(leaf, &made.issuing), None, NOW);
        assert_eq!(found, Err(OperatorError::WrongPurpose));
    };
    check(server_certificate(&made.issuing, &Seed::new([4; 32]), &["lucca.example".into()], NOW).unwrap());
    check(odd_leaf(&made.issuing, |_| ()));
    check(odd_leaf(&made.issuing, |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]));
    let authority = create_issuing(&made.root, Seed::new([3; 32]), &[2], NOW).ok().unwrap();
    check(authority.certificate().to_vec());
}

#[test]
fn a_certificate_without_a_profile_or_with_a_later_one_is_refused() {
    let made = sample(1);
    let bare = odd_leaf(&made.issuing, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let found = verify(&open(&made), &chain(bare, &made.issuing), None, NOW);
    assert_eq!(found, Err(OperatorError::NoProfile));

    let request = OperatorRequest { profile: Profile { version: PROFILE_VERSION + 1, ..Profile::of([]) }, ..request() };
    let later = issue_operator(&made.issuing, &[8; 32], &request, &[1], NOW).unwrap();
    let found = verify(&open(&made), &chain(later, &made.issuing), None, NOW);
    assert_eq!(found, Err(OperatorError::NewerProfile));
}

#[test]
fn a_revoked_operator_is_refused_and_the_others_are_not() {
    let made = sample(1);
    let organisation = open(&made);
    let serial = verify(&organisation, &made.operator_chain, None, NOW).unwrap().serial;
    let crl = create_crl(&made.issuing, 7, &[Revoked { serial, at_s: NOW - DAY }], NOW).unwrap();
    assert_eq!(crl_number(&crl), Some(7));
    let found = verify(&organisation, &made.operator_chain, Some(&crl), NOW);
    assert_eq!(found, Err(OperatorError::Revoked));

    let other = create_crl(&made.issuing, 300, &[Revoked { serial: vec![9], at_s: NOW }], NOW).unwrap();
    assert_eq!(crl_number(&other), Some(300));
    assert!(verify(&organisation, &made.operator_chain, Some(&other), NOW).is_ok());
}

#[test]
fn a_revocation_list_is_good_for_a_week_and_two_days() {
    let made = sample(1);
    let crl = create_crl(&made.issuing, 1, &[], NOW).unwrap();
    let last = NOW + CRL_SECONDS + CRL_GRACE_SECONDS;
    assert!(verify(&open(&made), &made.operator_chain, Some(&crl), last).is_ok());
    let found = verify(&open(&made), &made.operator_chain, Some(&crl), last + 1);
    assert_eq!(found, Err(OperatorError::StaleRevocationList));
}

#[test]
fn an_operator_cannot_hide_a_newer_list_or_the_want_of_one() {
    let made = sample(1);
    let demanding = {
        let file = OrganisationFile { revocation_required: true, ..open(&made).file().clone() };
        Organisation::open(&file.sign(made.root.seed()).unwrap(), NOW).unwrap()
    };
    let list = create_crl(&made.issuing, 7, &[], NOW).unwrap();
    let chain: Vec<CertificateDer<'_>> = made.operator_chain.iter().map(|der| der.as_slice().into()).collect();
    let stale = Err(OperatorError::StaleRevocationList);
    for (what, organisation, shown, seen, expected) in [
        ("nobody speaks of lists", open(&made), None, 0, Ok(0)),
        ("the relay has seen one", open(&made), None, 7, stale),
        ("the same one", open(&made), Some(&list), 7, Ok(7)),
        ("a newer one than shown", open(&made), Some(&list), 8, stale),
        ("demanded", demanding.clone(), None, 0, stale),
        ("demanded and shown", demanding, Some(&list), 0, Ok(7)),
    ] {
        let found = verify_not_revoked(&organisation, &chain, shown.map(Vec::as_slice), seen, NOW);
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn a_revocation_list_of_somebody_else_is_not_used() {
    let (made, other) = (sample(1), sample(2));
    let second = create_issuing(&made.root, Seed::new([3; 32]), &[2], NOW).ok().unwrap();
    let mut changed = create_crl(&made.issuing, 1, &[], NOW).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    for crl in [
        create_crl(&other.issuing, 1, &[], NOW).unwrap(),
        create_crl(&second, 1, &[], NOW).unwrap(),
        changed,
        b"nonsense".to_vec(),
        Vec::new(),
    ] {
        let found = verify(&open(&made), &made.operator_chain, Some(&crl), NOW);
        assert_eq!(found, Err(OperatorError::BadRevocationList));
    }
}

#[test]
fn a_chain_that_is_not_two_certificates_is_malformed() {
    let made = sample(1);
    let organisation = open(&made);
    let [leaf, issuing] = [made.operator_chain[0].clone(), made.operator_chain[1].clone()];
    let garbage = vec![0x30; 40];
    for chain in [vec![], vec![leaf.clone()], vec![leaf, issuing.clone(), issuing.clone()], vec![garbage, issuing]] {
        assert_eq!(verify(&organisation, &chain, None, NOW), Err(OperatorError::Malformed));
    }
}

#[test]
fn unusable_names_serials_and_profiles_are_not_certified() {
    let made = sample(1);
    let check = |request: OperatorRequest, serial: &[u8], error| {
        let found = issue_operator(&made.issuing, &[8; 32], &request, serial, NOW);
        assert_eq!(found, Err(error));
    };
    check(OperatorRequest { name: " ".into(), ..request() }, &[1], IssueError::BadName);
    check(OperatorRequest { name: "a\nb".into(), ..request() }, &[1], IssueError::BadName);
    check(OperatorRequest { name: "a\u{202E}b".into(), ..request() }, &[1], IssueError::BadName);
    check(OperatorRequest { team: Some("x".repeat(201)), ..request() }, &[1], IssueError::BadName);
    check(request(), &[0, 0], IssueError::BadSerial);
    check(request(), &[1; 20], IssueError::BadSerial);
    let value = serde_json::Value::from("x".repeat(PROFILE_BYTES));
    let long = Profile { policy: [("recording".to_owned(), value)].into(), ..Profile::all_tools() };
    check(OperatorRequest { profile: long, ..request() }, &[1], IssueError::BadProfile);
}

#[test]
fn an_authority_needs_its_own_key() {
    let made = sample(1);
    let certificate = made.root.certificate().to_vec();
    assert!(Authority::open(made.root.seed().clone(), certificate.clone()).is_ok());
    for (seed, der) in [
        (made.operator_seed.clone(), certificate.clone()),
        (made.operator_seed.clone(), made.operator_chain[0].clone()),
        (made.root.seed().clone(), certificate[1..].to_vec()),
    ] {
        assert_eq!(Authority::open(seed, der).err(), Some(IssueError::NotAnAuthority));
    }
}

#[test]
fn an_organisation_file_reads_back() {
    let made = sample(1);
    let organisation = open(&made);
    assert_eq!(organisation.domain(), dev::SAMPLE_DOMAIN);
    assert_eq!(*organisation.relay(), relay());
    assert!(organisation.terms_for("it").unwrap().contains("pulsante rosso"));
    assert!(organisation.privacy_for("en").unwrap().contains("encrypted"));
    assert_eq!(organisation.root_sha256(), open(&made).root_sha256());
    assert_ne!(organisation.root_sha256(), open(&sample(2)).root_sha256());
    assert!(made.organisation_file.starts_with(b"ponte-organisation 1\n"));
}

#[test]
fn the_name_is_found_in_the_nearest_language() {
    let organisation = open(&sample(1));
    let (italian, english) = ("Assistenza Comune di Lucca", "Lucca City Help Desk");
    for (language, name) in [("it", italian), ("it-CH", italian), ("en", english), ("de", english), ("", english)] {
        assert_eq!(organisation.name_for(language), name, "{language}");
    }
}

#[test]
fn a_changed_organisation_file_is_refused() {
    let file = sample(1).organisation_file;
    let text = String::from_utf8(file.clone()).unwrap();
    let check = |bytes: &[u8], error| assert_eq!(Organisation::open(bytes, NOW), Err(error));
    check(text.replace("lucca.example", "pisa.example").as_bytes(), OrganisationError::BadSignature);
    check(text.replace("\"port\": 443", "\"port\": 444").as_bytes(), OrganisationError::BadSignature);
    check(format!("{text} ").as_bytes(), OrganisationError::BadSignature);
    check(&[&file[..30], b"!", &file[31..]].concat(), OrganisationError::BadSignature);
    check(b"ponte-organisation 1\nAAAA", OrganisationError::BadSignature);
    check(b"ponte-organisation 1\nAAAA\n{}", OrganisationError::BadContent);
    check(&text.replacen(" 1\n", " 2\n", 1).into_bytes(), OrganisationError::NewerFormat);
    check(b"", OrganisationError::NotAnOrganisationFile);
    check(b"MZ a program", OrganisationError::NotAnOrganisationFile);
    check(&vec![b' '; ORGANISATION_FILE_BYTES + 1], OrganisationError::TooLarge);
}

#[test]
fn an_organisation_file_signed_by_another_root_is_refused() {
    let (made, other) = (sample(1), sample(2));
    let content = open(&made).file().clone();
    assert_eq!(content.sign(other.root.seed()), Err(IssueError::NotAnAuthority));
    // The other's signature line over our payload.
    let lines = |file: &[u8]| String::from_utf8(file.to_vec()).unwrap();
    let (ours, theirs) = (lines(&made.organisation_file), lines(&other.organisation_file));
    let forged = ours.replacen(ours.lines().nth(1).unwrap(), theirs.lines().nth(1).unwrap(), 1);
    assert_eq!(Organisation::open(forged.as_bytes(), NOW), Err(OrganisationError::BadSignature));
}

#[test]
fn an_organisation_file_ends() {
    let made = sample(1);
    let end_s = open(&made).file().not_after_s;
    assert!(Organisation::open(&made.organisation_file, end_s).is_ok());
    assert_eq!(Organisation::open(&made.organisation_file, end_s + 1), Err(OrganisationError::Expired));
}

#[test]
fn an_organisation_file_with_unusable_content_is_not_signed() {
    let made = sample(1);
    let check = |what: &str, change: fn(&mut OrganisationFile)| {
        let mut content = open(&made).file().clone();
        change(&mut content);
        assert!(matches!(content.sign(made.root.seed()), Err(IssueError::Unwritable(_))), "{what}");
    };
    check("no names", |file| file.names.clear());
    check("empty name", |file| drop(file.names.insert("it".into(), "  ".into())));
    check("no roots", |file| file.roots.clear());
    check("too many roots", |file| file.roots = vec![file.roots[0].clone(); 5]);
    check("no nodes", |file| file.relay.nodes.clear());
    check("a node twice", |file| file.relay.nodes.push(file.relay.nodes[0].clone()));
    check("no port", |file| file.relay.nodes[0].port = 0);
    check("too large", |file| drop(file.terms.insert("it".into(), "x".repeat(ORGANISATION_FILE_BYTES))));
    for domain in ["", "lucca", "Lucca.example", "lucc\u{430}.example", "a..b", "-a.b", "a b.c"] {
        let mut content = open(&made).file().clone();
        content.domain = domain.into();
        assert!(content.sign(made.root.seed()).is_err(), "{domain}");
    }
}

#[test]
fn an_appended_organisation_is_found_and_a_plain_program_has_none() {
    let program = vec![0xCC; 5000];
    let file = sample(1).organisation_file;
    assert_eq!(find_appended(&program), None);
    let packed = append_to_program(&program, &file);
    assert_eq!(find_appended(&packed), Some(file.as_slice()));
    assert!(packed.starts_with(&program));

    let last: [u8; TRAILER_BYTES] = *packed.last_chunk().unwrap();
    let tail = bytes_to_read(&last).unwrap();
    assert_eq!(find_appended(&packed[packed.len() - tail..]), Some(file.as_slice()));
    assert_eq!(find_appended(&packed[packed.len() - tail + 1..]), None, "a cut tail");
    assert_eq!(bytes_to_read(&[0; TRAILER_BYTES]), None);
}

#[test]
fn appending_again_replaces() {
    let packed = append_to_program(&append_to_program(b"program", b"first"), b"second one");
    assert_eq!(packed, append_to_program(b"program", b"second one"));
}

#[test]
fn an_appended_length_beyond_the_limit_is_no_organisation() {
    let mut packed = append_to_program(b"program", b"x");
    let at = packed.len() - TRAILER_BYTES;
    packed[at..at + 8].copy_from_slice(&u64::MAX.to_be_bytes());
    assert_eq!(find_appended(&packed), None);
}

#[test]
fn a_link_proof_holds_for_its_key_relay_and_nonce_only() {
    let seed = Seed::new([1; 32]);
    let (key, nonce) = (seed.public_key(), [2; 32]);
    let proof = prove_link(&seed, "lucca", &nonce);
    assert!(verify_link(&key, "lucca", &nonce, &proof));
    assert!(!verify_link(&key, "pisa", &nonce, &proof));
    assert!(!verify_link(&key, "lucca", &[3; 32], &proof));
    assert!(!verify_link(&Seed::new([4; 32]).public_key(), "lucca", &nonce, &proof));
    assert!(!verify_link(&key, "lucca", &nonce, &proof[..63]));
}

#[test]
fn a_seed_signs_as_rfc_8032_says() {
    // RFC 8032, 7.1, test 1: the empty message.
    let seed = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
        0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];
    let seed = Seed::new(seed);
    assert_eq!(seed.public_key()[..4], [0xd7, 0x5a, 0x98, 0x01]);
    assert_eq!(seed.sign(b"")[..4], [0xe5, 0x56, 0x43, 0x00]);
}

/// A TLS 1.3 server of this certificate and key; rustls checks that they belong together.
fn server_config(certificate: Vec<u8>, seed: &Seed) -> rustls::ServerConfig {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(seed.pkcs8_der().to_vec()));
    rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key)
        .unwrap()
}

#[derive(Debug)]
struct FixedTime;
impl rustls::time_provider::TimeProvider for FixedTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(NOW)))
    }
}

/// Whether a client that trusts `root` only completes a handshake with this server under `name`.
fn handshakes(server: rustls::ServerConfig, root: &[u8], name: &str) -> bool {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from(root)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_details(provider, Arc::new(FixedTime))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(client), name).unwrap();
    let mut server = rustls::ServerConnection::new(Arc::new(server)).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        server.read_tls(&mut bytes.as_slice()).unwrap();
        if server.process_new_packets().is_err() {
            return false;
        }
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        client.read_tls(&mut bytes.as_slice()).unwrap();
        if client.process_new_packets().is_err() {
            return false;
        }
    }
    true
}

#[test]
fn a_relay_certificate_serves_its_names_under_its_authority() {
    let authority = create_root(Seed::new([1; 32]), "Trial", &[1], NOW).ok().unwrap();
    let other = create_root(Seed::new([3; 32]), "Trial", &[1], NOW).ok().unwrap();
    let seed = Seed::new([2; 32]);
    let names = ["relay.lucca.example".to_owned(), "127.0.0.1".to_owned()];
    let certificate = server_certificate(&authority, &seed, &names, NOW).unwrap();
    let check = |root: &Authority, name: &str, expected: bool| {
        let server = server_config(certificate.clone(), &seed);
        assert_eq!(handshakes(server, root.certificate(), name), expected, "{name}");
    };
    check(&authority, "relay.lucca.example", true);
    check(&authority, "127.0.0.1", true);
    check(&authority, "pisa.example", false);
    check(&other, "relay.lucca.example", false);
}

#[test]
fn the_agents_channel_certificate_is_a_tls_server_certificate() {
    let seed = Seed::new([2; 32]);
    let certificate = channel_certificate(&seed, NOW).unwrap();
    // It is its own root here; the console pins it instead.
    assert!(handshakes(server_config(certificate.clone(), &seed), &certificate, "agent.ponte.invalid"));
}

#[test]
fn a_pin_belongs_to_the_key_not_to_the_certificate() {
    let (one, two) = (Seed::new([2; 32]), Seed::new([3; 32]));
    let pin = |seed: &Seed, now_s| spki_sha256(&channel_certificate(seed, now_s).unwrap()).unwrap();
    assert_eq!(pin(&one, NOW), pin(&one, NOW + DAY));
    assert_ne!(pin(&one, NOW), pin(&two, NOW));
    assert_eq!(spki_sha256(b"nonsense"), None);
}

#[test]
fn far_times_do_not_overflow() {
    for now_s in [0, 1, u64::MAX] {
        let root = create_root(Seed::new([1; 32]), "Trial", &[1], now_s).ok().unwrap();
        assert!(create_crl(&root, 1, &[Revoked { serial: vec![1], at_s: u64::MAX }], now_s).is_ok());
    }
    let made = sample(1);
    assert_eq!(verify(&open(&made), &made.operator_chain, None, u64::MAX).err(), Some(OperatorError::Expired));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_changed_byte_in_a_chain_never_proves_an_operator(which in 0_usize..2, at in any::<usize>(), change in 1_u8..) {
        let made = sample(1);
        let mut chain = made.operator_chain.clone();
        let at = at % chain[which].len();
        chain[which][at] ^= change;
        prop_assert!(verify(&open(&made), &chain, None, NOW).is_err());
    }

    #[test]
    fn a_changed_byte_in_an_organisation_file_is_refused(at in any::<usize>(), change in 1_u8..) {
        let mut file = sample(1).organisation_file;
        let at = at % file.len();
        file[at] ^= change;
        prop_assert!(Organisation::open(&file, NOW).is_err());
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let made = sample(1);
        let organisation = open(&made);
        prop_assert!(Organisation::open(&bytes, NOW).is_err());
        let after_head = [b"ponte-organisation 1\nAAAA\n".as_slice(), &bytes].concat();
        prop_assert!(Organisation::open(&after_head, NOW).is_err());
        prop_assert!(verify(&organisation, &[bytes.clone(), bytes.clone()], None, NOW).is_err());
        prop_assert!(verify(&organisation, &made.operator_chain, Some(&bytes), NOW).is_err());
        prop_assert!(Authority::open(Seed::new([1; 32]), bytes.clone()).is_err());
        prop_assert_eq!(find_appended(&bytes), None);
        prop_assert_eq!(crl_number(&bytes), None);
        prop_assert_eq!(spki_sha256(&bytes), None);
    }
}
