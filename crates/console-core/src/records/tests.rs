//! Records over real files.

use super::unfinished::look;
use super::*;
use crate::engine::now_s;
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

/// Half files are looked at on a thread of its own.
#[track_caller]
fn soon(what: &str, is_so: impl Fn() -> bool) {
    let by = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < by, "{what}");
        std::thread::yield_now();
    }
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
fn a_line_of_the_operators_that_nobody_confirmed_is_kept_as_not_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let records = open(folder.path());
    let id = records.begin();
    records.said(&id, true, "first");
    records.said(&id, false, "theirs");
    records.said(&id, true, "second");
    let marks = |records: &Records| -> Vec<(String, bool)> {
        let kept = &records.find(&id).unwrap().kept;
        kept.chat.iter().map(|line| (line.text.clone(), line.not_delivered)).collect()
    };
    let expected = |marks: [bool; 3]| ["first", "theirs", "second"].map(str::to_owned).into_iter().zip(marks).collect();
    let all: Vec<(String, bool)> = expected([true, false, true]);
    assert_eq!(marks(&records), all);
    let held = records.find(&id).unwrap();
    records.delivered(&id, 1);
    let last: Vec<(String, bool)> = expected([false, false, true]);
    assert_eq!(marks(&records), last);
    assert!(held.kept.chat[0].not_delivered, "what somebody looks at does not change under their eyes");
    assert!(records.find(&id).unwrap().kept.to_json().matches("\"not_delivered\": true").count() == 1);
    records.flush(SOON);
    drop(records);
    let records = open(folder.path());
    assert_eq!(marks(&records), last, "also once the program was started again");
    records.delivered(&id, 0);
    assert!(marks(&records).iter().all(|(_, not_delivered)| !not_delivered));
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
    assert_eq!(kept.chat.first().unwrap().text, "buongiorno", "nobody pushes out what the other has written");
    assert_eq!(kept.chat.len() as u32 + kept.chat_left_out, 202);
    records.erase(&id);
    records.flush(SOON);
    assert!(files(folder.path()).is_empty());
    records.delivered(&id, 0);
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

const PART: &str = ".ponte-part-0-0123456789abcdef";
const DAY_S: u64 = 24 * 60 * 60;

/// A folder for a fetch, and where the partial file would be in it.
fn landing() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().canonicalize().unwrap().join(PART);
    (folder, part)
}

/// Half of a file comes in this session.
fn half(records: &Records, id: &RecordId, part: &Path) {
    let book = records.book(id);
    std::fs::write(part, "").unwrap();
    assert!(book.opened(part, "reports/large.bin", 8));
    std::fs::write(part, "half").unwrap();
    assert!(book.closed(part));
}

/// As if it had come so long ago.
fn age(records: &Records, id: &RecordId, days: u64) {
    records.change(id, |kept| {
        for one in &mut kept.unfinished {
            one.left_s -= days * DAY_S;
            write_at(&one.path, one.left_s);
        }
    });
}

/// As if a file had been written last at that time, in seconds since 1970.
fn write_at(path: &Path, at_s: u64) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(at_s)).unwrap();
}

fn unfinished(records: &Records, id: &RecordId) -> Vec<Unfinished> {
    records.find(id).unwrap().kept.unfinished.clone()
}

#[test]
fn half_a_file_is_remembered_before_it_comes_and_goes_with_its_record() {
    let ((folder, part), logs) = (landing(), tempfile::tempdir().unwrap());
    let records = open(logs.path());
    let (id, other) = (records.begin(), records.begin());
    let book = records.book(&id);
    std::fs::write(&part, "").unwrap();
    assert!(book.opened(&part, "reports/large.bin", 8));
    // As after a program that was ended by force: its other half reads what is on the disk.
    std::fs::write(&part, "half").unwrap();
    let after = open(logs.path());
    soon("how much has come", || unfinished(&after, &id)[0].done_bytes == 4);
    let [left] = unfinished(&after, &id).try_into().unwrap();
    assert_eq!((left.name.as_str(), left.size_bytes, left.done_bytes), ("reports/large.bin", 8, 4));
    assert_eq!((left.folder(), left.path == part), (part.parent().unwrap(), true));
    drop(records);

    after.erase(&other);
    after.flush(SOON);
    assert!(part.exists(), "that of another session");
    std::fs::write(folder.path().join("precious"), "").unwrap();
    after.erase(&id);
    after.flush(SOON);
    soon("half a file goes with its record", || !part.exists() && files(logs.path()).is_empty());
    assert!(folder.path().join("precious").exists());
}

#[test]
fn what_nobody_goes_on_with_is_deleted_at_the_first_start_after_a_week_and_nothing_else() {
    let logs = tempfile::tempdir().unwrap();
    let ((_week, over), (_young, young), (away, gone), (_link, replaced)) =
        (landing(), landing(), landing(), landing());
    let records = open(logs.path());
    let ids = [(&over, 7), (&young, 6), (&gone, 7), (&replaced, 7)].map(|(part, days)| {
        let id = records.begin();
        half(&records, &id, part);
        age(&records, &id, days);
        id
    });
    drop(away);
    let precious = replaced.with_file_name("precious");
    std::fs::rename(&replaced, &precious).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&precious, &replaced).unwrap();
    records.flush(SOON);
    assert!(over.exists());
    drop(records);

    let records = open(logs.path());
    let left = || ids.each_ref().map(|id| unfinished(&records, id).len());
    soon("what is on a disk that is not there stays remembered", || left() == [0, 1, 1, 0]);
    assert!(!over.exists() && young.exists() && precious.exists());
    std::fs::create_dir(gone.parent().unwrap()).unwrap();
    drop(records);
    let records = open(logs.path());
    soon("the disk is there, without it", || unfinished(&records, &ids[2]).is_empty());
    std::fs::remove_dir(gone.parent().unwrap()).unwrap();
}

#[test]
fn half_a_file_belongs_to_the_last_session_that_wrote_it() {
    let ((_folder, part), logs) = (landing(), tempfile::tempdir().unwrap());
    let records = open(logs.path());
    let (first, second) = (records.begin(), records.begin());
    half(&records, &first, &part);
    half(&records, &second, &part);
    assert_eq!((unfinished(&records, &first).len(), unfinished(&records, &second).len()), (0, 1));
    records.erase(&first);
    records.flush(SOON);
    assert!(part.exists());
    std::fs::remove_file(&part).unwrap();
    assert!(records.book(&second).closed(&part), "it has its name now");
    assert!(unfinished(&records, &second).is_empty());
}

#[test]
fn half_a_file_is_remembered_whatever_else_is_said_of_its_session_meanwhile() {
    let ((_folder, part), logs) = (landing(), tempfile::tempdir().unwrap());
    let records = open(logs.path());
    let id = records.begin();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                records.describe(&id, Description::Notes(number.to_string()));
                number += 1;
            }
        });
        let are_remembered = (0..20).map(|_| records.book(&id).opened(&part, "large.bin", 8)).collect::<Vec<_>>();
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(are_remembered, [true; 20]);
    });
}

#[test]
fn nothing_stays_of_a_file_that_no_record_remembers() {
    let ((_folder, part), logs) = (landing(), tempfile::tempdir().unwrap());
    let records = open(logs.path());
    let id = records.begin();
    let book = records.book(&id);
    std::fs::write(&part, "half").unwrap();
    assert!(book.opened(&part, "large.bin", 8));
    records.erase(&id);
    assert!(!book.closed(&part), "the record was erased while the session ran");
    assert!(!book.opened(&part, "large.bin", 8));
    let many = records.begin();
    let opened = (0..40).filter(|number| {
        let part = part.with_file_name(format!(".ponte-part-0-{number:016x}"));
        records.book(&many).opened(&part, "large.bin", 8)
    });
    assert_eq!(opened.count(), 8, "there is an end");
}

/// Lets nobody into a folder, as a disk that answers with errors; and again.
#[cfg(unix)]
fn close_folder(folder: &Path, is_closed: bool) {
    let aside = folder.with_extension("aside");
    if is_closed {
        std::fs::rename(folder, aside).unwrap();
        // It leads to itself.
        std::os::unix::fs::symlink(folder, folder).unwrap();
    } else {
        std::fs::remove_file(folder).unwrap();
        std::fs::rename(aside, folder).unwrap();
    }
}

#[test]
fn half_a_file_is_too_old_only_when_both_its_record_and_its_own_time_say_so() {
    const LONG_AGO_S: u64 = 1_577_836_800;
    let (_folder, part) = landing();
    std::fs::write(&part, "half").unwrap();
    let now_s = now_s();
    let left = |left_s| Unfinished { path: part.clone(), left_s, ..Unfinished::default() };

    // Somebody else has gone on with it since.
    write_at(&part, now_s - DAY_S);
    let seen = look(left(now_s - 30 * DAY_S), now_s).expect("the other's half goes");
    assert_eq!((seen.left_s, seen.done_bytes), (now_s - DAY_S, 4));
    // A file system without times of its own.
    write_at(&part, 0);
    assert!(look(left(now_s - DAY_S), now_s).is_some());
    // A start with an empty battery, and the next.
    let early = look(left(now_s - DAY_S), LONG_AGO_S).expect("a clock that is too early deletes it");
    assert_eq!(look(early, now_s).expect("it goes at the next start").left_s, now_s - DAY_S);
    // What came while the clock was too early or too late.
    write_at(&part, now_s - DAY_S);
    assert!(look(left(LONG_AGO_S), now_s).is_some() && look(left(now_s + 9 * DAY_S), now_s).is_some());
    assert!(part.exists());
    write_at(&part, now_s - 8 * DAY_S);
    assert_eq!(look(left(now_s - 8 * DAY_S), now_s), None);
    assert!(!part.exists());
}

#[test]
fn half_a_file_that_is_not_where_it_was_stays_remembered_for_a_week() {
    let (folder, part) = landing();
    let now_s = now_s();
    let left = |days| Unfinished { path: part.clone(), left_s: now_s - days * DAY_S, ..Unfinished::default() };
    // The folder is there, the disk that was connected at it perhaps not.
    assert!(look(left(6), now_s).is_some());
    assert_eq!(look(left(7), now_s), None);
    drop(folder);
    assert!(look(left(70), now_s).is_some(), "not even the folder is there");
}

#[test]
fn a_second_program_writes_over_no_record_whose_session_runs_in_the_first() {
    let ((_folder, part), logs) = (landing(), tempfile::tempdir().unwrap());
    let first = open(logs.path());
    let id = first.begin();
    let book = first.book(&id);
    let writer = std::fs::File::create(&part).unwrap();
    writer.try_lock().unwrap();
    assert!(book.opened(&part, "reports/large.bin", 8));
    std::fs::write(&part, "half").unwrap();
    for days in [0, 8] {
        age(&first, &id, days);
        first.flush(SOON);
        let [record] = files(logs.path()).try_into().unwrap();
        let before = std::fs::read(&record).unwrap();
        let second = open(logs.path());
        soon("how much has come", || unfinished(&second, &id)[0].done_bytes == 4);
        second.flush(SOON);
        drop(second);
        // Sealed anew each time that it is written.
        assert!(std::fs::read(&record).unwrap() == before, "the record was written by the other, {days} days");
        assert!(part.exists());
    }
    drop(writer);
}

#[cfg(unix)]
#[test]
fn half_a_file_that_cannot_be_deleted_keeps_no_other_and_goes_once_it_can() {
    let ((_closed, first), (_open, second), logs) = (landing(), landing(), tempfile::tempdir().unwrap());
    let records = open(logs.path());
    let id = records.begin();
    half(&records, &id, &first);
    half(&records, &id, &second);
    records.flush(SOON);
    let record = files(logs.path()).remove(0);
    let sealed = std::fs::read(&record).unwrap();
    close_folder(first.parent().unwrap(), true);
    records.erase(&id);
    records.flush(SOON);
    assert!(!record.exists() && !records.has_failed(), "nothing of the record is left to be saved");
    soon("the other one goes", || !second.exists());
    let kept = std::fs::read_to_string(&files(logs.path())[0]).unwrap();
    assert!(!kept.contains("ponte-part"), "{kept}");
    drop(records);

    // As after a program that was ended by force in between.
    std::fs::write(&record, sealed).unwrap();
    std::fs::write(&second, "half").unwrap();
    let records = open(logs.path());
    assert!(records.all().is_empty() && !record.exists(), "what was erased comes back");
    // The first was tried before it.
    soon("the other one goes again", || !second.exists());
    drop(records);
    close_folder(first.parent().unwrap(), false);
    assert!(first.exists());
    let _records = open(logs.path());
    soon("it goes at the next start", || !first.exists() && files(logs.path()).is_empty());
}

#[test]
fn half_a_file_of_an_erased_session_that_another_has_gone_on_with_is_that_ones() {
    let ((folder, part), (_open, last), logs) = (landing(), landing(), tempfile::tempdir().unwrap());
    let records = open(logs.path());
    let (id, other) = (records.begin(), records.begin());
    half(&records, &id, &part);
    half(&records, &id, &last);
    let aside = folder.path().with_extension("aside");
    std::fs::rename(folder.path(), &aside).unwrap();
    records.erase(&id);
    // Each was tried once this one is gone.
    soon("the last half goes", || !last.exists());
    drop(records);
    std::fs::write(&last, "half").unwrap();
    let records = open(logs.path());
    soon("the last half goes again", || !last.exists());
    assert_eq!(files(logs.path()).len(), 2, "its disk is not connected: it stays remembered");
    std::fs::rename(&aside, folder.path()).unwrap();
    half(&records, &other, &part);
    records.flush(SOON);
    drop(records);
    let records = open(logs.path());
    soon("nothing is left of the erased one", || files(logs.path()).len() == 1);
    assert!(part.exists());
    assert_eq!(unfinished(&records, &other).len(), 1);
}
