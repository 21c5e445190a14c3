//! Where the picture lies in the window, and which of its pixels a point of the window is.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

/// Keeps a point on the edge of a pixel from falling into the one before by rounding, in pixels.
const ROUNDING: f32 = 1e-3;

/// A picture as it lies in the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mapping {
    /// Where it lies, in points of the window.
    pub image: Rect,
    /// Width of the picture in its own pixels.
    pub width: u32,
    /// Height of the picture in its own pixels.
    pub height: u32,
}

impl Mapping {
    /// As large as `area` allows, in its middle, with whole pixels of the window at its edges.
    #[must_use]
    pub fn fit(area: Rect, width: u32, height: u32, pixels_per_point: f32) -> Self {
        let (picture_width, picture_height) = (width.max(1) as f32, height.max(1) as f32);
        let available = area.size() * pixels_per_point;
        let scale = (available.x / picture_width).min(available.y / picture_height).max(0.0);
        let size = vec2((picture_width * scale).floor(), (picture_height * scale).floor());
        Self::centred(area, size, width, height, pixels_per_point)
    }

    /// Every pixel of the picture on the same whole number of pixels of the window each way, as many as fit; where not
    /// even one does, as [`Mapping::fit`].
    #[must_use]
    pub fn whole(area: Rect, width: u32, height: u32, pixels_per_point: f32) -> Self {
        let (picture_width, picture_height) = (width.max(1) as f32, height.max(1) as f32);
        let available = area.size() * pixels_per_point;
        let times = (available.x / picture_width).min(available.y / picture_height).floor();
        if times < 1.0 {
            return Self::fit(area, width, height, pixels_per_point);
        }
        Self::centred(area, vec2(picture_width * times, picture_height * times), width, height, pixels_per_point)
    }

    /// One pixel of the picture on one pixel of the window, in the middle of `area` or, where it is
    /// larger, from its corner.
    #[must_use]
    pub fn one_to_one(area: Rect, width: u32, height: u32, pixels_per_point: f32) -> Self {
        Self::centred(area, vec2(width as f32, height as f32), width, height, pixels_per_point)
    }

    fn centred(area: Rect, size_pixels: Vec2, width: u32, height: u32, pixels_per_point: f32) -> Self {
        let corner = (area.min.to_vec2() * pixels_per_point).round();
        let room = ((area.size() * pixels_per_point - size_pixels) / 2.0).max(Vec2::ZERO).floor();
        let min = (corner + room) / pixels_per_point;
        Self { image: Rect::from_min_size(min.to_pos2(), size_pixels / pixels_per_point), width, height }
    }

    /// Whether every pixel of the picture covers the same whole number of the window's pixels.
    #[must_use]
    pub fn is_whole_scale(&self, pixels_per_point: f32) -> bool {
        let scale = self.scale() * pixels_per_point;
        scale >= 1.0 - ROUNDING && (scale - scale.round()).abs() < ROUNDING
    }

    /// Points of the window per pixel of the picture.
    #[must_use]
    pub fn scale(&self) -> f32 {
        self.image.width() / self.width.max(1) as f32
    }

    /// The pixel under `point`, `None` outside the picture.
    #[must_use]
    pub fn pixel(&self, point: Pos2) -> Option<(i32, i32)> {
        let Rect { min, max } = self.image;
        let inside = point.x >= min.x && point.y >= min.y && point.x < max.x && point.y < max.y;
        inside.then(|| self.nearest_pixel(point))
    }

    /// The pixel of the picture that is nearest to `point`.
    #[must_use]
    pub fn nearest_pixel(&self, point: Pos2) -> (i32, i32) {
        let offset = point - self.image.min;
        let along = |offset: f32, length: f32, count: u32| {
            let position = (offset * count as f32 / length.max(f32::MIN_POSITIVE) + ROUNDING).floor();
            position.clamp(0.0, count.saturating_sub(1) as f32) as i32
        };
        (along(offset.x, self.image.width(), self.width), along(offset.y, self.image.height(), self.height))
    }

    /// The point of the window at the left top corner of a pixel; it may lie outside the picture.
    #[must_use]
    pub fn point(&self, x: i32, y: i32) -> Pos2 {
        let scale = self.scale();
        pos2(self.image.min.x + x as f32 * scale, self.image.min.y + y as f32 * scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect { min: pos2(60.0, 40.0), max: pos2(1020.0, 760.0) };

    fn check_every_pixel(mapping: Mapping) {
        for x in 0..mapping.width as i32 {
            let middle = mapping.point(x, 0) + Vec2::splat(mapping.scale() / 2.0);
            assert_eq!(mapping.pixel(middle), Some((x, 0)), "column {x} of {mapping:?}");
        }
        for y in 0..mapping.height as i32 {
            let middle = mapping.point(0, y) + Vec2::splat(mapping.scale() / 2.0);
            assert_eq!(mapping.nearest_pixel(middle), (0, y), "row {y} of {mapping:?}");
        }
    }

    #[test]
    fn every_pixel_is_found_where_it_is_drawn() {
        for (width, height) in [(1920, 1080), (1280, 800), (480, 360), (3840, 2160), (1, 1)] {
            for pixels_per_point in [1.0, 1.25, 2.0] {
                check_every_pixel(Mapping::fit(AREA, width, height, pixels_per_point));
                check_every_pixel(Mapping::one_to_one(AREA, width, height, pixels_per_point));
                check_every_pixel(Mapping::whole(AREA, width, height, pixels_per_point));
            }
        }
    }

    #[test]
    fn at_actual_size_the_corner_of_a_pixel_is_that_pixel() {
        let mapping = Mapping::one_to_one(AREA, 640, 400, 1.0);
        assert_eq!(mapping.image, Rect::from_min_size(pos2(220.0, 200.0), vec2(640.0, 400.0)));
        assert!(mapping.is_whole_scale(1.0));
        for (point, pixel) in
            [(pos2(220.0, 200.0), (0, 0)), (pos2(221.0, 203.0), (1, 3)), (pos2(859.0, 599.0), (639, 399))]
        {
            assert_eq!(mapping.pixel(point), Some(pixel));
        }
    }

    #[test]
    fn whole_multiples_are_as_large_as_fits_and_smaller_only_where_not_even_one_does() {
        for (width, height, pixels_per_point, size) in [
            (300, 200, 1.0, vec2(900.0, 600.0)),
            (480, 360, 1.0, vec2(960.0, 720.0)),
            (700, 400, 2.0, vec2(700.0, 400.0)),
        ] {
            let mapping = Mapping::whole(AREA, width, height, pixels_per_point);
            assert_eq!(mapping.image.size(), size, "{width} by {height}");
            assert!(mapping.is_whole_scale(pixels_per_point) && AREA.contains_rect(mapping.image));
        }
        assert_eq!(Mapping::whole(AREA, 1920, 1080, 1.0), Mapping::fit(AREA, 1920, 1080, 1.0));
    }

    #[test]
    fn outside_the_picture_is_no_pixel_but_a_nearest_one() {
        let mapping = Mapping::fit(AREA, 1920, 1080, 1.0);
        assert_eq!(mapping.pixel(pos2(500.0, 50.0)), None);
        assert_eq!(mapping.pixel(mapping.image.max), None);
        assert_eq!(mapping.nearest_pixel(pos2(2000.0, 0.0)), (1919, 0));
    }

    #[test]
    fn a_fitted_picture_touches_two_sides_of_its_area_and_leaves_none() {
        let mapping = Mapping::fit(AREA, 1920, 1080, 1.0);
        assert_eq!(mapping.image.width(), AREA.width());
        assert!(AREA.contains_rect(mapping.image));
        assert!(!mapping.is_whole_scale(1.0));
        assert!(Mapping::fit(AREA, 480, 360, 1.0).is_whole_scale(1.0));
    }
}
