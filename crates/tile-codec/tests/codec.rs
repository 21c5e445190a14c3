//! What the codec promises: exact pictures, few bytes, and no harm from hostile ones.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proto::{Damage, Frame, Rect, limits};
use tile_codec::{CodecError, DecodeError, Decoder, Encoder, Stats};

/// A picture that is drawn into, with padding behind every row and junk in every fourth byte.
#[derive(Clone)]
struct Canvas {
    width: u32,
    height: u32,
    stride: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: u32, height: u32, padding: usize) -> Self {
        let stride = width as usize * 4 + padding;
        Self { width, height, stride, pixels: vec![0xA5; stride * height as usize] }
    }

    fn frame(&self) -> Frame<'_> {
        Frame::new(self.width, self.height, self.stride, &self.pixels).unwrap()
    }

    fn full(&self) -> Damage {
        Damage::full(self.width, self.height)
    }

    fn place(&self, x: u32, y: u32) -> usize {
        y as usize * self.stride + x as usize * 4
    }

    fn put(&mut self, x: u32, y: u32, colour: [u8; 4]) {
        let place = self.place(x, y);
        self.pixels[place..place + 4].copy_from_slice(&colour);
    }

    fn colour(&self, x: u32, y: u32) -> [u8; 4] {
        let place = self.place(x, y);
        self.pixels[place..place + 4].try_into().unwrap()
    }

    fn fill(&mut self, rect: Rect, colour: [u8; 4]) {
        let rect = rect.intersection(&Rect::new(0, 0, self.width, self.height));
        for y in rect.y..rect.bottom() {
            for x in rect.x..rect.right() {
                self.put(x, y, colour);
            }
        }
    }

    /// Copies what is at `source` to (`x`, `y`), as moving a window does.
    fn shift(&mut self, source: Rect, x: u32, y: u32) {
        let before = self.clone();
        for row in 0..source.height {
            for column in 0..source.width {
                if x + column < self.width && y + row < self.height {
                    self.put(x + column, y + row, before.colour(source.x + column, source.y + row));
                }
            }
        }
    }

    /// A letter of 8 x 12 pixels that depends on `seed`.
    fn letter(&mut self, x: u32, y: u32, seed: u32) {
        let bits = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5A5A_1234_9876_0F0F;
        for pixel in 0..60 {
            if bits.rotate_left(pixel * 7) & 3 == 0 {
                self.put(x + pixel % 6, y + pixel / 6, [30, 30, 30, pixel as u8]);
            }
        }
    }

    /// A page of text: `first` is the first line shown.
    fn page(&mut self, area: Rect, first: u32) {
        self.fill(area, [255, 255, 255, 0]);
        for row in 0..area.height / 16 {
            let line = first + row;
            let length = (line * 37 % 50 + 20).min(area.width / 8);
            for column in 0..length {
                let seed = line * 131 + column * 17;
                if !seed.is_multiple_of(6) {
                    self.letter(area.x + column * 8, area.y + row * 16, seed % 40);
                }
            }
        }
    }
}

/// Both ends of a stream; every update is decoded and compared.
struct Pair {
    encoder: Encoder,
    decoder: Decoder,
}

impl Pair {
    fn new(canvas: &Canvas) -> Self {
        let (width, height) = (canvas.width, canvas.height);
        Self { encoder: Encoder::new(width, height).unwrap(), decoder: Decoder::new(width, height).unwrap() }
    }

    /// Sends all of a picture; the bytes it took and what they are made of, `None` if nothing was sent.
    fn send(&mut self, canvas: &Canvas, damage: &Damage) -> Option<(usize, Stats)> {
        let encoded = self.encoder.encode(&canvas.frame(), damage).unwrap()?;
        assert!(encoded.bytes.len() as u64 <= limits::screen_update_bytes(canvas.width, canvas.height));
        let changed = self.decoder.decode(encoded.bytes).unwrap();
        assert_eq!(changed.bounds(), encoded.changed.bounds());
        Some((encoded.bytes.len(), encoded.stats))
    }

    fn assert_shows(&self, canvas: &Canvas) {
        let shown = self.decoder.picture();
        for y in 0..canvas.height {
            let (expected, shown) = (canvas.frame().row(y), shown.row(y));
            for (expected, shown) in expected.chunks(4).zip(shown.chunks(4)) {
                assert_eq!((&expected[..3], 255), (&shown[..3], shown[3]), "row {y}");
            }
        }
    }

    fn send_exactly(&mut self, canvas: &Canvas, damage: &Damage) -> Option<(usize, Stats)> {
        let sent = self.send(canvas, damage);
        self.assert_shows(canvas);
        sent
    }
}

#[derive(Debug, Clone)]
enum Edit {
    Fill(Rect, [u8; 4]),
    Noise(Rect, u64),
    Shift(Rect, u32, u32),
    Page(Rect, u32),
}

fn rect() -> impl Strategy<Value = Rect> {
    (0..150_u32, 0..150_u32, 1..200_u32, 1..200_u32).prop_map(|(x, y, width, height)| Rect::new(x, y, width, height))
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (rect(), any::<[u8; 4]>()).prop_map(|(rect, colour)| Edit::Fill(rect, colour)),
        (rect(), any::<u64>()).prop_map(|(rect, seed)| Edit::Noise(rect, seed)),
        (rect(), 0..150_u32, 0..150_u32).prop_map(|(rect, x, y)| Edit::Shift(rect, x, y)),
        (rect(), 0..9_u32).prop_map(|(rect, first)| Edit::Page(rect, first)),
    ]
}

/// Applies an edit and tells where it drew.
fn apply(canvas: &mut Canvas, edit: &Edit) -> Rect {
    let all = Rect::new(0, 0, canvas.width, canvas.height);
    match edit {
        Edit::Fill(rect, colour) => {
            canvas.fill(*rect, *colour);
            *rect
        }
        Edit::Noise(rect, seed) => {
            let rect = rect.intersection(&all);
            let mut state = *seed;
            for y in rect.y..rect.bottom() {
                for x in rect.x..rect.right() {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    canvas.put(x, y, (state >> 32).to_le_bytes()[..4].try_into().unwrap());
                }
            }
            rect
        }
        Edit::Shift(rect, x, y) => {
            let rect = rect.intersection(&all);
            canvas.shift(rect, *x, *y);
            Rect::new(*x, *y, rect.width, rect.height)
        }
        Edit::Page(rect, first) => {
            let rect = rect.intersection(&all);
            canvas.page(rect, *first);
            rect
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pictures_arrive_exactly_whatever_is_drawn(
        width in 1..200_u32,
        height in 1..200_u32,
        padding in prop_oneof![Just(0), Just(4), Just(60), Just(7)],
        updates in prop::collection::vec((prop::collection::vec(edit(), 1..4), any::<bool>()), 1..8),
    ) {
        let mut canvas = Canvas::new(width, height, padding);
        let mut pair = Pair::new(&canvas);
        for (edits, exact_damage) in updates {
            let mut damage = Damage::none();
            for edit in &edits {
                damage.add(apply(&mut canvas, edit));
            }
            let damage = if exact_damage { damage } else { canvas.full() };
            pair.send_exactly(&canvas, &damage);
        }
    }

    #[test]
    fn hostile_bytes_do_no_harm(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut canvas = Canvas::new(130, 70, 0);
        canvas.page(Rect::new(0, 0, 130, 70), 3);
        let mut encoder = Encoder::new(130, 70).unwrap();
        let first = encoder.encode(&canvas.frame(), &canvas.full()).unwrap().unwrap().bytes.to_vec();
        canvas.shift(Rect::new(0, 5, 130, 65), 0, 0);
        let second = encoder.encode(&canvas.frame(), &canvas.full()).unwrap().unwrap().bytes.to_vec();
        let mut flipped = second.clone();
        for (place, bits) in flips {
            *place.get_mut(&mut flipped) ^= bits;
        }
        for bad in [&bytes[..], &flipped, &second[..cut.index(second.len())], &first] {
            let mut decoder = Decoder::new(130, 70).unwrap();
            decoder.decode(&first).unwrap();
            // A flipped pixel may pass; then the next update must still do no harm.
            if decoder.decode(bad).is_err() {
                prop_assert_eq!(decoder.decode(&second), Err(DecodeError::Poisoned));
            } else {
                let _ = decoder.decode(&second);
            }
            let _ = Decoder::new(130, 70).unwrap().decode(bad);
        }
    }

    #[test]
    fn operations_of_a_peer_never_leave_the_picture(
        fields in prop::collection::vec((0..5_u8, any::<[u16; 4]>(), any::<[u8; 8]>(), any::<bool>()), 0..20),
    ) {
        let mut plain = Vec::new();
        for (tag, mut sides, rest, small) in fields {
            plain.push(tag);
            if small {
                sides = [sides[0] % 30, sides[1] % 20, sides[2] % 12, sides[3] % 12];
            }
            plain.extend(sides.iter().flat_map(|side| side.to_le_bytes()));
            plain.extend(&rest[..if tag == 2 { 3 } else { 4 }]);
        }
        plain.push(0);
        let _ = Decoder::new(33, 21).unwrap().decode(&compressed(&plain));
    }
}

/// A stream as a peer with its own zstd could begin it.
fn compressed(plain: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_contentsize(false).unwrap();
    encoder.write_all(plain).unwrap();
    encoder.flush().unwrap();
    encoder.get_ref().clone()
}

fn document() -> Canvas {
    let mut canvas = Canvas::new(800, 600, 32);
    canvas.fill(Rect::new(0, 0, 800, 600), [90, 120, 40, 1]);
    canvas.page(Rect::new(40, 40, 700, 512), 0);
    canvas
}

#[test]
fn a_still_screen_is_nothing() {
    let mut canvas = document();
    let mut pair = Pair::new(&canvas);
    assert!(pair.send_exactly(&canvas, &Damage::none()).is_some(), "the first picture is always sent whole");
    assert!(pair.send(&canvas, &canvas.full()).is_none());
    // The fourth bytes are not colours.
    canvas.pixels.chunks_exact_mut(4).for_each(|pixel| pixel[3] ^= 0xFF);
    assert!(pair.send(&canvas, &canvas.full()).is_none());
}

#[test]
fn a_typed_letter_is_a_few_bytes() {
    let mut canvas = document();
    let mut pair = Pair::new(&canvas);
    pair.send_exactly(&canvas, &canvas.full());
    for letter in 0..20 {
        canvas.letter(60 + letter * 8, 560, letter);
        let (bytes, stats) = pair.send_exactly(&canvas, &canvas.full()).unwrap();
        assert!(bytes < 300, "{bytes}");
        assert_eq!(stats.copies, 0);
    }
}

#[test]
fn scrolled_text_is_copied() {
    let mut canvas = document();
    let mut pair = Pair::new(&canvas);
    pair.send_exactly(&canvas, &canvas.full());
    for first in 1..6 {
        canvas.page(Rect::new(40, 40, 700, 512), first * 3);
        let (bytes, stats) = pair.send_exactly(&canvas, &canvas.full()).unwrap();
        assert!(stats.copies > 0 && stats.copies < 60, "{stats:?}");
        assert!(stats.raw_pixels < 700 * 512 / 4, "{stats:?}");
        // A hundredth of what changed, and that is mostly the three new lines.
        assert!(bytes * 100 < stats.changed_blocks * 1024, "{bytes} {stats:?}");
    }
}

#[test]
fn text_scrolled_by_any_distance_is_copied() {
    // One tall page, shown through a window of the screen.
    let mut tall = Canvas::new(700, 2000, 0);
    tall.page(Rect::new(0, 0, 700, 2000), 0);
    let mut canvas = document();
    let mut pair = Pair::new(&canvas);
    let mut at = 0;
    for distance in [0, 1, 7, 53, 53, 53, 120, 300] {
        at += distance;
        for y in 0..512 {
            for x in 0..700 {
                canvas.put(x + 43, y + 37, tall.colour(x, y + at));
            }
        }
        let (_, stats) = pair.send_exactly(&canvas, &canvas.full()).unwrap();
        if at > 0 {
            let most = 700 * u64::from(distance + 64);
            assert!(stats.copies > 0 && stats.raw_pixels < most, "{distance}: {stats:?}");
        }
    }
}

#[test]
fn a_dragged_window_is_copied() {
    let mut canvas = document();
    let background = canvas.clone();
    let mut window = Canvas::new(320, 240, 0);
    window.page(Rect::new(0, 0, 320, 240), 77);
    let mut pair = Pair::new(&canvas);
    let mut before = None;
    for (x, y) in [(100, 100), (113, 96), (126, 92), (90, 150), (91, 150)] {
        canvas = background.clone();
        for row in 0..window.height {
            for column in 0..window.width {
                canvas.put(x + column, y + row, window.colour(column, row));
            }
        }
        let place = Rect::new(x, y, window.width, window.height);
        let mut damage = Damage::none();
        damage.add(place);
        damage.merge(&before.map_or(Damage::none(), |rect| {
            let mut old = Damage::none();
            old.add(rect);
            old
        }));
        let (_, stats) = pair.send_exactly(&canvas, &damage).unwrap();
        assert!(before.is_none() || stats.copies > 0, "{stats:?}");
        before = Some(place);
    }
}

#[test]
fn only_damage_is_looked_at() {
    let mut canvas = document();
    let mut pair = Pair::new(&canvas);
    pair.send_exactly(&canvas, &canvas.full());
    let told = Rect::new(103, 205, 9, 5);
    canvas.fill(Rect::new(95, 200, 30, 20), [1, 2, 3, 4]);
    let mut damage = Damage::none();
    damage.add(told);
    let encoded = pair.encoder.encode(&canvas.frame(), &damage).unwrap().unwrap();
    assert_eq!(encoded.changed.bounds(), told);
    assert_eq!(pair.decoder.decode(encoded.bytes).unwrap().bounds(), told);
    assert!(pair.send(&canvas, &damage).is_none());
    // What was outside is found when it is told.
    pair.send_exactly(&canvas, &canvas.full()).unwrap();
}

#[test]
fn moved_content_outside_the_damage_is_left_alone() {
    let mut canvas = document();
    let mut pair = Pair::new(&canvas);
    pair.send_exactly(&canvas, &canvas.full());
    canvas.page(Rect::new(40, 40, 700, 512), 2);
    let told = Rect::new(51, 43, 603, 401);
    let mut damage = Damage::none();
    damage.add(told);
    let encoded = pair.encoder.encode(&canvas.frame(), &damage).unwrap().unwrap();
    assert!(encoded.stats.copies > 0);
    assert_eq!(encoded.changed.bounds().union(&told), told);
    pair.decoder.decode(encoded.bytes).unwrap();
    pair.send_exactly(&canvas, &canvas.full()).unwrap();
}

#[test]
fn the_first_picture_of_one_colour_is_tiny() {
    let mut canvas = Canvas::new(1920, 1080, 0);
    canvas.fill(Rect::new(0, 0, 1920, 1080), [50, 60, 70, 80]);
    let (bytes, stats) = Pair::new(&canvas).send(&canvas, &Damage::none()).unwrap();
    assert!(bytes < 200 && stats.raws == 0, "{bytes} {stats:?}");
}

#[test]
fn the_same_pictures_give_the_same_bytes() {
    let run = || {
        let mut canvas = document();
        let mut encoder = Encoder::new(800, 600).unwrap();
        let mut all = encoder.encode(&canvas.frame(), &canvas.full()).unwrap().unwrap().bytes.to_vec();
        canvas.page(Rect::new(40, 40, 700, 512), 3);
        all.extend_from_slice(encoder.encode(&canvas.frame(), &canvas.full()).unwrap().unwrap().bytes);
        all
    };
    assert_eq!(run(), run());
}

#[test]
fn a_bomb_is_refused() {
    let bomb = compressed(&vec![0; 40 << 20]);
    assert!(bomb.len() < 8192);
    let mut decoder = Decoder::new(640, 480).unwrap();
    assert_eq!(decoder.decode(&bomb), Err(DecodeError::TooLarge));
    assert_eq!(decoder.decode(&bomb), Err(DecodeError::Poisoned));
}

#[test]
fn sizes_and_frames_that_do_not_fit_are_refused() {
    for (width, height) in [(0, 10), (10, 0), (limits::PICTURE_SIDE_PIXELS + 1, 1), (16_000, 16_000)] {
        assert_eq!(Encoder::new(width, height).err(), Some(CodecError::Size));
        assert_eq!(Decoder::new(width, height).err(), Some(CodecError::Size));
    }
    let mut encoder = Encoder::new(20, 10).unwrap();
    let pixels = vec![0; 20 * 10 * 4];
    let rows = [(10, 20, 40, 800), (20, 10, 80, 799), (20, 10, 79, 800), (20, 10, usize::MAX, 800)];
    for (width, height, stride, length) in rows {
        let frame = Frame { width, height, stride, pixels: &pixels[..length] };
        assert_eq!(encoder.encode(&frame, &Damage::none()).err(), Some(CodecError::WrongFrame));
    }
    assert!(encoder.encode(&Frame::new(20, 10, 80, &pixels).unwrap(), &Damage::none()).unwrap().is_some());
}
