//! What the operator saves of a session: the picture that is shown, and pages about the machine.

use super::Live;
use crate::tasks::{self, Event};

impl Live<'_> {
    pub(super) fn save_picture(&mut self) {
        let picture = self.monitor.and_then(|monitor| self.pictures.lock().monitors.get(&monitor).cloned());
        let (Some(picture), folder) = (picture, self.config.pictures_folder.clone()) else { return };
        let events = self.events.0.clone();
        self.tasks.spawn(async move {
            let saved = tokio::task::spawn_blocking(move || tasks::write_picture(&picture, &folder)).await;
            let saved = saved.map_err(std::io::Error::other).and_then(|saved| saved);
            if let Err(error) = &saved {
                tracing::warn!(%error, "the picture could not be saved");
            }
            // Fails only when the session is over.
            let _ = events.send(Event::PictureSaved(saved.ok())).await;
        });
    }

    /// Writes a text beside the pictures.
    pub(super) fn save_text(&mut self, stem: String, extension: &'static str, text: String) {
        let (folder, events) = (self.config.pictures_folder.clone(), self.events.0.clone());
        self.tasks.spawn(async move {
            let write = move || tasks::write_text(&text, &folder, &stem, extension);
            let saved = tokio::task::spawn_blocking(write).await;
            let saved = saved.map_err(std::io::Error::other).and_then(|saved| saved);
            if let Err(error) = &saved {
                tracing::warn!(%error, "a page could not be saved");
            }
            // Fails only when the session is over.
            let _ = events.send(Event::TextSaved(saved.ok())).await;
        });
    }
}
