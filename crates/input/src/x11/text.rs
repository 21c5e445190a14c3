//! Typing any character on X11: with the key and the level that the layout has for it, else with a
//! free key that is lent to it.
//!
//! A program looks a key up in the keyboard map some time after the press, so a lent key stays
//! lent as long as there are other free ones; only then the one that was used longest ago is lent
//! again, after a pause.

use super::Keyboard;
use crate::InputError;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{self, ConnectionExt as _, KeyButMask, Mapping};
use x11rb::wrapper::ConnectionExt as _;
use xkeysym::Keysym;

/// A program has looked up what was pressed this long ago, also on a busy machine.
const LOOKED_UP_AFTER: Duration = Duration::from_millis(500);
/// Nothing on that key and level.
const NO_SYMBOL: u32 = 0;
/// Rows of the modifier map, and the bits of the pointer's state that hold the layout's group.
const SHIFT_ROW: usize = 0;
const LOCK_ROW: usize = 1;
const GROUP_SHIFT: u16 = 13;

/// Types text; remembers the map and the keys that are lent.
#[derive(Default)]
pub(super) struct Typist {
    map: Option<Map>,
    lent: Vec<Lent>,
    must_settle: bool,
}

/// A free key with a character of ours.
#[derive(Debug, Clone, Copy)]
struct Lent {
    keycode: u8,
    symbol: u32,
    used_at: Instant,
}

/// The keyboard map as the server has it.
struct Map {
    first: u8,
    per_key: usize,
    symbols: Vec<u32>,
    shift: Option<u8>,
    level3: Option<u8>,
    caps_lock: Option<u8>,
    /// Keys that change what other keys mean while they are down.
    modifiers: Vec<u8>,
}

/// How to type one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stroke {
    keycode: u8,
    shift: bool,
    level3: bool,
}

impl Typist {
    /// Lets programs look up what was typed, if the next character needs a key that was just used;
    /// returns whether it did. The server waits, not we; it must not be grabbed.
    pub(super) fn settle(&mut self, keyboard: &Keyboard) -> Result<bool, InputError> {
        let must_settle = std::mem::take(&mut self.must_settle);
        if must_settle {
            const RELATIVE: u8 = 1;
            keyboard.fake(xproto::MOTION_NOTIFY_EVENT, RELATIVE, LOOKED_UP_AFTER.as_millis() as u32)?;
        }
        Ok(must_settle)
    }

    /// Types as many characters as go without a pause, at least one after a pause; returns how
    /// many. To be called while the server is grabbed.
    pub(super) fn type_some(
        &mut self,
        keyboard: &mut Keyboard,
        text: &[char],
        settled: bool,
    ) -> Result<usize, InputError> {
        self.refresh(keyboard)?;
        let Some(map) = &self.map else { return Err(InputError::Failed("no keyboard map".into())) };
        let state = keyboard.connection.query_pointer(keyboard.root)?.reply()?.mask;
        let group = usize::from((u16::from(state) >> GROUP_SHIFT) & 3);
        let held: Vec<u8> = keyboard.down.iter().copied().filter(|key| map.modifiers.contains(key)).collect();
        let caps_lock = map.caps_lock.filter(|_| state.contains(KeyButMask::LOCK));
        for key in &held {
            keyboard.lift(*key)?;
        }
        tap(keyboard, caps_lock)?;
        let typed = self.type_strokes(keyboard, text, group, settled);
        tap(keyboard, caps_lock)?;
        for key in held {
            keyboard.press(key)?;
        }
        typed
    }

    fn type_strokes(
        &mut self,
        keyboard: &mut Keyboard,
        text: &[char],
        group: usize,
        settled: bool,
    ) -> Result<usize, InputError> {
        for (index, character) in text.iter().enumerate() {
            let Some(symbol) = symbol_of(*character) else { continue };
            let known = self.map.as_ref().and_then(|map| map.stroke(*character, symbol, group));
            let stroke = match known {
                Some(stroke) => stroke,
                None => match self.lend(keyboard, symbol, settled && index == 0)? {
                    Some(keycode) => Stroke { keycode, shift: false, level3: false },
                    None if index == 0 && settled => {
                        return Err(InputError::Failed("no free key for a character".into()));
                    }
                    None => {
                        self.must_settle = true;
                        return Ok(index);
                    }
                },
            };
            if let Some(lent) = self.lent.iter_mut().find(|lent| lent.keycode == stroke.keycode) {
                lent.used_at = Instant::now();
            }
            self.strike(keyboard, stroke)?;
        }
        Ok(text.len())
    }

    fn strike(&self, keyboard: &mut Keyboard, stroke: Stroke) -> Result<(), InputError> {
        let Some(map) = &self.map else { return Ok(()) };
        let with = [map.shift.filter(|_| stroke.shift), map.level3.filter(|_| stroke.level3)];
        for key in with.iter().flatten() {
            keyboard.press(*key)?;
        }
        tap(keyboard, Some(stroke.keycode))?;
        for key in with.iter().rev().flatten() {
            keyboard.lift(*key)?;
        }
        Ok(())
    }

    /// Reads the map anew if anybody changed it.
    fn refresh(&mut self, keyboard: &Keyboard) -> Result<(), InputError> {
        while let Some(event) = keyboard.connection.poll_for_event()? {
            if let Event::MappingNotify(event) = event
                && event.request != Mapping::POINTER
            {
                self.map = None;
            }
        }
        if self.map.is_none() {
            let map = Map::read(keyboard)?;
            // Somebody chose another layout: it is theirs now.
            self.lent.retain(|lent| map.symbols_of(lent.keycode).first() == Some(&lent.symbol));
            self.map = Some(map);
        }
        Ok(())
    }

    /// Puts a symbol on a free key, or on a lent one that programs have looked up; `None` if there
    /// is none at the moment.
    fn lend(&mut self, keyboard: &Keyboard, symbol: u32, settled: bool) -> Result<Option<u8>, InputError> {
        let Some(map) = &mut self.map else { return Ok(None) };
        let now = Instant::now();
        let free = map.free_keys().find(|key| self.lent.iter().all(|lent| lent.keycode != *key));
        let keycode = match free {
            Some(keycode) => keycode,
            None => {
                let oldest = self.lent.iter().enumerate().min_by_key(|(_, lent)| lent.used_at);
                let Some((index, lent)) = oldest.map(|(index, lent)| (index, *lent)) else { return Ok(None) };
                if now.duration_since(lent.used_at) < LOOKED_UP_AFTER && !settled {
                    return Ok(None);
                }
                self.lent.swap_remove(index);
                lent.keycode
            }
        };
        // Twice: of a single symbol the server makes a lower and an upper case.
        keyboard.connection.change_keyboard_mapping(1, keycode, 2, &[symbol, symbol])?;
        map.set(keycode, symbol);
        self.lent.push(Lent { keycode, symbol, used_at: now });
        Ok(Some(keycode))
    }

    /// Takes all symbols off the lent keys.
    pub(super) fn restore(&mut self, keyboard: &Keyboard) -> Result<(), InputError> {
        if self.lent.is_empty() {
            return Ok(());
        }
        self.refresh(keyboard)?;
        for lent in self.lent.drain(..) {
            keyboard.connection.change_keyboard_mapping(1, lent.keycode, 2, &[NO_SYMBOL, NO_SYMBOL])?;
        }
        // Waits for the server: it forgets what a program still had to say when it is gone.
        Ok(keyboard.connection.sync()?)
    }
}

/// Presses and lifts a key.
fn tap(keyboard: &mut Keyboard, keycode: Option<u8>) -> Result<(), InputError> {
    if let Some(keycode) = keycode {
        keyboard.press(keycode)?;
        keyboard.lift(keycode)?;
    }
    Ok(())
}

/// The symbol to put on a key for a character; `None` for control characters that no key types.
fn symbol_of(character: char) -> Option<u32> {
    match character {
        '\n' => Some(xkeysym::key::Return),
        '\t' => Some(xkeysym::key::Tab),
        control if control.is_control() => None,
        other => Some(Keysym::from_char(other).raw()),
    }
}

/// Whether a symbol of the map types that character.
fn types(symbol: u32, character: char, wanted: u32) -> bool {
    // The keypad's digits depend on num lock, and its signs mean other things to some programs.
    let is_keypad = (xkeysym::key::KP_Space..=xkeysym::key::KP_9).contains(&symbol);
    symbol == wanted || (!is_keypad && !character.is_control() && Keysym::new(symbol).key_char() == Some(character))
}

impl Map {
    fn read(keyboard: &Keyboard) -> Result<Self, InputError> {
        let connection = &keyboard.connection;
        let setup = connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let count = last.saturating_sub(first).saturating_add(1);
        let mapping = connection.get_keyboard_mapping(first, count)?.reply()?;
        let rows = connection.get_modifier_mapping()?.reply()?;
        let per_row = usize::from(rows.keycodes_per_modifier()).max(1);
        let row = |index: usize| rows.keycodes.chunks(per_row).nth(index).unwrap_or_default().iter().copied();
        let mut map = Self {
            first,
            per_key: usize::from(mapping.keysyms_per_keycode).max(1),
            symbols: mapping.keysyms,
            shift: None,
            level3: None,
            caps_lock: None,
            modifiers: Vec::new(),
        };
        let means = |key: u8, symbol: u32| map.symbols_of(key).first() == Some(&symbol);
        let all = || (0..8).flat_map(row).filter(|key| *key != 0);
        let shift = row(SHIFT_ROW).find(|key| *key != 0);
        let level3 = all().find(|key| means(*key, xkeysym::key::ISO_Level3_Shift));
        let caps_lock = row(LOCK_ROW).find(|key| means(*key, xkeysym::key::Caps_Lock));
        let locks = [xkeysym::key::Caps_Lock, xkeysym::key::Num_Lock, xkeysym::key::Scroll_Lock];
        let modifiers = all().filter(|key| !locks.iter().any(|lock| means(*key, *lock))).collect();
        (map.shift, map.level3, map.caps_lock, map.modifiers) = (shift, level3, caps_lock, modifiers);
        Ok(map)
    }

    fn symbols_of(&self, keycode: u8) -> &[u32] {
        let index = usize::from(keycode.saturating_sub(self.first));
        self.symbols.chunks(self.per_key).nth(index).unwrap_or_default()
    }

    fn set(&mut self, keycode: u8, symbol: u32) {
        let index = usize::from(keycode.saturating_sub(self.first));
        if let Some(symbols) = self.symbols.chunks_mut(self.per_key).nth(index) {
            symbols.iter_mut().take(2).for_each(|place| *place = symbol);
        }
    }

    fn keys(&self) -> impl Iterator<Item = (u8, &[u32])> {
        (self.first..=u8::MAX).zip(self.symbols.chunks(self.per_key))
    }

    /// Keys without a symbol, the ones that keyboards have least first; never the very first,
    /// which programs that count as Linux does take for none.
    fn free_keys(&self) -> impl Iterator<Item = u8> {
        let free = |(key, symbols): (u8, &[u32])| {
            symbols.iter().all(|symbol| *symbol == NO_SYMBOL).then_some(key).filter(|key| *key > super::X11_OFFSET)
        };
        let mut keys: Vec<u8> = self.keys().filter_map(free).collect();
        keys.reverse();
        keys.into_iter()
    }

    /// The simplest way to type a character in this group of the layout. The places of groups and
    /// levels in the core map: X Keyboard Extension protocol, section 12.4.
    fn stroke(&self, character: char, symbol: u32, group: usize) -> Option<Stroke> {
        if group > 1 {
            return self.find(character, symbol, 0, false, false).filter(|stroke| self.is_lent_like(stroke.keycode));
        }
        let base = group * 2;
        let levels = [(0, false, false), (1, true, false), (4, false, true), (5, true, true)];
        levels.into_iter().find_map(|(place, shift, level3)| {
            let possible = (!shift || self.shift.is_some()) && (!level3 || self.level3.is_some());
            possible.then(|| self.find(character, symbol, base + place, shift, level3)).flatten()
        })
    }

    fn find(&self, character: char, symbol: u32, place: usize, shift: bool, level3: bool) -> Option<Stroke> {
        self.keys()
            .find(|(_, symbols)| symbols.get(place).is_some_and(|found| types(*found, character, symbol)))
            .map(|(keycode, _)| Stroke { keycode, shift, level3 })
    }

    /// Whether a key has one symbol in all groups and levels, as lent ones have.
    fn is_lent_like(&self, keycode: u8) -> bool {
        let symbols = self.symbols_of(keycode);
        symbols.iter().all(|symbol| *symbol == NO_SYMBOL || Some(symbol) == symbols.first())
    }
}
