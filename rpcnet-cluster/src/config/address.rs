//! Addresses as a configuration takes them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::error::ConfigError;

/// An IP address and a port, or a text that should be one: told by `build()`.
///
/// What takes one takes a [`SocketAddr`], an `(IpAddr, u16)`, or a text such as `"10.0.0.7:7946"`, `"[::1]:0"` or
/// `"localhost:0"`. Other names are not looked up.
#[derive(Clone, Debug)]
pub struct Address(Result<SocketAddr, String>);

impl Address {
    pub(crate) fn check(&self, setting: &'static str) -> Result<SocketAddr, ConfigError> {
        self.0.clone().map_err(|given| ConfigError::NoAddress { setting, given })
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self(Ok(addr))
    }
}

impl<I: Into<IpAddr>> From<(I, u16)> for Address {
    fn from(addr: (I, u16)) -> Self {
        Self(Ok(addr.into()))
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        let text = text.trim();
        let localhost = text.strip_prefix("localhost:").and_then(|port| port.parse::<u16>().ok());
        Self(match localhost {
            Some(port) => Ok((Ipv4Addr::LOCALHOST, port).into()),
            None => text.parse().map_err(|_| text.to_owned()),
        })
    }
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}
