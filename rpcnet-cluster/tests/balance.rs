//! What balancing promises of many callers and workers, in simulation: each scenario's bars, on one seed.

use rpcnet_cluster::simulation::balance::{Scenario, Stage};

fn check(name: &str) {
    let scenario = Scenario::ALL.into_iter().find(|scenario| scenario.name == name).expect("a scenario");
    let figures = scenario.run(&Stage { seeds: 1, first_seed: 1, progress: &|_| {} });
    let barred: Vec<_> = figures.iter().filter(|figure| figure.bar.is_some()).collect();
    assert!(!barred.is_empty());
    for figure in barred {
        assert_eq!(figure.holds(), Some(true), "{}: {} {}", figure.name, figure.median(), figure.unit);
    }
}

#[test]
fn the_default_is_near_to_an_oracle_for_calls_that_are_mostly_short() {
    check("exponential");
}

#[test]
fn a_worker_that_is_stuck_costs_one_call_in_a_thousand_and_hedged_one_in_ten_thousand() {
    check("stuck");
}

#[test]
fn an_outage_brings_no_more_attempts_than_calls_and_is_over_when_it_is_over() {
    check("outage");
}

#[test]
fn a_worker_that_fails_every_other_call_is_found_out() {
    check("failing");
}

#[test]
fn restarts_without_notice_fail_no_call_that_may_be_repeated() {
    check("restarts");
}

#[test]
fn workers_that_are_replaced_one_after_the_other_do_not_drown_those_that_are_left() {
    check("rolling");
}

#[test]
fn a_worker_that_comes_back_gets_its_share_again() {
    check("return");
}
