//! What goes wrong in clusters, one test for each: small worlds, simulated, the same at each run.

use std::time::Duration;

use rpcnet_cluster::{
    membership::{MemberState, Settings, Tags},
    simulation::{Burst, Core, CoreConfig, Known, Link, Observation, Observed, World, node_id},
};

const NODES: usize = 20;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn world(nodes: usize) -> World<Core> {
    world_with(nodes, Settings::default())
}

fn world_with(nodes: usize, settings: Settings) -> World<Core> {
    let mut world = World::<Core>::acquainted(CoreConfig::new(settings, Tags::default(), nodes), nodes, 7);
    world.run_for(seconds(10));
    assert_eq!(world.observed, [], "nothing happens in a healthy cluster");
    let stalls: u64 = (0..nodes).filter_map(|node| Some(world.node(node)?.0.counters().stalls)).sum();
    assert_eq!(stalls, 0, "no timer is late");
    world
}

/// Seconds from `since` to each observation that `wanted` picks.
fn times(world: &World<Core>, since: u64, wanted: impl Fn(&Observed) -> bool) -> Vec<f64> {
    world.observed.iter().filter(|seen| wanted(seen)).map(|seen| (seen.at - since) as f64 / 1e6).collect()
}

fn failures(world: &World<Core>) -> Vec<(usize, usize)> {
    let failed = world.observed.iter().filter_map(|seen| match seen.what {
        Observation::Failed(node) => Some((seen.by, node)),
        _ => None,
    });
    failed.collect()
}

fn state_of(world: &World<Core>, by: usize, node: usize) -> Option<MemberState> {
    world.node(by)?.0.member(&node_id(node)).map(|member| member.state)
}

fn members(world: &World<Core>, by: usize) -> usize {
    world.node(by).map_or(0, |node| node.0.node_count())
}

#[test]
fn a_crashed_node_is_suspected_within_2_s_and_failed_everywhere_within_7() {
    let mut world = world(NODES);
    let at = world.now();
    world.crash(3);
    world.run_for(seconds(8));
    let suspected = times(&world, at, |seen| seen.what == Observation::Suspected(3));
    let failed = times(&world, at, |seen| seen.what == Observation::Failed(3));
    assert!(suspected[0] < 2.0, "{suspected:?}");
    assert_eq!(failed.len(), NODES - 1);
    assert!(failed[0] > 3.5 && failed[NODES - 2] < 7.0, "{failed:?}");
    assert!(world.agrees());
}

/// Its watchers have heard it two or three times.
#[test]
fn a_node_that_crashes_soon_after_it_joined_is_suspected_within_2_s() {
    let mut world = world(NODES);
    for newcomer in NODES..NODES + 20 {
        world.start(newcomer, Known::Seeds(&[0, 1]));
        world.run_for(Duration::from_millis(3500));
        world.observed.clear();
        let at = world.now();
        world.crash(newcomer);
        world.run_for(seconds(4));
        let suspected = times(&world, at, |seen| seen.what == Observation::Suspected(newcomer));
        assert!(suspected.first().is_some_and(|first| *first < 2.0), "{newcomer}: {suspected:?}");
    }
}

#[test]
fn a_node_that_stands_still_for_a_second_does_not_fail() {
    let mut world = world(NODES);
    world.pause(3, seconds(1));
    world.run_for(seconds(20));
    assert_eq!(failures(&world), []);
    assert!(world.agrees());
}

#[test]
fn a_node_that_stood_still_for_a_minute_failed_once_accuses_nobody_and_recovers() {
    let mut world = world(NODES);
    world.pause(3, seconds(60));
    world.run_for(seconds(60));
    assert_eq!(failures(&world).len(), NODES - 1);
    world.observed.clear();
    let at = world.now();
    world.run_for(seconds(20));
    let accused = world.observed.iter().filter(|seen| matches!(seen.what, Observation::Suspected(_)));
    assert_eq!(accused.collect::<Vec<_>>(), Vec::<&Observed>::new());
    let recovered = times(&world, at, |seen| seen.what == Observation::Recovered(3));
    assert_eq!(recovered.len(), NODES - 1);
    assert!(world.agrees());
}

#[test]
fn a_node_that_restarts_at_its_address_is_there_in_its_new_run_within_a_second() {
    let mut world = world(NODES);
    world.crash(3);
    world.run_for(Duration::from_millis(200));
    let at = world.now();
    world.start(3, Known::Seeds(&[0, 1]));
    world.run_for(seconds(10));
    let joined = times(&world, at, |seen| seen.what == Observation::Joined(3));
    assert_eq!(joined.len(), NODES - 1);
    assert!(joined.iter().all(|time| *time < 1.0), "{joined:?}");
    // The former run is over, and everybody was told.
    assert_eq!(failures(&world).len(), NODES - 1);
    assert!(world.agrees());
}

#[test]
fn a_node_that_restarts_with_an_old_clock_takes_the_next_generation() {
    let mut world = world(NODES);
    world.crash(3);
    world.start_as(3, 3_600_000, Known::Seeds(&[0]));
    world.run_for(seconds(10));
    world.crash(3);
    let at = world.now();
    // An hour earlier, by its own clock.
    world.start_as(3, 0, Known::Seeds(&[0]));
    world.run_for(seconds(2));
    let renewed = times(&world, at, |seen| seen.by == 3 && matches!(seen.what, Observation::Regenerated(_)));
    assert_eq!(renewed.len(), 1, "{:?}", world.observed);
    assert!(world.agrees());
}

#[test]
fn a_cut_in_one_direction_fails_nobody_because_others_help() {
    let mut world = world(NODES);
    let watched = world.node(0).and_then(|node| node.0.watched().next().cloned()).expect("it watches somebody");
    let victim = (0..NODES).find(|node| node_id(*node) == watched).expect("one of them");
    world.network.cuts.insert((0, victim));
    world.run_for(seconds(30));
    assert_eq!(failures(&world), []);
    let node = &world.node(0).expect("it runs").0;
    let now = rpcnet_cluster::membership::Time::from_micros(world.now());
    assert!(node.phi(&watched, now) > Some(8.0), "it hears nothing itself: {:?}", node.phi(&watched, now));
}

#[test]
fn a_node_that_can_send_but_not_receive_fails_everywhere_and_its_accusations_harm_nobody() {
    let mut world = world(NODES);
    world.network.deaf.insert(3);
    world.run_for(seconds(60));
    let failed = failures(&world);
    assert_eq!(failed.iter().filter(|(by, node)| *by != 3 && *node == 3).count(), NODES - 1);
    assert_eq!(failed.iter().filter(|(by, node)| *by != 3 && *node != 3).count(), 0);
    let suspected =
        times(&world, 0, |seen| seen.by != 3 && matches!(seen.what, Observation::Suspected(node) if node != 3));
    assert!(suspected.len() <= NODES, "whom it accused before it noticed refuted it: {suspected:?}");
    world.network.deaf.clear();
    world.run_for(seconds(15));
    assert!(world.agrees());
}

#[test]
fn at_30_percent_loss_nobody_fails() {
    let mut world = world(NODES);
    world.network.link.loss = 0.3;
    world.run_for(seconds(120));
    assert_eq!(failures(&world), []);
}

#[test]
fn losses_in_bursts_fail_nobody() {
    let mut world = world(NODES);
    let burst = Burst { bad: Duration::from_millis(300), good: seconds(3), loss: 0.9 };
    world.network.link.burst = Some(burst);
    world.run_for(seconds(120));
    assert_eq!(failures(&world), []);
}

#[test]
fn datagrams_that_arrive_three_times_change_nothing() {
    let mut world = world(NODES);
    world.network.link.duplicated = 1.0;
    world.with(3, |node, now| node.0.set_tag(now, "role", "worker"));
    world.crash(4);
    world.run_for(seconds(15));
    assert!(world.agrees());
    let updated = times(&world, 0, |seen| seen.what == Observation::Updated(3));
    assert_eq!(updated.len(), NODES - 2, "once each");
    assert_eq!(failures(&world).len(), NODES - 1, "once each");
}

#[test]
fn datagrams_that_are_held_back_for_5_s_turn_nothing_back() {
    let mut world = world(NODES);
    world.network.link.reordered = (0.2, seconds(5));
    for round in 0..5 {
        world.with(3, |node, now| node.0.set_tag(now, "round", &round.to_string()));
        world.run_for(seconds(5));
    }
    world.run_for(seconds(10));
    for by in (0..NODES).filter(|by| *by != 3) {
        let node = &world.node(by).expect("it runs").0;
        assert_eq!(node.member(&node_id(3)).and_then(|member| member.record.tags.get("round")), Some("4"));
    }
    assert_eq!(failures(&world), []);
}

#[test]
fn clocks_that_run_5_percent_fast_or_slow_change_nothing() {
    let mut world = world(NODES);
    for node in 0..NODES {
        world.set_clock_rate(node, if node % 2 == 0 { 0.95 } else { 1.05 });
    }
    world.run_for(seconds(60));
    assert_eq!(failures(&world), []);
    assert!(world.agrees());
}

#[test]
fn a_node_that_gets_a_tenth_of_its_time_accuses_nobody_to_death() {
    let mut world = world(NODES);
    for _ in 0..120 {
        world.pause(3, Duration::from_millis(450));
        world.run_for(Duration::from_millis(500));
    }
    assert_eq!(failures(&world), []);
}

/// Blocked for as long as a probe takes, awake for a millisecond: when such a node wakes, its verdicts are due, and what
/// contradicts them lies unread in its socket.
#[test]
fn nodes_that_block_for_as_long_as_a_probe_takes_accuse_no_healthy_one() {
    let mut world = world(NODES);
    let sick = 0..4;
    for _ in 0..40 {
        for node in sick.clone() {
            world.pause(node, Duration::from_millis(500));
        }
        world.run_for(Duration::from_millis(501));
    }
    let accused = times(&world, 0, |seen| matches!(seen.what, Observation::Suspected(node) if !sick.contains(&node)));
    assert!(accused.is_empty(), "{accused:?}");
    assert_eq!(failures(&world), []);
}

fn split(world: &mut World<Core>, parts: &[u8]) {
    world.observed.clear();
    world.network.parts = parts.to_vec();
    world.run_for(seconds(12));
}

fn verdicts(world: &World<Core>) -> Vec<(Vec<usize>, Vec<usize>)> {
    let parted = world.observed.iter().filter_map(|seen| match &seen.what {
        Observation::Parted { minority, majority } => Some((minority.clone(), majority.clone())),
        _ => None,
    });
    parted.collect()
}

fn heals_within_8_s(world: &mut World<Core>) {
    world.observed.clear();
    world.network.parts.clear();
    assert!(world.run_until(Duration::from_millis(250), seconds(8), |world| world.agrees()));
    world.run_for(seconds(1));
    let healed = times(world, 0, |seen| seen.what == Observation::Healed);
    assert_eq!(healed.len(), NODES, "everybody says so");
}

#[test]
fn two_halves_agree_which_is_the_minority_and_heal() {
    let mut world = world(NODES);
    split(&mut world, &[1, 0].repeat(NODES / 2));
    let (even, odd) = ((0..NODES).step_by(2).collect(), (1..NODES).step_by(2).collect());
    // Node 0, the lowest id, is on the even side.
    assert_eq!(verdicts(&world), vec![(odd, even); NODES]);
    heals_within_8_s(&mut world);
}

#[test]
fn three_tenths_are_the_minority_and_heal() {
    let mut world = world(NODES);
    let parts: Vec<u8> = (0..NODES).map(|node| u8::from(node % 10 < 3)).collect();
    split(&mut world, &parts);
    let (minority, majority) = (0..NODES).partition(|node| node % 10 < 3);
    assert_eq!(verdicts(&world), vec![(minority, majority); NODES]);
    heals_within_8_s(&mut world);
    world.run_for(seconds(10));
    for node in 0..NODES {
        let refuted = world.node(node).map_or(0, |node| node.0.incarnation());
        assert_eq!(refuted > 0, node % 10 < 3, "the minority refutes, and takes back what it thought of node {node}");
    }
}

#[test]
fn of_three_parts_none_takes_itself_for_the_majority_and_all_merge() {
    let mut world = world(NODES);
    let parts: Vec<u8> = (0..NODES).map(|node| (node % 3) as u8).collect();
    split(&mut world, &parts);
    let verdicts = verdicts(&world);
    assert_eq!(verdicts.len(), NODES);
    assert!(verdicts.iter().all(|(minority, _)| minority.len() <= 7), "{verdicts:?}");
    heals_within_8_s(&mut world);
}

#[test]
fn a_node_cut_off_alone_comes_back_without_hurting_anybody() {
    let mut world = world(NODES);
    let parts: Vec<u8> = (0..NODES).map(|node| u8::from(node == 3)).collect();
    world.network.parts = parts;
    world.run_for(seconds(60));
    assert_eq!(members(&world, 3), 1);
    world.observed.clear();
    world.network.parts.clear();
    assert!(world.run_until(Duration::from_millis(250), seconds(10), |world| world.agrees()));
    world.run_for(seconds(10));
    let accused = times(&world, 0, |seen| seen.by != 3 && matches!(seen.what, Observation::Suspected(_)));
    assert!(accused.is_empty() && failures(&world).is_empty());
}

#[test]
fn members_do_without_their_seeds_and_a_joiner_waits_for_one() {
    let mut world = world(NODES);
    world.crash(0);
    world.run_for(seconds(10));
    assert!(world.agrees(), "the others go on");
    world.start(NODES, Known::Seeds(&[0]));
    world.run_for(seconds(20));
    assert_eq!(members(&world, NODES), 1);
    world.start(0, Known::Seeds(&[1]));
    assert!(world.run_until(Duration::from_millis(250), seconds(15), |world| world.agrees()));
}

#[test]
fn damaged_payloads_change_nothing_and_are_counted() {
    let mut world = world(NODES);
    let digest = world.node(0).expect("it runs").0.digest();
    for length in 0..1200 {
        let payload: Vec<u8> = (0..length).map(|at| (at * 31 + length) as u8).collect();
        world.with(0, |node, now| node.0.handle_packet(now, ([10, 0, 0, 1], 7947).into(), &payload));
        world.with(0, |node, now| assert_eq!(node.0.handle_bulk_request(now, &payload), None));
    }
    let node = &world.node(0).expect("it runs").0;
    assert_eq!((node.digest(), node.counters().malformed), (digest, 2400));
}

#[test]
fn half_of_a_cluster_that_restarts_at_once_leaves_no_ghost_and_misses_nobody() {
    let mut world = world(NODES);
    for node in (1..NODES).step_by(2) {
        world.crash(node);
    }
    world.run_for(seconds(1));
    for node in (1..NODES).step_by(2) {
        world.start(node, Known::Seeds(&[0, 2]));
    }
    assert!(world.run_until(Duration::from_millis(250), seconds(15), |world| world.agrees()));
}

#[test]
fn nodes_that_come_and_go_all_the_time_leave_no_ghost() {
    let mut world = world(NODES);
    for round in 0..10 {
        let victim = 3 + round;
        world.crash(victim);
        world.run_for(seconds(3));
        world.start(victim, Known::Seeds(&[0, 1]));
        world.run_for(seconds(2));
    }
    world.run_for(seconds(10));
    assert!(world.agrees());
}

#[test]
fn a_node_that_leaves_has_left_and_has_not_failed_and_comes_back_by_a_restart() {
    let mut world = world(NODES);
    let at = world.now();
    world.with(3, |node, now| node.0.leave(now));
    world.run_for(seconds(1));
    let gone = times(&world, at, |seen| seen.by == 3 && seen.what == Observation::Gone);
    assert!(gone.len() == 1 && gone[0] < 0.5, "{gone:?}");
    world.crash(3);
    world.run_for(seconds(15));
    assert_eq!(times(&world, at, |seen| seen.what == Observation::Left(3)).len(), NODES - 1);
    assert_eq!(failures(&world), []);
    assert_eq!(state_of(&world, 0, 3), Some(MemberState::Left));
    world.start(3, Known::Seeds(&[0]));
    world.run_for(seconds(3));
    assert!(world.agrees());
}

#[test]
fn a_node_that_leaves_through_a_lossy_network_has_left_nevertheless() {
    let mut world = world(NODES);
    world.network.link.loss = 0.3;
    world.with(3, |node, now| node.0.leave(now));
    world.run_for(seconds(2));
    world.crash(3);
    world.run_for(seconds(20));
    assert_eq!(failures(&world), []);
    assert!(world.agrees());
}

#[test]
fn a_node_that_crashes_with_all_who_watch_it_is_found_nevertheless() {
    let mut world = world(40);
    let watches = |world: &World<Core>, node: usize| {
        world.node(node).is_some_and(|node| node.0.watched().any(|id| *id == node_id(3)))
    };
    let monitors: Vec<usize> = (0..40).filter(|node| watches(&world, *node)).collect();
    assert!(!monitors.is_empty());
    for node in monitors.iter().chain(&[3]) {
        world.crash(*node);
    }
    assert!(world.run_until(Duration::from_millis(250), seconds(15), |world| world.agrees()));
}

#[test]
fn nodes_far_apart_do_not_suspect_each_other() {
    let mut world = world(NODES);
    world.network.link =
        Link { delay: Duration::from_millis(120), jitter: Duration::from_millis(60), ..Link::default() };
    world.run_for(seconds(60));
    assert_eq!(failures(&world), []);
    world.observed.clear();
    world.crash(3);
    world.run_for(seconds(10));
    assert!(world.agrees());
}

#[test]
fn a_cluster_of_two_notices_a_crash_and_heals_a_cut() {
    let mut world = world(2);
    world.network.parts = vec![0, 1];
    world.run_for(seconds(15));
    assert_eq!(failures(&world).len(), 2);
    world.network.parts.clear();
    assert!(world.run_until(Duration::from_millis(250), seconds(10), |world| world.agrees()));
    world.run_for(seconds(15));
    world.crash(1);
    let at = world.now();
    world.run_for(seconds(12));
    let failed = times(&world, at.min(world.now()), |seen| seen.at >= at && seen.what == Observation::Failed(1));
    assert!(failed.len() == 1 && failed[0] < 8.0, "{failed:?}");
}

#[test]
fn a_restart_of_everything_but_the_seeds_is_over_in_ten_seconds() {
    let mut world = World::<Core>::new(CoreConfig::default(), 3);
    world.start(0, Known::Seeds(&[]));
    for node in 1..60 {
        world.start(node, Known::Seeds(&[0]));
    }
    assert!(world.run_until(Duration::from_millis(250), seconds(10), |world| world.agrees()));
    assert_eq!(failures(&world), []);
}
