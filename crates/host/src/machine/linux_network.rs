//! Linux: where each interface leads, and who is asked for names, by proc(5), sysfs and resolv.conf(5).

use super::facts::Way;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// More of a table of routes is not read, in bytes: some thousand of them.
const TABLE_BYTES: u64 = 512 * 1024;
/// RTF_GATEWAY of route(8): the route leads by another machine.
const BY_GATEWAY: u32 = 2;

/// The system's tables of routes, read once for all interfaces.
pub(super) struct Routes {
    v4: String,
    v6: String,
}

impl Routes {
    /// As they are now.
    pub(super) fn read() -> Self {
        Self { v4: read(Path::new("/proc/net/route")), v6: read(Path::new("/proc/net/ipv6_route")) }
    }

    /// Where this interface leads.
    pub(super) fn way(&self, name: &str) -> Way {
        // Names come from the kernel; none leads out of the folder.
        if name.contains('/') || name.starts_with('.') {
            return Way::default();
        }
        let folder = Path::new("/sys/class/net").join(name);
        let is_connected = match read(&folder.join("operstate")).trim() {
            "up" => Some(true),
            "down" | "lowerlayerdown" | "notpresent" | "dormant" => Some(false),
            _ => None,
        };
        let speed = read(&folder.join("speed"));
        // What is not connected says -1.
        let speed_mbits = if is_connected == Some(false) { 0 } else { speed.trim().parse().unwrap_or(0) };
        let mut gateways = gateways_v4(&self.v4, name);
        gateways.extend(gateways_v6(&self.v6, name));
        gateways.dedup();
        Way { is_connected, speed_mbits, gateways }
    }
}

/// Whom the system asks for names.
pub(super) fn name_servers() -> Vec<String> {
    named(&read(Path::new("/etc/resolv.conf")))
}

fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(TABLE_BYTES).read_to_end(&mut bytes)) {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        // Not every interface has a speed, and not every kernel knows IPv6.
        Err(_) => String::new(),
    }
}

/// The gateways of the default routes over this interface, out of /proc/net/route: addresses are hexadecimal numbers in
/// the order of bytes of this machine.
fn gateways_v4(table: &str, name: &str) -> Vec<String> {
    let gateway = |line: &str| {
        let mut fields = line.split_whitespace();
        let interface = fields.next()?;
        let mut number = || u32::from_str_radix(fields.next()?, 16).ok();
        let (to, by, flags) = (number()?, number()?, number()?);
        let mask = u32::from_str_radix(fields.nth(3)?, 16).ok()?;
        let is_default = interface == name && to == 0 && mask == 0 && flags & BY_GATEWAY != 0;
        is_default.then(|| IpAddr::from(Ipv4Addr::from(by.to_ne_bytes())).to_string())
    };
    table.lines().filter_map(gateway).collect()
}

/// The same out of /proc/net/ipv6_route, whose addresses are 32 digits each.
fn gateways_v6(table: &str, name: &str) -> Vec<String> {
    let gateway = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [to, length, _, _, by, _, _, _, flags, interface] = fields[..] else { return None };
        let is_default = interface == name
            && u128::from_str_radix(to, 16).ok()? == 0
            && length == "00"
            && u32::from_str_radix(flags, 16).ok()? & BY_GATEWAY != 0;
        let by = u128::from_str_radix(by, 16).ok()?;
        is_default.then(|| IpAddr::from(Ipv6Addr::from(by)).to_string())
    };
    table.lines().filter_map(gateway).collect()
}

/// The name servers of a resolv.conf.
fn named(file: &str) -> Vec<String> {
    let server = |line: &str| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next().map(str::to_owned)).flatten()
    };
    file.lines().filter_map(server).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_gateways_are_those_of_this_interface_alone() {
        let hex = |address: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(address));
        let (near, gateway, mask) = (hex([192, 168, 1, 0]), hex([192, 168, 1, 254]), hex([255, 255, 255, 0]));
        let table = format!(
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
             eth0\t00000000\t{gateway}\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
             wlan0\t00000000\t{near}\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
             eth0\t{near}\t00000000\t0001\t0\t0\t100\t{mask}\t0\t0\t0\n\
             eth0\tzz\n"
        );
        assert_eq!(gateways_v4(&table, "eth0"), ["192.168.1.254"]);
        assert_eq!(gateways_v4(&table, "lo"), [] as [&str; 0]);
        let zero = "0".repeat(32);
        let router = "fe800000000000000000000000000001";
        let table = format!(
            "{zero} 00 {zero} 00 {router} 00000400 00000001 00000000 00450003 eth0\n\
             {zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200 lo\n\
             {router} 80 {zero} 00 {zero} 00000000 00000002 00000000 80200001 eth0\nshort\n"
        );
        assert_eq!(gateways_v6(&table, "eth0"), ["fe80::1"]);
        assert_eq!(gateways_v6(&table, "lo"), [] as [&str; 0]);
    }

    #[test]
    fn name_servers_are_read_and_remarks_are_not() {
        let file =
            "# nameserver 1.1.1.1\nsearch example\nnameserver 192.168.1.1\nnameserver\n  nameserver fe80::1%eth0 #\n";
        assert_eq!(named(file), ["192.168.1.1", "fe80::1%eth0"]);
    }

    #[test]
    fn what_is_no_name_of_an_interface_leads_nowhere() {
        for name in ["../../../etc", "..", "/etc", "none-of-this-name"] {
            assert_eq!(Routes::read().way(name), Way::default(), "{name}");
        }
    }
}
