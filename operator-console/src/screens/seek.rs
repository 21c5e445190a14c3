//! What is typed in a list leads to the row whose name begins so.

/// Letters that come later than this after the one before begin anew, in seconds: slow typing still counts as one word.
const ONE_WORD_S: f64 = 1.0;

/// What was typed in a list until now.
#[derive(Debug, Default)]
pub(super) struct Seek {
    typed: String,
    last_s: f64,
}

impl Seek {
    /// The place of the row that is meant after these letters came, `now_s` being any clock in seconds and `at` the
    /// place where the keyboard is; none if no name begins so. One letter again and again goes from name to name.
    pub(super) fn to<'a>(
        &mut self,
        letters: &str,
        now_s: f64,
        at: usize,
        names: impl Iterator<Item = &'a str> + Clone,
    ) -> Option<usize> {
        if now_s - self.last_s > ONE_WORD_S {
            self.typed.clear();
        }
        self.last_s = now_s;
        self.typed.push_str(&letters.to_lowercase());
        let first = self.typed.chars().next()?;
        let is_one_letter = self.typed.chars().all(|letter| letter == first);
        let begins = |word: &str, from: usize| {
            let found = |(_, name): &(usize, &str)| name.to_lowercase().starts_with(word);
            let names = || names.clone().enumerate();
            names().skip(from).find(found).or_else(|| names().take(from).find(found)).map(|(place, _)| place)
        };
        // A word that has gone on to be typed stays where it is as long as it fits.
        let whole = begins(&self.typed, if is_one_letter { at + 1 } else { at });
        whole.or_else(|| if is_one_letter { begins(&first.to_string(), at + 1) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["Documenti", "dati.csv", "Disegni", "écran.png", "disco.iso"];

    fn typed(seek: &mut Seek, at: usize, letters: &[(&str, f64)]) -> Vec<Option<usize>> {
        let mut at = at;
        let mut places = Vec::new();
        for (letter, now_s) in letters {
            let place = seek.to(letter, *now_s, at, NAMES.iter().copied());
            at = place.unwrap_or(at);
            places.push(place);
        }
        places
    }

    #[test]
    fn letters_that_follow_each_other_are_one_word_and_after_a_pause_another() {
        let mut seek = Seek::default();
        assert_eq!(
            typed(&mut seek, 0, &[("d", 5.0), ("i", 5.4), ("s", 5.8), ("C", 6.2)]),
            [Some(1), Some(2), Some(2), Some(4)]
        );
        assert_eq!(typed(&mut seek, 4, &[("É", 9.0), ("x", 9.2)]), [Some(3), None]);
    }

    #[test]
    fn one_letter_again_and_again_goes_from_name_to_name_and_round() {
        let mut seek = Seek::default();
        let again: Vec<(&str, f64)> = (0..5).map(|count| ("d", 5.0 + 0.3 * f64::from(count))).collect();
        assert_eq!(typed(&mut seek, 0, &again), [Some(1), Some(2), Some(4), Some(0), Some(1)]);
        assert_eq!(Seek::default().to("x", 0.0, 0, NAMES.iter().copied()), None);
        assert_eq!(Seek::default().to("", 0.0, 0, std::iter::empty()), None);
    }
}
