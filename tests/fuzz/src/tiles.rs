//! Screen updates: whatever arrives, the picture changes only where the decoder says, and an
//! independent reading of the operations comes to the same picture.

use crate::bounded;
use arbitrary::Unstructured;
use proto::limits::screen_update_bytes;
use proto::{Damage, Frame, Rect};
use tile_codec::{Decoder, Encoder};
use zstd::stream::raw::{CParameter, Encoder as Zstd, InBuffer, Operation, OutBuffer};

/// Largest side of a picture here, in pixels: several blocks of 16, and quick.
const SIDE: u8 = 72;

fn pixels(frame: &Frame<'_>) -> Vec<u8> {
    (0..frame.height).flat_map(|y| frame.row(y).iter().copied()).collect()
}

fn size([width, height]: [u8; 2]) -> (u32, u32) {
    (u32::from(width % SIDE) + 1, u32::from(height % SIDE) + 1)
}

/// One update: bounded, and nothing outside the reported damage is touched. False once refused.
fn decode(decoder: &mut Decoder, update: &[u8]) -> bool {
    let before = pixels(&decoder.picture());
    let (width, height) = (decoder.picture().width, decoder.picture().height);
    let most = usize::try_from(screen_update_bytes(width, height)).unwrap();
    let decoded = bounded(8 * most, || decoder.decode(update));
    let after = pixels(&decoder.picture());
    assert_eq!(before.len(), after.len());
    assert!(after.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255), "the picture is opaque");
    let Ok(damage) = decoded else {
        assert!(decoder.decode(update).is_err(), "a refused update poisons the decoder");
        assert_eq!(pixels(&decoder.picture()), after);
        return false;
    };
    assert!(damage.rects().iter().all(|rect| rect.fits(width, height)));
    let inside =
        |x: u32, y: u32| damage.rects().iter().any(|rect| rect.intersection(&Rect::new(x, y, 1, 1)).area() == 1);
    for (index, (old, new)) in before.as_chunks::<4>().0.iter().zip(after.as_chunks::<4>().0).enumerate() {
        let index = u32::try_from(index).unwrap();
        assert!(old == new || inside(index % width, index / width), "a pixel outside the damage changed");
    }
    true
}

/// Two bytes: the size of the picture. Then updates as bytes, each with its length before it as two
/// bytes, big endian.
pub fn tile(data: &[u8]) {
    let Some((sides, mut rest)) = data.split_first_chunk::<2>() else { return };
    let (width, height) = size(*sides);
    let mut decoder = Decoder::new(width, height).unwrap();
    while let Some((head, bytes)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*head)).min(bytes.len());
        let (update, next) = bytes.split_at(length);
        if !decode(&mut decoder, update) {
            return;
        }
        rest = next;
    }
}

/// The compressor as our encoder has it: one frame that never ends, flushed after each update.
struct Compressor(Zstd<'static>);

impl Compressor {
    fn new() -> Self {
        let mut zstd = Zstd::new(1).unwrap();
        zstd.set_parameter(CParameter::WindowLog(17)).unwrap();
        Self(zstd)
    }

    fn update(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(plain.len() * 2 + 1024);
        let mut input = InBuffer::around(plain);
        while input.pos() < plain.len() {
            out.reserve(1024);
            let at = out.len();
            self.0.run(&mut input, &mut OutBuffer::around_pos(&mut out, at)).unwrap();
        }
        loop {
            out.reserve(1024);
            let at = out.len();
            if self.0.flush(&mut OutBuffer::around_pos(&mut out, at)).unwrap() == 0 {
                return out;
            }
        }
    }
}

/// A picture as the format's description says, written down a second time and slowly.
struct Model {
    width: u32,
    height: u32,
    pixels: Vec<[u8; 4]>,
}

impl Model {
    fn at(&mut self, x: u32, y: u32) -> &mut [u8; 4] {
        &mut self.pixels[(y * self.width + x) as usize]
    }
}

/// One update of a few operations, most of them good ones; returns its bytes and, if it is good,
/// does the same to the model.
fn update(u: &mut Unstructured<'_>, model: &mut Model) -> arbitrary::Result<(Vec<u8>, bool)> {
    let (width, height) = (model.width, model.height);
    let mut plain = Vec::new();
    let mut good = true;
    let old = model.pixels.clone();
    let (mut copied, mut painted) = (0, 0);
    let area = u64::from(width) * u64::from(height);
    for _ in 0..u.int_in_range(0..=6)? {
        let tag = u.int_in_range(0..=15_u8)?;
        let wild = u.ratio(1, 24)?;
        let (x, y) = (u.int_in_range(0..=width - 1)?, u.int_in_range(0..=height - 1)?);
        let mut rect = Rect::new(x, y, u.int_in_range(1..=width - x)?, u.int_in_range(1..=height - y)?);
        if wild {
            rect =
                Rect::new(u.arbitrary::<u16>()?.into(), y, u.arbitrary::<u16>()?.into(), u.arbitrary::<u16>()?.into());
        }
        good &= !rect.is_empty() && rect.fits(width, height);
        plain.push(match tag {
            0..=4 => 1,
            5..=9 => 2,
            10..=14 => 3,
            _ => u.arbitrary()?,
        });
        let tag = *plain.last().unwrap_or(&0);
        for side in [rect.x, rect.y, rect.width, rect.height] {
            plain.extend_from_slice(&(side as u16).to_le_bytes());
        }
        match tag {
            1 => {
                let source_x = if wild {
                    u.arbitrary::<u16>()?.into()
                } else {
                    u.int_in_range(0..=width.saturating_sub(rect.width))?
                };
                let source_y = u.int_in_range(0..=height.saturating_sub(rect.height))?;
                let (dx, dy) = (source_x.wrapping_sub(rect.x) as u16, source_y.wrapping_sub(rect.y) as u16);
                plain.extend_from_slice(&dx.to_le_bytes());
                plain.extend_from_slice(&dy.to_le_bytes());
                // Read back as the decoder will: signed.
                let from = (i64::from(rect.x) + i64::from(dx as i16), i64::from(rect.y) + i64::from(dy as i16));
                let inside = from.0 >= 0
                    && from.1 >= 0
                    && from.0 + i64::from(rect.width) <= i64::from(width)
                    && from.1 + i64::from(rect.height) <= i64::from(height);
                copied += rect.area();
                good &= inside && painted == 0 && copied <= area;
                if good {
                    for y in 0..rect.height {
                        for x in 0..rect.width {
                            let source = (from.1 as u32 + y) * width + from.0 as u32 + x;
                            *model.at(rect.x + x, rect.y + y) = old[source as usize];
                        }
                    }
                }
            }
            2 => {
                let colour: [u8; 3] = u.arbitrary()?;
                plain.extend_from_slice(&colour);
                painted += rect.area();
                good &= painted <= area;
                if good {
                    for y in rect.y..rect.bottom() {
                        for x in rect.x..rect.right() {
                            *model.at(x, y) = [colour[0], colour[1], colour[2], 255];
                        }
                    }
                }
            }
            3 => {
                painted += rect.area();
                good &= painted <= area;
                let (first, step): (u8, u8) = (u.arbitrary()?, u.arbitrary()?);
                let short = u.ratio(1, 40)? && !rect.is_empty();
                let count = if rect.area() <= area { rect.area() as usize * 4 } else { 4 };
                let bytes: Vec<u8> = (0..count).map(|at| first.wrapping_add((at as u8).wrapping_mul(step))).collect();
                if good {
                    for (at, pixel) in bytes.as_chunks::<4>().0.iter().enumerate() {
                        let at = at as u32;
                        *model.at(rect.x + at % rect.width, rect.y + at / rect.width) =
                            [pixel[0], pixel[1], pixel[2], 255];
                    }
                }
                let sent = if short { bytes.len() - 1 } else { bytes.len() };
                plain.extend_from_slice(&bytes[..sent]);
                // The end's byte makes it whole again, and then there is no end.
                if short {
                    good = false;
                    break;
                }
            }
            // No such operation, or the end with bytes behind it.
            _ => {
                good = false;
                break;
            }
        }
    }
    if u.ratio(29, 30)? {
        plain.push(0);
    } else {
        good = false;
    }
    if !good {
        model.pixels = old;
    }
    Ok((plain, good))
}

/// Bytes make updates of operations, true and false ones, compressed as a true end would.
pub fn tile_operations(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(sides) = u.arbitrary() else { return };
    let (width, height) = size(sides);
    let mut decoder = Decoder::new(width, height).unwrap();
    let mut compressor = Compressor::new();
    let mut model = Model { width, height, pixels: vec![[0, 0, 0, 255]; (width * height) as usize] };
    for _ in 0..8 {
        if u.is_empty() {
            return;
        }
        let Ok((plain, good)) = update(&mut u, &mut model) else { return };
        let bytes = compressor.update(&plain);
        let taken = decode(&mut decoder, &bytes);
        assert_eq!(taken, good, "true ones are taken and false ones refused: {plain:?}");
        if good {
            assert_eq!(pixels(&decoder.picture()), model.pixels.as_flattened(), "{plain:?}");
        }
        if !good {
            return;
        }
    }
}

/// Bytes draw pictures; what the encoder writes of them must decode to exactly the same.
pub fn tile_pictures(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(sides) = u.arbitrary() else { return };
    let (width, height) = size(sides);
    let (mut encoder, mut decoder) = (Encoder::new(width, height).unwrap(), Decoder::new(width, height).unwrap());
    let mut picture = vec![9_u8; (width * height * 4) as usize];
    for _ in 0..6 {
        if u.is_empty() {
            return;
        }
        let Ok(damage) = draw(&mut u, &mut picture, width, height) else { return };
        let frame = Frame::new(width, height, width as usize * 4, &picture).unwrap();
        let Some(encoded) = encoder.encode(&frame, &damage).unwrap() else { continue };
        assert!(encoded.bytes.len() as u64 <= screen_update_bytes(width, height));
        assert!(decode(&mut decoder, encoded.bytes), "our own update was refused");
        for (sent, shown) in picture.as_chunks::<4>().0.iter().zip(pixels(&decoder.picture()).as_chunks::<4>().0) {
            assert_eq!(sent[..3], shown[..3]);
        }
    }
}

/// Fills, moves and speckles; the damage holds all of it.
fn draw(u: &mut Unstructured<'_>, picture: &mut [u8], width: u32, height: u32) -> arbitrary::Result<Damage> {
    let mut damage = Damage::none();
    for _ in 0..u.int_in_range(1..=4)? {
        let (x, y) = (u.int_in_range(0..=width - 1)?, u.int_in_range(0..=height - 1)?);
        let rect = Rect::new(x, y, u.int_in_range(1..=width - x)?, u.int_in_range(1..=height - y)?);
        damage.add(rect);
        let old = picture.to_vec();
        let (what, colour): (u8, [u8; 4]) = (u.arbitrary()?, u.arbitrary()?);
        let from = (u.int_in_range(0..=width - rect.width)?, u.int_in_range(0..=height - rect.height)?);
        for y in 0..rect.height {
            for x in 0..rect.width {
                let at = ((rect.y + y) * width + rect.x + x) as usize * 4;
                let source = ((from.1 + y) * width + from.0 + x) as usize * 4;
                let noise = (x * 31 + y * 17) as u8;
                let pixel = match what % 3 {
                    0 => colour,
                    1 => [old[source], old[source + 1], old[source + 2], colour[3]],
                    _ => [colour[0] ^ noise, colour[1].wrapping_mul(noise), colour[2], noise],
                };
                picture[at..at + 4].copy_from_slice(&pixel);
            }
        }
    }
    Ok(damage)
}
