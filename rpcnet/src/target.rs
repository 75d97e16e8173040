//! Where a client connects to.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use crate::{ErrorKind, Executed, RpcError};

/// A server's address: an IP address or a host name, and a port.
///
/// ```
/// use std::net::SocketAddr;
/// use rpcnet::Target;
///
/// let by_name = Target::from("greeter.example:7443");
/// let by_parts = Target::from(("greeter.example", 7443));
/// assert_eq!(by_name, by_parts);
/// let by_address = Target::from(SocketAddr::from(([127, 0, 0, 1], 7443)));
/// assert_eq!(by_address, Target::from("127.0.0.1:7443"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target(Inner);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Inner {
    Address(SocketAddr),
    /// Looked up already, and known by this name to its certificate.
    Named(SocketAddr, String),
    Host(String, u16),
    /// Text that is no `host:port`: told when it is connected to.
    Invalid(String),
}

impl Target {
    /// The server at `addr`, whose certificate names `host`: for those who look names up themselves.
    ///
    /// ```
    /// let target = rpcnet::Target::named(([10, 0, 0, 7], 7443).into(), "greeter.example");
    /// assert_eq!(target.to_string(), "10.0.0.7:7443 (greeter.example)");
    /// ```
    pub fn named(addr: SocketAddr, host: impl Into<String>) -> Self {
        Self(Inner::Named(addr, host.into()))
    }

    /// The addresses behind it, in the order of the resolver.
    pub(crate) async fn resolve(&self) -> Result<Vec<SocketAddr>, RpcError> {
        let (host, port) = match &self.0 {
            Inner::Address(addr) | Inner::Named(addr, _) => return Ok(vec![*addr]),
            Inner::Host(host, port) => (host.as_str(), *port),
            Inner::Invalid(text) => {
                let message = format!("`{text}` is no address to connect to: write `host:port`");
                return Err(RpcError::new(ErrorKind::Configuration, Executed::No, message));
            }
        };
        let unresolved = |reason: String| {
            let message = format!("the host `{host}` can't be resolved: {reason}");
            RpcError::new(ErrorKind::Connection, Executed::No, message)
        };
        let addrs = tokio::net::lookup_host((host, port)).await.map_err(|error| unresolved(error.to_string()))?;
        let addrs: Vec<_> = addrs.collect();
        if addrs.is_empty() { Err(unresolved("it has no address".into())) } else { Ok(addrs) }
    }

    /// The same in turmoil's network, where hosts are known to each other by name.
    #[cfg(feature = "simulation")]
    pub(crate) async fn resolve_simulated(&self) -> Result<Vec<SocketAddr>, RpcError> {
        match &self.0 {
            Inner::Host(host, port) => Ok(vec![(turmoil::lookup(host.as_str()), *port).into()]),
            Inner::Address(_) | Inner::Named(..) | Inner::Invalid(_) => self.resolve().await,
        }
    }

    /// The name that the server's certificate is expected to have.
    pub(crate) fn server_name(&self) -> String {
        match &self.0 {
            Inner::Address(addr) => addr.ip().to_string(),
            Inner::Named(_, host) | Inner::Host(host, _) | Inner::Invalid(host) => host.clone(),
        }
    }
}

impl From<SocketAddr> for Target {
    fn from(addr: SocketAddr) -> Self {
        Self(Inner::Address(addr))
    }
}

impl From<(IpAddr, u16)> for Target {
    fn from(addr: (IpAddr, u16)) -> Self {
        Self(Inner::Address(addr.into()))
    }
}

impl From<(&str, u16)> for Target {
    fn from((host, port): (&str, u16)) -> Self {
        match host.parse::<IpAddr>() {
            Ok(ip) => (ip, port).into(),
            Err(_) => Self(Inner::Host(host.to_owned(), port)),
        }
    }
}

impl From<&str> for Target {
    fn from(text: &str) -> Self {
        if let Ok(addr) = text.parse::<SocketAddr>() {
            return addr.into();
        }
        match text.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>())) {
            Some((host, Ok(port))) if !host.is_empty() && !host.contains(':') => (host, port).into(),
            _ => Self(Inner::Invalid(text.to_owned())),
        }
    }
}

impl From<&String> for Target {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Target {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Address(addr) => addr.fmt(f),
            Inner::Named(addr, host) => write!(f, "{addr} ({host})"),
            Inner::Host(host, port) => write!(f, "{host}:{port}"),
            Inner::Invalid(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn text_without_a_port_is_an_error_that_shows_the_form() {
        for text in ["localhost", "localhost:", ":80", "::1", "localhost:http", "a:b:1"] {
            let error = Target::from(text).resolve().await.expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains("write `host:port`"), "{error}");
        }
    }

    #[tokio::test]
    async fn addresses_need_no_resolver() {
        for text in ["127.0.0.1:80", "[::1]:80"] {
            let addrs = Target::from(text).resolve().await.expect(text);
            assert_eq!(addrs, [text.parse().expect("an address")]);
        }
        assert_eq!(Target::from("[::1]:80").server_name(), "::1");
    }
}
