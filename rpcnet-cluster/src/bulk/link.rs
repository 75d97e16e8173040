//! The side of the bulk channel that asks.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use rpcnet::{Client, ClientConfig, RpcError};
use tokio::time::timeout;

use super::{
    BULK_METHOD,
    seal::{self, Kind, TICKET_BYTES},
};
use crate::{Keyring, config::ClusterSettings, datagram::is_loopback, shared::Shared};

/// What it takes to ask other nodes for state.
pub(crate) struct Link {
    config: ClientConfig,
    shared: Arc<Shared>,
}

/// Why an exchange failed. Nothing has changed here; the other node may have taken the request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error("what it answered is not to be trusted: {0}")]
    Seal(#[from] seal::SealError),
    #[error("it answered what no version of this protocol says")]
    Malformed,
    #[error("no connection came about within {} s", CONNECT_TIMEOUT.as_secs())]
    Unreachable,
    #[error("it serves no calls")]
    NoServer,
    #[error("without a cluster key, state is exchanged on this machine only, and {0} is another")]
    NotLoopback(SocketAddr),
}

impl Link {
    /// A link, if the configuration says how to reach RPC servers.
    pub(crate) fn new(settings: &ClusterSettings, shared: Arc<Shared>) -> Option<Self> {
        let config = match (&settings.client, &settings.keyring) {
            (Some(config), _) => Some(config.clone()),
            // All is on this machine.
            (None, None) => ClientConfig::development().build().ok(),
            (None, Some(_)) => None,
        };
        config.map(|config| Self { config, shared })
    }

    /// Where the node that serves calls at `addr` takes gossip.
    pub(crate) async fn gossip_addr(&self, addr: SocketAddr) -> Result<SocketAddr, LinkError> {
        let (_, welcome) = self.greet(addr).await?;
        Ok(welcome.gossip_addr)
    }

    /// Asks the core of the node that serves calls at `addr`.
    pub(crate) async fn exchange(&self, addr: SocketAddr, request: &[u8]) -> Result<Vec<u8>, LinkError> {
        let (client, welcome) = self.greet(addr).await?;
        let keyring = self.keyring();
        let (message, salt) = seal::seal(keyring.as_ref(), Kind::Request, &welcome.ticket, request)?;
        let answer = client.call_within(BULK_METHOD, message, CALL_TIMEOUT).await?;
        Ok(seal::open(keyring.as_ref(), Kind::Answer, salt.as_bytes(), &answer)?.body)
    }

    async fn greet(&self, addr: SocketAddr) -> Result<(Client, Welcome), LinkError> {
        if addr.port() == 0 {
            return Err(LinkError::NoServer);
        }
        let keyring = self.keyring();
        if keyring.is_none() && !is_loopback(addr) {
            return Err(LinkError::NotLoopback(addr));
        }
        let connected = timeout(CONNECT_TIMEOUT, Client::connect(addr, self.config.clone())).await;
        let client = connected.map_err(|_| LinkError::Unreachable)??;
        let (message, salt) = seal::seal(keyring.as_ref(), Kind::Hello, &[], &[])?;
        let answer = client.call_within(BULK_METHOD, Bytes::from(message), CALL_TIMEOUT).await?;
        let welcome = seal::open(keyring.as_ref(), Kind::Welcome, salt.as_bytes(), &answer)?;
        Ok((client, Welcome::decode(&welcome.body).ok_or(LinkError::Malformed)?))
    }

    fn keyring(&self) -> Option<Keyring> {
        self.shared.wanted().keyring
    }
}

/// What a server says to a hello: a ticket, and where its node takes gossip, as text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Welcome {
    pub(super) ticket: Vec<u8>,
    pub(super) gossip_addr: SocketAddr,
}

impl Welcome {
    pub(super) fn encode(&self) -> Vec<u8> {
        [&self.ticket[..], self.gossip_addr.to_string().as_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (ticket, addr) = bytes.split_at_checked(TICKET_BYTES)?;
        let gossip_addr = std::str::from_utf8(addr).ok()?.parse().ok()?;
        Some(Self { ticket: ticket.to_vec(), gossip_addr })
    }
}

/// A node that is a member but serves no calls must not hold up who joins by it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// For each of the two calls of an exchange.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_welcome_survives_the_wire_and_nothing_else_is_one() {
        for addr in ["10.0.0.1:7947", "[2001:db8::1]:7947"] {
            let welcome = Welcome { ticket: vec![7; TICKET_BYTES], gossip_addr: addr.parse().expect("an address") };
            assert_eq!(Welcome::decode(&welcome.encode()), Some(welcome));
        }
        assert_eq!(Welcome::decode(&[0; TICKET_BYTES - 1]), None);
        assert_eq!(Welcome::decode(&[0xff; TICKET_BYTES + 4]), None);
    }
}
