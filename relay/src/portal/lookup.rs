//! `POST /lookup`: a locator in, who waits there out.

use super::{Body, Inner, Nameplate, Sign, headers};
use crate::hub::{Looked, now};
use crate::lists::hex;
use crate::portal::downloads::Offered;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use proto::Locator;
use proto::relay::Work;
use relay_core::Source;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use tokio::time::sleep_until;

/// Longest question, in bytes: a locator and a solved work are a tenth of it.
const QUESTION_BYTES: usize = 1024;

/// What the page asks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    locator: String,
    work: Option<Solved>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Solved {
    seed: String,
    nonce: u64,
}

/// What it is told.
#[derive(Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
enum Answer<'a> {
    Found {
        name: Option<&'a str>,
        team: Option<&'a str>,
        organisation: &'a BTreeMap<String, String>,
        domain: &'a str,
        downloads: Vec<Offered>,
    },
    NotFound,
    NeedWork {
        bits: u8,
        seed: String,
    },
}

/// Why it is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    WrongOrigin,
    WrongMethod,
    WrongType,
    TooLarge,
    Unreadable,
    Busy,
}

impl Fault {
    fn parts(self) -> (StatusCode, &'static str) {
        match self {
            Self::WrongOrigin => (StatusCode::FORBIDDEN, "wrong_origin"),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "wrong_method"),
            Self::WrongType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong_type"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "unreadable"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        }
    }
}

/// Answers one request.
pub(super) async fn answer(portal: &Inner, request: Request<Incoming>, from: IpAddr) -> Response<Body> {
    let origin = match asker(request.headers(), &portal.origins) {
        Ok(origin) => origin,
        Err(fault) => return told(fault),
    };
    let mut response = if request.method() == Method::OPTIONS && origin.is_some() {
        permission()
    } else {
        match ask(portal, request, from).await {
            Ok(response) => response,
            Err(fault) => told(fault),
        }
    };
    if !portal.origins.is_empty() {
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
    }
    if let Some(origin) = origin {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

/// Whose page asks: `None` for ours, or for no page; the origin of another web server that has the page.
/// Any other page is refused: it would have its visitors scan for us.
fn asker(headers: &HeaderMap, allowed: &[String]) -> Result<Option<HeaderValue>, Fault> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(None) };
    let ours = headers.get(header::HOST).map(HeaderValue::as_bytes);
    if ours.is_some() && origin.as_bytes().strip_prefix(b"https://") == ours {
        return Ok(None);
    }
    let is_allowed = allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes());
    if is_allowed { Ok(Some(origin.clone())) } else { Err(Fault::WrongOrigin) }
}

/// What a browser asks before it lets another web server's page ask us.
fn permission() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn ask(portal: &Inner, request: Request<Incoming>, from: IpAddr) -> Result<Response<Body>, Fault> {
    if request.method() != Method::POST {
        return Err(Fault::WrongMethod);
    }
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let media = media.and_then(|media| media.split(';').next()).unwrap_or_default();
    if !media.trim().eq_ignore_ascii_case("application/json") {
        return Err(Fault::WrongType);
    }
    let body = request.into_body();
    if body.size_hint().lower() > QUESTION_BYTES as u64 {
        return Err(Fault::TooLarge);
    }
    let question = Limited::new(body, QUESTION_BYTES).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() { Fault::TooLarge } else { Fault::Unreadable }
    })?;
    let (locator, work) = read_lookup(&question.to_bytes()).ok_or(Fault::Unreadable)?;

    let looked = portal.hub.lookup(Source::from(from), locator, work).await.ok_or(Fault::Busy)?;
    match looked {
        Looked::Found { organisation, nameplate } => {
            let sign = portal.signs.get(organisation).ok_or(Fault::Busy)?;
            Ok(json(StatusCode::OK, &found(sign, &nameplate, portal.downloads.offered(organisation))))
        }
        Looked::NotFound { answer_at } => {
            sleep_until(answer_at.max(now()).into()).await;
            Ok(json(StatusCode::OK, &Answer::NotFound))
        }
        Looked::NeedWork { bits, seed } => Ok(json(StatusCode::OK, &Answer::NeedWork { bits, seed: hex(&seed) })),
    }
}

fn found<'a>(sign: &'a Sign, nameplate: &'a Nameplate, downloads: Vec<Offered>) -> Answer<'a> {
    Answer::Found {
        name: nameplate.name.as_deref(),
        team: nameplate.team.as_deref(),
        organisation: &sign.names,
        domain: &sign.domain,
        downloads,
    }
}

/// Reads the body of a lookup; `None` if it is none.
#[must_use]
pub fn read_lookup(question: &[u8]) -> Option<(Locator, Option<Work>)> {
    let Question { locator, work } = serde_json::from_slice(question).ok()?;
    let work = match work {
        Some(Solved { seed, nonce }) => Some(Work { seed: from_hex(&seed)?, nonce }),
        None => None,
    };
    Some((Locator::parse(&locator)?, work))
}

/// Exactly 32 bytes.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes.filter(|_| rest.is_empty())?.try_into().ok()
}

fn told(fault: Fault) -> Response<Body> {
    let (status, error) = fault.parts();
    let mut response = json(status, &BTreeMap::from([("error", error)]));
    if fault == Fault::WrongMethod {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

fn json(status: StatusCode, answer: &impl Serialize) -> Response<Body> {
    let Ok(text) = serde_json::to_vec(answer) else { return headers::plain(StatusCode::INTERNAL_SERVER_ERROR) };
    let mut response = Response::new(Body::of(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_three_symbols_and_perhaps_work() {
        let seed = "0f".repeat(32);
        let work = Work { seed: [15; 32], nonce: 7 };
        for (text, expected) in [
            (r#"{"locator":"K7M"}"#.to_owned(), Some(None)),
            (r#"{"locator":"k7m","work":null}"#.to_owned(), Some(None)),
            (format!(r#"{{"locator":"K7M","work":{{"seed":"{seed}","nonce":7}}}}"#), Some(Some(work))),
            (format!(r#"{{"locator":"K7M","work":{{"seed":"{seed}0","nonce":7}}}}"#), None),
            (format!(r#"{{"locator":"K7M","work":{{"seed":"{}","nonce":7}}}}"#, "0g".repeat(32)), None),
            (format!(r#"{{"locator":"K7M","work":{{"seed":"{seed}","nonce":-7}}}}"#), None),
            // What must not have been sent is not taken.
            (r#"{"locator":"K7M4QXP"}"#.to_owned(), None),
            (r#"{"locator":"K7M","secret":"4QXP"}"#.to_owned(), None),
            (r#"{"locator":"K7"}"#.to_owned(), None),
            (r#"{"locator":["K7M"]}"#.to_owned(), None),
            ("K7M".to_owned(), None),
            (String::new(), None),
        ] {
            let read = read_lookup(text.as_bytes());
            assert_eq!(read.map(|(_, work)| work), expected, "{text}");
            assert!(read.is_none_or(|(locator, _)| Some(locator) == Locator::parse("K7M")));
        }
    }

    #[test]
    fn only_our_own_page_and_those_that_were_named_may_ask() {
        let allowed = ["https://help.example".to_owned()];
        let rows = [
            (None, Ok(None)),
            (Some("https://relay.example:4433"), Ok(None)),
            (Some("https://help.example"), Ok(Some("https://help.example"))),
            (Some("http://relay.example:4433"), Err(Fault::WrongOrigin)),
            (Some("https://relay.example"), Err(Fault::WrongOrigin)),
            (Some("https://help.example.evil.example"), Err(Fault::WrongOrigin)),
            (Some("null"), Err(Fault::WrongOrigin)),
        ];
        for (origin, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("relay.example:4433"));
            origin.map(|origin| headers.insert(header::ORIGIN, HeaderValue::from_static(origin)));
            let asked = asker(&headers, &allowed);
            assert_eq!(asked, expected.map(|origin| origin.map(HeaderValue::from_static)), "{origin:?}");
        }
        // A request that names no host has no page that could be ours.
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static("https://"));
        assert_eq!(asker(&headers, &allowed), Err(Fault::WrongOrigin));
    }
}
