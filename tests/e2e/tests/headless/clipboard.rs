//! Copying and pasting by lines: asked for first, and only by its own commands.

use super::{Caller, pair_and_view, png};
use ::clipboard::{Content, Picture};
use agent_core::LinkKind;
use e2e::World;
use serde_json::json;

#[test]
fn text_and_pictures_go_both_ways_once_the_person_allows_it() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    pair_and_view(&world, &mut caller);
    world.clipboard.copy(Content::Text("theirs".into()));
    assert_eq!(caller.refused(json!({"do": "clipboard_send", "text": "mine"})), "not_granted");
    assert_eq!(caller.refused(json!({"do": "clipboard_fetch"})), "not_granted");
    caller.ask(json!({"do": "request", "capability": "clipboard"}));
    world.answer(true);
    caller.event_with("granted", |event| event["capability"] == "clipboard");
    caller.ask(json!({"do": "clipboard_fetch"}));
    let fetched = caller.event_with("clipboard", |event| event["state"] == "fetched");
    assert_eq!((&fetched["kind"], &fetched["text"]), (&json!("text"), &json!("theirs")));
    caller.ask(json!({"do": "clipboard_send", "text": "mine"}));
    caller.event_with("clipboard", |event| event["state"] == "sent");
    assert_eq!(world.clipboard.content(), Some(Content::Text("mine".into())));
    assert_eq!(caller.refused(json!({"do": "clipboard_picture", "path": "clip.png"})), "no_picture");
    let rgba: Vec<u8> = [9, 8, 7, 255].repeat(30 * 20);
    world.clipboard.copy(Content::Picture(Picture::new(30, 20, rgba).unwrap()));
    caller.ask(json!({"do": "clipboard_fetch"}));
    // The yes covered one each way.
    world.answer(true);
    let fetched = caller.event_with("clipboard", |event| event["state"] == "fetched");
    assert_eq!((&fetched["kind"], fetched.get("text")), (&json!("picture"), None));
    caller.ask(json!({"do": "clipboard_picture", "path": "clip.png"}));
    assert_eq!(png(&world.path("clip.png")), (30, 20, [9, 8, 7].repeat(30 * 20)));
    assert_eq!(caller.refused(json!({"do": "clipboard_picture", "path": "clip.png"})), "already");
    // The same picture goes back from its file.
    world.clipboard.copy(Content::Text("something else".into()));
    for bad in [
        json!({"do": "clipboard_send"}),
        json!({"do": "clipboard_send", "text": "a", "path": "clip.png"}),
        json!({"do": "clipboard_send", "path": "nowhere.png"}),
        json!({"do": "clipboard_send", "path": "relay/organisation.ponte"}),
    ] {
        assert_eq!(caller.refused(bad), "bad_value");
    }
    caller.ask(json!({"do": "clipboard_send", "path": "clip.png"}));
    caller.event_with("clipboard", |event| event["state"] == "sent");
    let sent = [9, 8, 7, 255].repeat(30 * 20);
    assert_eq!(world.clipboard.content(), Some(Content::Picture(Picture::new(30, 20, sent).unwrap())));
}
