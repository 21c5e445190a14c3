//! Pictures: writing and reading PNG files, and comparing two pictures pixel for pixel.

use super::reader::Place;
use crate::run::{Context, Failure};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

/// A picture in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Width in pixels.
    pub(crate) width: u32,
    /// Height in pixels.
    pub(crate) height: u32,
    /// Red, green and blue of each pixel, row by row.
    pub(crate) rgb: Vec<[u8; 3]>,
}

/// How two pictures differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// How many pixels were compared.
    pub(crate) compared: usize,
    /// How many of them are not the same.
    pub(crate) different: usize,
}

impl Picture {
    /// Reads a PNG file of 8 bits per channel.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let file = BufReader::new(File::open(path).context(path.display())?);
        let mut reader = png::Decoder::new(file).read_info().context(path.display())?;
        let size = reader.output_buffer_size().ok_or("the picture is too large")?;
        let mut bytes = vec![0; size];
        let info = reader.next_frame(&mut bytes).context(path.display())?;
        let channels = match (info.color_type, info.bit_depth) {
            (png::ColorType::Rgb, png::BitDepth::Eight) => 3,
            (png::ColorType::Rgba, png::BitDepth::Eight) => 4,
            other => return Err(format!("{}: unexpected kind of picture {other:?}", path.display()).into()),
        };
        let pixels = bytes[..info.buffer_size()].chunks_exact(channels);
        Ok(Self { width: info.width, height: info.height, rgb: pixels.map(|p| [p[0], p[1], p[2]]).collect() })
    }

    /// Writes a PNG file.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let file = BufWriter::new(File::create(path).context(path.display())?);
        let mut encoder = png::Encoder::new(file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().context(path.display())?;
        writer.write_image_data(self.rgb.as_flattened()).context(path.display())
    }

    /// The part of the picture inside `place`.
    pub(crate) fn cut(&self, place: Place) -> Self {
        let inside = |value: i32, most: u32| u32::try_from(value.max(0)).unwrap_or_default().min(most);
        let (left, right) = (inside(place.x, self.width), inside(place.x + place.width, self.width));
        let (top, bottom) = (inside(place.y, self.height), inside(place.y + place.height, self.height));
        let row = |y: u32| (left..right).map(move |x| (x, y));
        let rgb = (top..bottom).flat_map(row).map(|(x, y)| self.rgb[(y * self.width + x) as usize]).collect();
        Self { width: right - left, height: bottom - top, rgb }
    }

    /// Compares everything outside of `hidden`; `None` if the sizes differ.
    pub(crate) fn compare(&self, other: &Self, hidden: &[Place]) -> Option<Difference> {
        if (self.width, self.height) != (other.width, other.height) {
            return None;
        }
        let mut result = Difference::default();
        for (at, (mine, theirs)) in self.rgb.iter().zip(&other.rgb).enumerate() {
            let (x, y) = ((at % self.width as usize) as i32, (at / self.width as usize) as i32);
            let covered = hidden.iter().any(|place| {
                (place.x..place.x + place.width).contains(&x) && (place.y..place.y + place.height).contains(&y)
            });
            if !covered {
                result.compared += 1;
                result.different += usize::from(mine != theirs);
            }
        }
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(pixels: &[u8]) -> Picture {
        Picture { width: 2, height: 2, rgb: pixels.iter().map(|v| [*v; 3]).collect() }
    }

    #[test]
    fn only_what_is_not_hidden_is_compared() {
        let (a, b) = (picture(&[1, 2, 3, 4]), picture(&[1, 2, 3, 9]));
        let corner = Place { x: 1, y: 1, width: 5, height: 5 };
        assert_eq!(a.compare(&b, &[]), Some(Difference { compared: 4, different: 1 }));
        assert_eq!(a.compare(&b, &[corner]), Some(Difference { compared: 3, different: 0 }));
        assert_eq!(a.compare(&a.cut(corner), &[]), None);
    }

    #[test]
    fn a_part_is_cut_out_and_never_reaches_over_the_edge() {
        let cut = picture(&[1, 2, 3, 4]).cut(Place { x: 1, y: -3, width: 9, height: 4 });
        assert_eq!(cut, Picture { width: 1, height: 1, rgb: vec![[2; 3]] });
    }

    #[test]
    fn a_written_picture_reads_the_same() {
        let path = std::env::temp_dir().join(format!("ponte-picture-{}.png", std::process::id()));
        let before = picture(&[1, 2, 3, 4]);
        before.write(&path).unwrap();
        let after = Picture::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(before, after);
    }
}
