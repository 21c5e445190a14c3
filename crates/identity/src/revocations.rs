//! The head of a revocation list (RFC 5280, 5.1): its number and its end, without reading the entries.
//!
//! A list of ten thousand entries is judged for every session; whoever wants only its number must not pay for
//! all of them. Nothing here says who signed the list.

use x509_parser::asn1_rs::{Any, FromDer as _, Tag};
use x509_parser::time::ASN1Time;

/// Version 2 as lists write it.
const VERSION_2: u8 = 1;

/// The object identifier of the list's number, 2.5.29.20, in DER.
const CRL_NUMBER: [u8; 3] = [0x55, 0x1D, 0x14];

/// What stands before and after the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListHead {
    /// The list's number, if it has one that fits.
    pub(crate) number: Option<u64>,
    /// When it is to be replaced, in seconds since 1970.
    pub(crate) next_update_s: u64,
}

impl ListHead {
    /// Reads it; `None` if this is no list of version 2 with an end.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let (_, list) = sequence(der)?;
        let (_, head) = sequence(list)?;
        let (rest, version) = Any::from_der(head).ok()?;
        if version.tag() != Tag::Integer || version.data != [VERSION_2] {
            return None;
        }
        let (rest, _algorithm) = sequence(rest)?;
        let (rest, _issuer) = sequence(rest)?;
        let (rest, _this_update) = ASN1Time::from_der(rest).ok()?;
        let (rest, next_update) = ASN1Time::from_der(rest).ok()?;
        let next_update_s = u64::try_from(next_update.timestamp()).ok()?;
        Some(Self { number: extensions(rest).and_then(number), next_update_s })
    }
}

/// The content of a sequence, and what follows it.
fn sequence(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, any) = Any::from_der(der).ok()?;
    (any.tag() == Tag::Sequence).then_some((rest, any.data))
}

/// The extensions, which stand behind the entries where there are any.
fn extensions(rest: &[u8]) -> Option<&[u8]> {
    let (rest, any) = Any::from_der(rest).ok()?;
    let tagged = if any.tag() == Tag::Sequence { Any::from_der(rest).ok()?.1 } else { any };
    sequence(tagged.data).map(|(_, content)| content)
}

/// The number among these extensions.
fn number(mut extensions: &[u8]) -> Option<u64> {
    while !extensions.is_empty() {
        let (rest, extension) = sequence(extensions)?;
        extensions = rest;
        let (mut value, id) = Any::from_der(extension).ok()?;
        if id.tag() != Tag::Oid || id.data != CRL_NUMBER {
            continue;
        }
        let (after, mut any) = Any::from_der(value).ok()?;
        if any.tag() == Tag::Boolean {
            value = after;
            any = Any::from_der(value).ok()?.1;
        }
        let (_, number) = Any::from_der(any.data).ok()?;
        let digits = crate::authority::without_leading_zeros(number.data);
        let is_number = number.tag() == Tag::Integer && number.data.first().is_some_and(|first| *first < 0x80);
        return (is_number && digits.len() <= 8)
            .then(|| digits.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    }
    None
}
