//! Everything that is known about an end that hangs.

use channel::{Channel, Port};
use std::fmt::Write as _;

/// Port and connection of one end, for a person who looks for the cause.
pub(crate) fn known(name: &str, port: &Port, channel: Option<&Channel>) -> String {
    let (sent, received) = port.traffic_bytes();
    let mut text = format!("{name}: attached {}, {sent} bytes sent, {received} received\n", port.is_attached());
    let Some(channel) = channel else {
        text.push_str("  no channel yet\n");
        return text;
    };
    let connection = channel.connection();
    let stats = connection.stats();
    let path = stats.path;
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "  MTU {}, round trip {:?}, window {}, closed: {:?}",
        path.current_mtu,
        path.rtt,
        path.cwnd,
        connection.close_reason()
    );
    let _ = writeln!(text, "  {stats:?}");
    text
}
