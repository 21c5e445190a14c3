//! Every limit of the service in one place, each with its reason.
//!
//! Limits of the wire are in `proto::limits`.

use std::time::Duration;

/// From the first byte of a link to its first message, and from there to a proof being judged.
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long an anonymous link may stay without being paired: pairing takes two round trips and a
/// key agreement, the person's typing happens before the link.
pub const UNPAIRED: Duration = Duration::from_secs(30);
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
/// Joins by one source in [`JOIN_WINDOW`] before it must work: a mistyped key costs one each, and
/// an office shares its address.
pub const JOINS_PER_SOURCE: usize = 10;
/// See [`JOINS_PER_SOURCE`].
pub const JOIN_WINDOW: Duration = Duration::from_secs(600);
/// Sources whose joins are remembered, some 200 to 400 bytes each.
pub const JOIN_SOURCES: usize = 100_000;
/// Leading zero bits of the first work that is asked for: about a quarter of a second.
pub const WORK_BITS: u8 = 18;
/// Leading zero bits of the hardest work: seconds on a slow machine; scanning 32,768 locators
/// would take a day.
pub const WORK_BITS_MOST: u8 = 22;
/// Links of one source that are neither paired nor certified.
pub const UNCLAIMED_PER_SOURCE: usize = 20;
/// Control messages of one link in [`MESSAGE_WINDOW`]: a whole pairing needs eight.
pub const MESSAGES: u32 = 100;
/// See [`MESSAGES`].
pub const MESSAGE_WINDOW: Duration = Duration::from_secs(10);
/// How long a ticket is good for.
pub const TICKET: Duration = Duration::from_secs(900);
/// How often an attached end is given a fresh one.
pub const TICKET_RENEWAL: Duration = Duration::from_secs(300);
/// How long a session lives with neither of its links.
pub const SESSION_AWAY: Duration = Duration::from_secs(120);
/// Most links: at some 100 KiB with their queues, 2 GiB when every one is full at once.
pub const LINKS: usize = 20_000;
/// Most live sessions; beyond that new offers are refused, not running sessions disturbed.
pub const SESSIONS: usize = 8_000;
