//! Every limit of the wire in one place, each with its reason.

/// Longest control message, in bytes: an operator's chain of two certificates fits, and 100
/// messages waiting for a slow reader stay under half a megabyte.
pub const CONTROL_MESSAGE_BYTES: usize = 4096;
/// Longest control message that may be sent before an end is known to be genuine, in bytes.
pub const SMALL_MESSAGE_BYTES: usize = 1024;
/// Longest opaque pairing message that the relay forwards, in bytes: P1 to P4 need under 200.
pub const OPAQUE_BYTES: usize = 512;
/// Most certificates of an operator's chain: leaf and issuing authority, and room for two more between them.
pub const CHAIN_CERTIFICATES: usize = 4;
/// Longest end-to-end packet that a link carries, in bytes: an Ethernet frame without headers.
pub const PACKET_BYTES: usize = 1500;
/// Size of an end-to-end QUIC packet, in bytes: fits one datagram of a link also inside the usual tunnels
/// (1,420 bytes with IPv6), and travels in two halves where even less passes.
pub const INNER_PACKET_BYTES: u16 = 1300;
/// Packets that wait for one direction of one link before the oldest is dropped: 64 of 1,300
/// bytes are 83 kB, 33 ms at 20 Mbit/s, so that the queue cannot grow a delay.
pub const PACKET_QUEUE: usize = 64;
/// Most one WebSocket message carries, in bytes.
pub const BATCH_BYTES: usize = 16 * 1024;
/// How long a session key is valid, in seconds.
pub const OFFER_SECONDS: u64 = 600;
/// How long a used locator is not given out again, in seconds.
pub const LOCATOR_QUARANTINE_SECONDS: u64 = 600;
/// Wrong secrets after which a session key burns.
pub const KEY_TRIES: u8 = 3;
/// Joins of one offer that may be in progress at a time.
pub const ATTEMPTS_IN_PARALLEL: usize = 4;
/// Longest line of chat, in bytes of UTF-8: a long paragraph.
pub const CHAT_BYTES: usize = 3000;
/// Longest display name of a person or an organisation, in bytes of UTF-8.
pub const NAME_BYTES: usize = 200;
/// Longest file name, in bytes of UTF-8, as most file systems have it.
pub const FILE_NAME_BYTES: usize = 255;
/// Longest path, in bytes of UTF-8.
pub const PATH_BYTES: usize = 1024;
/// Longest line of a session's log that travels, in bytes: the longest line of chat, also where each of its letters
/// takes two bytes in JSON, with what stands around it.
pub const LOG_LINE_BYTES: usize = 2 * CHAT_BYTES + 100;
/// Longest message of the agent to the console, in bytes: a line of the log fits.
pub const AGENT_MESSAGE_BYTES: usize = LOG_LINE_BYTES + 64;
/// Longest list of revoked certificates, in bytes: some 25,000 entries.
pub const REVOCATIONS_BYTES: usize = 1024 * 1024;
/// Part of that list in one message of the relay, in bytes.
pub const REVOCATIONS_PART_BYTES: usize = 900;
/// Most bytes of one page of facts about a machine, as JSON: 8,000 packages fit, and a hostile agent fills no more
/// than seven times as much of the console's memory, once for each topic.
pub const FACTS_BYTES: usize = 1024 * 1024;
/// Longest name, version or address among them, in bytes of UTF-8.
pub const FACT_BYTES: usize = 200;
/// Longest path, command line or journal line among them, in bytes of UTF-8: what one looks at in a list.
pub const FACT_LINE_BYTES: usize = 400;
/// Longest name of a running program, in bytes of UTF-8: Linux has 15, Windows the name of a file.
pub const PROCESS_NAME_BYTES: usize = 100;
/// Most running programs in a page: a busy desktop has 500.
pub const PROCESS_ROWS: usize = 2000;
/// Most installed packages in a page: a full desktop has 4,000.
pub const PACKAGE_ROWS: usize = 8000;
/// Most lines of the system's journal in a page.
pub const EVENT_ROWS: usize = 200;
/// Most disks in a page.
pub const DISK_ROWS: usize = 64;
/// Most ways into the network in a page, and most addresses of each.
pub const INTERFACE_ROWS: usize = 64;
/// See [`INTERFACE_ROWS`].
pub const ADDRESS_ROWS: usize = 16;
/// Most batteries in a page.
pub const BATTERY_ROWS: usize = 8;
/// Most temperatures in a page: one for each core of a large workstation.
pub const TEMPERATURE_ROWS: usize = 128;
/// Block of a file transfer, in bytes.
pub const FILE_BLOCK_BYTES: usize = 64 * 1024;
/// Most rows in the list of a folder: more than anybody reads, and at the longest names 6 MB of the console's memory;
/// what is beyond is counted.
pub const FOLDER_ROWS: usize = 20_000;
/// Most files and folders of one batch, and most bytes of their list: a large source tree; two such lists fit into 16 MB.
pub const BATCH_ENTRIES: usize = 50_000;
/// See [`BATCH_ENTRIES`].
pub const BATCH_LIST_BYTES: usize = 6 * 1024 * 1024;
/// Most folders within folders in the path of a received file.
pub const PATH_DEPTH: usize = 32;
/// Most monitors that a layout may name.
pub const MONITORS: usize = 16;
/// Widest or highest picture, in pixels: two 8K screens side by side.
pub const PICTURE_SIDE_PIXELS: u32 = 16_384;
/// Most pixels of one picture: 8K; bounds the decoder's memory at 132 MB.
pub const PICTURE_PIXELS: u64 = 7680 * 4320;
/// Largest side of a cursor's shape, in pixels.
pub const CURSOR_SIDE_PIXELS: u32 = 256;
/// Most bytes of one encoded screen update of a picture of `width` x `height` pixels: raw pixels
/// plus one eighth for operations, plus slack for headers.
#[must_use]
pub fn screen_update_bytes(width: u32, height: u32) -> u64 {
    let raw = u64::from(width) * u64::from(height) * 4;
    raw + raw / 8 + 64 * 1024
}
/// Most marks that stand over a shared screen at a time; the oldest makes room. Nobody reads more, and each is a window
/// of the display.
pub const MARKS: usize = 16;
/// Most text of a clipboard that travels, in bytes of UTF-8: a thick book.
pub const CLIPBOARD_TEXT_BYTES: usize = 1024 * 1024;
/// Most bytes of a clipboard's picture that travel, as PNG: a photograph of a large screen.
pub const CLIPBOARD_PICTURE_BYTES: usize = 16 * 1024 * 1024;
/// Most pixels of such a picture: two 4K screens; bounds its memory at 67 MB.
pub const CLIPBOARD_PIXELS: u64 = 4096 * 4096;
/// Longest text of one input event, in bytes of UTF-8: a composed word.
pub const INPUT_TEXT_BYTES: usize = 256;
/// Most bytes of one piece of keyboard input to a terminal: a paste travels in several.
pub const SHELL_INPUT_BYTES: usize = 1024;
/// Most bytes of one piece of a terminal's output: what a system's terminal gives at a time, and little to hold.
pub const SHELL_OUTPUT_BYTES: usize = 16 * 1024;
/// Output of a terminal that may be on its way, in bytes: 25 Mbit/s at a round trip of 80 ms, and no more to wait for
/// once the operator has stopped a program that writes without end.
pub const SHELL_WINDOW_BYTES: u64 = 256 * 1024;
/// Most columns of a terminal: an 8K screen with small letters. Bounds what its lines take.
pub const SHELL_COLUMNS: u16 = 500;
/// Most rows of a terminal.
pub const SHELL_ROWS: u16 = 200;
/// Output of one terminal that the console keeps, and that the log commits to, in bytes from the beginning: some
/// hundred thousand lines. What comes after is counted, not kept.
pub const TRANSCRIPT_BYTES: u64 = 16 * 1024 * 1024;
