//! Atkinson Hyperlegible, embedded in its weights, and one font of the system for what it lacks.

use egui::epaint::text::{FallbackRequest, FontInsert, FontPriority, FontProvider, InsertFontFamily};
use egui::{FontData, FontDefinitions, FontFamily, FontId};
use std::sync::Arc;

/// A weight of the text font.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// 400.
    Regular,
    /// 600.
    SemiBold,
    /// 700.
    Bold,
    /// Monospaced, 400.
    Mono,
    /// Monospaced, 600.
    MonoSemiBold,
}

impl Weight {
    const ALL: [Self; 5] = [Self::Regular, Self::SemiBold, Self::Bold, Self::Mono, Self::MonoSemiBold];

    /// The family under which egui knows this weight.
    #[must_use]
    pub fn family(self) -> FontFamily {
        match self {
            Self::Regular => FontFamily::Proportional,
            Self::Mono => FontFamily::Monospace,
            Self::SemiBold | Self::Bold | Self::MonoSemiBold => FontFamily::Name(self.name().into()),
        }
    }

    /// This weight at `size` points.
    #[must_use]
    pub fn at(self, size: f32) -> FontId {
        FontId::new(size, self.family())
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Regular => "next-400",
            Self::SemiBold => "next-600",
            Self::Bold => "next-700",
            Self::Mono => "mono-400",
            Self::MonoSemiBold => "mono-600",
        }
    }

    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../fonts/AtkinsonHyperlegibleNext_400Regular.ttf"),
            Self::SemiBold => include_bytes!("../fonts/AtkinsonHyperlegibleNext_600SemiBold.ttf"),
            Self::Bold => include_bytes!("../fonts/AtkinsonHyperlegibleNext_700Bold.ttf"),
            Self::Mono => include_bytes!("../fonts/AtkinsonHyperlegibleMono_400Regular.ttf"),
            Self::MonoSemiBold => include_bytes!("../fonts/AtkinsonHyperlegibleMono_600SemiBold.ttf"),
        }
    }
}

/// Where systems keep a font with many scripts; the first that is there is taken.
const SYSTEM_FONTS: &[&str] = &[
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/google-noto/NotoSans-Regular.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "C:\\Windows\\Fonts\\segoeui.ttf",
];

/// Finds a system font the first time that a character is missing.
struct SystemFont;

impl FontProvider for SystemFont {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        let bytes = SYSTEM_FONTS.iter().find_map(|path| std::fs::read(path).ok())?;
        let family = InsertFontFamily { family: request.family.clone(), priority: FontPriority::Lowest };
        Some(FontInsert::new("system", FontData::from_owned(bytes), vec![family]))
    }
}

/// Gives `ctx` Ponte's fonts and none of egui's.
pub fn install(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::empty();
    for weight in Weight::ALL {
        fonts.font_data.insert(weight.name().to_owned(), Arc::new(FontData::from_static(weight.bytes())));
        // What one lacks another may have: the text font knows more symbols than the monospaced one.
        let mut chain = vec![weight.name().to_owned()];
        if weight != Weight::Regular {
            chain.push(Weight::Regular.name().to_owned());
        }
        fonts.families.insert(weight.family(), chain);
    }
    ctx.set_fonts(fonts);
    ctx.set_font_providers(vec![Arc::new(SystemFont)]);
}
