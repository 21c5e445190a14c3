//! The textures of the remote picture and of its pointer, changed only where something changed.

use console_core::picture::{Picture, SharedPictures};
use console_core::proto::geometry::{MonitorId, Rect};
use egui::{Color32, ColorImage, Context, TextureHandle, TextureOptions};

/// What there is to draw of a monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Nothing has arrived.
    Nothing,
    /// The picture has this size in pixels.
    Picture {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A texture cannot be that large here.
    TooLarge,
}

/// What to draw of the monitor, before its texture is touched.
#[must_use]
pub fn shown(context: &Context, pictures: &SharedPictures, monitor: MonitorId) -> Shown {
    let pictures = pictures.lock();
    let Some(picture) = pictures.monitors.get(&monitor) else { return Shown::Nothing };
    let (width, height) = (picture.width, picture.height);
    let side = context.input(|input| input.max_texture_side);
    if picture.sequence == 0 || !is_whole(picture) {
        Shown::Nothing
    } else if width.max(height) as usize > side {
        Shown::TooLarge
    } else {
        Shown::Picture { width, height }
    }
}

fn is_whole(picture: &Picture) -> bool {
    let pixels = u64::from(picture.width) * u64::from(picture.height);
    pixels > 0 && picture.rgba.len() as u64 == pixels * 4
}

/// The texture of one monitor's picture.
#[derive(Default)]
pub struct PictureTexture {
    texture: Option<TextureHandle>,
    of: Option<(MonitorId, u32, u32)>,
    nearest: bool,
    sequence: u64,
    uploads: Uploads,
}

/// How much was uploaded, for tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Uploads {
    /// Whole pictures.
    pub whole: u32,
    /// Parts of pictures.
    pub parts: u32,
}

impl PictureTexture {
    /// Brings the texture up to the newest picture; `nearest` where pixels fall on pixels.
    pub fn update(
        &mut self,
        context: &Context,
        pictures: &SharedPictures,
        monitor: MonitorId,
        nearest: bool,
    ) -> Option<&TextureHandle> {
        let options = if nearest { TextureOptions::NEAREST } else { TextureOptions::LINEAR };
        let mut whole = None;
        let mut parts = Vec::new();
        {
            let mut pictures = pictures.lock();
            let picture = pictures.monitors.get_mut(&monitor)?;
            if !is_whole(picture) {
                return None;
            }
            let of = Some((monitor, picture.width, picture.height));
            let fresh = picture.fresh.take();
            if self.texture.is_none() || self.of != of || self.nearest != nearest || picture.sequence < self.sequence {
                whole = Some(cut(picture, Rect::new(0, 0, picture.width, picture.height)));
            } else {
                parts.extend(fresh.rects().iter().filter_map(|rect| {
                    let rect = rect.intersection(&Rect::new(0, 0, picture.width, picture.height));
                    (!rect.is_empty()).then(|| ([rect.x as usize, rect.y as usize], cut(picture, rect)))
                }));
            }
            self.of = of;
            self.nearest = nearest;
            self.sequence = picture.sequence;
        }
        if let Some(image) = whole {
            self.uploads.whole += 1;
            self.texture = Some(context.load_texture("remote-screen", image, options));
        }
        let texture = self.texture.as_mut()?;
        for (position, image) in parts {
            self.uploads.parts += 1;
            texture.set_partial(position, image, options);
        }
        self.texture.as_ref()
    }

    /// What was uploaded so far.
    #[must_use]
    pub fn uploads(&self) -> Uploads {
        self.uploads
    }
}

/// The pixels of one rectangle that lies inside the picture.
fn cut(picture: &Picture, rect: Rect) -> ColorImage {
    let row_bytes = picture.width as usize * 4;
    let mut pixels = Vec::with_capacity(rect.width as usize * rect.height as usize);
    for row in picture.rgba.chunks_exact(row_bytes).skip(rect.y as usize).take(rect.height as usize) {
        let part = row.get(rect.x as usize * 4..rect.right() as usize * 4).unwrap_or_default();
        let (colours, _) = part.as_chunks::<4>();
        pixels.extend(colours.iter().map(|[red, green, blue, _]| Color32::from_rgb(*red, *green, *blue)));
    }
    ColorImage::new([rect.width as usize, rect.height as usize], pixels)
}

/// The texture of the remote pointer.
#[derive(Default)]
pub struct PointerTexture {
    texture: Option<TextureHandle>,
    shape_number: Option<u64>,
    hot: (i32, i32),
}

/// The remote pointer, ready to be drawn.
pub struct ShownPointer<'a> {
    /// Its picture.
    pub texture: &'a TextureHandle,
    /// Column of the picture that points.
    pub hot_x: i32,
    /// Row of the picture that points.
    pub hot_y: i32,
    /// Where it points, in pixels of the monitor.
    pub position: (i32, i32),
}

impl PointerTexture {
    /// The pointer on that monitor, `None` where it is not, or has no shape.
    pub fn update(&mut self, context: &Context, pictures: &SharedPictures, on: MonitorId) -> Option<ShownPointer<'_>> {
        let (position, image) = {
            let pictures = pictures.lock();
            let pointer = &pictures.pointer;
            let (monitor, x, y) = pointer.position?;
            if monitor != on {
                return None;
            }
            let shape = &pointer.shape;
            let size = [shape.width as usize, shape.height as usize];
            if shape.bgra.is_empty() || shape.bgra.len() != size[0] * size[1] * 4 {
                return None;
            }
            self.hot = (i32::try_from(shape.hot_x).unwrap_or(0), i32::try_from(shape.hot_y).unwrap_or(0));
            let is_new = self.texture.is_none() || self.shape_number != Some(pointer.shape_number);
            self.shape_number = Some(pointer.shape_number);
            let image = is_new.then(|| {
                let (colours, _) = shape.bgra.as_chunks::<4>();
                let premultiplied =
                    |[blue, green, red, alpha]: &[u8; 4]| Color32::from_rgba_premultiplied(*red, *green, *blue, *alpha);
                ColorImage::new(size, colours.iter().map(premultiplied).collect())
            });
            ((x, y), image)
        };
        if let Some(image) = image {
            self.texture = Some(context.load_texture("remote-pointer", image, TextureOptions::LINEAR));
        }
        let texture = self.texture.as_ref()?;
        Some(ShownPointer { texture, hot_x: self.hot.0, hot_y: self.hot.1, position })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use console_core::proto::geometry::Damage;

    fn pictures(width: u32, height: u32) -> SharedPictures {
        let pictures = SharedPictures::new();
        let rgba = vec![9; width as usize * height as usize * 4];
        let picture = Picture { width, height, rgba, stream: 1, sequence: 1, fresh: Damage::full(width, height) };
        pictures.lock().monitors.insert(MonitorId(0), picture);
        pictures
    }

    #[test]
    fn only_what_is_fresh_is_uploaded() {
        let context = Context::default();
        let pictures = pictures(64, 32);
        let mut texture = PictureTexture::default();
        for (fresh, expected) in [
            (Rect::default(), Uploads { whole: 1, parts: 0 }),
            (Rect::default(), Uploads { whole: 1, parts: 0 }),
            (Rect::new(60, 30, 90, 90), Uploads { whole: 1, parts: 1 }),
            (Rect::new(64, 0, 4, 4), Uploads { whole: 1, parts: 1 }),
        ] {
            pictures.lock().monitors.get_mut(&MonitorId(0)).unwrap().fresh.add(fresh);
            assert!(texture.update(&context, &pictures, MonitorId(0), true).is_some());
            assert_eq!(texture.uploads(), expected);
        }
        texture.update(&context, &pictures, MonitorId(0), false);
        assert_eq!(texture.uploads().whole, 2, "another filter");
    }

    #[test]
    fn a_picture_that_is_not_whole_is_not_drawn() {
        let context = Context::default();
        let pictures = pictures(8, 8);
        pictures.lock().monitors.get_mut(&MonitorId(0)).unwrap().rgba.pop();
        assert_eq!(shown(&context, &pictures, MonitorId(0)), Shown::Nothing);
        assert!(PictureTexture::default().update(&context, &pictures, MonitorId(0), true).is_none());
    }

    #[test]
    fn a_cut_has_the_pixels_of_its_rectangle() {
        let rgba: Vec<u8> = (0..4_u8 * 3).flat_map(|at| [at, 0, 0, 255]).collect();
        let picture = Picture { width: 4, height: 3, rgba, stream: 1, sequence: 1, fresh: Damage::none() };
        let reds: Vec<u8> = cut(&picture, Rect::new(1, 1, 2, 2)).pixels.iter().map(|pixel| pixel.r()).collect();
        assert_eq!(reds, [5, 6, 9, 10]);
    }
}
