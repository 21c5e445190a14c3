//! Every limit of the service in one place, each with its reason.
//!
//! Limits of the wire are in `proto::limits`.

use std::time::Duration;

/// From the first byte of a link to its first message, and from there to a proof being judged.
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long an anonymous link may stay without being paired: pairing takes two round trips and a
/// key agreement, the person's typing happens before the link. Begins again with each join.
pub const UNPAIRED: Duration = Duration::from_secs(30);
/// The same in all, from the link's beginning on and whatever it says: time for a few mistyped
/// keys, some work and the right key, and no place held for ever.
pub const UNPAIRED_IN_ALL: Duration = Duration::from_secs(180);
/// How long an offer holds; the operator reads the key aloud in that time.
pub const OFFER: Duration = Duration::from_secs(proto::limits::OFFER_SECONDS);
/// How long a used locator rests, so that a late typist does not meet a stranger.
pub const QUARANTINE: Duration = Duration::from_secs(proto::limits::LOCATOR_QUARANTINE_SECONDS);
/// The fixed delay of every "no such key", so that its timing tells nothing and scanning is slow.
pub const NOT_FOUND_DELAY: Duration = Duration::from_secs(1);
/// An agent owes its confirmation so soon after the console's message: it is one computation.
pub const CONFIRMATION_DUE: Duration = Duration::from_secs(3);
/// When all places of an offer are taken, an attempt without confirmation gives way after this.
pub const GIVE_WAY: Duration = Duration::from_secs(1);
/// Offers waiting at a time for one operator: one per window that he may sensibly have open.
pub const OFFERS_PER_OPERATOR: usize = 5;
/// Offers of one operator in [`OFFER_WINDOW`], at once or spread: three keys a minute for ten
/// minutes are more than anybody reads aloud, and 60 resting locators are a five-hundredth of all.
pub const OFFERS_IN_WINDOW: u32 = 30;
/// See [`OFFERS_IN_WINDOW`].
pub const OFFER_WINDOW: Duration = Duration::from_secs(600);
/// Links of one operator's consoles that are in no session: one per offer, and room for what a
/// lost line leaves behind. Without a cap one certificate could take every link.
pub const LINKS_PER_OPERATOR: usize = 64;
/// Live sessions and waiting offers of one operator: nobody watches so many screens, and one
/// certificate gets less than a hundredth of [`SESSIONS`].
pub const SESSIONS_PER_OPERATOR: usize = 64;
/// Joins by one source in [`JOIN_WINDOW`] before it must work: a mistyped key costs one each, and
/// an office shares its address.
pub const JOINS_PER_SOURCE: usize = 10;
/// See [`JOINS_PER_SOURCE`].
pub const JOIN_WINDOW: Duration = Duration::from_secs(600);
/// Joins for locators that nobody has, by everybody together in [`MISS_WINDOW`], from which on every join
/// costs work: a thousand people who mistype once in a while stay below, who scans 32,768 locators from
/// many addresses does not.
pub const MISSES: usize = 300;
/// See [`MISSES`].
pub const MISS_WINDOW: Duration = Duration::from_secs(60);
/// Sources whose joins are remembered, some 200 to 400 bytes each.
pub const JOIN_SOURCES: usize = 100_000;
/// Leading zero bits of the first work that is asked for: about a quarter of a second.
pub const WORK_BITS: u8 = 18;
/// Leading zero bits of the hardest work: seconds on a slow machine; scanning 32,768 locators
/// would take a day.
pub const WORK_BITS_MOST: u8 = 22;
/// How long a lookup may work on what was asked of it, as long as a join may ([`UNPAIRED_IN_ALL`]): the
/// hardest work in a browser on a slow machine.
pub const WORK_HOLDS: Duration = UNPAIRED_IN_ALL;
/// Works of lookups that are remembered for [`WORK_HOLDS`] so that each counts once, some 24 bytes each.
/// Whoever does more in that time has 150 million hashes a second; then older demands hold no more.
pub const WORKS_SPENT: usize = 100_000;
/// Links of one source that are neither paired nor certified.
pub const UNCLAIMED_PER_SOURCE: usize = 20;
/// Control messages of one link in [`MESSAGE_WINDOW`]: a whole pairing needs eight.
pub const MESSAGES: u32 = 100;
/// See [`MESSAGES`].
pub const MESSAGE_WINDOW: Duration = Duration::from_secs(10);
/// Parts of a revocation list for one link in [`REVOCATION_WINDOW`], beside [`MESSAGES`]: the longest list
/// twice, as a new one may replace it in between.
pub const REVOCATION_PARTS: u32 =
    2 * (proto::limits::REVOCATIONS_BYTES.div_ceil(proto::limits::REVOCATIONS_PART_BYTES)) as u32;
/// See [`REVOCATION_PARTS`].
pub const REVOCATION_WINDOW: Duration = Duration::from_secs(600);
/// How long a ticket is good for.
pub const TICKET: Duration = Duration::from_secs(900);
/// How often an attached end is given a fresh one.
pub const TICKET_RENEWAL: Duration = Duration::from_secs(300);
/// How long a session waits for an end whose link is gone, as long as the channel between the ends
/// waits; then it ends for the other end too.
pub const SESSION_AWAY: Duration = Duration::from_secs(120);
/// Most links. A session whose ends read nothing while they are sent all they can be was measured to
/// cost at most 0.65 MiB for its two links, so that all links full at once are 6.3 GiB; most need
/// a small part of it.
pub const LINKS: usize = 20_000;
/// Most live sessions; beyond that new offers are refused, not running sessions disturbed. All of
/// them at their measured most are 5.1 GiB of what [`LINKS`] says.
pub const SESSIONS: usize = 8_000;
