//! A list that views share: made once after each change of what it shows, not once for each view.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

/// A value, and the list that views show of it. Whoever may change the value makes the list stale;
/// until then every view has the same one.
#[derive(Debug)]
pub struct Listed<T, L> {
    value: T,
    list: OnceLock<Arc<[L]>>,
}

impl<T, L> Listed<T, L> {
    /// Nothing listed yet.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self { value, list: OnceLock::new() }
    }

    /// The list, made by `make` if the value may have changed since the last.
    pub fn list(&self, make: impl FnOnce(&T) -> Vec<L>) -> Arc<[L]> {
        Arc::clone(self.list.get_or_init(|| make(&self.value).into()))
    }

    /// The value alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: Default, L> Default for Listed<T, L> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, L> Deref for Listed<T, L> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T, L> DerefMut for Listed<T, L> {
    fn deref_mut(&mut self) -> &mut T {
        self.list.take();
        &mut self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_made_anew_only_after_a_change() {
        let mut numbers: Listed<Vec<u32>, String> = Listed::new(vec![1]);
        let texts = |numbers: &Vec<u32>| numbers.iter().map(u32::to_string).collect();
        let first = numbers.list(texts);
        assert_eq!(numbers.len(), 1, "looking changes nothing");
        assert!(Arc::ptr_eq(&first, &numbers.list(texts)));
        numbers.push(2);
        assert_eq!(*numbers.list(texts), ["1".to_owned(), "2".to_owned()]);
        assert_eq!(*first, ["1".to_owned()], "an older view stays as it was");
    }
}
