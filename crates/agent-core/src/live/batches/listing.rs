//! The console looks through folders of this machine.

use super::BROWSE;
use crate::batches;
use crate::live::{Flow, Live, Report};
use audit_log::Event;
use proto::limits::PATH_BYTES;
use proto::session::{AgentToConsole, Capability, PathText, TransferFailure};
use proto::text::Text;
use session::FolderList;

/// Folders that are read at the same time.
const MOST_LISTINGS: usize = 4;
/// Folders that are written down; whoever looks at more has been seen looking around.
const MOST_FOLDERS_NOTED: usize = 1000;

impl Live<'_> {
    /// The console wants to see what is in a folder.
    pub(in crate::live) fn list_folder(&mut self, listing: u32, path: PathText) -> Flow {
        if !self.profile.allows(Capability::FetchFile) {
            return self.not_allowed(Capability::FetchFile);
        }
        if !self.consent.is_granted(BROWSE) {
            // What was granted may have been taken back while this was on its way.
            let was_granted = self.uses.contains_key(&Capability::FetchFile);
            return if was_granted { Flow::Continue(()) } else { self.not_allowed(Capability::FetchFile) };
        }
        self.files.listing.retain(|_, task| !task.is_finished());
        if self.files.listing.len() >= MOST_LISTINGS || self.files.listing.contains_key(&listing) {
            return self.tell(AgentToConsole::NoFolder { listing, failure: TransferFailure::Busy });
        }
        let (home, report) = (self.config.platform.home.clone(), self.events.0.clone());
        let named = path.as_str().to_owned();
        let task = self.tasks.spawn(async move {
            let list = batches::list(home, named).await;
            // Fails only when the session is over.
            let _ = report.send(Report::Listed(listing, list)).await;
        });
        self.files.listing.insert(listing, task);
        Flow::Continue(())
    }

    /// A folder was read: that it is looked at stands in the log before the list leaves.
    pub(in crate::live) fn listed(&mut self, listing: u32, list: Result<FolderList, TransferFailure>) -> Flow {
        self.files.listing.remove(&listing);
        let Some(lease) = self.consent.lease::<consent::FetchFile>(None) else { return Flow::Continue(()) };
        let list = match list {
            Ok(list) => list,
            Err(failure) => return self.tell(AgentToConsole::NoFolder { listing, failure }),
        };
        let path = Text::<PATH_BYTES>::truncated(&list.path.display().to_string()).shown();
        if self.files.seen.len() < MOST_FOLDERS_NOTED && self.files.seen.insert(path.clone()) {
            self.note_with_text(&path, |path| Event::FolderSeen { path })?;
        }
        let channel = self.channel.clone();
        let task = self.tasks.spawn(async move {
            if let Err(error) = batches::give_list(lease, channel, listing, list).await {
                tracing::debug!(%error, "the list of a folder did not arrive");
            }
        });
        self.files.listing.insert(listing, task);
        Flow::Continue(())
    }

    /// Looking through the folders is over.
    pub(in crate::live) fn stop_listing(&mut self) {
        for (_, task) in std::mem::take(&mut self.files.listing) {
            task.abort();
        }
    }
}
