//! Which passwords may guard a vault.

use super::problem::GateProblem;

/// Least characters of a password.
pub const PASSWORD_LENGTH: usize = 8;
/// What must remain of a password besides a word that is tried first.
const BESIDES: usize = 6;
/// A part of a name that is shorter proves nothing.
const NAME_PART: usize = 3;

/// Words that guessing begins with, as they are after [`plain`]; Italian ones among them because so are
/// most operators.
const COMMON: [&str; 48] = [
    "password",
    "passwort",
    "passw",
    "pasword",
    "parola",
    "chiave",
    "segreto",
    "segreta",
    "welcome",
    "benvenuto",
    "benvenuta",
    "letmein",
    "admin",
    "administrator",
    "amministratore",
    "root",
    "utente",
    "user",
    "guest",
    "ospite",
    "default",
    "changeme",
    "cambiami",
    "secret",
    "master",
    "login",
    "accesso",
    "prova",
    "test",
    "qwerty",
    "qwertz",
    "azerty",
    "asdf",
    "zxcv",
    "qazwsx",
    "abcdef",
    "abcd",
    "iloveyou",
    "tiamo",
    "monkey",
    "dragon",
    "juventus",
    "forzamilan",
    "italia",
    "operatore",
    "operator",
    "assistenza",
    "ponte",
];

/// Whether a new password for the operator of this name may be used.
pub(super) fn check_new(password: &str, again: &str, name: &str) -> Result<(), GateProblem> {
    if password.chars().count() < PASSWORD_LENGTH {
        return Err(GateProblem::PasswordShort);
    }
    let has = |class: fn(char) -> bool| password.chars().any(class);
    let classes =
        [has(char::is_lowercase), has(char::is_uppercase), has(char::is_numeric), has(|sign| !sign.is_alphanumeric())];
    if classes.contains(&false) {
        return Err(GateProblem::PasswordPlain);
    }
    let readings = [password.to_lowercase(), plain(password)];
    let name = name.to_lowercase();
    let parts: Vec<&str> =
        name.split(|sign: char| !sign.is_alphanumeric()).filter(|part| part.chars().count() >= NAME_PART).collect();
    if readings.iter().any(|reading| is_little_more_than(reading, &parts)) {
        return Err(GateProblem::PasswordIsName);
    }
    if readings.iter().any(|reading| is_little_more_than(reading, &COMMON)) {
        return Err(GateProblem::PasswordCommon);
    }
    if password == again { Ok(()) } else { Err(GateProblem::PasswordsDiffer) }
}

/// Whether nearly nothing remains without these words.
fn is_little_more_than(reading: &str, words: &[&str]) -> bool {
    let rest = words.iter().fold(reading.to_owned(), |rest, word| rest.replace(word, ""));
    rest.len() < reading.len() && rest.chars().count() < BESIDES
}

/// In small letters, with the letters that digits and signs stand for.
fn plain(password: &str) -> String {
    let letter = |sign| match sign {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    password.to_lowercase().chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_mixed_and_not_what_is_tried_first() {
        let rows = [
            ("", Err(GateProblem::PasswordShort)),
            ("aB3$efg", Err(GateProblem::PasswordShort)),
            ("tramonto7$", Err(GateProblem::PasswordPlain)),
            ("TRAMONTO7$", Err(GateProblem::PasswordPlain)),
            ("Tramonto$$", Err(GateProblem::PasswordPlain)),
            ("Tramonto77", Err(GateProblem::PasswordPlain)),
            ("password1!A", Err(GateProblem::PasswordCommon)),
            ("P4ssw0rd!", Err(GateProblem::PasswordCommon)),
            ("Qwerty123!", Err(GateProblem::PasswordCommon)),
            ("Benvenuto1!", Err(GateProblem::PasswordCommon)),
            ("Admin-Admin1", Err(GateProblem::PasswordCommon)),
            ("Giulia.1987", Err(GateProblem::PasswordIsName)),
            ("Rinaldi.Giulia1", Err(GateProblem::PasswordIsName)),
            ("R1naldi-2026", Err(GateProblem::PasswordIsName)),
            ("aB3$efgh", Ok(())),
            ("Perché-7-lune", Ok(())),
            ("Password del mulino 7", Ok(())),
        ];
        for (password, expected) in rows {
            assert_eq!(check_new(password, password, "Giulia Rinaldi"), expected, "{password}");
        }
        assert_eq!(check_new("aB3$efgh", "aB3$efgi", "G"), Err(GateProblem::PasswordsDiffer));
    }
}
