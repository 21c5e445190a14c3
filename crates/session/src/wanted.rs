//! Whether the list of a batch holds what was wanted: the end that sends writes it, and writes it as it likes.

use proto::files::{BatchEntry, BatchItem};
use proto::session::{PathText, TransferFailure};
use transfer::{RelativePath, SafeName};

/// Leaves out of a list whatever does not come of the wanted paths, in their order: each gives one file or folder of its
/// own name, and what is below that folder. So it is never the end that sends that chooses a place.
pub fn keep_wanted(entries: &mut [BatchEntry], wanted: &[PathText]) {
    let mut waiting = wanted.iter().map(|path| last_name(path.as_str()));
    // The one that was last, if it is a folder that may have something in it.
    let mut open: Option<SafeName> = None;
    for entry in entries {
        let path = RelativePath::parse(entry.path.as_str()).ok();
        let first = path.as_ref().and_then(|path| path.names().next()).and_then(|name| SafeName::parse(name).ok());
        let is_below = entry.path.as_str().contains('/');
        let is_wanted = if is_below {
            first.is_some() && first == open
        } else {
            // What has no name on this system takes its turn as well, and goes nowhere.
            let name = waiting.next().flatten();
            let is_it = first.is_some() && first == name;
            open = first.filter(|_| is_it && entry.item == BatchItem::Folder);
            is_it
        };
        if !is_wanted && !matches!(entry.item, BatchItem::Left(_)) {
            (entry.item, entry.size_bytes) = (BatchItem::Left(TransferFailure::BadName), 0);
        }
    }
}

/// What a path of any system ends with.
fn last_name(path: &str) -> Option<SafeName> {
    let name = path.split(['/', '\\']).rfind(|name| !matches!(*name, "" | "."))?;
    SafeName::parse(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::files::BatchItem::{File, Folder, Left, Wanted};

    fn check(wanted: &[&str], list: &[(&str, BatchItem, bool)]) {
        let wanted: Vec<PathText> = wanted.iter().map(|path| PathText::truncated(path)).collect();
        let entry =
            |path: &str, item| BatchEntry { path: PathText::truncated(path), item, size_bytes: 7, modified_s: 0 };
        let mut entries: Vec<BatchEntry> = list.iter().map(|(path, item, _)| entry(path, *item)).collect();
        keep_wanted(&mut entries, &wanted);
        for (entry, (path, item, is_kept)) in entries.iter().zip(list) {
            assert_eq!(entry.item == *item, *is_kept, "{path} of {wanted:?}");
        }
    }

    #[test]
    fn what_was_wanted_stays_in_the_list() {
        let walked =
            [("docs", Folder, true), ("docs/a.txt", File, true), ("docs/deep/b", File, true), ("c", File, true)];
        check(&["/home/anna/docs/", "C:\\x\\c"], &walked);
        check(&["a/x.txt", "b/x.txt"], &[("x.txt", File, true), ("x.txt", File, true)]);
        let left = TransferFailure::Link;
        check(&["link", "b"], &[("link", Left(left), true), ("b", File, true)]);
        check(&[".bashrc"], &[(".bashrc", File, true)]);
    }

    #[test]
    fn whatever_else_is_in_the_list_stays_out() {
        check(&["report.pdf"], &[(".config/autostart/x.desktop", File, false), ("report.pdf", File, true)]);
        check(&["report.pdf"], &[("report.pdf", File, true), ("report.pdf", File, false)]);
        check(&["report.pdf"], &[("report.pdf", File, true), ("report.pdf/x", File, false)]);
        check(&["docs"], &[("Library", Folder, false), ("Library/LaunchAgents/x.plist", File, false)]);
        check(&["docs"], &[("docs", Folder, true), ("Library/x.plist", File, false), ("docs/a", File, true)]);
        check(&["docs"], &[("docs/a", File, false)]);
        check(&["docs"], &[("docs", Wanted, true), ("docs/a", File, false)]);
        check(&["..", "a"], &[("x", File, false), ("a", File, true)]);
        check(&[], &[("a", File, false)]);
    }
}
