//! What arrives.

use std::net::SocketAddr;

use super::{
    Event, MemberState, Membership, Time,
    leaving::Phase,
    wire::{Message, Packet, Section},
};

impl Membership {
    /// Takes a payload that the datagram layer has opened, from the address that it came from.
    ///
    /// One that is malformed is counted and has no effect.
    pub fn handle_packet(&mut self, now: Time, from: SocketAddr, payload: &[u8]) {
        self.observe(now);
        let Ok(packet) = Packet::decode(payload) else {
            self.out.counters.malformed += 1;
            return;
        };
        if self.local.phase == Phase::Gone {
            return;
        }
        if packet.sender == self.local.key {
            return self.on_namesake(now, from, packet);
        }
        self.heard = now;
        self.repair.teller = Some(packet.sender);
        if self.is_from_former_run(&packet) {
            return self.correct_former_run(from, &packet);
        }
        for section in &packet.sections {
            self.on_section(now, from, section);
        }
        self.on_sign_of_life(now, packet.sender);
        if !self.local.displaced || packet.message == Message::Welcome {
            self.on_message(now, from, &packet);
        }
    }

    fn on_section(&mut self, now: Time, from: SocketAddr, section: &Section) {
        match section {
            Section::Claim(claim) => self.apply(now, claim.clone(), true),
            Section::Introduce => {
                if !self.local.displaced {
                    let section = Section::Claim(self.own_claim(true));
                    self.send_with(from, Message::Gossip, &[section]);
                }
            }
            Section::Observed(address) => self.on_observed(*address),
            Section::Unknown => {}
        }
    }

    fn on_message(&mut self, now: Time, from: SocketAddr, packet: &Packet) {
        let sender = packet.sender;
        match packet.message {
            Message::Ping { nonce, digest } => {
                let sections = self.about_sender(packet);
                let ack = Message::Ack { nonce, digest: self.digest() };
                self.send_with(from, ack, &sections);
                self.on_digest(now, sender, digest);
            }
            Message::Ack { nonce, digest } => {
                self.on_ack(now, nonce, sender, packet.generation);
                self.on_digest(now, sender, digest);
            }
            Message::Request { nonce, target, address } => self.on_request(now, from, nonce, target, address),
            Message::Nack { nonce } => self.on_nack(nonce),
            Message::Relayed { nonce } => self.on_relayed(nonce),
            Message::Gossip => {}
            Message::Join => self.on_join(now, from),
            Message::Welcome => self.on_welcome(now, sender),
        }
    }

    /// What the sender of a packet must know: that it is unknown here, or what is thought of it.
    fn about_sender(&self, packet: &Packet) -> Vec<Section> {
        let Some(member) = self.roster.get(packet.sender) else { return vec![Section::Introduce] };
        if packet.generation > member.record.generation {
            return vec![Section::Introduce];
        }
        if member.state == MemberState::Alive || self.is_private(packet.sender) {
            return Vec::new();
        }
        self.claim_of(packet.sender, false).into_iter().map(Section::Claim).collect()
    }

    /// Whether a later run of the sender is known here.
    fn is_from_former_run(&self, packet: &Packet) -> bool {
        self.roster.get(packet.sender).is_some_and(|member| packet.generation < member.record.generation)
    }

    /// Tells whoever asks under an old generation that there is a later one; it takes the next one, or keeps still.
    ///
    /// It happens after a restart with a clock that went back, and to a node whose name another one has taken.
    fn correct_former_run(&mut self, from: SocketAddr, packet: &Packet) {
        if let Message::Ping { .. } | Message::Join | Message::Request { .. } = packet.message {
            let sections: Vec<_> = self.claim_of(packet.sender, true).into_iter().map(Section::Claim).collect();
            self.send_with(from, Message::Gossip, &sections);
        }
    }

    /// A packet under this node's own name: its own, or of another process with the same name.
    fn on_namesake(&mut self, now: Time, from: SocketAddr, packet: Packet) {
        if from == self.local.record.gossip_address || self.local.displaced {
            return;
        }
        for section in packet.sections {
            match section {
                Section::Claim(claim) if claim.key == self.local.key => self.apply(now, claim, true),
                Section::Claim(_) | Section::Introduce | Section::Observed(_) | Section::Unknown => {}
            }
        }
        if packet.generation < self.local.record.generation && packet.message == Message::Join {
            let section = Section::Claim(self.own_claim(true));
            self.send_with(from, Message::Gossip, &[section]);
        }
    }

    fn on_observed(&mut self, observed: SocketAddr) {
        let said = self.local.record.gossip_address;
        if observed != said && !said.ip().is_unspecified() && self.joining.observed != Some(observed) {
            self.joining.observed = Some(observed);
            self.out.event(Event::AddressMismatch { observed });
        }
    }
}
