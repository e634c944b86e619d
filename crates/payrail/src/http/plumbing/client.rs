//! The client's address. Behind a proxy, the connection has the proxy's address, and a header has the client's. Anybody
//! can send that header, so it only counts from a proxy that the settings name.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

use super::problem::Problem;

/// The address of a request's client, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub IpAddr);

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let client = parts.extensions.get::<Self>().copied();
        client.ok_or_else(|| Problem::internal(&"a request without the address of its client"))
    }
}

/// The header that the proxies write. Only one counts, because a proxy that writes one may pass on the other as the
/// client sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: client, proxy`
    #[default]
    XForwardedFor,
    /// `Forwarded: for=client, for=proxy` (RFC 7239)
    Forwarded,
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    trusted: Arc<[IpNet]>,
    header: ForwardedHeader,
    /// Whether the warning about an untrusted peer with the header is in the log already.
    warned: Arc<AtomicBool>,
}

impl Proxies {
    /// Parses addresses and networks. An error is a sentence.
    pub fn new(trusted: &[String], header: ForwardedHeader) -> Result<Self, String> {
        let texts = trusted.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
        Ok(Self { trusted: texts.map(network).collect::<Result<_, _>>()?, header, warned: Arc::default() })
    }

    /// The last address that is not a trusted proxy. That client may have written everything before it.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            self.warn_once(client, headers);
            return Client(client);
        }
        for hop in self.hops(headers).iter().rev() {
            // An entry without an address (`unknown`, or an obfuscated name) ends the search.
            let Some(address) = hop else { break };
            client = *address;
            if !self.trusts(client) {
                break;
            }
        }
        Client(client)
    }

    /// Without the proxy's name in the settings, all its clients share one address, and so one limit on attempts.
    fn warn_once(&self, peer: IpAddr, headers: &HeaderMap) {
        if headers.contains_key(self.header_name()) && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                header = %self.header_name(),
                "a forwarding header from an untrusted peer is ignored; if that is your proxy, name it in \
                 PAYRAIL_TRUSTED_PROXIES (said once)"
            );
        }
    }

    fn header_name(&self) -> HeaderName {
        match self.header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => header::FORWARDED,
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// The addresses in order, the client's first. Several headers count as one (RFC 9110 §5.3).
    fn hops(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let mut hops = Vec::new();
        for value in headers.get_all(self.header_name()) {
            let Ok(text) = value.to_str() else {
                hops.push(None);
                continue;
            };
            match self.header {
                ForwardedHeader::XForwardedFor => hops.extend(text.split(',').map(address)),
                ForwardedHeader::Forwarded => hops.extend(split(text, ',').into_iter().map(from_element)),
            }
        }
        hops
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let network = IpNet::from_str(text).or_else(|_| IpAddr::from_str(text).map(IpNet::from));
    let network = network.map_err(|_| format!("{text:?} is neither an address nor a network such as 10.0.0.0/8"))?;
    if network.prefix_len() == 0 {
        return Err(format!("{text:?} trusts everybody: then anyone could claim any address; name your proxies"));
    }
    Ok(network)
}

/// The `for` parameter of one element of `Forwarded`.
fn from_element(element: &str) -> Option<IpAddr> {
    let pairs = split(element, ';');
    let mut named = pairs.iter().filter_map(|pair| pair.split_once('='));
    let (_, node) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(node)
}

/// Parses an address with or without port, brackets and quotes.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|with_port: SocketAddr| with_port.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// Splits outside of quotes.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|character| {
        quoted ^= character == '"';
        character == at && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(header: ForwardedHeader, peer: &str, values: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", " 192.0.2.7", "fd00::/8", ""].map(str::to_owned);
        let mut headers = HeaderMap::new();
        for value in values {
            let name = if header == ForwardedHeader::Forwarded { header::FORWARDED } else { X_FORWARDED_FOR };
            headers.append(name, value.parse().unwrap());
        }
        Proxies::new(&trusted, header).unwrap().client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_not_a_trusted_proxy() {
        for (peer, values, expected) in [
            ("203.0.113.5", &["1.1.1.1"][..], "203.0.113.5"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9, 192.0.2.7"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.9", "10.9.9.9"], "203.0.113.9"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("fd00::1", &["2001:db8::1"], "2001:db8::1"),
            ("fd00::1", &["[2001:db8::1]:443"], "2001:db8::1"),
            ("10.0.0.1", &["203.0.113.9,"], "10.0.0.1"),
        ] {
            assert_eq!(client(ForwardedHeader::XForwardedFor, peer, values), expected, "{peer} {values:?}");
        }
    }

    #[test]
    fn the_standard_header_is_read_too() {
        for (values, expected) in [
            (&["for=203.0.113.9"][..], "203.0.113.9"),
            (&["For=\"[2001:db8:cafe::17]:4711\";proto=https;by=10.0.0.1"], "2001:db8:cafe::17"),
            (&["for=1.1.1.1, proto=https; for = 203.0.113.9", "for=192.0.2.7"], "203.0.113.9"),
            (&["for=203.0.113.9;host=\"a,b;for=1.1.1.1\""], "203.0.113.9"),
            (&["for=203.0.113.9, for=_hidden"], "10.0.0.1"),
            (&["for=203.0.113.9, for=\"unknown\""], "10.0.0.1"),
            (&["proto=https"], "10.0.0.1"),
        ] {
            assert_eq!(client(ForwardedHeader::Forwarded, "10.0.0.1", values), expected, "{values:?}");
        }
    }

    #[test]
    fn without_trusted_proxies_no_header_counts() {
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, "1.1.1.1".parse().unwrap());
        headers.insert(header::FORWARDED, "for=1.1.1.1".parse().unwrap());
        let peer = "127.0.0.1".parse().unwrap();
        assert_eq!(Proxies::default().client(peer, &headers), Client(peer));
        let one = Proxies::new(&["127.0.0.1".to_owned()], ForwardedHeader::XForwardedFor).unwrap();
        headers.remove(X_FORWARDED_FOR);
        assert_eq!(one.client(peer, &headers), Client(peer), "the other header is whoever's");
    }

    #[test]
    fn an_invalid_proxy_is_refused() {
        for text in ["nonsense", "10.0.0.0/33", "0.0.0.0/0", "::/0", "proxy.example"] {
            let refused = Proxies::new(&[text.to_owned()], ForwardedHeader::default()).unwrap_err();
            assert!(refused.contains(text), "{refused}");
        }
    }
}
