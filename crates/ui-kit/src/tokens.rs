//! Design tokens: a palette of literal colours, and the roles that widgets ask for.

use egui::Color32;

/// The only literal colours of Ponte, from the design's palette.
mod palette {
    use egui::Color32;

    const fn rgb(hex: u32) -> Color32 {
        Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
    }

    pub(super) const BLACK: Color32 = rgb(0x00_00_00);
    pub(super) const WHITE: Color32 = rgb(0xFF_FF_FF);

    pub(super) const SAND: Color32 = rgb(0xF5_F3_EE);
    pub(super) const SAND_SUNKEN: Color32 = rgb(0xEE_EB_E3);
    pub(super) const SAND_LINE: Color32 = rgb(0xDC_D7_CB);
    pub(super) const SAND_EDGE: Color32 = rgb(0x7C_87_83);
    pub(super) const PINE: Color32 = rgb(0x1B_2A_2C);
    pub(super) const PINE_SECOND: Color32 = rgb(0x52_62_5F);
    pub(super) const TEAL: Color32 = rgb(0x0D_66_5E);
    pub(super) const TEAL_SOFT: Color32 = rgb(0xDC_EE_E9);
    pub(super) const RED: Color32 = rgb(0xB3_26_1E);
    pub(super) const RED_SOFT: Color32 = rgb(0xFB_E8_E6);
    pub(super) const OCHRE: Color32 = rgb(0x7A_52_00);
    pub(super) const OCHRE_SOFT: Color32 = rgb(0xFF_F1_D1);
    pub(super) const GREEN: Color32 = rgb(0x1E_6B_3A);
    pub(super) const GREEN_SOFT: Color32 = rgb(0xE0_F2_E5);

    pub(super) const NIGHT: Color32 = rgb(0x12_18_19);
    pub(super) const NIGHT_SURFACE: Color32 = rgb(0x1B_24_25);
    pub(super) const NIGHT_SUNKEN: Color32 = rgb(0x16_1E_1F);
    pub(super) const NIGHT_LINE: Color32 = rgb(0x2E_3A_3B);
    pub(super) const NIGHT_EDGE: Color32 = rgb(0x6E_7D_7B);
    pub(super) const MIST: Color32 = rgb(0xE9_EE_EC);
    pub(super) const MIST_SECOND: Color32 = rgb(0xA7_B5_B2);
    pub(super) const MINT: Color32 = rgb(0x67_CD_BF);
    pub(super) const MINT_ON: Color32 = rgb(0x0B_24_21);
    pub(super) const MINT_SOFT: Color32 = rgb(0x17_33_2F);
    pub(super) const CORAL: Color32 = rgb(0xFF_8A_80);
    pub(super) const CORAL_SOFT: Color32 = rgb(0x3A_1D_1B);
    pub(super) const AMBER: Color32 = rgb(0xF2_C4_6D);
    pub(super) const AMBER_SOFT: Color32 = rgb(0x33_28_0F);
    pub(super) const LEAF: Color32 = rgb(0x86_D6_A0);
    pub(super) const LEAF_SOFT: Color32 = rgb(0x16_30_1F);

    /// A terminal's 16 colours on its light ground: black, red, green, yellow, blue, magenta, cyan, white, and the
    /// bright ones.
    pub(super) const TERMINAL_DAY: [Color32; 16] = [
        rgb(0x1B_2A_2C),
        rgb(0xB3_26_1E),
        rgb(0x1E_6B_3A),
        rgb(0x7A_52_00),
        rgb(0x1F_4F_A8),
        rgb(0x8A_2C_85),
        rgb(0x0D_66_5E),
        rgb(0x52_62_5F),
        rgb(0x4A_5A_57),
        rgb(0xC2_3A_30),
        rgb(0x24_7A_43),
        rgb(0x8A_5E_00),
        rgb(0x2B_62_C4),
        rgb(0xA0_3C_9A),
        rgb(0x0F_75_6C),
        rgb(0x36_45_43),
    ];
    /// The same on its dark ground.
    pub(super) const TERMINAL_NIGHT: [Color32; 16] = [
        rgb(0x7B_8A_88),
        rgb(0xFF_8A_80),
        rgb(0x86_D6_A0),
        rgb(0xF2_C4_6D),
        rgb(0x8A_B8_FF),
        rgb(0xE0_9C_DC),
        rgb(0x67_CD_BF),
        rgb(0xD5_DC_DA),
        rgb(0x93_A3_A0),
        rgb(0xFF_A8_A0),
        rgb(0xA4_E6_B9),
        rgb(0xFF_DB_94),
        rgb(0xAC_CD_FF),
        rgb(0xF0_B8_EC),
        rgb(0x8C_E6_DA),
        rgb(0xFF_FF_FF),
    ];

    /// The ground behind a remote screen, in every theme.
    pub(super) const STAGE: Color32 = rgb(0x2B_33_35);
}

/// What a widget may ask for. All sizes are in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tokens {
    /// Whether light text stands on a dark ground.
    pub dark: bool,
    /// Whether only black, white and the accent of the focus are used.
    pub high_contrast: bool,
    /// The window.
    pub background: Color32,
    /// Cards, buttons, fields.
    pub surface: Color32,
    /// Side bars, title bars.
    pub sunken: Color32,
    /// Text.
    pub ink: Color32,
    /// Text that comes second.
    pub ink_secondary: Color32,
    /// Borders of cards and lines between rows.
    pub line: Color32,
    /// Borders of fields and of switches that are off: 3:1 against their ground.
    pub edge: Color32,
    /// The one accent.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// A ground in a soft accent.
    pub accent_soft: Color32,
    /// Ending and fraud.
    pub danger: Color32,
    /// Text on danger.
    pub on_danger: Color32,
    /// A ground in a soft red.
    pub danger_soft: Color32,
    /// Warnings.
    pub warning: Color32,
    /// Their ground.
    pub warning_soft: Color32,
    /// Good news.
    pub good: Color32,
    /// Its ground.
    pub good_soft: Color32,
    /// The focus ring.
    pub focus: Color32,
    /// The dark ground behind a remote screen.
    pub stage: Color32,
    /// The ground of a terminal.
    pub terminal_ground: Color32,
    /// A terminal's own 16 colours.
    pub terminal: [Color32; 16],
    /// Text size of page titles.
    pub title_size: f32,
    /// Text size of headings.
    pub heading_size: f32,
    /// Text size of running text.
    pub body_size: f32,
    /// Text size of buttons.
    pub button_size: f32,
    /// Text size of what comes second.
    pub small_size: f32,
    /// The smallest text.
    pub tiny_size: f32,
    /// Least height of buttons and fields.
    pub control_height: f32,
    /// Space between a button's edge and its text, left and right.
    pub button_padding: f32,
    /// Corner radius of buttons and fields.
    pub radius: u8,
    /// Corner radius of cards.
    pub card_radius: u8,
    /// The grid.
    pub unit: f32,
}

impl Tokens {
    /// Light, with the agent's sizes.
    pub const LIGHT: Self = Self {
        dark: false,
        high_contrast: false,
        background: palette::SAND,
        surface: palette::WHITE,
        sunken: palette::SAND_SUNKEN,
        ink: palette::PINE,
        ink_secondary: palette::PINE_SECOND,
        line: palette::SAND_LINE,
        edge: palette::SAND_EDGE,
        accent: palette::TEAL,
        on_accent: palette::WHITE,
        accent_soft: palette::TEAL_SOFT,
        danger: palette::RED,
        on_danger: palette::SAND,
        danger_soft: palette::RED_SOFT,
        warning: palette::OCHRE,
        warning_soft: palette::OCHRE_SOFT,
        good: palette::GREEN,
        good_soft: palette::GREEN_SOFT,
        focus: palette::TEAL,
        stage: palette::STAGE,
        terminal_ground: palette::WHITE,
        terminal: palette::TERMINAL_DAY,
        title_size: 26.0,
        heading_size: 20.0,
        body_size: 18.0,
        button_size: 17.0,
        small_size: 15.0,
        tiny_size: 14.0,
        control_height: 48.0,
        button_padding: 20.0,
        radius: 8,
        card_radius: 10,
        unit: 8.0,
    };

    /// Dark, with the agent's sizes.
    pub const DARK: Self = Self {
        dark: true,
        background: palette::NIGHT,
        surface: palette::NIGHT_SURFACE,
        sunken: palette::NIGHT_SUNKEN,
        ink: palette::MIST,
        ink_secondary: palette::MIST_SECOND,
        line: palette::NIGHT_LINE,
        edge: palette::NIGHT_EDGE,
        accent: palette::MINT,
        on_accent: palette::MINT_ON,
        accent_soft: palette::MINT_SOFT,
        danger: palette::CORAL,
        on_danger: palette::NIGHT,
        danger_soft: palette::CORAL_SOFT,
        warning: palette::AMBER,
        warning_soft: palette::AMBER_SOFT,
        good: palette::LEAF,
        good_soft: palette::LEAF_SOFT,
        focus: palette::MINT,
        terminal_ground: palette::NIGHT,
        terminal: palette::TERMINAL_NIGHT,
        ..Self::LIGHT
    };

    /// Black on white; the accent only on the focus.
    pub const HIGH_CONTRAST_LIGHT: Self =
        Self { focus: palette::TEAL, ..Self::two_colours(palette::BLACK, palette::WHITE, false) };

    /// White on black; the accent only on the focus.
    pub const HIGH_CONTRAST_DARK: Self =
        Self { focus: palette::MINT, ..Self::two_colours(palette::WHITE, palette::BLACK, true) };

    const fn two_colours(ink: Color32, ground: Color32, dark: bool) -> Self {
        Self {
            dark,
            high_contrast: true,
            background: ground,
            surface: ground,
            sunken: ground,
            ink,
            ink_secondary: ink,
            line: ink,
            edge: ink,
            accent: ink,
            on_accent: ground,
            accent_soft: ground,
            danger: ink,
            on_danger: ground,
            danger_soft: ground,
            warning: ink,
            warning_soft: ground,
            good: ink,
            good_soft: ground,
            focus: ink,
            terminal_ground: ground,
            terminal: if dark { palette::TERMINAL_NIGHT } else { palette::TERMINAL_DAY },
            ..Self::LIGHT
        }
    }

    /// The same colours with the console's denser sizes.
    #[must_use]
    pub const fn dense(self) -> Self {
        Self {
            body_size: 15.0,
            button_size: 15.0,
            small_size: 13.0,
            tiny_size: 13.0,
            control_height: 36.0,
            button_padding: 14.0,
            ..self
        }
    }
}

/// A colour between two, `share` (0 to 1) of the way from `from` to `to`.
#[must_use]
pub fn mix(from: Color32, to: Color32, share: f32) -> Color32 {
    from.lerp_to_gamma(to, share)
}

#[cfg(test)]
mod contrast {
    use super::*;

    /// Relative luminance as WCAG 2.2 defines it.
    fn luminance(colour: Color32) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn ratio(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_text_can_be_read_on_every_ground_it_stands_on() {
        for tokens in [Tokens::LIGHT, Tokens::DARK, Tokens::HIGH_CONTRAST_LIGHT, Tokens::HIGH_CONTRAST_DARK] {
            let text = [
                (tokens.on_accent, tokens.accent),
                (tokens.on_danger, tokens.danger),
                (tokens.accent, tokens.accent_soft),
                (tokens.ink, tokens.accent_soft),
                (tokens.ink_secondary, tokens.accent_soft),
                (tokens.danger, tokens.danger_soft),
                (tokens.warning, tokens.warning_soft),
                (tokens.good, tokens.good_soft),
            ];
            let grounds = [tokens.background, tokens.surface, tokens.sunken];
            let inks = [tokens.ink, tokens.ink_secondary, tokens.accent, tokens.danger, tokens.warning, tokens.good];
            let crossed = grounds.into_iter().flat_map(|ground| inks.into_iter().map(move |ink| (ink, ground)));
            for (ink, ground) in text.into_iter().chain(crossed) {
                assert!(ratio(ink, ground) >= 4.5, "{ink:?} on {ground:?}: {:.2}", ratio(ink, ground));
            }
            for ink in tokens.terminal.into_iter().chain([tokens.ink]) {
                let ratio = ratio(ink, tokens.terminal_ground);
                assert!(ratio >= 4.5, "{ink:?} in a terminal: {ratio:.2}");
            }
            for ground in [tokens.background, tokens.surface, tokens.sunken] {
                for shape in [tokens.edge, tokens.focus] {
                    assert!(ratio(shape, ground) >= 3.0, "{shape:?} on {ground:?}: {:.2}", ratio(shape, ground));
                }
            }
        }
    }
}
