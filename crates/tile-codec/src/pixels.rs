//! A kept picture without padding, and comparisons that see colours only.

use proto::{Frame, Rect};

/// The colour bytes of two pixels; the fourth byte of each is undefined in a captured frame.
const COLOURS: u64 = 0x00FF_FFFF_00FF_FFFF;
/// What the fourth byte is in every kept picture, so that it can be shown as opaque BGRA.
const OPAQUE: u8 = 255;

/// One row of a block of 16 pixels, in bytes: a cache line, which is compared without a branch.
pub(crate) const BLOCK_ROW_BYTES: usize = 64;

/// Rows of BGRX pixels without padding, the fourth byte always 255.
pub(crate) struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Picture {
    /// A black picture; the size must have been checked.
    pub(crate) fn black(width: u32, height: u32) -> Self {
        let mut pixels = vec![0; width as usize * height as usize * 4];
        make_opaque(&mut pixels);
        Self { width, height, pixels }
    }

    pub(crate) fn width(&self) -> u32 {
        self.width
    }

    pub(crate) fn height(&self) -> u32 {
        self.height
    }

    pub(crate) fn frame(&self) -> Frame<'_> {
        Frame { width: self.width, height: self.height, stride: self.width as usize * 4, pixels: &self.pixels }
    }

    fn range(&self, x: u32, y: u32, width: u32) -> std::ops::Range<usize> {
        let start = (y as usize * self.width as usize + x as usize) * 4;
        start..start + width as usize * 4
    }

    /// `width` pixels of row `y` from column `x`; they must be inside the picture.
    pub(crate) fn row(&self, x: u32, y: u32, width: u32) -> &[u8] {
        &self.pixels[self.range(x, y, width)]
    }

    fn row_mut(&mut self, x: u32, y: u32, width: u32) -> &mut [u8] {
        let range = self.range(x, y, width);
        &mut self.pixels[range]
    }

    /// Takes `rect` from a frame of the same size.
    pub(crate) fn take(&mut self, rect: &Rect, frame: &Frame<'_>) {
        for y in rect.y..rect.bottom() {
            let row = self.row_mut(rect.x, y, rect.width);
            row.copy_from_slice(frame_row(frame, rect.x, y, rect.width));
            make_opaque(row);
        }
    }

    /// Paints `rect`, which must be inside, with one colour (blue, green, red).
    pub(crate) fn fill(&mut self, rect: &Rect, [blue, green, red]: [u8; 3]) {
        for y in rect.y..rect.bottom() {
            self.row_mut(rect.x, y, rect.width).as_chunks_mut::<4>().0.fill([blue, green, red, OPAQUE]);
        }
    }

    /// Paints `rect`, which must be inside, with opaque pixels row by row.
    pub(crate) fn paint(&mut self, rect: &Rect, pixels: &[u8]) {
        for (y, source) in (rect.y..rect.bottom()).zip(pixels.chunks_exact(rect.width as usize * 4)) {
            self.row_mut(rect.x, y, rect.width).copy_from_slice(source);
        }
    }

    /// Like [`Picture::paint`] with pixels whose fourth bytes may be anything.
    pub(crate) fn paint_foreign(&mut self, rect: &Rect, pixels: &[u8]) {
        self.paint(rect, pixels);
        for y in rect.y..rect.bottom() {
            make_opaque(self.row_mut(rect.x, y, rect.width));
        }
    }

    /// Appends the pixels of `rect`, which must be inside, row by row.
    pub(crate) fn append_to(&self, rect: &Rect, bytes: &mut Vec<u8>) {
        for y in rect.y..rect.bottom() {
            bytes.extend_from_slice(self.row(rect.x, y, rect.width));
        }
    }

    /// The only colour inside `rect` (blue, green, red), if there is only one.
    pub(crate) fn only_colour(&self, rect: &Rect) -> Option<[u8; 3]> {
        let first @ [blue, green, red, _] = *self.row(rect.x, rect.y, rect.width).first_chunk::<4>()?;
        (rect.y..rect.bottom())
            .all(|y| self.row(rect.x, y, rect.width).as_chunks::<4>().0.iter().all(|pixel| *pixel == first))
            .then_some([blue, green, red])
    }
}

/// `width` pixels of row `y` of a frame from column `x`; they must be inside the frame.
pub(crate) fn frame_row<'a>(frame: &Frame<'a>, x: u32, y: u32, width: u32) -> &'a [u8] {
    let start = frame.stride * y as usize + x as usize * 4;
    &frame.pixels[start..start + width as usize * 4]
}

/// `width` pixels of a row from column `x`.
pub(crate) fn part(row: &[u8], x: u32, width: u32) -> &[u8] {
    &row[x as usize * 4..(x as usize + width as usize) * 4]
}

fn make_opaque(row: &mut [u8]) {
    for pixel in row.as_chunks_mut::<4>().0 {
        pixel[3] = OPAQUE;
    }
}

/// The colours of two pixels as one number, 0 for what is undefined.
pub(crate) fn pair(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes) & COLOURS
}

/// The colour of one pixel as a number, 0 for what is undefined.
pub(crate) fn single(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) & 0x00FF_FFFF
}

/// Whether one row of a block differs in a colour.
pub(crate) fn block_rows_differ(a: &[u8; BLOCK_ROW_BYTES], b: &[u8; BLOCK_ROW_BYTES]) -> bool {
    let pairs = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    pairs.fold(0, |bits, (a, b)| bits | (u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b))) & COLOURS != 0
}

/// Whether two runs of as many pixels differ in a colour.
pub(crate) fn differ(a: &[u8], b: &[u8]) -> bool {
    let (a_rows, a_rest) = a.as_chunks::<BLOCK_ROW_BYTES>();
    let (b_rows, b_rest) = b.as_chunks::<BLOCK_ROW_BYTES>();
    a_rows.iter().zip(b_rows).any(|(a, b)| block_rows_differ(a, b))
        || a_rest.as_chunks::<4>().0.iter().zip(b_rest.as_chunks::<4>().0).any(|(a, b)| single(*a) != single(*b))
}

/// The first pixel in which two runs differ in a colour.
pub(crate) fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0).position(|(a, b)| single(*a) != single(*b))
}

/// The last pixel in which two runs of as many pixels differ in a colour.
pub(crate) fn last_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0).rposition(|(a, b)| single(*a) != single(*b))
}
