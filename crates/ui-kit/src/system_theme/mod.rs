//! Whether the desktop is light or dark, where the window library cannot tell, as on X11: what `GTK_THEME` names, as
//! for other programs there, else what the desktop's settings say, also when they change.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod portal;

#[cfg(not(target_os = "linux"))]
use elsewhere::Watch;
#[cfg(target_os = "linux")]
use portal::Watch;

use egui::{Context, Id, Theme};

/// Follows the desktop until it is dropped.
#[derive(Debug)]
pub struct SystemTheme {
    /// None where the answer is known already and does not change.
    _watch: Option<Watch>,
}

/// Lets the window follow the desktop as long as what is returned is kept. Where nothing can be learnt it stays light.
#[must_use]
pub fn follow(ctx: &Context) -> SystemTheme {
    let named = std::env::var("GTK_THEME").ok().and_then(|name| named_theme(&name));
    if let Some(theme) = named {
        wish(ctx, theme);
        return SystemTheme { _watch: None };
    }
    // A desktop that has such settings names itself; where there is none nobody is asked.
    if cfg!(unix) && std::env::var_os("XDG_CURRENT_DESKTOP").is_none() {
        return SystemTheme { _watch: None };
    }
    let ctx = ctx.clone();
    SystemTheme { _watch: Watch::start(move |theme| wish(&ctx, theme.unwrap_or(Theme::Light))) }
}

fn wish_id() -> Id {
    Id::unique("whether the desktop is light or dark")
}

fn wish(ctx: &Context, theme: Theme) {
    ctx.data_mut(|data| data.insert_temp(wish_id(), theme));
    ctx.options_mut(|options| options.fallback_theme = theme);
    ctx.request_repaint();
}

/// What is known of the desktop; light until then.
pub(crate) fn known(ctx: &Context) -> Theme {
    ctx.data(|data| data.get_temp(wish_id())).unwrap_or(Theme::Light)
}

/// What a name in `GTK_THEME` means (GTK 3, "Running GTK applications"): the variant stands after a colon.
fn named_theme(name: &str) -> Option<Theme> {
    if name.is_empty() {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let is_dark = name.ends_with(":dark") || name.ends_with("-dark") || name == "highcontrastinverse";
    Some(if is_dark { Theme::Dark } else { Theme::Light })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_theme_is_dark_where_its_name_says_so() {
        for (name, expected) in [
            ("", None),
            ("Adwaita", Some(Theme::Light)),
            ("Adwaita:dark", Some(Theme::Dark)),
            ("Yaru-dark", Some(Theme::Dark)),
            ("HighContrast", Some(Theme::Light)),
            ("HighContrastInverse", Some(Theme::Dark)),
            ("Darkness", Some(Theme::Light)),
        ] {
            assert_eq!(named_theme(name), expected, "{name}");
        }
    }
}
