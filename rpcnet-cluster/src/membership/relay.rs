//! Helping others to reach a node.

use std::{net::SocketAddr, time::Duration};

use super::{Membership, NodeKey, Time, timers::Timer, wire::Message};

/// A ping on behalf of another node.
#[derive(Debug)]
pub(crate) struct Relay {
    requester: SocketAddr,
    /// The nonce of the requester's probe.
    nonce: u32,
    target: NodeKey,
    /// The requester knows that nobody answered so far.
    nacked: bool,
}

impl Membership {
    pub(super) fn on_request(
        &mut self,
        now: Time,
        requester: SocketAddr,
        nonce: u32,
        target: NodeKey,
        address: SocketAddr,
    ) {
        // The address must be the target's, so that nobody can point this node's pings at a third party.
        let known = self.roster.get(target).map(|member| member.record.gossip_address);
        if known != Some(address) || self.relays.len() >= RELAYS_MAX {
            return;
        }
        let own = self.random.nonce();
        self.relays.insert(own, Relay { requester, nonce, target, nacked: false });
        let patience = if self.settings.is_plain() { self.settings.probe_timeout } else { NACK_AFTER };
        self.timers.set(now + patience, Timer::Relay(own));
        self.send_with(address, Message::Ping { nonce: own, digest: self.digest() }, &[]);
    }

    /// The target's answer, for whoever asked. Whether it was one.
    pub(super) fn forward_ack(&mut self, nonce: u32, sender: NodeKey) -> bool {
        let Some(relay) = self.relays.get(&nonce).filter(|relay| relay.target == sender) else { return false };
        let (to, nonce_of_requester) = (relay.requester, relay.nonce);
        self.relays.remove(&nonce);
        self.timers.cancel(Timer::Relay(nonce));
        self.send_with(to, Message::Relayed { nonce: nonce_of_requester }, &[]);
        true
    }

    pub(super) fn on_relay_unanswered(&mut self, now: Time, nonce: u32) {
        let Some(relay) = self.relays.get_mut(&nonce) else { return };
        if std::mem::replace(&mut relay.nacked, true) || self.settings.is_plain() {
            self.relays.remove(&nonce);
            return;
        }
        let (to, nonce_of_requester) = (relay.requester, relay.nonce);
        // A late answer is worth as much to the requester as one in time: wait for it a little longer.
        self.timers.set(now + self.settings.probe_timeout, Timer::Relay(nonce));
        self.send_with(to, Message::Nack { nonce: nonce_of_requester }, &[]);
    }
}

/// Long enough for a round trip across a continent, short enough to be in time for the requester's verdict.
const NACK_AFTER: Duration = Duration::from_millis(100);

/// Pings on behalf of others at once.
const RELAYS_MAX: usize = 256;
