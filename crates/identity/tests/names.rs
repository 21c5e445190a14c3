//! Names in certificates: what a person is shown cannot steer a terminal or rearrange the text around it.

// The lint knows only functions marked as tests, not what they share.
#![allow(clippy::unwrap_used)]

use identity::{
    OperatorError, Organisation, PROFILE_OID, Profile, RelayAddress, RelayNode, Seed, dev, verify_operator,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rcgen::{CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, Issuer, date_time_ymd};
use rustls::pki_types::CertificateDer;

const NOW: u64 = 1_790_000_000;

fn sample() -> dev::DevOrganisation {
    let node = RelayNode { name: "a".into(), host: "relay.lucca.example".into(), port: 443 };
    let relay = RelayAddress { name: "lucca".into(), nodes: vec![node], pin: None };
    dev::sample(&mut StdRng::seed_from_u64(1), NOW, relay).ok().unwrap()
}

/// Who a certificate proves that an authority issued without looking at the names.
fn proven(made: &dev::DevOrganisation, name: &str, team: &str) -> Result<String, OperatorError> {
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let profile = Profile::all_tools().to_extension().unwrap();
    params.custom_extensions = vec![CustomExtension::from_oid_content(&PROFILE_OID, profile)];
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Odd");
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationalUnitName, team);
    let issuer = Issuer::from_ca_cert_der(&made.issuing.certificate().into(), made.issuing.seed()).unwrap();
    let leaf = params.signed_by(&Seed::new([77; 32]), &issuer).unwrap().der().to_vec();
    let organisation = Organisation::open(&made.organisation_file, NOW).unwrap();
    let chain = [CertificateDer::from(leaf), made.issuing.certificate().into()];
    verify_operator(&organisation, &chain, None, NOW).map(|operator| operator.name)
}

#[test]
fn a_name_that_steers_a_terminal_or_rearranges_text_proves_nobody() {
    let made = sample();
    for good in ["Giulia", "מִרְיָם", "می\u{200C}خواهم"] {
        assert_eq!(proven(&made, good, "North"), Ok(good.to_owned()));
    }
    for bad in ["\u{1b}]0;Giulia\u{7}", "a\nb", "a\u{9b}2Jb", "a\u{202E}b", "a\u{2066}b", "a\u{2028}b"] {
        assert_eq!(proven(&made, bad, "North"), Err(OperatorError::Malformed), "{bad:?}");
        assert_eq!(proven(&made, "Giulia", bad), Err(OperatorError::Malformed), "{bad:?}");
    }
}
