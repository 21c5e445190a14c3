//! The clipboards of both ends: each copy on a command of its own.

use super::answer::{Code, Problem};
use super::desk::Desk;
use super::pending;
use super::perform::{NOTHING, Result, bad_value};
use console_core::clipboard::{Content, decode};
use console_core::proto::clipboard::ClipKind;
use console_core::proto::session::Capability;
use console_core::view::{ClipState, ConsoleCommand, PowerState};
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

impl<W: Write> Desk<W> {
    pub(super) fn clipboard_send(&mut self, text: Option<String>, path: Option<&Path>) -> Result {
        let content = match (text, path) {
            (Some(text), None) => {
                let most = ClipKind::Text.most_bytes();
                if text.is_empty() || text.len() > most {
                    return Err(bad_value(format!("\"text\" has from 1 to {most} bytes")));
                }
                Content::Text(text)
            }
            (None, Some(path)) => self.picture_in(path)?,
            _ => return Err(bad_value("either \"text\" or \"path\" is needed")),
        };
        self.clipboard(ConsoleCommand::SendClipboard(content.into()))
    }

    /// A picture as [`Self::picture`] writes them.
    fn picture_in(&self, path: &Path) -> Result<Content> {
        let most = ClipKind::Picture.most_bytes();
        let read = |path: PathBuf| {
            let mut bytes = Vec::new();
            File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
            io::Result::Ok(bytes)
        };
        let bytes = read(self.pictures_folder.join(path))
            .map_err(|error| bad_value(format!("\"path\" is no file that can be read: {error}")))?;
        decode(ClipKind::Picture, bytes).map_err(|_| {
            bad_value(format!("\"path\" is no PNG with 8 bits of red, green, blue and alpha of at most {most} bytes"))
        })
    }

    /// What the window asks for by itself is asked for here by its own command.
    pub(super) fn clipboard(&mut self, command: ConsoleCommand) -> Result {
        self.may_move(Capability::Clipboard)?;
        let session = self.session()?;
        if pending::power(session, Capability::Clipboard) != Some(PowerState::Granted) {
            return Err(Problem::new(Code::NotGranted, "the clipboard is not granted"));
        }
        if matches!(session.clipboard.state, ClipState::Sending | ClipState::Fetching) {
            return Err(Problem::new(Code::Busy, "another copy is not over yet"));
        }
        self.send(command)
    }

    pub(super) fn clipboard_picture(&mut self, path: &Path) -> Result {
        let fetched = self.session()?.clipboard.fetched.clone();
        let picture = fetched.map(|(_, content)| content).filter(|content| content.kind() == ClipKind::Picture);
        let content = picture.ok_or_else(|| Problem::new(Code::NoPicture, "no picture came from the clipboard"))?;
        let png = content.encode().map_err(|_| Problem::new(Code::NotWritten, "the picture was not written"))?;
        self.write_new(path, |mut file| file.write_all(&png))?;
        NOTHING
    }
}
