//! The portal: the page that a person opens first, what it asks the relay, and the programs it hands out.
//!
//! What is absent: cookies, sessions, anything kept about a visitor. The page (`relay/portal/`) sends the
//! first three symbols of a key and nothing else; texts are in the page, answers here are codes.

mod assets;
mod body;
mod downloads;
mod headers;
mod lookup;
mod nameplate;

pub(crate) use body::Body;
pub(crate) use downloads::{Downloads, keep_looking};
pub use lookup::read_lookup;
pub(crate) use nameplate::Nameplate;

use crate::hub::Hub;
use crate::places::Place;
use assets::Assets;
use headers::Dress;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use identity::Organisation;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Least speed of whoever fetches something, in bytes a second (128 kbit/s): slower ones keep others waiting.
const SLOWEST: u64 = 16 * 1024;
/// What everybody has besides, for a bad moment.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the portal is given.
#[derive(Debug, Clone, Default)]
pub(crate) struct PortalSettings {
    /// Other web servers with the page, as browsers name them in `Origin`.
    pub(crate) origins: Vec<String>,
    /// Whether browsers shall come by HTTPS only from now on; not in a trial, whose name others use too.
    pub(crate) lasting: bool,
}

/// What the portal says of an organisation.
pub(crate) struct Sign {
    domain: String,
    names: BTreeMap<String, String>,
}

/// Longer than a handshake may take, because something is being sent.
pub(crate) struct Longer {
    pub(crate) time: Duration,
    /// Instead of the place of a handshake.
    pub(crate) place: Option<Place>,
}

impl Longer {
    fn for_bytes(bytes: u64, place: Option<Place>) -> Self {
        Self { time: PATIENCE + Duration::from_secs(bytes / SLOWEST), place }
    }
}

/// Where it is said that something takes longer; once per connection.
pub(crate) type Prolong<'a> = dyn Fn(Longer) + Send + Sync + 'a;

/// Answers requests; clones share everything.
#[derive(Clone)]
pub(crate) struct Portal(Arc<Inner>);

struct Inner {
    assets: Assets,
    downloads: Arc<Downloads>,
    signs: Vec<Sign>,
    origins: Vec<String>,
    dress: Dress,
    hub: Hub,
}

impl Sign {
    pub(crate) fn of(organisation: &Organisation) -> Self {
        Self { domain: organisation.domain().to_owned(), names: organisation.file().names.clone() }
    }
}

/// What the portal and the watcher need of an organisation, by its number.
pub(crate) struct Shelf {
    pub(crate) sign: Sign,
    pub(crate) folder: Option<PathBuf>,
}

impl Portal {
    pub(crate) fn new(settings: PortalSettings, signs: Vec<Sign>, downloads: Arc<Downloads>, hub: Hub) -> Self {
        let dress = Dress { lasting: settings.lasting };
        Self(Arc::new(Inner { assets: Assets::new(), downloads, signs, origins: settings.origins, dress, hub }))
    }

    /// The answer to anything that does not ask for a link.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        from: IpAddr,
        prolong: &Prolong<'_>,
    ) -> Response<Body> {
        let (path, head_only) = (request.uri().path().to_owned(), request.method() == Method::HEAD);
        let mut response = if path == "/lookup" {
            return self.0.dress.on(lookup::answer(&self.0, request, from).await);
        } else if let Some(name) = path.strip_prefix("/download/") {
            match refused(&request) {
                None => self.0.downloads.answer(name, head_only, from, prolong).await,
                Some(refused) => refused,
            }
        } else if let Some(asset) = self.0.assets.at(&path) {
            match refused(&request) {
                None => asset.answer(&request, prolong),
                Some(refused) => refused,
            }
        } else {
            headers::plain(StatusCode::NOT_FOUND)
        };
        if head_only {
            *response.body_mut() = Body::empty();
        }
        self.0.dress.on(response)
    }
}

/// The answer to whoever does not only want to read.
fn refused(request: &Request<Incoming>) -> Option<Response<Body>> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let mut response = headers::plain(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    Some(response)
}
