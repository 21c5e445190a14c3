//! A person at one of the two windows: reads names, clicks, types.

use super::desktop::Desktop;
use super::hands::Hands;
use super::names::{Words, agent};
use super::reader::{Control, Place, Reader};
use super::wait::{PATIENCE, until};
use crate::run::Failure;
use std::cell::Cell;
use std::time::Duration;
use tokio::time::timeout;

/// How often a text is typed until it stands in its field.
const TYPED_AGAIN: usize = 5;

/// A text that was typed well stands in its field after this time.
const SEEN_WITHIN: Duration = Duration::from_secs(4);

/// How many names a failure shows.
const MOST_NAMES: usize = 60;

/// How long a person waits for a button to react before pressing it again.
const REACTION: Duration = Duration::from_secs(3);

/// How often a person presses the same button.
const MOST_PRESSES: usize = 3;

/// Somebody who uses one program on one desktop.
pub(crate) struct Person<'a> {
    words: &'a Words,
    reader: Reader,
    hands: Hands,
}

impl<'a> Person<'a> {
    /// Waits until the program is there and can be read.
    pub(crate) async fn at(desktop: &Desktop, program: &str, words: &'a Words) -> Result<Self, Failure> {
        let bus = desktop.accessibility().await?;
        let reader = until(&format!("the window of {program}"), PATIENCE, || Reader::find(&bus, program)).await?;
        Ok(Self { words, reader, hands: Hands::new(desktop.connect_hands()?)? })
    }

    /// What this person's program says of itself to a screen reader.
    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Mouse and keyboard themselves.
    pub(crate) fn hands(&self) -> &Hands {
        &self.hands
    }

    /// Presses the control with the name of that message.
    pub(crate) async fn press(&self, id: &str) -> Result<(), Failure> {
        self.press_named(&self.words.text(id)).await
    }

    /// Presses the control with that name.
    pub(crate) async fn press_named(&self, name: &str) -> Result<(), Failure> {
        let (_, place) = self.resting(name, |control| control.usable).await?;
        let (x, y) = place.middle();
        self.hands.click(x, y)
    }

    /// Presses the choice with that name, and waits until it is chosen.
    pub(crate) async fn choose_named(&self, name: &str) -> Result<(), Failure> {
        self.press_named(name).await?;
        self.wait(&format!("\"{name}\" to be chosen"), PATIENCE, |controls| {
            best(controls, name, |control| control.chosen).map(|_| ())
        })
        .await
    }

    /// Clicks on the row with that name: the keyboard is in its list, not in the row.
    pub(crate) async fn click_row(&self, name: &str) -> Result<(), Failure> {
        let (_, place) = self.resting(name, |_| true).await?;
        let (x, y) = place.middle();
        self.hands.click(x, y)
    }

    /// Presses the control with the name of that message until it is gone: a window may take no
    /// answer in the first moment, so that nobody answers a question that they could not read.
    pub(crate) async fn answer(&self, id: &str) -> Result<(), Failure> {
        for _ in 1..MOST_PRESSES {
            self.press(id).await?;
            if self.gone(id, REACTION).await.is_ok() {
                return Ok(());
            }
        }
        self.press(id).await?;
        self.gone(id, PATIENCE).await
    }

    /// Presses the control with the name of that message until the one that is called `next` is there: a last page takes
    /// no press in its first moment.
    pub(crate) async fn press_for(&self, id: &str, next: &str) -> Result<(), Failure> {
        let what = format!("\"{next}\"");
        let see_next =
            |within| self.wait(&what, within, |controls| best(controls, next, |control| control.usable).map(|_| ()));
        for _ in 1..MOST_PRESSES {
            self.press(id).await?;
            if see_next(REACTION).await.is_ok() {
                return Ok(());
            }
        }
        self.press(id).await?;
        see_next(PATIENCE).await
    }

    /// Recognises the operator, reads and accepts the terms, and shares the screen.
    pub(crate) async fn let_help_begin(&self) -> Result<(), Failure> {
        self.answer(agent::RECOGNISED).await?;
        self.accept_terms().await?;
        self.share_screen().await
    }

    /// Chooses the whole screen and goes on.
    pub(crate) async fn share_screen(&self) -> Result<(), Failure> {
        let screen = self.words.text_pair("share-screen", "share-screen-all");
        for _ in 1..MOST_PRESSES {
            self.press_named(&screen).await?;
            self.press(agent::SHARE).await?;
            if self.gone(agent::SHARE, REACTION).await.is_ok() {
                return Ok(());
            }
        }
        self.press_named(&screen).await?;
        self.answer(agent::SHARE).await
    }

    /// Whether it is asked what to show.
    pub(crate) async fn chooses_what_to_show(&self) -> bool {
        let name = self.words.text_pair("share-screen", "share-screen-all");
        let controls = self.reader.controls().await.unwrap_or_default();
        best(&controls, &name, |control| control.usable).is_some()
    }

    /// Reads the terms to their end and accepts them.
    pub(crate) async fn accept_terms(&self) -> Result<(), Failure> {
        self.agree(agent::TERMS).await
    }

    /// Reads a question to its end, where it is longer than the window, and gives that answer.
    pub(crate) async fn agree(&self, id: &str) -> Result<(), Failure> {
        until(&format!("the end of the question with \"{}\"", self.words.text(id)), PATIENCE, || async {
            if self.offers(agent::READ_ON).await {
                // The window may be at the end before the button is found: then it is another one.
                let _ = timeout(REACTION, self.press(agent::READ_ON)).await;
            }
            Ok(self.offers(id).await.then_some(()))
        })
        .await?;
        self.answer(id).await
    }

    /// Types into the field with the name of that message, in place of what stands there.
    pub(crate) async fn fill(&self, id: &str, text: &str) -> Result<(), Failure> {
        let (name, field) = (self.words.text(id), self.enter(id).await?);
        // The field may have listened before the click came: then the click lands among the keys and
        // moves the cursor. A person would see that and type again.
        for _ in 0..TYPED_AGAIN {
            self.hands.control('a')?;
            self.hands.type_text(text)?;
            let stands = until("what was typed", SEEN_WITHIN, || async {
                Ok((same_symbols(&self.reader.text(&field).await?, text)).then_some(()))
            });
            if stands.await.is_ok() {
                return Ok(());
            }
        }
        let stands = self.reader.text(&field).await?;
        Err(format!("the field \"{name}\" reads {stands:?} after typing").into())
    }

    /// As [`Self::fill`], where nobody can read what stands in the field: a slip shows later.
    pub(crate) async fn fill_hidden(&self, id: &str, text: &str) -> Result<(), Failure> {
        self.enter(id).await?;
        self.hands.control('a')?;
        self.hands.type_text(text)
    }

    /// Clicks into the field with the name of that message, so that keys go there.
    pub(crate) async fn focus_field(&self, id: &str) -> Result<(), Failure> {
        self.enter(id).await.map(|_| ())
    }

    /// Clicks into the field with the name of that message, and waits until it listens.
    async fn enter(&self, id: &str) -> Result<Control, Failure> {
        let name = self.words.text(id);
        let (field, place) = self.resting(&name, |control| control.editable).await?;
        let (x, y) = place.middle();
        self.hands.click(x, y)?;
        // Keys overtake a click that the window manager still looks at.
        self.wait(&format!("the field \"{name}\" to listen"), PATIENCE, |controls| {
            controls.iter().any(|control| control.path == field.path && control.focused).then_some(())
        })
        .await?;
        Ok(field)
    }

    /// Waits until a control with the name of that message is there.
    pub(crate) async fn see(&self, id: &str) -> Result<(), Failure> {
        self.see_named(&self.words.text(id)).await
    }

    /// Waits until a control with that name is there.
    pub(crate) async fn see_named(&self, name: &str) -> Result<(), Failure> {
        self.wait(&format!("\"{name}\""), PATIENCE, |controls| best(controls, name, |_| true).map(|_| ())).await
    }

    /// Whether any name begins with that message.
    pub(crate) async fn sees_beginning(&self, id: &str) -> bool {
        let beginning = self.words.text(id);
        let controls = self.reader.controls().await.unwrap_or_default();
        all_names(&controls).any(|name| name.starts_with(&beginning))
    }

    /// Waits until no usable control has the name of that message any more.
    async fn gone(&self, id: &str, within: Duration) -> Result<(), Failure> {
        until(&format!("\"{}\" to go", self.words.text(id)), within, || async {
            Ok((!self.offers(id).await).then_some(()))
        })
        .await
    }

    /// Waits until any name begins with that message.
    pub(crate) async fn see_beginning(&self, id: &str) -> Result<(), Failure> {
        let beginning = self.words.text(id);
        self.wait(&format!("\"{beginning}\""), PATIENCE, |controls| {
            all_names(controls).any(|name| name.starts_with(&beginning)).then_some(())
        })
        .await
    }

    /// Waits until any name or description contains that text.
    pub(crate) async fn see_text(&self, text: &str) -> Result<(), Failure> {
        self.wait(&format!("the text \"{text}\""), PATIENCE, |controls| {
            all_names(controls).any(|name| name.contains(text)).then_some(())
        })
        .await
    }

    /// Waits until no name or description contains that text any more.
    pub(crate) async fn see_no_text(&self, text: &str) -> Result<(), Failure> {
        self.wait(&format!("the text \"{text}\" to go"), PATIENCE, |controls| {
            all_names(controls).all(|name| !name.contains(text)).then_some(())
        })
        .await
    }

    /// Whether a usable control with the name of that message is there now.
    pub(crate) async fn offers(&self, id: &str) -> bool {
        self.offers_named(&self.words.text(id)).await
    }

    /// Whether a usable control with that name is there now.
    pub(crate) async fn offers_named(&self, name: &str) -> bool {
        let controls = self.reader.controls().await.unwrap_or_default();
        best(&controls, name, |control| control.usable || control.editable).is_some()
    }

    /// The usable control with the name of that message.
    pub(crate) async fn control(&self, id: &str) -> Result<Control, Failure> {
        let name = self.words.text(id);
        self.wait(&format!("\"{name}\""), PATIENCE, |controls| best(controls, &name, |control| control.usable).cloned())
            .await
    }

    /// Which control has the focus.
    pub(crate) async fn focus(&self) -> Option<String> {
        let controls = self.reader.controls().await.unwrap_or_default();
        controls.into_iter().find(|control| control.focused).map(|control| control.path)
    }

    /// Whether the control with the name of that message has the focus.
    pub(crate) async fn has_focus(&self, id: &str) -> bool {
        let name = self.words.text(id);
        let controls = self.reader.controls().await.unwrap_or_default();
        best(&controls, &name, |control| control.focused).is_some()
    }

    /// Waits until the control with the name of that message has the focus.
    pub(crate) async fn see_focus(&self, id: &str) -> Result<(), Failure> {
        let name = self.words.text(id);
        self.wait(&format!("the focus on \"{name}\""), PATIENCE, |controls| {
            best(controls, &name, |control| control.focused).map(|_| ())
        })
        .await
    }

    /// The value in the message `id` as some name shows it now.
    pub(crate) async fn value(&self, id: &str, argument: &str) -> Result<String, Failure> {
        let pattern = self.words.pattern(id, argument);
        self.wait(&format!("a value for {id}"), PATIENCE, |controls| {
            all_names(controls).find_map(|name| pattern.value_in(name))
        })
        .await
    }

    /// Waits until `look` takes something from the names, descriptions and typed texts.
    pub(crate) async fn read<T>(&self, what: &str, look: impl Fn(&str) -> Option<T>) -> Result<T, Failure> {
        until(what, PATIENCE, || async {
            let controls = self.reader.controls().await?;
            if let Some(found) = all_names(&controls).find_map(&look) {
                return Ok(Some(found));
            }
            for control in &controls {
                if let Some(found) = look(&self.reader.text(control).await?) {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Where the control with the name of that message is.
    pub(crate) async fn place(&self, id: &str) -> Result<Place, Failure> {
        self.resting(&self.words.text(id), |_| true).await.map(|(_, place)| place)
    }

    /// Looks at all controls again and again until `look` finds something.
    async fn wait<T>(
        &self,
        what: &str,
        within: Duration,
        look: impl Fn(&[Control]) -> Option<T>,
    ) -> Result<T, Failure> {
        let found = until(what, within, || async { Ok(look(&self.reader.controls().await?)) }).await;
        match found {
            Ok(found) => Ok(found),
            Err(failure) => {
                let controls = self.reader.controls().await.unwrap_or_default();
                let names: Vec<_> = controls
                    .iter()
                    .filter(|control| !control.name.is_empty())
                    .take(MOST_NAMES)
                    .map(|control| format!("{:?} \"{}\"", control.role, control.name))
                    .collect();
                Err(format!("{failure}; the window shows: {}", names.join(", ")).into())
            }
        }
    }

    /// The control with that name, and where it is once it has stopped moving. It is looked for
    /// anew each time: a window that changes its shape makes its controls anew.
    async fn resting(&self, name: &str, wanted: impl Fn(&Control) -> bool) -> Result<(Control, Place), Failure> {
        self.wait(&format!("\"{name}\""), PATIENCE, |controls| best(controls, name, &wanted).map(|_| ())).await?;
        let last = Cell::new(None);
        until(&format!("\"{name}\" to rest"), PATIENCE, || async {
            let controls = self.reader.controls().await?;
            let Some(control) = best(&controls, name, &wanted) else { return Ok(None) };
            let now = self.reader.place(control).await?;
            let before = last.replace(now);
            Ok(now.filter(|_| now == before).map(|place| (control.clone(), place)))
        })
        .await
    }
}

/// Whether both texts are the same but for blanks and capitals, which some fields put right.
fn same_symbols(one: &str, other: &str) -> bool {
    let symbols =
        |text: &str| text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect::<String>();
    symbols(one) == symbols(other)
}

fn all_names(controls: &[Control]) -> impl Iterator<Item = &str> {
    controls.iter().flat_map(|control| [control.name.as_str(), control.description.as_str()])
}

/// The control with that name; of several the one that is wanted, else none that is merely a label
/// of another.
fn best<'c>(controls: &'c [Control], name: &str, wanted: impl Fn(&Control) -> bool) -> Option<&'c Control> {
    controls.iter().find(|control| control.name == name && wanted(control))
}
