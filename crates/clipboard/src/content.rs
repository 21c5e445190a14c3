//! What is copied, and its bytes on the way.

use proto::clipboard::{ClipKind, ClipProblem};
use proto::limits::CLIPBOARD_PIXELS;
use std::fmt;
use std::io::Cursor;

/// Bytes of a pixel.
const PIXEL: usize = 4;
/// What the decoder may allocate besides the picture, in bytes.
const DECODER_BYTES: usize = 1024 * 1024;

/// Text or a picture.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// Text.
    Text(String),
    /// A picture.
    Picture(Picture),
}

/// A picture of at most [`CLIPBOARD_PIXELS`] pixels.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

impl fmt::Debug for Content {
    /// Only how much: what is copied is often a password, and debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Picture(picture) => picture.fmt(f),
        }
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({} by {})", self.width, self.height)
    }
}

impl Picture {
    /// Rows of red, green, blue and alpha, not premultiplied.
    ///
    /// # Errors
    /// [`ClipProblem::TooLarge`], [`ClipProblem::Malformed`] where the bytes are not those of such a picture.
    pub fn new(width: u32, height: u32, rgba: Vec<u8>) -> Result<Self, ClipProblem> {
        let pixels = pixels_of(width, height)?;
        if rgba.len() == pixels * PIXEL { Ok(Self { width, height, rgba }) } else { Err(ClipProblem::Malformed) }
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Rows of red, green, blue and alpha.
    #[must_use]
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    pub(crate) fn into_rgba(self) -> Vec<u8> {
        self.rgba
    }
}

fn pixels_of(width: u32, height: u32) -> Result<usize, ClipProblem> {
    match u64::from(width) * u64::from(height) {
        0 => Err(ClipProblem::Malformed),
        pixels if pixels > CLIPBOARD_PIXELS => Err(ClipProblem::TooLarge),
        pixels => usize::try_from(pixels).map_err(|_| ClipProblem::TooLarge),
    }
}

impl Content {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> ClipKind {
        match self {
            Self::Text(_) => ClipKind::Text,
            Self::Picture(_) => ClipKind::Picture,
        }
    }

    /// Its bytes on the way: UTF-8, or a PNG of eight bits of red, green, blue and alpha.
    ///
    /// # Errors
    /// [`ClipProblem::Empty`], [`ClipProblem::TooLarge`].
    pub fn encode(&self) -> Result<Vec<u8>, ClipProblem> {
        let bytes = match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Picture(picture) => encoded(picture).map_err(|_| ClipProblem::TooLarge)?,
        };
        match bytes.len() {
            0 => Err(ClipProblem::Empty),
            length if length > self.kind().most_bytes() => Err(ClipProblem::TooLarge),
            _ => Ok(bytes),
        }
    }
}

fn encoded(picture: &Picture) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width, picture.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&picture.rgba)?;
    writer.finish()?;
    Ok(bytes)
}

/// Reads what [`Content::encode`] wrote, and nothing else: whatever a peer says of sizes, no more is allocated than the
/// largest picture has.
///
/// # Errors
/// [`ClipProblem::Malformed`], [`ClipProblem::TooLarge`].
pub fn decode(kind: ClipKind, bytes: Vec<u8>) -> Result<Content, ClipProblem> {
    if bytes.is_empty() {
        return Err(ClipProblem::Malformed);
    }
    if bytes.len() > kind.most_bytes() {
        return Err(ClipProblem::TooLarge);
    }
    match kind {
        ClipKind::Text => String::from_utf8(bytes).map(Content::Text).map_err(|_| ClipProblem::Malformed),
        ClipKind::Picture => decoded(&bytes).map(Content::Picture),
    }
}

fn decoded(bytes: &[u8]) -> Result<Picture, ClipProblem> {
    let most = usize::try_from(CLIPBOARD_PIXELS).unwrap_or(usize::MAX).saturating_mul(PIXEL);
    let limits = png::Limits { bytes: most.saturating_add(DECODER_BYTES) };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    // What a PNG says besides its pixels is of no use here.
    decoder.set_ignore_text_chunk(true);
    let mut reader = decoder.read_info().map_err(|_| ClipProblem::Malformed)?;
    let (width, height) = (reader.info().width, reader.info().height);
    let pixels = pixels_of(width, height)?;
    let is_ours = reader.output_color_type() == (png::ColorType::Rgba, png::BitDepth::Eight)
        && !reader.info().interlaced
        && reader.info().animation_control.is_none();
    if !is_ours || reader.output_buffer_size() != Some(pixels * PIXEL) {
        return Err(ClipProblem::Malformed);
    }
    let mut rgba = vec![0; pixels * PIXEL];
    reader.next_frame(&mut rgba).map_err(|_| ClipProblem::Malformed)?;
    Picture::new(width, height, rgba)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32) -> Picture {
        let rgba = (0..width * height * 4).map(|at| (at % 251) as u8).collect();
        Picture::new(width, height, rgba).unwrap()
    }

    #[test]
    fn text_and_pictures_arrive_as_they_left() {
        let contents = [
            Content::Text("pässwörd\r\n\t€".into()),
            Content::Text("x".repeat(ClipKind::Text.most_bytes())),
            Content::Picture(picture(1, 1)),
            Content::Picture(picture(311, 97)),
        ];
        for content in contents {
            assert_eq!(decode(content.kind(), content.encode().unwrap()), Ok(content));
        }
    }

    #[test]
    fn what_is_too_large_or_nothing_does_not_leave() {
        let long = "x".repeat(ClipKind::Text.most_bytes() + 1);
        assert_eq!(Content::Text(long).encode(), Err(ClipProblem::TooLarge));
        assert_eq!(Content::Text(String::new()).encode(), Err(ClipProblem::Empty));
        assert_eq!(Picture::new(4097, 4096, Vec::new()), Err(ClipProblem::TooLarge));
        assert_eq!(Picture::new(u32::MAX, u32::MAX, Vec::new()), Err(ClipProblem::TooLarge));
        assert_eq!(Picture::new(2, 2, vec![0; 15]), Err(ClipProblem::Malformed));
        // Noise does not get smaller.
        let mut seed = 1_u32;
        let noise = (0..4000 * 4000 * 4).map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        });
        let noise = Picture::new(4000, 4000, noise.collect()).unwrap();
        assert_eq!(Content::Picture(noise).encode(), Err(ClipProblem::TooLarge));
    }

    /// A PNG that says it has this size, with as many bytes of pixels as there are.
    fn png_of(width: u32, height: u32, colour: png::ColorType) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(colour);
        let mut writer = encoder.write_header().unwrap();
        writer.write_chunk(png::chunk::IDAT, &[0x78, 0x9c, 0x03, 0, 0, 0, 0, 1]).unwrap();
        drop(writer);
        bytes
    }

    #[test]
    fn bytes_that_are_no_text_or_picture_of_ours_are_refused_whatever_they_say() {
        let whole = Content::Picture(picture(20, 20)).encode().unwrap();
        let rows: [(&str, ClipKind, Vec<u8>, ClipProblem); 9] = [
            ("nothing", ClipKind::Text, vec![], ClipProblem::Malformed),
            ("half a letter", ClipKind::Text, vec![0xC3], ClipProblem::Malformed),
            ("no PNG", ClipKind::Picture, b"hello".to_vec(), ClipProblem::Malformed),
            ("a PNG cut short", ClipKind::Picture, whole[..whole.len() / 2].to_vec(), ClipProblem::Malformed),
            ("more pixels than may be", ClipKind::Picture, png_of(60_000, 60_000, png::ColorType::Rgba), {
                ClipProblem::TooLarge
            }),
            ("a width without end", ClipKind::Picture, png_of(u32::MAX >> 1, 1, png::ColorType::Rgba), {
                ClipProblem::Malformed
            }),
            ("pixels that are missing", ClipKind::Picture, png_of(4096, 4096, png::ColorType::Rgba), {
                ClipProblem::Malformed
            }),
            ("other pixels", ClipKind::Picture, png_of(4, 4, png::ColorType::Grayscale), ClipProblem::Malformed),
            ("more than may travel", ClipKind::Text, vec![b'x'; ClipKind::Text.most_bytes() + 1], {
                ClipProblem::TooLarge
            }),
        ];
        for (what, kind, bytes, problem) in rows {
            assert_eq!(decode(kind, bytes), Err(problem), "{what}");
        }
    }
}
