//! What proof costs: an operator's certificate against a long list of revoked ones, and a long log.

use crate::Failure;
use audit_log::{Begin, Event, FORMAT, Hex, LogKey, Report, Role, Writer, operator_statement};
use identity::{Organisation, Revoked, Seed, create_crl, verify_not_revoked};
use rand::rngs::OsRng;
use ring::digest::{SHA256, digest};
use rustls_pki_types::CertificateDer;
use serde::Serialize;
use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};
use testkit::NOW_S;
use webpki::OwnedCertRevocationList;

/// Entries of the list of revoked certificates.
const REVOKED: u32 = 10_000;
/// Entries of the log.
const ENTRIES: u64 = 100_000;
/// The certificate must be judged within this time.
const CERTIFICATE_WITHIN: Duration = Duration::from_millis(5);
/// The log must be judged within this time.
const LOG_WITHIN: Duration = Duration::from_secs(1);
/// How often each is measured.
const ROUNDS: usize = 15;

/// One row: ours, and a bare library doing the least part of it in the same round.
#[derive(Debug, Serialize)]
pub struct Row {
    what: &'static str,
    /// Milliseconds, one for each round.
    ours_ms: Vec<f64>,
    bare_ms: Vec<f64>,
    bare: &'static str,
    limit_ms: f64,
}

/// All rows.
#[derive(Debug, Serialize)]
pub struct Table {
    rows: Vec<Row>,
}

/// Measures.
///
/// # Errors
/// [`Failure`] if what is measured does not come to the right end.
pub fn run() -> Result<Table, Failure> {
    Ok(Table { rows: vec![certificate()?, log()?] })
}

impl Table {
    /// Whether everything stays within its limit.
    ///
    /// # Errors
    /// [`Failure`] names what does not.
    pub fn check(&self) -> Result<(), Failure> {
        match self.rows.iter().find(|row| middle(&row.ours_ms) > row.limit_ms) {
            Some(row) => Err(format!("{} takes longer than {} ms", row.what, row.limit_ms).into()),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            let (ours, bare) = (middle(&row.ours_ms), middle(&row.bare_ms));
            let ratios: Vec<f64> = row.ours_ms.iter().zip(&row.bare_ms).map(|(ours, bare)| ours / bare).collect();
            let (least, most) = ratios.iter().fold((f64::MAX, 0.0_f64), |(l, m), r| (l.min(*r), m.max(*r)));
            let (ratio, rounds) = (middle(&ratios), ratios.len());
            writeln!(f, "{}: {ours:.2} ms, limit {:.0} ms", row.what, row.limit_ms)?;
            writeln!(f, "  {}: {bare:.2} ms; ratio {ratio:.2}, {least:.2} to {most:.2} in {rounds} rounds", row.bare)?;
        }
        Ok(())
    }
}

fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let began = Instant::now();
    let done = black_box(work());
    (began.elapsed().as_secs_f64() * 1000.0, done)
}

fn certificate() -> Result<Row, Failure> {
    let made = testkit::organisation(1, "127.0.0.1", 443, None, NOW_S);
    let organisation = Organisation::open(&made.organisation_file, NOW_S)?;
    let chain: Vec<CertificateDer<'_>> = made.operator_chain.iter().map(|der| der.as_slice().into()).collect();
    // Serial numbers as an organisation draws them: 16 bytes that say nothing.
    let revoked: Vec<Revoked> = (0..REVOKED)
        .map(|number| {
            let mut serial = digest(&SHA256, &number.to_be_bytes()).as_ref().to_vec();
            serial.truncate(16);
            serial.insert(0, 0x40);
            Revoked { serial, at_s: NOW_S }
        })
        .collect();
    let list = create_crl(&made.issuing, 7, &revoked, NOW_S)?;
    let mut row = Row {
        what: "certificate against a list of 10,000",
        ours_ms: Vec::new(),
        bare_ms: Vec::new(),
        bare: "webpki reading the list alone",
        limit_ms: CERTIFICATE_WITHIN.as_secs_f64() * 1000.0,
    };
    for _ in 0..ROUNDS {
        let (ours, verified) = timed(|| verify_not_revoked(&organisation, &chain, Some(&list), 7, NOW_S));
        if verified != Ok(7) {
            return Err("the certificate should hold".into());
        }
        let (bare, read) = timed(|| OwnedCertRevocationList::from_der(&list).is_ok());
        if !read {
            return Err("the list should be readable".into());
        }
        row.ours_ms.push(ours);
        row.bare_ms.push(bare);
    }
    Ok(row)
}

fn log() -> Result<Row, Failure> {
    let operator = Seed::random(&mut OsRng);
    let keys = |byte| LogKey::new(&[byte; 32]).ok_or("a key");
    let (agent, console) = (keys(1)?, keys(2)?);
    let channel = Hex([3; 32]);
    let begin = Begin {
        format: FORMAT,
        channel,
        agent_key: agent.public(),
        console_key: console.public(),
        operator_key: Hex(operator.public_key()),
        operator_certificate: Hex([4; 32]),
        operator_proof: Hex(operator.sign(&operator_statement(channel, console.public()))),
        at_ms: NOW_S * 1000,
    };
    let (mut writer, first) = Writer::begin(begin, agent);
    let mut log = first + "\n";
    for number in 1..=ENTRIES {
        log += &writer.append(NOW_S * 1000 + number, Event::Link { up: number % 2 == 0 });
        log.push('\n');
    }
    log += &(writer.sign(NOW_S * 1000) + "\n");
    let mut row = Row {
        what: "log of 100,000 entries",
        ours_ms: Vec::new(),
        bare_ms: Vec::new(),
        bare: "SHA-256 and JSON of its lines alone",
        limit_ms: LOG_WITHIN.as_secs_f64() * 1000.0,
    };
    for _ in 0..ROUNDS {
        let (ours, report) = timed(|| Report::of(&log));
        if !report.holds() || report.signed.get(&Role::Agent) != Some(&ENTRIES) {
            return Err("the log should hold".into());
        }
        let (bare, lines) = timed(|| {
            let is_whole = |line: &&str| {
                black_box(digest(&SHA256, line.as_bytes()));
                serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok()
            };
            log.lines().filter(is_whole).count()
        });
        if lines as u64 != ENTRIES + 2 {
            return Err("each line should be JSON".into());
        }
        row.ours_ms.push(ours);
        row.bare_ms.push(bare);
    }
    Ok(row)
}
