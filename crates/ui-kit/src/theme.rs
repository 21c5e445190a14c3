//! Ponte's look as an egui style, and the tokens that hold right now.

use crate::fonts::{self, Weight};
use crate::tokens::{Tokens, mix};
use egui::style::{ScrollStyle, Selection, WidgetVisuals};
use egui::{
    Color32, CornerRadius, Id, Margin, Shadow, Stroke, Style, TextStyle, Theme, ThemePreference, Vec2, Visuals,
};

/// Which colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// As the system prefers, high contrast included where it says so.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
    /// Black and white, light or dark as the system prefers.
    HighContrast,
}

/// Which sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Density {
    /// Large and roomy, for a person who does this once.
    #[default]
    Agent,
    /// Denser, for a person who does this forty times a day.
    Console,
}

#[derive(Debug, Clone, Copy, Default)]
struct Installed {
    high_contrast: bool,
    density: Density,
}

/// Makes `ctx` look like Ponte: fonts, colours, sizes. May be called again with another mode.
pub fn install(ctx: &egui::Context, mode: Mode, density: Density) {
    let high_contrast = match mode {
        Mode::HighContrast => true,
        Mode::System => std::env::var("GTK_THEME").is_ok_and(|theme| theme.starts_with("HighContrast")),
        Mode::Light | Mode::Dark => false,
    };
    let installed = Installed { high_contrast, density };
    if ctx.data(|data| data.get_temp::<Installed>(Id::NULL)).is_none() {
        fonts::install(ctx);
    }
    ctx.data_mut(|data| data.insert_temp(Id::NULL, installed));
    for theme in [Theme::Light, Theme::Dark] {
        ctx.set_style_of(theme, style(&resolve(theme, installed)));
    }
    let fallback_theme = crate::system_theme::known(ctx);
    ctx.options_mut(|options| options.fallback_theme = fallback_theme);
    ctx.set_theme(match mode {
        Mode::System | Mode::HighContrast => ThemePreference::System,
        Mode::Light => ThemePreference::Light,
        Mode::Dark => ThemePreference::Dark,
    });
}

/// What knows the context that the theme is installed in.
pub trait HasContext {
    /// That context.
    fn context(&self) -> &egui::Context;
}

impl HasContext for egui::Context {
    fn context(&self) -> &egui::Context {
        self
    }
}

impl HasContext for egui::Ui {
    fn context(&self) -> &egui::Context {
        self.ctx()
    }
}

/// The tokens that hold now.
#[must_use]
pub fn tokens(from: &impl HasContext) -> Tokens {
    let ctx = from.context();
    let installed = ctx.data(|data| data.get_temp::<Installed>(Id::NULL)).unwrap_or_default();
    resolve(ctx.theme(), installed)
}

const fn resolve(theme: Theme, installed: Installed) -> Tokens {
    let tokens = match (theme, installed.high_contrast) {
        (Theme::Light, false) => Tokens::LIGHT,
        (Theme::Dark, false) => Tokens::DARK,
        (Theme::Light, true) => Tokens::HIGH_CONTRAST_LIGHT,
        (Theme::Dark, true) => Tokens::HIGH_CONTRAST_DARK,
    };
    match installed.density {
        Density::Agent => tokens,
        Density::Console => tokens.dense(),
    }
}

fn style(tokens: &Tokens) -> Style {
    let mut style = Style { visuals: visuals(tokens), ..Style::default() };
    style.text_styles = [
        (TextStyle::Heading, Weight::SemiBold.at(tokens.heading_size)),
        (TextStyle::Body, Weight::Regular.at(tokens.body_size)),
        (TextStyle::Button, Weight::SemiBold.at(tokens.button_size)),
        (TextStyle::Small, Weight::Regular.at(tokens.small_size)),
        (TextStyle::Monospace, Weight::Mono.at(tokens.body_size)),
    ]
    .into();
    style.spacing.item_spacing = Vec2::splat(tokens.unit);
    style.spacing.button_padding = Vec2::new(tokens.button_padding, tokens.unit);
    style.spacing.interact_size = Vec2::new(tokens.control_height, tokens.control_height);
    style.spacing.window_margin = Margin::same(16);
    style.spacing.menu_margin = Margin::same(8);
    style.spacing.text_edit_width = f32::INFINITY;
    style.spacing.icon_width = 20.0;
    style.spacing.icon_width_inner = 12.0;
    // What is cut off always shows a bar: nobody may take the part that is in sight for the whole.
    style.spacing.scroll = ScrollStyle {
        floating_allocated_width: 10.0,
        floating_width: 6.0,
        dormant_background_opacity: 0.3,
        dormant_handle_opacity: 0.7,
        ..ScrollStyle::floating()
    };
    // Words in a window are read, not copied; what is worth copying has a button.
    style.interaction.selectable_labels = false;
    style
}

fn visuals(tokens: &Tokens) -> Visuals {
    let radius = CornerRadius::same(tokens.radius);
    let line = Stroke::new(1.0, tokens.line);
    let widget = |fill: Color32, stroke: Stroke| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: stroke,
        corner_radius: radius,
        fg_stroke: Stroke::new(1.0, tokens.ink),
        expansion: 0.0,
    };
    let mut visuals = if tokens.dark { Visuals::dark() } else { Visuals::light() };
    visuals.widgets.noninteractive = widget(tokens.surface, line);
    visuals.widgets.inactive = widget(tokens.surface, line);
    visuals.widgets.hovered = widget(mix(tokens.surface, tokens.accent, 0.08), Stroke::new(1.0, tokens.edge));
    visuals.widgets.active = widget(mix(tokens.surface, tokens.accent, 0.16), Stroke::new(2.0, tokens.focus));
    visuals.widgets.open = widget(tokens.accent_soft, line);
    visuals.selection =
        Selection { bg_fill: mix(tokens.surface, tokens.accent, 0.3), stroke: Stroke::new(2.0, tokens.focus) };
    visuals.weak_text_color = Some(tokens.ink_secondary);
    visuals.hyperlink_color = tokens.accent;
    visuals.faint_bg_color = tokens.sunken;
    visuals.extreme_bg_color = tokens.surface;
    visuals.code_bg_color = tokens.sunken;
    visuals.warn_fg_color = tokens.warning;
    visuals.error_fg_color = tokens.danger;
    visuals.window_fill = tokens.surface;
    visuals.panel_fill = tokens.background;
    visuals.window_stroke = line;
    visuals.window_corner_radius = CornerRadius::same(tokens.card_radius);
    visuals.menu_corner_radius = radius;
    visuals.window_shadow = Shadow::NONE;
    visuals.popup_shadow = Shadow::NONE;
    visuals.text_cursor.stroke = Stroke::new(2.0, tokens.accent);
    visuals.text_cursor.blink = false;
    // What is off or not ready yet must still be read.
    visuals.disabled_alpha = 0.7;
    visuals
}
