//! Certificates, revocation lists, organisation files and operator files.

use crate::bounded;
use identity::{
    CRL_BYTES, ORGANISATION_FILE_BYTES, Operator, OperatorError, Organisation, PROFILE_VERSION, Profile, RelayAddress,
    RelayNode, Revoked, Seed, TRAILER_BYTES, append_to_program, bytes_to_read, create_crl, crl_number, dev,
    find_appended, verify_operator,
};
use proto::limits::NAME_BYTES;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rustls_pki_types::CertificateDer;
use std::sync::LazyLock;
use vault::OperatorVault;

/// The time at which everything is checked, in seconds since 1970.
pub const NOW: u64 = 1_790_000_000;

/// The algorithm of every signature here, DER (RFC 8410, 3).
const ED25519: [u8; 7] = [0x30, 5, 6, 3, 0x2B, 0x65, 0x70];

/// An organisation with all its keys, the same in every run.
pub struct World {
    /// Its files and keys.
    pub made: dev::DevOrganisation,
    /// Its file, checked.
    pub organisation: Organisation,
    /// A revocation list that revokes somebody else, and one that revokes its operator.
    pub lists: [Vec<u8>; 2],
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let node = RelayNode { name: "a".into(), host: "relay.lucca.example".into(), port: 443 };
    let relay = RelayAddress { name: "lucca".into(), nodes: vec![node], pin: Some([5; 32]) };
    let made = dev::sample(&mut StdRng::seed_from_u64(1), NOW, relay).ok().unwrap();
    let organisation = Organisation::open(&made.organisation_file, NOW).unwrap();
    let operator = verify(&organisation, [&made.operator_chain[0], &made.operator_chain[1]], None).unwrap();
    let list = |number, serial: &[u8]| {
        let revoked = [Revoked { serial: serial.to_vec(), at_s: NOW - 1000 }];
        create_crl(&made.issuing, number, &revoked, NOW - 500).unwrap()
    };
    let lists = [list(7, &[1, 2, 3]), list(8, &operator.serial)];
    World { made, organisation, lists }
});

/// The organisation that everything here belongs to.
#[must_use]
pub fn world() -> &'static World {
    &WORLD
}

fn verify(organisation: &Organisation, chain: [&[u8]; 2], crl: Option<&[u8]>) -> Result<Operator, OperatorError> {
    verify_operator(organisation, &chain.map(CertificateDer::from), crl, NOW)
}

fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let mut der = vec![tag];
    match body.len() {
        0..0x80 => der.push(length[3]),
        0x80..0x100 => der.extend([0x81, length[3]]),
        0x100..0x1_0000 => der.extend([0x82, length[2], length[3]]),
        _ => der.extend([0x83, length[1], length[2], length[3]]),
    }
    der.extend_from_slice(body);
    der
}

/// What signs `body` in a certificate or list (RFC 5280, 4.1 and 5.1).
fn signed(body: &[u8], seed: &Seed) -> Vec<u8> {
    let signature = [&[0], &seed.sign(body)[..]].concat();
    tlv(0x30, &[body, &ED25519, &tlv(3, &signature)].concat())
}

/// What is signed inside a certificate or list.
#[must_use]
pub fn unsigned(der: &[u8]) -> &[u8] {
    let (outer, _) = head_and_length(der);
    let inside = &der[outer..];
    let (head, length) = head_and_length(inside);
    &inside[..head + length]
}

/// Bytes of a DER head, and the length that it tells.
fn head_and_length(der: &[u8]) -> (usize, usize) {
    match der[1] {
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(u16::from_be_bytes([der[2], der[3]]))),
        short => (2, usize::from(short)),
    }
}

/// What everything about a certificate may allocate, in bytes.
fn most_for(bytes: usize) -> usize {
    128 * bytes + 256 * 1024
}

fn check(operator: &Operator) {
    let names = [Some(&operator.name), Some(&operator.organisation), operator.team.as_ref()];
    for name in names.into_iter().flatten() {
        assert!(!name.trim().is_empty() && name.len() <= NAME_BYTES);
    }
    assert!(operator.profile.version <= PROFILE_VERSION);
    assert!(operator.not_before_s <= NOW && NOW <= operator.not_after_s);
    assert_ne!(operator.serial.first(), Some(&0));
}

/// First byte 0: the rest is a leaf as it came. 1: what an issuing authority that is not careful
/// would sign as one. 2: two certificates, the length of the first before it as two bytes, big endian.
pub fn certificate(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else { return };
    let world = world();
    let issuing = world.made.operator_chain[1].as_slice();
    let own = |bytes: &[u8], place: usize| bytes == world.made.operator_chain[place];
    let result = match how % 3 {
        0 => {
            let result = bounded(most_for(bytes.len()), || verify(&world.organisation, [bytes, issuing], None));
            assert!(result.is_err() || own(bytes, 0), "a foreign certificate holds");
            result
        }
        1 => {
            let leaf = signed(bytes, world.made.issuing.seed());
            bounded(most_for(leaf.len()), || verify(&world.organisation, [&leaf, issuing], None))
        }
        _ => {
            let Some((head, bytes)) = bytes.split_first_chunk::<2>() else { return };
            let at = usize::from(u16::from_be_bytes(*head)).min(bytes.len());
            let (leaf, issuing) = bytes.split_at(at);
            let result = bounded(most_for(bytes.len()), || verify(&world.organisation, [leaf, issuing], None));
            assert!(result.is_err() || (own(leaf, 0) && own(issuing, 1)), "a foreign chain holds");
            result
        }
    };
    if let Ok(operator) = result {
        check(&operator);
    }
}

/// The value of the certificate extension that carries a profile.
pub fn profile(data: &[u8]) {
    let Some(profile) = bounded(64 * data.len() + 4096, || Profile::from_extension(data)) else { return };
    assert!(profile.tools.len() <= data.len() / 4);
    let again = profile.to_extension().expect("what was read can be written");
    assert_eq!(Profile::from_extension(&again).as_ref(), Some(&profile));
    // What we write is no longer than what we read: unknown fields, tools and blanks are gone.
    assert!(again.len() <= data.len());
}

/// First byte even: the rest is a revocation list as it came. Odd: what the issuing authority would
/// sign as one.
pub fn revocations(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else { return };
    let world = world();
    let chain = [world.made.operator_chain[0].as_slice(), &world.made.operator_chain[1]];
    let forged = how % 2 == 0;
    let list = if forged { bytes.to_vec() } else { signed(bytes, world.made.issuing.seed()) };
    let number = bounded(most_for(list.len()), || crl_number(&list));
    match bounded(most_for(list.len()), || verify(&world.organisation, chain, Some(&list))) {
        Ok(operator) => {
            assert!(list.len() <= CRL_BYTES);
            assert!(!forged || list == world.lists[0], "a foreign list holds");
            check(&operator);
        }
        Err(OperatorError::Revoked) => assert!(!forged || list == world.lists[1], "a foreign list revokes"),
        Err(error) => assert!(!forged || world.lists.iter().all(|known| *known != list), "{error}"),
    }
    if forged && list == world.lists[0] {
        assert_eq!(number, Some(7));
    }
}

/// First byte even: the rest is an organisation file as it came. Odd: a payload that the root signs.
pub fn organisation(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else { return };
    let world = world();
    let own = how % 2 == 1;
    let file = if own {
        let first: &[u8] = b"ponte-organisation 1\n";
        let root = world.made.root.seed();
        let signature = base64(&root.sign(&[first, bytes].concat()));
        [first, signature.as_bytes(), b"\n", bytes].concat()
    } else {
        bytes.to_vec()
    };
    let Ok(organisation) = bounded(64 * file.len() + (1 << 16), || Organisation::open(&file, NOW)) else { return };
    assert!(file.len() <= ORGANISATION_FILE_BYTES);
    assert!(own || file == world.made.organisation_file, "a foreign file holds");
    let content = organisation.file();
    assert!(content.not_after_s >= NOW && !content.relay.nodes.is_empty());
    assert!(content.domain.is_ascii() && content.domain.contains('.'));
    for language in ["it", "it-CH", "xx", ""] {
        assert!(!organisation.name_for(language).is_empty());
        let _ = (organisation.terms_for(language), organisation.privacy_for(language));
    }
    // Only growing by the blanks of its own writing may make it too long.
    let Ok(again) = content.sign(world.made.root.seed()) else {
        assert!(file.len() > ORGANISATION_FILE_BYTES / 16);
        return;
    };
    let mut read = Organisation::open(&again, NOW).expect("what was written opens").file().clone();
    // Numbers with fractions need not come back exactly; all else does.
    read.policy.clone_from(&content.policy);
    assert_eq!(&read, content);
}

fn base64(bytes: &[u8]) -> String {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for piece in bytes.chunks(3) {
        let bits = piece.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - piece.len()));
        for place in 0..4 {
            let symbol = SYMBOLS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= piece.len() { char::from(symbol) } else { '=' });
        }
    }
    text
}

/// The last bytes of a program, with an organisation file appended or not.
pub fn appended(data: &[u8]) {
    let found = bounded(0, || find_appended(data));
    let to_read = data.last_chunk::<TRAILER_BYTES>().and_then(bytes_to_read);
    if let Some(file) = found {
        assert!(file.len() <= ORGANISATION_FILE_BYTES && data.len() >= file.len() + TRAILER_BYTES);
        assert_eq!(to_read, Some(file.len() + TRAILER_BYTES));
        assert_eq!(&data[data.len() - TRAILER_BYTES - file.len()..][..file.len()], file);
    } else {
        assert!(to_read.is_none_or(|length| length > data.len()));
    }
    // Any program carries any file, and carries one at a time.
    let (program, file) = data.split_at(data.len() / 2);
    let once = append_to_program(program, file);
    assert_eq!(find_appended(&once), Some(file));
    let other = append_to_program(&once, b"other");
    assert_eq!(find_appended(&other), Some(&b"other"[..]));
    assert_eq!(other, append_to_program(program, b"other"));
}

/// An operator's sealed key and certificates. The password is not tried: that takes a second each time.
pub fn operator_vault(data: &[u8]) {
    let Ok(vault) = bounded(64 * data.len() + (1 << 16), || OperatorVault::open_bytes(data)) else { return };
    let bytes = vault.to_bytes();
    let again = OperatorVault::open_bytes(&bytes).expect("what was written opens");
    assert_eq!((again.chain(), again.public_key(), again.name()), (vault.chain(), vault.public_key(), vault.name()));
    assert_eq!(again.to_bytes(), bytes);
}
