//! Takes QUIC links.

use crate::hub::Hub;
use crate::places::Places;
use link::{LinkKind, pump};
use quinn::{Endpoint, Incoming};
use relay_core::limits::HANDSHAKE;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub(crate) async fn accept(endpoint: Endpoint, places: Places, hub: Hub) {
    let mut links = JoinSet::new();
    loop {
        tokio::select! {
            incoming = endpoint.accept() => match incoming {
                Some(incoming) => take(incoming, &places, &hub, &mut links),
                None => return,
            },
            Some(_) = links.join_next(), if !links.is_empty() => {}
        }
    }
}

fn take(incoming: Incoming, places: &Places, hub: &Hub, links: &mut JoinSet<()>) {
    let address = incoming.remote_address().ip();
    if places.crowded(address) && !incoming.remote_address_validated() {
        // RFC 9000, 8.1.2.
        if let Err(error) = incoming.retry() {
            error.into_incoming().ignore();
        }
        return;
    }
    let Some(place) = places.take(address) else { return incoming.ignore() };
    let hub = hub.clone();
    links.spawn(async move {
        let peer = incoming.remote_address();
        let handshake = timeout(HANDSHAKE, async {
            let connection = incoming.await.ok()?;
            let control = connection.accept_bi().await.ok()?;
            Some((connection, control))
        });
        let Ok(Some((connection, control))) = handshake.await else { return };
        let forward = hub.forward();
        let pumped = pump::quic(connection, control, forward.clone());
        hub.serve(pumped, forward, (peer, place), LinkKind::Quic).await;
    });
}
