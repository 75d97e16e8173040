use proptest::{collection::vec, option, prelude::*};

use super::{
    super::{
        super::{
            node::{GENERATION_MAX, INCARNATION_MAX, MemberState, NodeId},
            record::Record,
            tags::Tags,
        },
        Accusers,
    },
    *,
};

fn record() -> impl Strategy<Value = Record> {
    let addresses = (any::<(std::net::IpAddr, u16)>(), any::<(std::net::IpAddr, u16)>());
    let numbers = (0..=GENERATION_MAX, any::<u32>(), any::<(bool, bool)>());
    ("[a-z0-9-]{1,64}", addresses, numbers, vec(("[a-z]{1,8}", ".{0,16}"), 0..5), vec(any::<u8>(), 0..50)).prop_map(
        |(name, (gossip, rpc), (generation, version, (draining, degraded)), tags, unknown)| Record {
            id: NodeId::new(&name).expect("short enough"),
            gossip_address: gossip.into(),
            rpc_address: rpc.into(),
            generation,
            version,
            draining,
            degraded,
            tags: tags.iter().fold(Tags::default(), |tags, (name, value)| tags.with(name, value).expect("few")),
            unknown: unknown.into(),
        },
    )
}

fn claim() -> impl Strategy<Value = Claim> {
    let standing = (0..=GENERATION_MAX, 0..=INCARNATION_MAX, 0..4u8);
    (any::<u64>(), standing, any::<u32>(), 0..u16::MAX, vec(any::<u32>(), 0..4), option::of(record())).prop_map(
        |(key, (generation, incarnation, state), version, phi, accused_by, record)| {
            let state = MemberState::from_byte(state).expect("one of four");
            let mut accusers = Accusers::default();
            let mut tenths = 0.0;
            if state == MemberState::Suspect {
                accused_by.iter().for_each(|accuser| _ = accusers.add(*accuser));
                tenths = f32::from(phi) / 10.0;
            }
            let mut claim = Claim::bare(NodeKey(key), Standing { generation, incarnation, state }, version);
            if let Some(record) = &record {
                claim.key = record.id.key();
                claim.standing.generation = record.generation;
                claim.version = record.version;
            }
            Claim { phi: tenths, accusers, record, ..claim }
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        any::<(u32, u64)>().prop_map(|(nonce, digest)| Message::Ping { nonce, digest }),
        any::<(u32, u64)>().prop_map(|(nonce, digest)| Message::Ack { nonce, digest }),
        any::<(u32, u64, std::net::IpAddr, u16)>().prop_map(|(nonce, target, ip, port)| Message::Request {
            nonce,
            target: NodeKey(target),
            address: (ip, port).into(),
        }),
        any::<u32>().prop_map(|nonce| Message::Nack { nonce }),
        any::<u32>().prop_map(|nonce| Message::Relayed { nonce }),
        Just(Message::Gossip),
        Just(Message::Join),
        Just(Message::Welcome),
    ]
}

fn section() -> impl Strategy<Value = Section> {
    prop_oneof![
        4 => claim().prop_map(Section::Claim),
        1 => Just(Section::Introduce),
        1 => any::<(std::net::IpAddr, u16)>().prop_map(|(ip, port)| Section::Observed((ip, port).into())),
    ]
}

fn encode(packet: &Packet) -> Vec<u8> {
    let mut writer = PacketWriter::new(packet.sender, packet.generation, packet.message, usize::MAX);
    packet.sections.iter().for_each(|section| assert!(writer.add(section)));
    writer.finish()
}

proptest! {
    #[test]
    fn packets_survive_the_wire(sender: u64, generation in 0..=GENERATION_MAX, message in message(),
                                sections in vec(section(), 0..6)) {
        let packet = Packet { sender: NodeKey(sender), generation, message, sections };
        prop_assert_eq!(Packet::decode(&encode(&packet)), Ok(packet));
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused_but_never_worse(bytes in vec(any::<u8>(), 0..1200)) {
        let _ = Packet::decode(&bytes);
    }

    #[test]
    fn a_damaged_packet_is_read_or_refused_but_never_worse(sections in vec(section(), 1..4), at: prop::sample::Index, byte: u8) {
        let packet = Packet { sender: NodeKey(1), generation: 2, message: Message::Gossip, sections };
        let mut bytes = encode(&packet);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = Packet::decode(&bytes);
        let _ = Packet::decode(&bytes[..at]);
    }
}

#[test]
fn sections_and_record_fields_of_a_later_version_are_skipped_and_the_latter_passed_on() {
    let record = Record {
        id: NodeId::new("later").expect("short"),
        gossip_address: ([127, 0, 0, 1], 1).into(),
        rpc_address: ([127, 0, 0, 1], 2).into(),
        generation: 3,
        version: 4,
        draining: true,
        degraded: false,
        tags: Tags::default(),
        unknown: [9, 9, 9].into(),
    };
    let standing = Standing { generation: 3, incarnation: 0, state: MemberState::Alive };
    let claim = Claim { record: Some(record.clone()), ..Claim::bare(record.id.key(), standing, 4) };
    let packet =
        Packet { sender: NodeKey(1), generation: 2, message: Message::Gossip, sections: vec![Section::Claim(claim)] };
    let mut bytes = encode(&packet);
    bytes[0] = 1 << 4 | 7; // Written by version 7, readable since version 1.
    bytes.extend([77, 2, 1, 1]); // A section that only version 7 knows.
    let read = Packet::decode(&bytes).expect("readable since version 1");
    assert_eq!(read.sections, [packet.sections[0].clone(), Section::Unknown]);
    bytes[0] = 2 << 4 | 7;
    assert_eq!(Packet::decode(&bytes), Err(Malformed), "readable since version 2 only");
}

#[test]
fn a_ping_with_nothing_to_tell_takes_28_bytes() {
    let ping = Message::Ping { nonce: 1, digest: 2 };
    let packet = Packet { sender: NodeKey(1), generation: 2, message: ping, sections: Vec::new() };
    assert_eq!(encode(&packet).len(), 28);
}

#[test]
fn an_absurd_incarnation_is_refused() {
    let absurd = Standing { generation: 1, incarnation: INCARNATION_MAX + 1, state: MemberState::Alive };
    let sections = vec![Section::Claim(Claim::bare(NodeKey(5), absurd, 0))];
    let packet = Packet { sender: NodeKey(1), generation: 2, message: Message::Gossip, sections };
    assert_eq!(Packet::decode(&encode(&packet)), Err(Malformed));
}

#[test]
fn a_section_that_does_not_fit_leaves_the_packet_as_it_was() {
    let mut writer = PacketWriter::new(NodeKey(1), 2, Message::Gossip, 40);
    let standing = Standing { generation: 1, incarnation: 0, state: MemberState::Alive };
    let section = Section::Claim(Claim::bare(NodeKey(5), standing, 0));
    assert!(writer.add(&section));
    assert!(!writer.add(&section) && writer.is_full());
    assert_eq!(Packet::decode(&writer.finish()).expect("whole").sections, [section]);
}
