//! Members that are hardly there: each answers and asks as a healthy member of an idle cluster would, and does nothing else.
//!
//! So one real node can be measured among a thousand others, without the processor time of a thousand.

use std::{net::SocketAddr, time::Duration};

use super::node_id;
use crate::{
    ClusterKey, Keyring,
    datagram::{BootId, Gate, Opened},
    membership::{
        Claim, Identity, MemberState, Message, NodeKey, Packet, PacketWriter, Record, Section, Settings, Standing, Tags,
    },
};

/// What seems to be a member.
pub struct StandIn {
    record: Record,
    gate: Gate,
    nonce: u32,
    /// The digest that was heard last: whoever said it hears that all is known.
    digest: u64,
}

impl StandIn {
    /// The one of this number, at this address. `key` is the cluster's.
    pub fn new(index: u32, address: SocketAddr, key: ClusterKey) -> Self {
        let mut secret = [0; 32];
        secret[..4].copy_from_slice(&index.to_be_bytes());
        let mut boot = [1; 8];
        boot[..4].copy_from_slice(&index.to_be_bytes());
        let gate = Gate::sealed(Keyring::new(key), BootId::from_bytes(boot), &secret, 100);
        let rpc_address = SocketAddr::new(address.ip(), 0);
        let (id, tags) = (node_id(index as usize), Tags::default());
        let record = Record::of(Identity { id, gossip_address: address, rpc_address, generation: 1, tags });
        Self { record, gate, nonce: 0, digest: 0 }
    }

    /// Takes a datagram; returns what it answers and where to, sealed. The second part is whether somebody wants to join.
    pub fn handle(
        &mut self,
        now: Duration,
        from: SocketAddr,
        datagram: &mut [u8],
    ) -> (Option<(SocketAddr, Vec<u8>)>, bool) {
        let packet = match self.gate.open(now, from, datagram) {
            Opened::Payload(payload) => Packet::decode(payload).ok(),
            Opened::Send(to, datagram) => return (Some((to, datagram)), false),
            Opened::Nothing => None,
        };
        match packet.map(|packet| packet.message) {
            Some(Message::Ping { nonce, digest }) => {
                self.digest = digest;
                (self.send(now, from, Message::Ack { nonce, digest }, &[]), false)
            }
            Some(Message::Ack { digest, .. }) => {
                self.digest = digest;
                (None, false)
            }
            Some(Message::Join) => {
                let records = [self.record.clone()];
                (self.send(now, from, Message::Welcome, &records), true)
            }
            _ => (None, false),
        }
    }

    /// A ping, sealed.
    pub fn ping(&mut self, now: Duration, to: SocketAddr) -> Option<(SocketAddr, Vec<u8>)> {
        self.nonce += 1;
        let message = Message::Ping { nonce: self.nonce, digest: self.digest };
        self.send(now, to, message, &[])
    }

    /// What it says of as many others as fit one datagram, sealed.
    pub fn introduce(&mut self, now: Duration, to: SocketAddr, others: &[Record]) -> Option<(SocketAddr, Vec<u8>)> {
        self.send(now, to, Message::Gossip, others)
    }

    /// What others know it by.
    pub fn record(&self) -> &Record {
        &self.record
    }

    fn send(
        &mut self,
        now: Duration,
        to: SocketAddr,
        message: Message,
        records: &[Record],
    ) -> Option<(SocketAddr, Vec<u8>)> {
        let own: NodeKey = self.record.id.key();
        let mut writer =
            PacketWriter::new(own, self.record.generation, message, Settings::default().payload_bytes_max());
        for record in records {
            let standing = Standing { generation: record.generation, incarnation: 0, state: MemberState::Alive };
            let claim = Claim::bare(record.id.key(), standing, record.version);
            writer.add(&Section::Claim(Claim { record: Some(record.clone()), ..claim }));
        }
        let mut datagram = Vec::new();
        self.gate.seal(now, to, &writer.finish(), &mut datagram).ok()?;
        Some((to, datagram))
    }
}
