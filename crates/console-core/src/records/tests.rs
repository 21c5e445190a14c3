//! Records over real files.

use super::*;
use crate::view::RatingView;
use identity::Seed;
use std::path::Path;
use std::time::Instant;

const SOON: Duration = Duration::from_secs(20);

fn open(folder: &Path) -> Records {
    let (changed, changes) = sync_channel(64);
    let on_change = Box::new(move || {
        let _ = changed.try_send(());
    });
    let records = Records::open(folder.to_owned(), RecordsKey::derive(&Seed::new([3; 32])), on_change).unwrap();
    // The first is told when the folder was read.
    changes.recv_timeout(SOON).unwrap();
    records
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn what_is_said_of_a_session_is_there_at_the_next_start_and_nobody_else_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(folder.path());
    let id = records.begin();
    for what in [
        Description::Name("Marco Bianchi, anagrafe".to_owned()),
        Description::Notes("Stampante senza carta.\nCarta messa.".to_owned()),
        Description::Tags(vec![" stampante ".to_owned(), "stampante".to_owned(), String::new()]),
        Description::Outcome(Some(Outcome::Solved)),
    ] {
        assert!(records.describe(&id, what));
    }
    let rating = Some(RatingView { stars: 5, comment: Some("Gentile".to_owned()) });
    let end = EndView {
        reason: EndReason::OperatorEnded,
        lasted: Duration::from_secs(61),
        transfers: Vec::new(),
        log: Some("/logs/ponte-1.ponte-log".into()),
        is_closing: false,
        rating,
    };
    records.follow(&id, &Stage::Ended(end));
    records.flush(SOON);
    let written = records.find(&id).unwrap();
    let file = std::fs::read_to_string(&files(folder.path())[0]).unwrap();
    assert!(!file.contains("Marco") && !file.contains("tampante"), "{file}");
    drop(records);

    let records = open(folder.path());
    let read = records.find(&id).unwrap();
    assert_eq!(read, written);
    assert_eq!(read.kept.tags, ["stampante"]);
    assert_eq!((read.kept.lasted_s, read.kept.stars), (Some(61), Some(5)));

    records.erase(&id);
    records.flush(SOON);
    assert!(files(folder.path()).is_empty() && records.all().is_empty());
}

#[test]
fn a_change_is_saved_by_itself_and_dropping_the_last_handle_saves_too() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(folder.path());
    let id = records.begin();
    let typed = Instant::now();
    records.describe(&id, Description::Notes("typed".to_owned()));
    // Another handle reads what is on the disk, as after a crash of this one.
    while open(folder.path()).find(&id).is_none_or(|record| record.kept.notes != "typed") {
        assert!(typed.elapsed() < SOON, "what was typed was not saved");
        std::thread::yield_now();
    }
    records.describe(&id, Description::Notes("typed last".to_owned()));
    drop(records);
    while open(folder.path()).find(&id).unwrap().kept.notes != "typed last" {
        assert!(typed.elapsed() < 2 * SOON, "what was typed last was not saved");
        std::thread::yield_now();
    }
}

#[test]
fn texts_have_an_end_and_files_that_are_no_records_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ponte-000000000001-0000000a.ponte-record"), "{}").unwrap();
    std::fs::write(folder.path().join("ponte-x.ponte-record"), "{}").unwrap();
    std::fs::write(folder.path().join("ponte-1.ponte-log"), "").unwrap();
    let records = open(folder.path());
    assert!(records.all().is_empty());
    let (first, second) = (records.begin(), records.begin());
    records.describe(&first, Description::Notes("è".repeat(NOTES_BYTES)));
    records.describe(&first, Description::Name(format!("a\nb{}", "c".repeat(NAME_BYTES))));
    records.describe(&first, Description::Tags((0..40).map(|number| format!("{number}")).collect()));
    let kept = records.find(&first).unwrap().kept.clone();
    assert_eq!((kept.notes.len(), kept.name.len(), kept.tags.len()), (NOTES_BYTES, NAME_BYTES, TAGS));
    assert!(kept.name.starts_with("a b"));
    assert!(records.find(&second).unwrap().kept.notes.is_empty());
    assert!(!records.describe(&RecordId::parse("000000000001-0000000a").unwrap(), Description::Outcome(None)));
    assert_eq!(RecordId::parse("000000000001-0000000A"), None);
    assert_eq!(RecordId::parse("../etc"), None);
}

#[test]
fn the_chat_is_kept_up_to_a_bound_sealed_and_erased_with_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(folder.path());
    let id = records.begin();
    records.said(&id, true, "buongiorno");
    records.said(&id, false, "\"la stampante\"\nnon va");
    records.flush(SOON);
    let file = std::fs::read_to_string(&files(folder.path())[0]).unwrap();
    assert!(!file.contains("buongiorno") && !file.contains("stampante"), "{file}");
    assert!(records.find(&id).unwrap().kept.to_json().contains("buongiorno"), "the export has it");
    for number in 0..200 {
        // What JSON makes longest.
        records.said(&id, false, &format!("{number} {}", "\"".repeat(2990)));
    }
    records.flush(SOON);
    drop(records);

    let records = open(folder.path());
    let kept = records.find(&id).expect("a full record can be read again").kept.clone();
    let bytes: usize = kept.chat.iter().map(|line| line.text.len()).sum();
    assert!(bytes <= CHAT_KEPT_BYTES, "{bytes} bytes");
    assert!(kept.chat.last().unwrap().text.starts_with("199 "));
    assert_eq!(kept.chat.len() as u32 + kept.chat_left_out, 202);
    records.erase(&id);
    records.flush(SOON);
    assert!(files(folder.path()).is_empty());
    records.said(&id, true, "too late");
    records.flush(SOON);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn tags_are_kept_once_each_without_the_blanks_around() {
    let mut kept = Kept::default();
    let tags = ["stampante", " rete", "", "  ", "stampante ", "posta\nvecchia"];
    kept.describe(Description::Tags(tags.map(str::to_owned).into()));
    assert_eq!(kept.tags, ["stampante", "rete", "posta vecchia"]);
    kept.describe(Description::Tags(vec![String::new()]));
    assert!(kept.tags.is_empty());
}

#[test]
fn what_a_disk_does_not_take_is_told_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("logs");
    std::fs::write(&place, "a file where the folder should be").unwrap();
    let records = open(&place);
    let id = records.begin();
    records.flush(SOON);
    assert!(records.has_failed());
    std::fs::remove_file(&place).unwrap();
    records.describe(&id, Description::Outcome(Some(Outcome::ToContinue)));
    records.flush(SOON);
    assert!(!records.has_failed());
    assert_eq!(files(&place).len(), 1);
}
