use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, OriginalUri};
use axum::http::Extensions;
use axum::http::{HeaderMap, Uri};

/// Where a request met the pages.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    /// What stands before the paths of the pages: `/admin`, or nothing.
    pub(crate) prefix: String,
    /// The path within the pages, with its query: where to go on after a login.
    pub(crate) here: String,
    /// Whether the browser sees TLS.
    pub(crate) is_secure: bool,
    /// The host that the browser sees.
    pub(crate) host: Option<String>,
    /// Whose request it is, as far as is known; of IPv6, the network.
    pub(crate) address: Option<IpAddr>,
}

/// What the app says about where its pages are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) prefix: Option<String>,
    pub(crate) tls: bool,
    pub(crate) trusts_proxy: bool,
}

impl Place {
    pub(crate) fn of(&self, uri: &Uri, headers: &HeaderMap, extensions: &Extensions) -> Mount {
        let original = extensions.get::<OriginalUri>().map_or(uri, |original| &original.0);
        let prefix = match &self.prefix {
            Some(prefix) => prefix.clone(),
            None => prefix(original.path(), uri.path()),
        };
        let here = uri.path_and_query().map_or("/", |here| here.as_str()).to_owned();
        // A proxy adds to the end of what it was sent.
        let last = |name: &str| {
            let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
            value.rsplit(',').next().map(|last| last.trim().to_owned())
        };
        let forwarded = |name: &str| if self.trusts_proxy { last(name) } else { None };
        let proto = forwarded("x-forwarded-proto");
        let host = forwarded("x-forwarded-host").or_else(|| last("host"));
        let host = host.or_else(|| original.authority().map(ToString::to_string));
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let address = forwarded("x-forwarded-for").and_then(|address| client(&address));
        Mount {
            prefix,
            here,
            is_secure: self.tls || proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https")),
            host,
            address: address.or(peer).map(network),
        }
    }
}

impl Mount {
    /// The path of a page, as a browser asks for it.
    pub(crate) fn at(&self, path: &str) -> String {
        // A nested router is found without a slash at its end, and not with one.
        match path.strip_prefix('/') {
            Some(rest) if !self.prefix.is_empty() && (rest.is_empty() || rest.starts_with('?')) => {
                format!("{}{rest}", self.prefix)
            }
            _ => format!("{}{path}", self.prefix),
        }
    }

    /// Where cookies are sent back to.
    pub(crate) fn cookie_path(&self) -> &str {
        // A cookie of one host alone has to be for all of it.
        if self.is_secure || self.prefix.is_empty() { "/" } else { &self.prefix }
    }
}

/// What an app's router took away from the front of the path.
fn prefix(original: &str, inner: &str) -> String {
    let prefix = original.strip_suffix(inner).or_else(|| original.strip_suffix('/'));
    let prefix = match prefix {
        Some(prefix) => prefix,
        None if inner == "/" => original,
        None => "",
    };
    // Two slashes at the front would name another host, and browsers take a backslash for
    // one.
    match prefix.trim_matches(['/', '\\']) {
        "" => String::new(),
        inner => format!("/{inner}"),
    }
}

/// The address of an entry of `X-Forwarded-For`. Some proxies write a port behind it,
/// and an address of IPv6 in brackets.
fn client(entry: &str) -> Option<IpAddr> {
    let in_brackets = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || Some(entry.parse::<SocketAddr>().ok()?.ip());
    entry.parse().ok().or_else(with_port).or_else(in_brackets)
}

/// Somebody has as many addresses of IPv6 as they like, in one network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(bits))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_what_the_router_took_away() {
        for (original, inner, expected) in [
            ("/types", "/types", ""),
            ("/", "/", ""),
            ("/admin/types", "/types", "/admin"),
            ("/admin", "/", "/admin"),
            ("/admin/", "/", "/admin"),
            ("/a/b/types/x", "/types/x", "/a/b"),
            ("//evil.example/types", "/types", "/evil.example"),
            ("/\\evil.example/admin/types", "/types", "/evil.example/admin"),
            ("/\\/\\evil.example/types", "/types", "/evil.example"),
        ] {
            assert_eq!(prefix(original, inner), expected, "{original} {inner}");
        }
    }

    #[test]
    fn an_address_is_known_with_its_port_and_in_brackets() {
        for (entry, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:1234", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
        ] {
            assert_eq!(client(entry), address.parse().ok(), "{entry}");
        }
        for none in ["unknown", "", "[192.0.2.1", "192.0.2.1:", "a:1"] {
            assert_eq!(client(none), None, "{none}");
        }
    }

    #[test]
    fn addresses_of_one_network_are_one() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3::4"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
