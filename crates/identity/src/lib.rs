//! Organisations, operators and the certificates that prove them.
//!
//! An organisation is a root key and a signed file; the root certifies an issuing authority, that
//! certifies operators for 30 days and revokes them. Everything here is a pure function of bytes:
//! keys are 32-byte seeds, serial numbers, time (seconds since 1970) and randomness are arguments.
//! What is absent: files, clocks, sockets, the protection of keys at rest, and any trust in an
//! organisation that only calls itself something: see [`Organisation`].
//!
//! Read [`Organisation`] and [`verify_operator`] first.

mod authority;
pub mod dev;
mod enrol;
mod hours;
mod operator_file;
mod organisation;
mod packaging;
mod policy;
mod profile;
mod revocations;
mod seed;
mod text;
mod tls;
mod verify;

pub use authority::{
    Authority, BACKDATED_SECONDS, CRL_SECONDS, IssueError, OPERATOR_SECONDS, OperatorRequest, Revoked, create_crl,
    create_issuing, create_root, crl_number, issue_operator,
};
pub use enrol::{
    ENROLMENT_BYTES, ENROLMENT_REQUEST_BYTES, Enrolment, EnrolmentError, EnrolmentRequest, key_fingerprint,
    unverified_leaf,
};
pub use hours::{Day, Hours, is_time_zone};
pub use operator_file::OperatorFile;
pub use organisation::{
    ORGANISATION_FILE_BYTES, Organisation, OrganisationError, OrganisationFile, RelayAddress, RelayNode,
};
pub use packaging::{TRAILER_BYTES, append_to_program, bytes_to_read, find_appended};
pub use policy::{POLICY_RULES, Policy, PolicyError, PolicyKind, PolicyRule};
pub use profile::{PROFILE_BYTES, PROFILE_OID, PROFILE_VERSION, Profile};
pub use seed::{Seed, prove_link, verify_link};
pub use tls::{channel_certificate, server_certificate, spki_sha256};
pub use verify::{CRL_BYTES, CRL_GRACE_SECONDS, Operator, OperatorError, verify_not_revoked, verify_operator};
