//! Revocation lists of a relay that runs, hours and ends of certificates, on real sockets.

use crate::ends::{Ends, Pair, World, any_port, both_ways, lasting_port, settings};
use crate::pairs::Killable;
use identity::{
    Authority, Day, Hours, OperatorFile, OperatorRequest, Organisation, Profile, Revoked, Seed, create_crl,
    create_issuing, issue_operator,
};
use link::{Link, LinkError, LinkKind};
use proto::Blob;
use proto::relay::{EndToRelay, Refusal, RelayToEnd, Ticket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use tokio::time::{interval, timeout};

const LOOK: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(60);
/// Serial numbers of operators who were issued here.
const SERIAL: [u8; 2] = [0x55, 1];
const OTHER_SERIAL: [u8; 2] = [0x55, 2];

fn now_s() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

/// The organisation of a trial's folder, with the keys that sign for it.
struct Office {
    issuing: Authority,
    root: Authority,
}

impl Office {
    fn of(dir: &Path) -> Self {
        let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
        let seed = |name: &str| Seed::new(read(name).try_into().unwrap());
        let organisation = Organisation::open(&read("organisation.ponte"), now_s()).unwrap();
        let root = organisation.file().roots[0].clone();
        Self {
            issuing: Authority::open(seed("issuing.seed"), read("issuing.der")).unwrap(),
            root: Authority::open(seed("root.seed"), root).unwrap(),
        }
    }

    /// A second issuing authority of the same organisation.
    fn second(&self) -> Authority {
        create_issuing(&self.root, Seed::new([9; 32]), &[0x77], now_s()).unwrap()
    }

    fn list(&self, number: u64, revoked: &[&[u8]]) -> Vec<u8> {
        list_of(&self.issuing, number, revoked)
    }
}

fn list_of(issuing: &Authority, number: u64, revoked: &[&[u8]]) -> Vec<u8> {
    let revoked: Vec<Revoked> =
        revoked.iter().map(|serial| Revoked { serial: serial.to_vec(), at_s: now_s() }).collect();
    create_crl(issuing, number, &revoked, now_s()).unwrap()
}

/// Another operator of the organisation.
fn operator(issuing: &Authority, serial: &[u8], profile: Profile) -> OperatorFile {
    let seed = Seed::new([serial[1]; 32]);
    let request = OperatorRequest { name: "Anna Bianchi".to_owned(), team: None, profile };
    let leaf = issue_operator(issuing, &seed.public_key(), &request, serial, now_s()).unwrap();
    OperatorFile { chain: vec![leaf, issuing.certificate().to_vec()], seed }
}

/// As a file is replaced properly.
fn put(dir: &Path, list: &[u8]) {
    std::fs::write(dir.join("new.crl"), list).unwrap();
    std::fs::rename(dir.join("new.crl"), dir.join("revoked.crl")).unwrap();
}

impl World {
    async fn looking() -> (Self, Office) {
        let world = Self::with(|settings| settings.looking_at_lists_every(LOOK)).await;
        let office = Office::of(world.dir.path());
        (world, office)
    }

    fn ends_of(&self, issuing: &Authority, serial: &[u8]) -> Ends {
        let mut ends = self.ends();
        ends.operator = operator(issuing, serial, Profile::all_tools());
        ends
    }

    fn put(&self, list: &[u8]) {
        put(self.dir.path(), list);
    }

    /// Waits until new links are told of this list.
    async fn announces(&self, number: u64) {
        let ends = self.ends();
        let heard = async { while ends.link(LinkKind::Tls).await.unwrap().welcome.crl_number != number {} };
        timeout(PATIENCE, heard).await.unwrap();
    }

    /// Waits until so many lists were refused.
    async fn has_refused(&self, count: usize) {
        let mut tick = interval(LOOK);
        let refused = async {
            while self.relay.stats().lists_refused != count {
                tick.tick().await;
            }
        };
        timeout(PATIENCE, refused).await.unwrap();
    }
}

async fn recv(link: &mut Link) -> Result<RelayToEnd, LinkError> {
    timeout(PATIENCE, link.control.recv()).await.unwrap()
}

/// The link is told why, and closed.
async fn refused(link: &mut Link, refusal: Refusal) {
    assert_eq!(recv(link).await.unwrap(), RelayToEnd::Refused { refusal });
    assert!(matches!(recv(link).await, Err(LinkError::Closed)));
}

async fn proven(ends: &Ends) -> Link {
    let mut link = ends.link(LinkKind::Quic).await.unwrap();
    assert_eq!(ends.prove(&mut link).await, RelayToEnd::Proved);
    link
}

async fn attach(mut link: Link, ticket: &Ticket) -> RelayToEnd {
    link.control.send(&EndToRelay::Attach { ticket: ticket.clone() }).await.unwrap();
    recv(&mut link).await.unwrap()
}

/// A part of the list: number, length of the whole, and the part.
async fn fetch(link: &mut Link, from: usize) -> (u64, usize, Vec<u8>) {
    let from = u32::try_from(from).unwrap();
    link.control.send(&EndToRelay::FetchRevocations { from }).await.unwrap();
    match recv(link).await.unwrap() {
        RelayToEnd::Revocations { number, total_bytes, from: begins, part } if begins == from => {
            (number, total_bytes.try_into().unwrap(), part.as_slice().to_vec())
        }
        other => panic!("{other:?}"),
    }
}

async fn whole(link: &mut Link) -> Vec<u8> {
    let mut list = Vec::new();
    loop {
        let (_, total, part) = fetch(link, list.len()).await;
        list.extend(part);
        if list.len() >= total {
            return list;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_operator_is_refused() {
    // The list is there at the start, or comes before anybody has proven anything.
    for at_the_start in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        drop(settings(dir.path(), any_port()));
        let office = Office::of(dir.path());
        let list = office.list(3, &[&SERIAL]);
        if at_the_start {
            put(dir.path(), &list);
        }
        let world = World::inside(dir, |settings| settings.looking_at_lists_every(LOOK)).await;
        world.put(&list);
        world.announces(3).await;
        let revoked = world.ends_of(&office.issuing, &SERIAL);
        let mut link = revoked.link(LinkKind::Quic).await.unwrap();
        assert_eq!(revoked.prove(&mut link).await, RelayToEnd::Refused { refusal: Refusal::Revoked });
        assert!(matches!(recv(&mut link).await, Err(LinkError::Closed)));
        let pair = world.ends().pair(LinkKind::Quic, LinkKind::Tls).await;
        assert_eq!(pair.crl_number, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_is_revoked_meanwhile_is_thrown_out_at_once() {
    let (world, office) = World::looking().await;
    let (revoked, other) = (world.ends_of(&office.issuing, &SERIAL), world.ends_of(&office.issuing, &OTHER_SERIAL));
    let mut session = revoked.pair(LinkKind::Quic, LinkKind::Tls).await;
    let mut goes_on = other.pair(LinkKind::Tls, LinkKind::Quic).await;
    assert_eq!((session.crl_number, goes_on.crl_number), (0, 0));
    let mut idle = proven(&revoked).await;
    let mut waiting = proven(&revoked).await;
    waiting.control.send(&EndToRelay::Offer).await.unwrap();
    let RelayToEnd::Offered { locator, .. } = recv(&mut waiting).await.unwrap() else { panic!() };
    both_ways(&mut session.console, &mut session.agent, 20).await;

    world.put(&office.list(1, &[&SERIAL]));
    for console in [&mut session.console, &mut idle, &mut waiting] {
        refused(console, Refusal::Revoked).await;
    }
    assert_eq!(recv(&mut session.agent).await.unwrap(), RelayToEnd::PeerLeft);
    world.announces(1).await;
    let mut late = revoked.link(LinkKind::Tls).await.unwrap();
    late.control.send(&EndToRelay::Join { locator, p1: Blob::default(), work: None }).await.unwrap();
    assert_eq!(recv(&mut late).await.unwrap(), RelayToEnd::NotFound);
    for ticket in [&session.console_ticket, &session.agent_ticket] {
        let link = revoked.link(LinkKind::Quic).await.unwrap();
        assert_eq!(attach(link, ticket).await, RelayToEnd::Refused { refusal: Refusal::BadTicket });
    }
    both_ways(&mut goes_on.console, &mut goes_on.agent, 20).await;
    let again = other.pair(LinkKind::Quic, LinkKind::Quic).await;
    assert_eq!(again.crl_number, 1);
}

/// A relay by this clock, and an operator who works from 8 to 18.
async fn by_the_clock(clock: &Arc<AtomicU64>) -> (World, Ends) {
    let clock = clock.clone();
    let world = World::with(|settings| settings.with_clock(Arc::new(move || clock.load(Ordering::Relaxed)))).await;
    let mut ends = world.ends();
    let hours = vec![Hours { days: Day::ALL.to_vec(), from_minute: 8 * 60, to_minute: 18 * 60 }];
    let profile = Profile { hours, ..Profile::all_tools() };
    ends.operator = operator(&Office::of(world.dir.path()).issuing, &SERIAL, profile);
    (world, ends)
}

const HOUR: u64 = 60 * 60;

/// Tomorrow, when it is afternoon in Italy.
fn working_hour() -> u64 {
    (now_s() / (24 * HOUR) + 1) * 24 * HOUR + 12 * HOUR
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_his_hours_an_operator_can_neither_prove_himself_nor_offer() {
    let clock = Arc::new(AtomicU64::new(working_hour()));
    let (_world, ends) = by_the_clock(&clock).await;
    let mut link = proven(&ends).await;
    link.control.send(&EndToRelay::Offer).await.unwrap();
    assert!(matches!(recv(&mut link).await.unwrap(), RelayToEnd::Offered { .. }));

    clock.fetch_add(10 * HOUR, Ordering::Relaxed);
    link.control.send(&EndToRelay::Offer).await.unwrap();
    assert!(matches!(recv(&mut link).await.unwrap(), RelayToEnd::OfferEnded { .. }));
    refused(&mut link, Refusal::OutsideHours).await;
    let mut late = ends.link(LinkKind::Tls).await.unwrap();
    assert_eq!(ends.prove(&mut late).await, RelayToEnd::Refused { refusal: Refusal::OutsideHours });
    assert!(matches!(recv(&mut late).await, Err(LinkError::Closed)));

    clock.fetch_add(14 * HOUR, Ordering::Relaxed);
    proven(&ends).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_whose_certificate_ends_while_he_is_there_can_offer_no_more() {
    let clock = Arc::new(AtomicU64::new(working_hour()));
    let (_world, ends) = by_the_clock(&clock).await;
    let mut link = proven(&ends).await;
    clock.fetch_add(30 * 24 * HOUR, Ordering::Relaxed);
    link.control.send(&EndToRelay::Offer).await.unwrap();
    refused(&mut link, Refusal::CertificateTime).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_comes_in_parts_also_when_another_replaces_it_in_between() {
    let (world, office) = World::looking().await;
    let ends = world.ends();
    let mut link = proven(&ends).await;
    assert_eq!(fetch(&mut link, 0).await, (0, 0, Vec::new()));

    let serials: Vec<[u8; 3]> = (0..250).map(|number| [0x44, 1, number]).collect();
    let serials: Vec<&[u8]> = serials.iter().map(|serial| &serial[..]).collect();
    let lists = [office.list(1, &serials), office.list(2, &serials[..220])];
    assert!(lists.iter().all(|list| list.len() > 4 * proto::limits::REVOCATIONS_PART_BYTES));
    world.put(&lists[0]);
    world.announces(1).await;
    assert_eq!(whole(&mut link).await, lists[0]);
    link.control.send(&EndToRelay::Offer).await.unwrap();
    assert!(matches!(recv(&mut link).await.unwrap(), RelayToEnd::Offered { .. }));
    let (number, total, part) = fetch(&mut link, 900).await;
    assert_eq!((number, total, &part[..]), (1, lists[0].len(), &lists[0][900..1800]));
    for beyond in [lists[0].len(), lists[0].len() + 1, u32::MAX as usize] {
        assert_eq!(fetch(&mut link, beyond).await, (1, lists[0].len(), Vec::new()));
    }

    world.put(&lists[1]);
    world.announces(2).await;
    let (number, total, part) = fetch(&mut link, 1800).await;
    assert_eq!((number, total, &part[..]), (2, lists[1].len(), &lists[1][1800..2700]));
    assert_eq!(whole(&mut link).await, lists[1]);

    let mut nobody = ends.link(LinkKind::Tls).await.unwrap();
    nobody.control.send(&EndToRelay::FetchRevocations { from: 0 }).await.unwrap();
    refused(&mut nobody, Refusal::Unexpected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_that_is_no_good_leaves_the_list_before_in_force() {
    let (world, office) = World::looking().await;
    let first = office.list(5, &[&SERIAL]);
    world.put(&first);
    world.announces(5).await;
    let mut link = proven(&world.ends()).await;

    let next = office.list(6, &[]);
    let foreign_root = identity::create_root(Seed::new([3; 32]), "Assistenza Comune di Lucca", &[1], now_s()).unwrap();
    let foreign = create_issuing(&foreign_root, Seed::new([4; 32]), &[2], now_s()).unwrap();
    let mut altered = next.clone();
    *altered.last_mut().unwrap() ^= 1;
    let ended = create_crl(&office.issuing, 6, &[], now_s() - 30 * 24 * HOUR).unwrap();
    let bad: [(&str, Vec<u8>); 9] = [
        ("garbage", b"no list".to_vec()),
        ("empty", Vec::new()),
        ("half-written", next[..next.len() / 2].to_vec()),
        ("too long", vec![0x30; identity::CRL_BYTES + 1]),
        ("older", office.list(4, &[])),
        ("of the same number", office.list(5, &[])),
        ("foreign", list_of(&foreign, 6, &[])),
        ("altered", altered),
        ("long ended", ended),
    ];
    for (count, (what, file)) in bad.iter().enumerate() {
        world.put(file);
        world.has_refused(count + 1).await;
        assert_eq!(fetch(&mut link, 0).await.0, 5, "{what}");
        assert_eq!(whole(&mut link).await, first, "{what}");
        let revoked = world.ends_of(&office.issuing, &SERIAL);
        let mut again = revoked.link(LinkKind::Quic).await.unwrap();
        assert_eq!(again.welcome.crl_number, 5, "{what}");
        assert_eq!(revoked.prove(&mut again).await, RelayToEnd::Refused { refusal: Refusal::Revoked }, "{what}");
        proven(&world.ends()).await;
    }
    std::fs::remove_file(world.dir.path().join("revoked.crl")).unwrap();
    world.put(&next);
    world.announces(6).await;
    assert_eq!(whole(&mut link).await, next);
    proven(&world.ends_of(&office.issuing, &SERIAL)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_a_new_issuing_authority_holds_once_an_operator_of_it_comes() {
    let (world, office) = World::looking().await;
    world.put(&office.list(1, &[]));
    world.announces(1).await;
    proven(&world.ends()).await;
    let second = office.second();
    let list = list_of(&second, 2, &[&SERIAL]);
    world.put(&list);
    world.has_refused(1).await;
    proven(&world.ends()).await;
    let newer = world.ends_of(&second, &OTHER_SERIAL);
    assert_eq!(newer.link(LinkKind::Tls).await.unwrap().welcome.crl_number, 1);
    let mut link = proven(&newer).await;
    assert_eq!(whole(&mut link).await, list);
    let revoked = world.ends_of(&second, &SERIAL);
    let mut link = revoked.link(LinkKind::Tls).await.unwrap();
    assert_eq!(link.welcome.crl_number, 2);
    assert_eq!(revoked.prove(&mut link).await, RelayToEnd::Refused { refusal: Refusal::Revoked });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_was_started_with_a_list_of_somebody_else_takes_no_operator() {
    let dir = tempfile::tempdir().unwrap();
    drop(settings(dir.path(), any_port()));
    let office = Office::of(dir.path());
    put(dir.path(), &list_of(&office.second(), 9, &[]));
    let world = World::inside(dir, |settings| settings.looking_at_lists_every(LOOK)).await;
    let ends = world.ends();
    for _ in 0..2 {
        let mut link = ends.link(LinkKind::Tls).await.unwrap();
        assert_eq!(ends.prove(&mut link).await, RelayToEnd::Refused { refusal: Refusal::NotCertified });
    }
    assert_eq!(world.relay.stats().lists_refused, 1);
    // A lower number than that of the list that never held.
    world.put(&office.list(2, &[]));
    world.announces(2).await;
    proven(&ends).await;
}

/// A session whose relay is killed and started again at the same place, with this list.
async fn started_again(new_list: impl FnOnce(&Office) -> Option<Vec<u8>>) -> (tempfile::TempDir, Killable, Ends, Pair) {
    let dir = tempfile::tempdir().unwrap();
    drop(settings(dir.path(), any_port()));
    let office = Office::of(dir.path());
    put(dir.path(), &office.list(1, &[&OTHER_SERIAL]));
    // As if it had been running for a while with that list.
    let relay = Killable::start(dir.path().to_owned(), lasting_port()).await;
    let address = relay.relay.local_addr();
    relay.kill().await;
    let kept = dir.path().join("lists.json");
    let mut records: serde_json::Value = serde_json::from_slice(&std::fs::read(&kept).unwrap()).unwrap();
    records[0]["since_s"] = (now_s() - HOUR).into();
    std::fs::write(&kept, records.to_string()).unwrap();

    let relay = Killable::start(dir.path().to_owned(), address).await;
    let mut ends = Ends::of(dir.path());
    ends.operator = operator(&office.issuing, &SERIAL, Profile::all_tools());
    let pair = ends.pair(LinkKind::Quic, LinkKind::Tls).await;
    assert_eq!(pair.crl_number, 1);
    relay.kill().await;
    if let Some(list) = new_list(&office) {
        put(dir.path(), &list);
    }
    let again = Killable::start(dir.path().to_owned(), address).await;
    (dir, again, ends, pair)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_was_started_again_takes_tickets_made_under_the_same_list() {
    let (_dir, again, ends, pair) = started_again(|_| None).await;
    let mut agent = ends.attach(LinkKind::Tls, pair.agent_ticket).await;
    let mut console = ends.attach(LinkKind::Quic, pair.console_ticket).await;
    both_ways(&mut console, &mut agent, 20).await;
    again.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_was_started_again_with_a_new_list_wants_a_proof_with_the_ticket() {
    let (_dir, again, ends, pair) = started_again(|office| Some(office.list(2, &[&OTHER_SERIAL]))).await;
    let mut agent = ends.attach(LinkKind::Tls, pair.agent_ticket).await;
    let without = ends.link(LinkKind::Quic).await.unwrap();
    assert_eq!(attach(without, &pair.console_ticket).await, RelayToEnd::Refused { refusal: Refusal::BadTicket });
    let mut console = proven(&ends).await;
    console.control.send(&EndToRelay::Attach { ticket: pair.console_ticket }).await.unwrap();
    let attached = recv(&mut console).await.unwrap();
    assert!(matches!(attached, RelayToEnd::Attached { peer_present: true, .. }), "{attached:?}");
    both_ways(&mut console, &mut agent, 20).await;
    again.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_revoked_while_the_relay_was_down_does_not_come_back() {
    let (_dir, again, ends, pair) = started_again(|office| Some(office.list(2, &[&SERIAL]))).await;
    let without = ends.link(LinkKind::Quic).await.unwrap();
    assert_eq!(attach(without, &pair.console_ticket).await, RelayToEnd::Refused { refusal: Refusal::BadTicket });
    let mut link = ends.link(LinkKind::Quic).await.unwrap();
    assert_eq!(ends.prove(&mut link).await, RelayToEnd::Refused { refusal: Refusal::Revoked });
    again.kill().await;
}
