//! The files of the page, as they are built into the program.

use super::{Body, Longer, Prolong};
use crate::lists::hex;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Request, Response, StatusCode};
use ring::digest::{SHA256, digest};

/// Fonts do not change between versions; all else is asked for again, mostly for nothing.
const FONTS: &str = "public, max-age=604800";
const OTHERS: &str = "no-cache";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";
const SVG: &str = "image/svg+xml";
const FONT: &str = "font/ttf";
const TEXT: &str = "text/plain; charset=utf-8";

type File = (&'static str, &'static str, &'static [u8]);

macro_rules! page {
    ($name:literal, $media:expr) => {
        (concat!("/", $name), $media, include_bytes!(concat!("../../portal/", $name)))
    };
}

macro_rules! font {
    ($name:literal, $media:expr) => {
        (concat!("/fonts/", $name), $media, include_bytes!(concat!("../../../crates/ui-kit/fonts/", $name)))
    };
}

/// Path, media type, content. A new language is a new line here.
const FILES: [File; 13] = [
    page!("index.html", HTML),
    page!("portal.css", CSS),
    page!("portal.js", SCRIPT),
    page!("key.js", SCRIPT),
    page!("relay.js", SCRIPT),
    page!("work.js", SCRIPT),
    page!("mark.svg", SVG),
    page!("lang/it.json", JSON),
    page!("lang/en.json", JSON),
    font!("AtkinsonHyperlegibleNext_400Regular.ttf", FONT),
    font!("AtkinsonHyperlegibleNext_600SemiBold.ttf", FONT),
    font!("AtkinsonHyperlegibleMono_600SemiBold.ttf", FONT),
    font!("OFL.txt", TEXT),
];

/// One file.
pub(super) struct Asset {
    path: &'static str,
    media: &'static str,
    content: &'static [u8],
    /// Changes with the content.
    tag: String,
}

/// All of them.
pub(super) struct Assets(Vec<Asset>);

impl Assets {
    pub(super) fn new() -> Self {
        let asset = |(path, media, content): File| {
            let tag = digest(&SHA256, content).as_ref().first_chunk::<8>().map(|start| hex(start)).unwrap_or_default();
            Asset { path, media, content, tag: format!("\"{tag}\"") }
        };
        Self(FILES.into_iter().map(asset).collect())
    }

    /// The file of a path.
    pub(super) fn at(&self, path: &str) -> Option<&Asset> {
        let path = if path == "/" { "/index.html" } else { path };
        self.0.iter().find(|asset| asset.path == path)
    }
}

impl Asset {
    pub(super) fn answer(&self, request: &Request<Incoming>, prolong: &Prolong<'_>) -> Response<Body> {
        let is_known = |tags: &HeaderValue| {
            tags.to_str().is_ok_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == self.tag))
        };
        let mut response = if request.headers().get(header::IF_NONE_MATCH).is_some_and(is_known) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            prolong(Longer::for_bytes(self.content.len() as u64, None));
            let mut response = Response::new(Body::of(Bytes::from_static(self.content)));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media));
            headers.insert(header::CONTENT_LENGTH, self.content.len().into());
            response
        };
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(&self.tag) {
            headers.insert(header::ETAG, tag);
        }
        let cached = if self.media == FONT { FONTS } else { OTHERS };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cached));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::Path;

    fn text(path: &str) -> &'static str {
        let file = FILES.iter().find(|(known, _, _)| *known == path);
        file.and_then(|(_, _, content)| str::from_utf8(content).ok()).unwrap()
    }

    fn texts(path: &str) -> BTreeMap<String, String> {
        serde_json::from_str(text(path)).unwrap()
    }

    fn languages() -> Vec<&'static str> {
        FILES.iter().map(|(path, _, _)| *path).filter(|path| path.starts_with("/lang/")).collect()
    }

    /// Names in braces.
    fn values(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("portal");
        for (inside, prefix) in [("", "/"), ("lang", "/lang/")] {
            for entry in fs::read_dir(folder.join(inside)).unwrap().flatten() {
                let name = entry.file_name().into_string().unwrap();
                if entry.path().is_file() && name != "README.md" {
                    let path = format!("{prefix}{name}");
                    assert!(FILES.iter().any(|(known, _, _)| *known == path), "{path} is not in FILES");
                }
            }
        }
    }

    #[test]
    fn every_language_has_a_link_and_every_text_with_its_values() {
        let first = texts("/lang/en.json");
        for path in languages() {
            let language = path.trim_start_matches("/lang/").trim_end_matches(".json");
            let link = format!("<a href=\"#{language}\" lang=\"{language}\" hreflang=\"{language}\">");
            assert!(text("/index.html").contains(&link), "{link} is missing in index.html");
            let own = texts(path);
            assert_eq!(own.keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>(), "{path}");
            for (id, text) in &own {
                assert!(!text.trim().is_empty(), "{path}: {id}");
                assert!(!text.contains('!'), "{path}: {id} shouts");
                assert_eq!(values(text), values(&first[id]), "{path}: {id}");
            }
        }
    }

    #[test]
    fn every_text_that_the_page_names_is_there_and_no_other() {
        let (page, script) = (text("/index.html"), text("/portal.js"));
        let known = texts("/lang/en.json");
        let in_page: Vec<&str> = page.split("data-text=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        for id in &in_page {
            assert!(known.contains_key(*id), "{id} is in the page and no text");
        }
        for id in known.keys() {
            // Some are put together: ask_ and what went wrong, step_2_ and the system.
            let composed = ["ask_offline", "ask_busy", "ask_fault", "download_busy", "download_gone"];
            let is_named = in_page.contains(&id.as_str())
                || script.contains(&format!("\"{id}\""))
                || composed.contains(&id.as_str())
                || id.starts_with("step_2_");
            assert!(is_named, "{id} is shown nowhere");
        }
    }

    #[test]
    fn nothing_comes_from_anywhere_else_and_nothing_is_inline() {
        for (path, media, content) in FILES.iter().filter(|(_, media, _)| *media != FONT && *media != TEXT) {
            let text = str::from_utf8(content).unwrap();
            let foreign = text.match_indices("//").filter(|(at, _)| text[..*at].ends_with("https:"));
            let foreign = foreign.filter(|(at, _)| !text[*at..].starts_with("//relay.example/")).count();
            assert_eq!(foreign, 0, "{path}");
            assert!(!text.contains("innerHTML") && !text.contains("eval("), "{path}");
            if *media == HTML {
                assert!(!text.contains(" style=") && !text.contains("<style") && !text.contains(" onclick"), "{path}");
                // A field without a name is sent by no form, whatever a browser does.
                assert!(!text.contains("<input name") && !text.contains(" name=\"symbols"), "{path}");
                assert!(!text.contains(" action="), "{path}");
            }
        }
    }
}
