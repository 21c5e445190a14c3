//! What a screen reader sees of one program: its controls, their names and places.

use crate::run::{Context, Failure};
use atspi::proxy::accessible::AccessibleProxy;
use atspi::proxy::action::ActionProxy;
use atspi::proxy::cache::CacheProxy;
use atspi::proxy::component::ComponentProxy;
use atspi::proxy::text::TextProxy;
use atspi::proxy::value::ValueProxy;
use atspi::zbus::names::OwnedBusName;
use atspi::zbus::proxy::{CacheProperties, Defaults, ProxyImpl};
use atspi::zbus::{Connection, Proxy};
use atspi::{CacheItem, CoordType, Interface, Role, State};

const REGISTRY: &str = "org.a11y.atspi.Registry";
const ROOT: &str = "/org/a11y/atspi/accessible/root";
const CACHE: &str = "/org/a11y/atspi/cache";

/// One control of a program.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    /// What a screen reader says.
    pub(crate) name: String,
    /// What it may add.
    pub(crate) description: String,
    /// What kind of control it is.
    pub(crate) role: Role,
    /// Whether the keyboard can reach it and it works now.
    pub(crate) usable: bool,
    /// Whether text can be typed there.
    pub(crate) editable: bool,
    /// Whether what is typed goes there.
    pub(crate) focused: bool,
    /// Whether it is the one of several that is chosen.
    pub(crate) chosen: bool,
    /// Which control it is, as long as its window is open.
    pub(crate) path: String,
    has_text: bool,
}

/// Where a control is on the screen, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Left edge.
    pub(crate) x: i32,
    /// Upper edge.
    pub(crate) y: i32,
    /// Width.
    pub(crate) width: i32,
    /// Height.
    pub(crate) height: i32,
}

impl Place {
    /// The point in its middle.
    pub(crate) fn middle(self) -> (i32, i32) {
        (self.x + self.width / 2, self.y + self.height / 2)
    }
}

/// Reads one program's windows.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    bus: Connection,
    program: OwnedBusName,
}

impl Reader {
    /// Finds a program by its name on the accessibility bus; `None` while it is not there.
    pub(crate) async fn find(bus: &Connection, program: &str) -> Result<Option<Self>, Failure> {
        let registry = OwnedBusName::try_from(REGISTRY).context(REGISTRY)?;
        let root: AccessibleProxy<'_> = proxy(bus, &registry, ROOT).await?;
        for child in root.get_children().await.context(REGISTRY)? {
            let Some(name) = child.name_as_str() else { continue };
            let Ok(name) = OwnedBusName::try_from(name.to_owned()) else { continue };
            let Ok(accessible) = proxy::<AccessibleProxy<'_>>(bus, &name, child.path_as_str()).await else { continue };
            // A program that is just ending does not answer.
            if accessible.name().await.is_ok_and(|found| found == program) {
                return Ok(Some(Self { bus: bus.clone(), program: name }));
            }
        }
        Ok(None)
    }

    /// All controls, from the outside in and from the first to the last.
    pub(crate) async fn controls(&self) -> Result<Vec<Control>, Failure> {
        let cache: CacheProxy<'_> = proxy(&self.bus, &self.program, CACHE).await?;
        let items = cache.get_items().await.context("controls")?;
        Ok(items.into_iter().map(control).collect())
    }

    /// Where a control is now.
    pub(crate) async fn place(&self, control: &Control) -> Result<Option<Place>, Failure> {
        let component: ComponentProxy<'_> = self.proxy(control).await?;
        let extents = component.get_extents(CoordType::Screen).await.ok();
        Ok(extents.map(|(x, y, width, height)| Place { x, y, width, height }))
    }

    /// Asks a control to do what it does when it is pressed.
    pub(crate) async fn act(&self, control: &Control) -> Result<(), Failure> {
        let action: ActionProxy<'_> = self.proxy(control).await?;
        let done = action.do_action(0).await.context("action")?;
        if done { Ok(()) } else { Err(format!("\"{}\" has no action", control.name).into()) }
    }

    /// Asks a control to take the focus.
    pub(crate) async fn take_focus(&self, control: &Control) -> Result<(), Failure> {
        let component: ComponentProxy<'_> = self.proxy(control).await?;
        component.grab_focus().await.context("focus").map(|_| ())
    }

    /// How far a control that shows progress is, from 0 to 1.
    pub(crate) async fn progress(&self, control: &Control) -> Result<f64, Failure> {
        let value: ValueProxy<'_> = self.proxy(control).await?;
        value.current_value().await.context("progress")
    }

    /// The text that stands in a control; empty if it holds none.
    pub(crate) async fn text(&self, control: &Control) -> Result<String, Failure> {
        if !control.has_text {
            return Ok(String::new());
        }
        let text: TextProxy<'_> = self.proxy(control).await?;
        Ok(text.get_text(0, -1).await.unwrap_or_default())
    }

    async fn proxy<P: ProxyImpl<'static> + Defaults + From<Proxy<'static>>>(
        &self,
        control: &Control,
    ) -> Result<P, Failure> {
        proxy(&self.bus, &self.program, &control.path).await
    }
}

/// One interface of an object. Its properties are asked for each time: a copy of them would be one of a moment ago.
async fn proxy<P>(bus: &Connection, program: &OwnedBusName, path: &str) -> Result<P, Failure>
where
    P: ProxyImpl<'static> + Defaults + From<Proxy<'static>>,
{
    P::builder(bus)
        .destination(program.clone())
        .and_then(|builder| builder.path(path.to_owned()))
        .context("accessibility bus")?
        .cache_properties(CacheProperties::No)
        .build()
        .await
        .context("accessibility bus")
}

fn control(item: CacheItem) -> Control {
    let states = item.states;
    Control {
        name: clean(&item.short_name),
        description: clean(&item.name),
        role: item.role,
        usable: states.contains(State::Focusable) && states.contains(State::Enabled),
        editable: states.contains(State::Editable),
        focused: states.contains(State::Focused),
        chosen: states.contains(State::Checked),
        has_text: item.ifaces.contains(Interface::Text),
        path: item.object.path_as_str().to_owned(),
    }
}

/// Text as it is compared: single spaces, no invisible marks.
pub(crate) fn clean(text: &str) -> String {
    let visible: String =
        text.chars().filter(|c| !matches!(c, '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_marks_and_spaces_do_not_count() {
        assert_eq!(clean(" K7M\u{a0}4QXP\n"), "K7M 4QXP");
        assert_eq!(clean("\u{2068}Anna\u{2069} asks"), "Anna asks");
    }
}
