//! A person who leaves the mouse alone: goes from control to control, and from row to row of a list.

use super::hands::{DOWN, HOME, RETURN};
use super::person::Person;
use super::reader::Control;
use super::wait::{PATIENCE, until};
use crate::run::Failure;
use std::time::Duration;

/// How often Tab is pressed: more controls no window has.
const MOST_TABS: usize = 120;

/// How far down a list somebody goes by the arrow.
const MOST_ROWS: usize = 100;

/// Within this time a key has its effect.
const AT_ONCE: Duration = Duration::from_secs(2);

impl Person<'_> {
    /// Goes with the Tab key until the control that `wanted` accepts has the keyboard.
    pub(crate) async fn tab_to(&self, what: &str, wanted: impl Fn(&Control) -> bool) -> Result<(), Failure> {
        let mut passed = Vec::new();
        for _ in 0..MOST_TABS {
            let here = self.focused().await?;
            if here.as_ref().is_some_and(&wanted) {
                return Ok(());
            }
            let before = here.as_ref().map(|control| control.path.clone());
            passed.extend(here.map(|control| control.name));
            self.hands().tab()?;
            until("Tab to move the keyboard on", PATIENCE, || async {
                let now = self.focused().await?.map(|control| control.path);
                Ok((now.is_some() && now != before).then_some(()))
            })
            .await
            .map_err(|failure| format!("{failure}, from {}", passed.join(", ")))?;
        }
        Err(format!("Tab does not reach {what}, but {}", passed.join(", ")).into())
    }

    /// Goes with the Tab key into the list of that name.
    pub(crate) async fn tab_to_list(&self, list: &str) -> Result<(), Failure> {
        self.tab_to(list, |control| row_of(list, &control.name).is_some()).await
    }

    /// Chooses a row of the list of that name, which has the keyboard or gets it now.
    pub(crate) async fn go_to_row(&self, list: &str, row: &str) -> Result<(), Failure> {
        let here = self.row(list).await?;
        self.hands().press(HOME)?;
        // Where it is at the beginning already, nothing more is told.
        let _ = self.row_after(list, &here, AT_ONCE).await;
        for _ in 0..MOST_ROWS {
            let here = self.row(list).await?;
            if here == row {
                return Ok(());
            }
            self.hands().press(DOWN)?;
            self.row_after(list, &here, PATIENCE).await?;
        }
        Err(format!("\"{list}\" has no {row} among its first {MOST_ROWS} rows").into())
    }

    /// Opens the row that is chosen, or with another key goes elsewhere, and waits until the list shows that.
    pub(crate) async fn open_row(&self, list: &str) -> Result<(), Failure> {
        self.leave_row(list, RETURN).await
    }

    /// Presses a key upon which the list shows another folder.
    pub(crate) async fn leave_row(&self, list: &str, key: u32) -> Result<(), Failure> {
        let here = self.row(list).await?;
        self.hands().press(key)?;
        self.row_after(list, &here, PATIENCE).await
    }

    async fn row(&self, list: &str) -> Result<String, Failure> {
        until(&format!("a row of \"{list}\""), PATIENCE, || async { self.row_now(list).await }).await
    }

    async fn row_after(&self, list: &str, before: &str, within: Duration) -> Result<(), Failure> {
        until(&format!("another row of \"{list}\" than {before}"), within, || async {
            Ok(self.row_now(list).await?.filter(|now| now != before).map(|_| ()))
        })
        .await
    }

    /// The row that a screen reader tells of a list, if the list has the keyboard.
    async fn row_now(&self, list: &str) -> Result<Option<String>, Failure> {
        Ok(self.focused().await?.and_then(|control| row_of(list, &control.name).map(str::to_owned)))
    }

    async fn focused(&self) -> Result<Option<Control>, Failure> {
        let controls = self.reader().controls().await?;
        Ok(controls.into_iter().find(|control| control.focused && control.usable))
    }
}

/// The row in what is told of a list; empty where the list is.
fn row_of<'n>(list: &str, name: &'n str) -> Option<&'n str> {
    let rest = name.strip_prefix(list)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_found_in_what_is_told_of_its_list_only() {
        for (name, row) in [
            ("Files: letter.txt", Some("letter.txt")),
            ("Files", Some("")),
            ("Files of somebody", None),
            ("Send", None),
        ] {
            assert_eq!(row_of("Files", name), row, "{name}");
        }
    }
}
