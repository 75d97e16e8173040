//! The simulator itself: what its results are worth.

use std::time::Duration;

use rpcnet_cluster::{
    membership::{Settings, Tags},
    simulation::{Core, CoreConfig, Known, World},
};

/// A quarter of a minute in which much happens.
fn eventful(seed: u64) -> World<Core> {
    let tags = Tags::default().with("role", "worker").expect("short");
    let mut world = World::<Core>::acquainted(CoreConfig::new(Settings::default(), tags, 30), 30, seed);
    world.network.link.loss = 0.1;
    world.network.link.duplicated = 0.1;
    world.network.link.reordered = (0.1, Duration::from_millis(300));
    world.run_for(Duration::from_secs(3));
    world.crash(3);
    world.pause(5, Duration::from_secs(2));
    world.with(7, |node, now| node.0.set_tag(now, "zone", "eu"));
    world.run_for(Duration::from_secs(7));
    world.start(3, Known::Seeds(&[0, 1]));
    world.run_for(Duration::from_secs(5));
    world
}

#[test]
fn equal_seeds_give_equal_traces_and_different_seeds_do_not() {
    let (one, same, other) = (eventful(1), eventful(1), eventful(2));
    assert_eq!((one.trace(), one.delivered), (same.trace(), same.delivered));
    assert_eq!(one.observed, same.observed);
    assert_ne!(one.trace(), other.trace());
}

#[test]
fn an_idle_node_sends_less_than_a_kilobyte_a_second_in_a_cluster_of_any_size() {
    for nodes in [10, 100, 300] {
        let mut world =
            World::<Core>::acquainted(CoreConfig::new(Settings::default(), Tags::default(), nodes), nodes, 1);
        world.run_for(Duration::from_secs(10));
        let before: u64 = (0..nodes).map(|node| world.traffic(node).sent_bytes).sum();
        world.run_for(Duration::from_secs(10));
        let after: u64 = (0..nodes).map(|node| world.traffic(node).sent_bytes).sum();
        let each = (after - before) as f64 / nodes as f64 / 10.0;
        assert!((900.0..1000.0).contains(&each), "{nodes} nodes: {each} B/s");
    }
}

#[test]
fn no_datagram_is_larger_than_1200_bytes_whatever_is_to_be_told() {
    let tags = Tags::default().with("large", &"x".repeat(480)).expect("fits");
    let mut world = World::<Core>::new(CoreConfig { tags, ..CoreConfig::default() }, 5);
    world.start(0, Known::Seeds(&[]));
    for node in 1..40 {
        world.start(node, Known::Seeds(&[0]));
    }
    let mut before = vec![rpcnet_cluster::simulation::Traffic::default(); 40];
    for _ in 0..5_000 {
        world.run_for(Duration::from_millis(1));
        for (node, before) in before.iter_mut().enumerate() {
            let now = world.traffic(node);
            let packets = now.sent_packets - before.sent_packets;
            assert!(now.sent_bytes - before.sent_bytes <= 1200 * packets);
            *before = now;
        }
    }
    assert!(world.agrees());
}

#[test]
fn tags_too_large_for_a_datagram_reach_everybody_nevertheless() {
    let nodes = 20;
    let mut world = World::<Core>::acquainted(CoreConfig::new(Settings::default(), Tags::default(), nodes), nodes, 5);
    world.run_for(Duration::from_secs(5));
    world.with(3, |node, now| node.0.set_tag(now, "large", &"x".repeat(4000))).expect("it runs").expect("it fits");
    let knows = |world: &World<Core>, by: usize| {
        let id = rpcnet_cluster::simulation::node_id(3);
        let view = world.node(by).and_then(|node| node.0.member(&id));
        view.is_some_and(|member| member.record.tags.get("large").is_some_and(|tag| tag.len() == 4000))
    };
    let others = move |world: &mut World<Core>| (0..nodes).filter(|by| *by != 3).all(|by| knows(world, by));
    assert!(world.run_until(Duration::from_millis(250), Duration::from_secs(10), others));
}
