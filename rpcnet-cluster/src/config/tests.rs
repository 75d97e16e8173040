//! What a configuration is refused for, and with which words.

use super::*;

fn key() -> ClusterKey {
    ClusterKey::from_bytes([1; 32])
}

fn check_error(builder: ClusterConfigBuilder, expected: &str) {
    let error = builder.build().expect_err(expected).to_string();
    assert!(error.starts_with(expected), "{error}");
    assert!(error.contains(": ") && error.rsplit(": ").next().is_some_and(|remedy| remedy.len() > 5), "{error}");
}

fn builder() -> ClusterConfigBuilder {
    ClusterConfig::builder()
}

#[test]
fn by_default_a_node_stays_on_this_machine() {
    let config = builder().build().expect("valid");
    assert_eq!(config.settings().gossip_bind, "127.0.0.1:0".parse().expect("an address"));
    assert!(config.settings().keyring.is_none());
}

#[test]
fn gossip_takes_the_port_after_the_one_for_calls() {
    let port = |builder: ClusterConfigBuilder| builder.build().expect("valid").settings().gossip_bind.port();
    assert_eq!(port(builder().with_bind_addr("127.0.0.1:7946")), 7947);
    assert_eq!(port(builder().with_bind_addr("127.0.0.1:7946").with_gossip_port(9000)), 9000);
    assert_eq!(port(builder().with_bind_addr("[::1]:0")), 0);
    check_error(builder().with_bind_addr("127.0.0.1:65535"), "with_gossip_port: there is no port above");
    check_error(
        builder().with_bind_addr("127.0.0.1:7946").with_gossip_port(7946),
        "with_gossip_port: gossip can't share",
    );
}

#[test]
fn an_address_that_others_cannot_use_is_refused() {
    let keyed = || builder().with_key(key());
    check_error(keyed().with_bind_addr("0.0.0.0:7946"), "with_bind_addr: 0.0.0.0:7946 is no address that another node");
    check_error(keyed().with_advertise_addr("10.0.0.1:0"), "with_advertise_addr: 10.0.0.1:0 has the port 0");
    check_error(
        keyed().with_advertise_addr("[2001:db8::1]:7946"),
        "with_advertise_addr: [2001:db8::1]:7946 is an IPv6",
    );
    check_error(keyed().with_bind_addr("example.com:7946"), "with_bind_addr: `example.com:7946` is no socket address");
    let config = keyed().with_bind_addr("[::]:7946").with_advertise_addr("10.0.0.1:17946").build().expect("valid");
    assert_eq!(config.settings().gossip_advertise.map(|(_, port)| port), Some(7947));
}

#[test]
fn without_a_key_other_machines_are_out_of_reach() {
    check_error(builder().with_bind_addr("10.0.0.1:7946"), "with_bind_addr: 10.0.0.1:7946 is reachable from other");
    check_error(builder().with_advertise_addr("10.0.0.1:7946"), "with_advertise_addr: 10.0.0.1:7946 is reachable");
    builder().with_bind_addr("10.0.0.1:7946").with_key(key()).build().expect("valid");
}

#[test]
fn every_range_is_checked() {
    let (zero, hour) = (Duration::ZERO, Duration::from_secs(3600));
    check_error(builder().with_gossip_interval(zero), "with_gossip_interval: 0ns is out of range");
    check_error(builder().with_probe_timeout(hour), "with_probe_timeout: 3600s is out of range");
    check_error(builder().with_suspicion_timeout(hour), "with_suspicion_timeout: 3600s is out of range");
    check_error(builder().with_indirect_probes(17), "with_indirect_probes: 17 is out of range");
    check_error(builder().with_fanout(0), "with_fanout: 0 is out of range");
    check_error(builder().with_expected_size(0), "with_expected_size: 0 is out of range");
    check_error(builder().with_events_max(1), "with_events_max: 1 is out of range");
    check_error(builder().with_phi_threshold(f64::NAN), "with_phi_threshold: NaN is out of range");
    let health = HealthCheckConfig::default();
    check_error(builder().with_health_check(health.clone().with_history_size(1)), "with_history_size: 1 is out");
    check_error(builder().with_health_check(health.clone().with_interval(zero)), "with_interval: 0ns is out");
    check_error(
        builder().with_health_check(health.clone().with_min_std_deviation(zero)),
        "with_min_std_deviation: 0ns",
    );
    let slow = health.with_phi_threshold_for("zone", "far", 0.0);
    check_error(builder().with_health_check(slow), "with_phi_threshold_for: 0.0 is");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let (long, short) = (Duration::from_secs(2), Duration::from_secs(1));
    let builder = builder().with_probe_timeout(long).with_suspicion_timeout(short);
    check_error(builder, "with_suspicion_timeout: 1s is shorter than the 2s of with_probe_timeout");
}

#[test]
fn names_seeds_and_tags_are_checked() {
    check_error(builder().with_node_id(""), "with_node_id: `` has 0 bytes");
    check_error(builder().with_seeds(["director"]), "with_seeds: `director` has no port");
    check_error(builder().with_tag("", "x"), "with_tag: ``: a tag's name has 1 to 255 bytes");
    check_error(builder().with_tag("big", "x".repeat(9000)), "with_tag: `big`: the tags of a node take at most");
}
