// What a person types or pastes, as symbols of a session key (Crockford's Base32). Pure.

/** How many symbols the page may know. */
export const LOCATOR = 3;

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ALIKE = { O: "0", I: "1", L: "1" };
// Blanks, dashes of all kinds, dots and bars that people write between groups, and marks that nobody sees.
const BETWEEN = /[\s\p{Pd}\p{Cf}._·•|/\u2212]/u;

/** The symbols in a text, at most LOCATOR of them; whether there were more; the first that is none. */
export function read(text) {
  let symbols = "";
  let surplus = false;
  let wrong = null;
  for (const written of text.normalize("NFKC")) {
    if (BETWEEN.test(written)) continue;
    const upper = written.toUpperCase();
    const symbol = ALIKE[upper] ?? upper;
    if (symbol.length !== 1 || !ALPHABET.includes(symbol)) {
      wrong ??= written;
    } else if (symbols.length < LOCATOR) {
      symbols += symbol;
    } else {
      surplus = true;
    }
  }
  return { symbols, surplus, wrong };
}
