//! Files cut anywhere, resumed anywhere and damaged anywhere; names of every kind.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proto::session::TransferId;
use transfer::{
    BadName, BadResumePoint, DIGEST_BYTES, FileReceiver, FileSender, PartName, ReceiveError, RelativePath, SafeName,
    SourceChanged,
};

/// What a sender puts on the stream from `resume_at` on.
fn sent(file: &[u8], resume_at: usize) -> Vec<u8> {
    let mut sender = FileSender::new(file.len() as u64, resume_at as u64).unwrap();
    for block in file[..resume_at].chunks(7) {
        sender.hash_prefix(block).unwrap();
    }
    for block in file[resume_at..].chunks(13) {
        sender.push(block).unwrap();
    }
    assert_eq!(sender.done_bytes(), file.len() as u64);
    [&file[resume_at..], &sender.finish().unwrap()].concat()
}

/// Feeds a stream in pieces of these lengths, repeated; what was to be written, and the verdict.
fn received(mut receiver: FileReceiver, stream: &[u8], pieces: &[usize]) -> Result<Vec<u8>, ReceiveError> {
    let mut written = Vec::new();
    let mut rest = stream;
    for length in pieces.iter().cycle() {
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        written.extend_from_slice(receiver.feed(piece)?);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    receiver.finish().map(|_| written)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_arrives_however_it_is_cut_and_wherever_it_is_resumed(
        file in prop::collection::vec(any::<u8>(), 0..400),
        pieces in prop::collection::vec(1..90_usize, 1..5),
        resume in any::<prop::sample::Index>(),
    ) {
        let resume_at = resume.index(file.len() + 1);
        let mut receiver = FileReceiver::resume(file.len() as u64, resume_at as u64).unwrap();
        for block in file[..resume_at].chunks(11) {
            receiver.hash_prefix(block).unwrap();
        }
        prop_assert_eq!(receiver.done_bytes(), resume_at as u64);
        let written = received(receiver, &sent(&file, resume_at), &pieces).unwrap();
        prop_assert_eq!(&written[..], &file[resume_at..]);
    }

    #[test]
    fn one_flipped_bit_anywhere_is_noticed(
        file in prop::collection::vec(any::<u8>(), 0..100),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let mut stream = sent(&file, 0);
        *place.get_mut(&mut stream) ^= 1 << bit;
        let verdict = received(FileReceiver::new(file.len() as u64), &stream, &[17]);
        prop_assert_eq!(verdict, Err(ReceiveError::Corrupted));
    }

    #[test]
    fn every_name_is_refused_or_safe_on_every_system(name in "\\PC{0,20}|[a-zCON. <:|\u{202E}\u{200B}à😀]{0,300}|.{0,80}") {
        if let Ok(safe) = SafeName::parse(&name) {
            for safe in [safe.clone(), safe.numbered(2), safe.numbered(u32::MAX)] {
                assert_safe(&safe);
                prop_assert_eq!(SafeName::parse(safe.as_str()), Ok(safe));
            }
        }
    }
}

fn assert_safe(name: &SafeName) {
    let text = name.as_str();
    assert!(!text.is_empty() && text.len() <= 200, "{text:?}");
    assert!(!text.starts_with('.') && !text.ends_with(['.', ' ']), "{text:?}");
    assert!(!text.contains(['/', '\\', '\0', '<', '>', ':', '"', '|', '?', '*']), "{text:?}");
    assert!(!text.chars().any(|c| c.is_control() || matches!(c, '\u{202E}' | '\u{200B}')), "{text:?}");
    assert!(!PartName::is_part(text), "{text:?}");
}

#[test]
fn a_cut_stream_is_truncated_and_a_longer_one_refused() {
    let file: Vec<u8> = (0..200).collect();
    let stream = sent(&file, 0);
    for end in 0..stream.len() {
        let verdict = received(FileReceiver::new(200), &stream[..end], &[64]);
        assert_eq!(verdict, Err(ReceiveError::Truncated), "{end}");
    }
    let longer = [&stream[..], &[0]].concat();
    for piece in [1, 31, 233, 1000] {
        assert_eq!(received(FileReceiver::new(200), &longer, &[piece]), Err(ReceiveError::Surplus), "{piece}");
    }
}

#[test]
fn completeness_and_progress_are_told() {
    let file = [5; 50];
    let stream = sent(&file, 0);
    let mut receiver = FileReceiver::new(50);
    for (fed, byte) in stream.iter().enumerate() {
        assert!(!receiver.is_complete());
        assert_eq!(receiver.done_bytes(), fed.min(50) as u64);
        receiver.feed(&[*byte]).unwrap();
    }
    assert!(receiver.is_complete());
    assert!(receiver.finish().is_ok());
}

#[test]
fn an_empty_file_is_its_digest() {
    let stream = sent(&[], 0);
    assert_eq!(stream.len(), DIGEST_BYTES);
    assert_eq!(received(FileReceiver::new(0), &stream, &[5]), Ok(vec![]));
}

#[test]
fn a_wrong_beginning_on_the_disk_is_corrupted() {
    let file = [9; 100];
    let mut receiver = FileReceiver::resume(100, 40).unwrap();
    receiver.hash_prefix(&[8; 40]).unwrap();
    assert_eq!(received(receiver, &sent(&file, 40), &[64]), Err(ReceiveError::Corrupted));
}

#[test]
fn a_prefix_must_be_as_long_as_was_said() {
    assert_eq!(FileReceiver::resume(10, 11).err(), Some(BadResumePoint));
    assert_eq!(FileSender::new(10, 11).err(), Some(BadResumePoint));
    let mut receiver = FileReceiver::resume(100, 40).unwrap();
    receiver.hash_prefix(&[1; 39]).unwrap();
    assert_eq!(receiver.feed(&[1]), Err(ReceiveError::PrefixLength));
    assert_eq!(receiver.hash_prefix(&[1; 2]), Err(ReceiveError::PrefixLength));
    receiver.hash_prefix(&[1]).unwrap();
    assert_eq!(receiver.feed(&[1]), Ok(&[1][..]));
}

#[test]
fn a_source_that_grew_or_shrank_is_noticed() {
    let mut sender = FileSender::new(10, 0).unwrap();
    sender.push(&[0; 10]).unwrap();
    assert_eq!(sender.push(&[0]), Err(SourceChanged));

    let mut sender = FileSender::new(10, 0).unwrap();
    sender.push(&[0; 9]).unwrap();
    assert_eq!(sender.finish(), Err(SourceChanged));

    let mut sender = FileSender::new(10, 4).unwrap();
    sender.hash_prefix(&[0; 3]).unwrap();
    assert_eq!(sender.prefix_bytes_left(), 1);
    assert_eq!(sender.push(&[0]), Err(SourceChanged));
    assert_eq!(sender.hash_prefix(&[0; 2]), Err(SourceChanged));
}

#[test]
fn hostile_names_are_refused() {
    let rows = [
        ("", BadName::Empty),
        (".", BadName::Empty),
        ("..", BadName::Empty),
        ("...", BadName::Empty),
        (" . ", BadName::Empty),
        ("\u{3000}", BadName::Empty),
        ("/etc/passwd", BadName::Path),
        ("../x", BadName::Path),
        ("a/b", BadName::Path),
        ("a\\b", BadName::Path),
        ("C:\\x", BadName::Path),
        ("\\\\host\\share", BadName::Path),
        ("x\0.txt", BadName::Path),
    ];
    for (name, error) in rows {
        assert_eq!(SafeName::parse(name), Err(error), "{name:?}");
    }
}

#[test]
fn other_names_are_made_safe() {
    let rows = [
        ("report.pdf", "report.pdf"),
        ("perché no — 東京.txt", "perché no — 東京.txt"),
        (".bashrc", "_.bashrc"),
        ("..hidden", "_..hidden"),
        (" .profile", "_.profile"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("aux .tar.gz", "_aux .tar.gz"),
        ("Com1", "_Com1"),
        ("COM¹.log", "_COM¹.log"),
        ("lpt0", "_lpt0"),
        ("conout$", "_conout$"),
        ("COM10", "COM10"),
        ("console.txt", "console.txt"),
        ("trailing. . ", "trailing"),
        ("  leading", "leading"),
        ("a:b", "a_b"),
        ("what?<>|*\".txt", "what______.txt"),
        ("line\nbreak\t\u{7}\u{7F}\u{85}", "line_break____"),
        ("invoice\u{202E}fdp.exe", "invoice_fdp.exe"),
        ("zero\u{200B}width\u{FEFF}", "zero_width_"),
        ("a\u{2215}b\u{FF0F}c\u{FF3C}d", "a_b_c_d"),
        (".ponte-part-1-0123456789abcdef", "_.ponte-part-1-0123456789abcdef"),
    ];
    for (name, safe) in rows {
        assert_eq!(SafeName::parse(name).unwrap().as_str(), safe, "{name:?}");
    }
}

#[test]
fn long_names_are_cut_at_a_character_and_keep_their_extension() {
    let rows = [
        (format!("{}.txt", "a".repeat(300)), format!("{}.txt", "a".repeat(196))),
        (format!("{}.txt", "à".repeat(150)), format!("{}.txt", "à".repeat(98))),
        (format!("x.{}", "b".repeat(300)), format!("x.{}", "b".repeat(198))),
        (format!("{} {}", "c".repeat(199), "d".repeat(50)), "c".repeat(199)),
        (format!("😀{}", "😀".repeat(80)), "😀".repeat(50)),
    ];
    for (name, safe) in rows {
        assert_eq!(SafeName::parse(&name).unwrap().as_str(), safe);
    }
}

#[test]
fn a_number_goes_before_the_extension() {
    let rows = [
        ("name.ext", 2, "name (2).ext".to_owned()),
        ("name", 3, "name (3)".to_owned()),
        ("_.bashrc", 2, "_ (2).bashrc".to_owned()),
        (&format!("{}.txt", "a".repeat(196)), 10, format!("{} (10).txt", "a".repeat(191))),
    ];
    for (name, number, numbered) in rows {
        assert_eq!(SafeName::parse(name).unwrap().numbered(number).as_str(), numbered);
    }
}

#[test]
fn a_part_is_never_under_a_final_name() {
    let part = PartName::new(TransferId(7), [1; 16]);
    assert!(part.as_str().starts_with(".ponte-part-7-"));
    assert!(PartName::is_part(part.as_str()));
    assert_ne!(part, PartName::new(TransferId(7), [2; 16]), "another file of the same transfer");
    assert_ne!(SafeName::parse(part.as_str()).unwrap().as_str(), part.as_str());
    for other in
        ["report.pdf", ".ponte-part-", ".ponte-part-1", ".ponte-part-+1-0123456789abcdef", ".ponte-part-1-0123"]
    {
        assert!(!PartName::is_part(other), "{other}");
    }
}

#[test]
fn a_path_from_a_peer_stays_below_its_folder_or_is_refused() {
    for hostile in [
        "/etc/passwd",
        "..",
        "../a",
        "a/../b",
        "a/./b",
        "a//b",
        "a/",
        "",
        "a\\..\\b",
        "C:\\x",
        "a/b\0c",
        "\\\\server\\share",
    ] {
        assert_eq!(RelativePath::parse(hostile), Err(BadName::Path), "{hostile:?}");
    }
    let deep = ["a"; 32].join("/");
    assert!(RelativePath::parse(&deep).is_ok());
    assert!(RelativePath::parse(&format!("{deep}/a")).is_err(), "no deeper than 32 names");
    for (given, safe) in [
        ("docs/CON", "docs/_CON"),
        (".ssh/authorized_keys", "_.ssh/authorized_keys"),
        ("a\u{202E}b/c\u{7}.txt", "a_b/c_.txt"),
        ("photos/x.jpg", "photos/x.jpg"),
    ] {
        let path = RelativePath::parse(given).unwrap();
        assert_eq!(path.as_str(), safe);
        assert_eq!(RelativePath::parse(safe).unwrap(), path, "a safe path stays as it is");
    }
    let long = RelativePath::parse(&format!("docs/{}.pdf", "x".repeat(10_000))).unwrap();
    assert!(long.name().as_str().len() <= 200 && long.name().as_str().ends_with(".pdf"));
    let path = RelativePath::parse("one/two/three.txt").unwrap();
    assert_eq!(path.folders().collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(path.name().as_str(), "three.txt");
    assert_eq!(RelativePath::parse("alone").unwrap().folders().count(), 0);
}

#[test]
fn only_what_is_left_of_the_same_file_is_gone_on_with() {
    let path = |text: &str| RelativePath::parse(text).unwrap();
    let part = PartName::resumable(&path("a/b"), 10, 20);
    assert_eq!(part, PartName::resumable(&path("a/b"), 10, 20));
    assert!(PartName::is_part(part.as_str()));
    for other in [(path("a/c"), 10, 20), (path("a/b"), 11, 20), (path("a/b"), 10, 21)] {
        assert_ne!(part, PartName::resumable(&other.0, other.1, other.2));
    }
}
