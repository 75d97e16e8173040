//! The state machine against whatever the datagram layer or the bulk channel may hand it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::{
    BULK_BYTES_MAX, Identity, MemberState, Membership, NodeId, NodeKey, Record, Settings, Tags, Time,
    node::Standing,
    record::RECORD_BYTES_MAX,
    wire::{Accusers, Bulk, Claim, Message, Packet, PacketWriter, Section},
};
use crate::__fuzzing::Script;

/// Datagrams of whoever has the key, and time, commands and bulk messages between them. The node stays sound, within its
/// bounds, and says little.
pub fn packets(data: &[u8]) {
    let mut story = Story::new(data);
    while !story.script.is_over() {
        match story.script.below(12) {
            0 => story.pass_time(),
            1 => story.command(),
            2 => story.bulk(),
            3 => {
                let bytes = story.script.bytes();
                story.tell(bytes);
            }
            4 | 5 => {
                let rest = story.script.bytes();
                let head = story.packet(&[]);
                story.tell(&[&head[..], rest].concat());
            }
            6 | 7 => {
                let mut payload = story.last_said.clone();
                let at = usize::from(story.script.number()) % payload.len().max(1);
                if let Some(byte) = payload.get_mut(at) {
                    *byte ^= story.script.byte();
                }
                story.tell(&payload);
            }
            _ => {
                let claims = (0..story.script.below(4)).map(|_| story.claim()).map(Section::Claim).collect::<Vec<_>>();
                let payload = story.packet(&claims);
                story.tell(&payload);
            }
        }
        story.check();
    }
}

/// Requests and answers of the bulk channel. What a node answers can be read, and is no larger than its view.
pub fn bulk(data: &[u8]) {
    let mut story = Story::new(data);
    while !story.script.is_over() {
        match story.script.below(6) {
            0 => story.pass_time(),
            1 => story.command(),
            2 => {
                let claims = (0..story.script.below(4)).map(|_| story.claim()).map(Section::Claim).collect::<Vec<_>>();
                let payload = story.packet(&claims);
                story.tell(&payload);
            }
            _ => story.bulk(),
        }
        story.check();
    }
}

/// A node, those it knows, and what happens to it.
struct Story<'a> {
    script: Script<'a>,
    node: Membership,
    now: Time,
    asked: u64,
    last_said: Vec<u8>,
}

impl<'a> Story<'a> {
    fn new(data: &'a [u8]) -> Self {
        let mut node = member(0, GENERATION);
        node.restore(Time::ZERO, (1..4).map(|other| Arc::clone(member(other, GENERATION).local())));
        Self { script: Script(data), node, now: Time::ZERO, asked: 0, last_said: Vec::new() }
    }

    fn pass_time(&mut self) {
        self.now = self.now + Duration::from_millis(self.script.number().into());
        self.node.handle_timeout(self.now);
    }

    fn command(&mut self) {
        let now = self.now;
        match self.script.byte() {
            0 => self.node.leave(now),
            1..50 => self.node.join(now, vec![address(1)]),
            50..100 => self.node.set_degraded(now, true),
            100..150 => self.node.set_draining(now, false),
            150..200 => _ = self.node.resync(now),
            long => _ = self.node.set_tag(now, "tag", &"x".repeat(usize::from(long) * 40)),
        }
    }

    fn tell(&mut self, payload: &[u8]) {
        if let Ok(packet) = Packet::decode(payload) {
            let known = packet.sections.iter().filter(|section| **section != Section::Unknown);
            let mut writer = PacketWriter::new(packet.sender, packet.generation, packet.message, usize::MAX);
            known.clone().for_each(|section| assert!(writer.add(section)));
            let again = Packet::decode(&writer.finish());
            assert!(again.is_ok_and(|again| again.sections.iter().eq(known)), "what was read can be written");
        }
        let malformed = self.node.counters().malformed;
        self.node.handle_packet(self.now, address(self.script.byte().into()), payload);
        let refused = self.node.counters().malformed - malformed;
        assert_eq!(refused == 1, Packet::decode(payload).is_err(), "what is refused is counted");
    }

    fn bulk(&mut self) {
        let payload = match self.script.below(3) {
            0 => self.script.bytes().to_vec(),
            1 => {
                let kind = 1 + self.script.byte() % 4;
                [&[0x11, kind][..], self.script.bytes()].concat()
            }
            _ => {
                let claims = (0..self.script.below(4)).map(|_| self.claim()).collect();
                let numbers = self.script.bytes().to_vec();
                match self.script.byte() % 4 {
                    0 => Bulk::Snapshot { claims },
                    1 => Bulk::Digests { digests: vec![7; numbers.len()] },
                    2 => Bulk::Exchange { wanted: numbers.iter().map(|number| key(*number)).collect(), claims },
                    _ => Bulk::Claims { buckets: numbers.iter().map(|number| (*number).into()).collect(), claims },
                }
                .encode()
            }
        };
        if let Ok(bulk) = Bulk::decode(&payload) {
            assert_eq!(Bulk::decode(&bulk.encode()), Ok(bulk), "what was read can be written");
        }
        if self.script.byte().is_multiple_of(2) {
            let answer = self.node.handle_bulk_request(self.now, &payload);
            assert!(answer.is_none_or(|answer| answer.len() <= ANSWER_BYTES_MAX && Bulk::decode(&answer).is_ok()));
        } else if payload.is_empty() {
            self.node.handle_bulk_failure(self.now, self.asked);
        } else {
            self.node.handle_bulk_response(self.now, self.asked, &payload);
        }
    }

    fn packet(&mut self, sections: &[Section]) -> Vec<u8> {
        let (nonce, digest) = (self.script.byte().into(), self.script.byte().into());
        let target = key(self.script.byte());
        let message = match self.script.below(8) {
            0 => Message::Ping { nonce, digest },
            1 => Message::Ack { nonce, digest },
            2 => Message::Nack { nonce },
            3 => Message::Relayed { nonce },
            4 => Message::Join,
            5 => Message::Welcome,
            6 => Message::Gossip,
            _ => Message::Request { nonce, target, address: address(self.script.byte().into()) },
        };
        let (sender, generation) = (key(self.script.byte()), GENERATION + u64::from(self.script.byte() % 3));
        let mut writer = PacketWriter::new(sender, generation, message, 65_000);
        sections.iter().for_each(|section| assert!(writer.add(section)));
        writer.finish()
    }

    fn claim(&mut self) -> Claim {
        let about = self.script.byte();
        let state = MemberState::from_byte(self.script.byte() % 4).unwrap_or(MemberState::Alive);
        let generation = GENERATION + u64::from(self.script.byte() % 3);
        let standing = Standing { generation, incarnation: (self.script.byte() % 4).into(), state };
        let mut claim = Claim::bare(key(about), standing, (self.script.byte() % 3).into());
        if state == MemberState::Suspect {
            claim.accusers = Accusers::one(key(self.script.byte()));
        }
        if self.script.byte() < 128 {
            let mut record = Record::clone(member(about, generation).local());
            record.version = claim.version;
            claim.record = Some(record);
        }
        claim
    }

    /// Takes what the node wants done.
    fn check(&mut self) {
        self.node.assert_sound();
        let mut sent = 0;
        while let Some(transmit) = self.node.poll_transmit() {
            sent += 1;
            assert!(transmit.payload.len() <= self.node.settings.payload_bytes_max());
            assert!(Packet::decode(&transmit.payload).is_ok());
            self.last_said = transmit.payload;
        }
        assert!(sent < 200, "{sent} packets for one");
        while let Some(request) = self.node.poll_bulk() {
            assert!(request.payload.len() <= BULK_BYTES_MAX && Bulk::decode(&request.payload).is_ok());
            self.asked = request.id;
        }
        while self.node.poll_event().is_some() {}
    }
}

/// Few may be members, so that there can be too many.
fn member(number: u8, generation: u64) -> Membership {
    let identity = Identity {
        id: id(number),
        gossip_address: address(number.into()),
        rpc_address: address(1000 + u16::from(number)),
        generation,
        tags: Tags::default(),
    };
    let settings = Settings { members_max: MEMBERS_MAX, departed_max: DEPARTED_MAX, ..Settings::default() };
    match Membership::new(settings, identity, number.into(), Time::ZERO) {
        Ok(node) => node,
        Err(error) => unreachable!("{error}"),
    }
}

fn id(number: u8) -> NodeId {
    match NodeId::new(&format!("n{number}")) {
        Ok(id) => id,
        Err(error) => unreachable!("{error}"),
    }
}

fn key(number: u8) -> NodeKey {
    id(number).key()
}

fn address(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

const GENERATION: u64 = 1_790_000_000_000;
const MEMBERS_MAX: usize = 40;
const DEPARTED_MAX: usize = 20;
/// Every record once, and 2,048 buckets.
const ANSWER_BYTES_MAX: usize = (MEMBERS_MAX + DEPARTED_MAX + 1) * RECORD_BYTES_MAX + 4 * 2049 + 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_payload_breaks_a_node(data in prop::collection::vec(any::<u8>(), 0..800)) {
            packets(&data);
            bulk(&data);
        }
    }
}
