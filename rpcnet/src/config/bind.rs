//! The local address of a server or client.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::error::ConfigError;

/// The local address to bind: IP address and port; port 0 lets the system choose a free one.
///
/// What takes a bind address takes `impl Into<BindAddr>`: a [`SocketAddr`], an `(IpAddr, u16)`, or a string such as
/// `"0.0.0.0:8080"`, `"[::1]:8080"` or `"localhost:0"`. `localhost` means 127.0.0.1; other names are not looked up. A
/// string that is no address is reported by the builder's `build()`.
#[derive(Debug, Clone)]
pub struct BindAddr(Result<SocketAddr, String>);

impl BindAddr {
    pub(crate) fn check(&self) -> Result<SocketAddr, ConfigError> {
        self.0.clone().map_err(|given| ConfigError::BindAddr { given })
    }

    pub(crate) fn loopback() -> Self {
        Self(Ok((Ipv4Addr::LOCALHOST, 0).into()))
    }

    fn parse(text: &str) -> Self {
        let text = text.trim();
        let localhost = text.strip_prefix("localhost:").and_then(|port| port.parse::<u16>().ok());
        Self(match localhost {
            Some(port) => Ok((Ipv4Addr::LOCALHOST, port).into()),
            None => text.parse().map_err(|_| text.to_owned()),
        })
    }
}

impl From<SocketAddr> for BindAddr {
    fn from(addr: SocketAddr) -> Self {
        Self(Ok(addr))
    }
}

impl<I: Into<IpAddr>> From<(I, u16)> for BindAddr {
    fn from(addr: (I, u16)) -> Self {
        Self(Ok(addr.into()))
    }
}

impl From<&str> for BindAddr {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}

impl From<String> for BindAddr {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<&String> for BindAddr {
    fn from(text: &String) -> Self {
        Self::parse(text)
    }
}

/// Whether `ip` is this machine, also when an IPv4 address is written as an IPv6 one.
pub(crate) fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let parsed = BindAddr::from(text).check().ok().map(|addr| addr.to_string());
        assert_eq!(parsed.as_deref(), expected, "{text}");
    }

    #[test]
    fn an_address_is_an_ip_address_or_localhost_and_a_port() {
        check("0.0.0.0:8080", Some("0.0.0.0:8080"));
        check(" [::1]:0 ", Some("[::1]:0"));
        check("localhost:81", Some("127.0.0.1:81"));
        check("localhost", None);
        check("example.com:80", None);
        check(":8080", None);
        check("127.0.0.1:65536", None);
    }

    #[test]
    fn a_mapped_loopback_address_is_this_machine() {
        assert!(is_loopback("::ffff:127.0.0.2".parse().expect("an address")));
        assert!(!is_loopback("::ffff:10.0.0.1".parse().expect("an address")));
    }
}
