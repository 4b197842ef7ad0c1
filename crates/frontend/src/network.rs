//! Addresses: networks as settings name them, and whose request it is behind proxies that are trusted.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;

/// An IP network, such as `10.0.0.0/8` or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is not an address or a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an IP address or a network such as 10.0.0.0/8")]
pub struct NetworkError;

impl Network {
    /// Whether an address lies in this network. IPv4 addresses in IPv6 form count as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                same_prefix(network.to_bits().into(), address.to_bits().into(), self.prefix, 32)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(network.to_bits(), address.to_bits(), self.prefix, 128)
            }
            _ => false,
        }
    }
}

/// Whether two numbers of `width` bits agree in their first `prefix` bits.
fn same_prefix(left: u128, right: u128, prefix: u8, width: u8) -> bool {
    prefix == 0 || (left ^ right) >> (width - prefix) == 0
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| NetworkError)?
            }
            Some(_) => return Err(NetworkError),
        };
        if prefix <= width { Ok(Self { address, prefix }) } else { Err(NetworkError) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// What trusted proxies said about a request; nothing when it came from anywhere else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Forwarded<'a> {
    /// The host that the client asked for.
    pub(crate) host: Option<&'a str>,
    /// Whether the client spoke TLS.
    pub(crate) https: Option<bool>,
}

/// Who sent a request: the connection's peer, or the client that trusted proxies vouch for (the rightmost
/// address of `X-Forwarded-For` that is not a trusted proxy itself).
pub(crate) fn client_of<'a>(
    peer: IpAddr,
    headers: &'a HeaderMap,
    trusted: &[Network],
) -> (IpAddr, Forwarded<'a>) {
    let peer = peer.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if trusted.is_empty() || !is_trusted(peer) {
        return (peer, Forwarded::default());
    }
    let forwarded = Forwarded {
        host: last_item(headers, "x-forwarded-host"),
        https: last_item(headers, "x-forwarded-proto").map(|proto| proto.eq_ignore_ascii_case("https")),
    };
    let mut client = peer;
    for item in items(headers, "x-forwarded-for").into_iter().rev() {
        let Some(address) = read_address(item) else { break };
        client = address;
        if !is_trusted(client) {
            break;
        }
    }
    (client, forwarded)
}

fn items<'a>(headers: &'a HeaderMap, name: &'static str) -> Vec<&'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|item| !item.is_empty()).collect()
}

fn last_item<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    items(headers, name).pop()
}

/// An address, with or without a port.
fn read_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

/// The part of an address that one customer has to itself.
pub(crate) fn network(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        // The first 64 bits of a global IPv6 address never are below 2^32.
        IpAddr::V6(address) => u64::try_from(address.to_bits() >> 64).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_their_own() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("::1", "::1", true),
            ("::/0", "2001:db8::1", true),
        ] {
            let parsed: Network = network.parse().unwrap();
            assert_eq!(parsed.contains(address.parse().unwrap()), inside, "{address} in {network}");
        }
        for bad in ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0/8", "proxy.example.com", "::/129"]
        {
            assert_eq!(bad.parse::<Network>(), Err(NetworkError), "{bad}");
        }
    }

    fn client(peer: &str, forwarded_for: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded_for {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        headers.insert("x-forwarded-host", "spoofed.example.com, npm.example.com".parse().unwrap());
        let trusted: Vec<Network> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let (client, forwarded) = client_of(peer.parse().unwrap(), &headers, &trusted);
        let host = forwarded.host.unwrap_or("-");
        format!("{client} {host}")
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let believed = |peer, chain: &[&str], trusted: &[&str]| client(peer, chain, trusted);
        assert_eq!(believed("198.51.100.1", &["203.0.113.9"], &[]), "198.51.100.1 -");
        assert_eq!(believed("198.51.100.1", &["203.0.113.9"], &["10.0.0.0/8"]), "198.51.100.1 -");
        assert_eq!(believed("10.0.0.1", &["203.0.113.9"], &["10.0.0.0/8"]), "203.0.113.9 npm.example.com");
        let spoofed = ["192.0.2.66, 203.0.113.9, 10.0.0.2"];
        assert_eq!(believed("10.0.0.1", &spoofed, &["10.0.0.0/8"]), "203.0.113.9 npm.example.com");
        let split = ["192.0.2.66", "203.0.113.9:4711"];
        assert_eq!(believed("10.0.0.1", &split, &["10.0.0.0/8"]), "203.0.113.9 npm.example.com");
        assert_eq!(believed("10.0.0.1", &["nonsense"], &["10.0.0.0/8"]), "10.0.0.1 npm.example.com");
        assert_eq!(believed("10.0.0.1", &["[2001:db8::1]"], &["10.0.0.0/8"]), "2001:db8::1 npm.example.com");
        assert_eq!(believed("::ffff:10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1 npm.example.com");
    }
}
