//! Seeds: where a node asks first.

use std::{fmt, net::SocketAddr, str::FromStr};

use super::error::ConfigError;

/// A member to join a cluster by: a host name or IP address, and a port.
///
/// `host:port` names its RPC port; the node learns over an rpcnet connection where the seed takes gossip, and meanwhile
/// tries the next port up, where gossip is unless it was set otherwise. `gossip://host:port` names the gossip port
/// itself.
///
/// A name is looked up again whenever the seed is needed, and all addresses that it has are tried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seed {
    host: String,
    port: u16,
    kind: SeedKind,
}

/// Which of a node's two ports a seed names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SeedKind {
    Rpc,
    Gossip,
}

impl Seed {
    /// The seed that takes gossip at `addr`.
    pub fn gossip(addr: SocketAddr) -> Self {
        Self { host: addr.ip().to_string(), port: addr.port(), kind: SeedKind::Gossip }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn kind(&self) -> SeedKind {
        self.kind
    }
}

impl From<SocketAddr> for Seed {
    /// The seed that takes calls at `addr`.
    fn from(addr: SocketAddr) -> Self {
        Self { kind: SeedKind::Rpc, ..Self::gossip(addr) }
    }
}

impl FromStr for Seed {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let error = |reason| ConfigError::Seed { given: text.to_owned(), reason };
        let trimmed = text.trim();
        let (kind, rest) = match trimmed.strip_prefix("gossip://") {
            Some(rest) => (SeedKind::Gossip, rest),
            None => (SeedKind::Rpc, trimmed),
        };
        let (host, port) = rest.rsplit_once(':').ok_or_else(|| error("has no port"))?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(|| error("has no port from 1 to 65535"))?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(ip) if ip.parse::<std::net::Ipv6Addr>().is_ok() => ip,
            Some(_) => return Err(error("has no IPv6 address between its brackets")),
            None if host.contains(':') => return Err(error("has an IPv6 address without brackets")),
            None if host.is_empty() || host.contains(['/', ' ', '@']) => return Err(error("has no host name")),
            None => host,
        };
        Ok(Self { host: host.to_owned(), port, kind })
    }
}

impl TryFrom<&str> for Seed {
    type Error = ConfigError;

    fn try_from(text: &str) -> Result<Self, ConfigError> {
        text.parse()
    }
}

impl TryFrom<String> for Seed {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        text.parse()
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.kind == SeedKind::Gossip { "gossip://" } else { "" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, host: &str, port: u16, kind: SeedKind) {
        let seed: Seed = text.parse().expect(text);
        assert_eq!((seed.host(), seed.port(), seed.kind()), (host, port, kind));
        assert_eq!(seed.to_string().parse(), Ok(seed));
    }

    #[test]
    fn a_seed_is_a_host_and_the_port_of_calls_or_of_gossip() {
        check("director.example.com:7946", "director.example.com", 7946, SeedKind::Rpc);
        check("gossip://10.0.0.1:7947", "10.0.0.1", 7947, SeedKind::Gossip);
        check(" [2001:db8::1]:7946 ", "2001:db8::1", 7946, SeedKind::Rpc);
    }

    #[test]
    fn a_seed_that_is_none_is_refused_with_what_to_write() {
        for text in
            ["director", "director:", "director:0", "director:70000", ":7946", "::1:7946", "http://a:1", "[x]:1"]
        {
            let error = text.parse::<Seed>().expect_err(text).to_string();
            assert!(error.starts_with(&format!("with_seeds: `{text}` has ")), "{error}");
            assert!(error.ends_with("with its gossip port"), "{error}");
        }
    }
}
