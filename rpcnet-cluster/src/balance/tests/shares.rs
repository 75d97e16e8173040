//! Every strategy's share, of equal workers and of unequal ones.

use super::*;

fn check_even(shares: &[usize], within: f64) {
    let even = shares.iter().sum::<usize>() as f64 / shares.len() as f64;
    assert!(shares.iter().all(|&share| (share as f64 - even).abs() <= within * even), "{shares:?}");
}

#[test]
fn equal_workers_get_equal_shares_by_every_strategy() {
    let workers = equal(10);
    for strategy in STRATEGIES {
        let within = if strategy == LoadBalancingStrategy::RoundRobin { 0.0 } else { 0.1 };
        check_even(&shares(&prepared(&workers), strategy, 20_000), within);
    }
}

#[test]
fn round_robin_gives_the_turns_of_a_worker_that_is_out_to_all_others_alike() {
    let workers = equal(5);
    fail(&workers[2], 5);
    let shares = shares(&prepared(&workers), LoadBalancingStrategy::RoundRobin, 400);
    assert_eq!(shares, [100, 100, 0, 100, 100]);
}

#[test]
fn weighted_gives_shares_by_capacity_from_the_first_calls_on() {
    let workers =
        workers([info(0, &[("capacity", "1")]), info(1, &[("capacity", "2")]), info(2, &[("capacity", "5")])]);
    for picks in [80, 8_000] {
        let shares = shares(&prepared(&workers), LoadBalancingStrategy::Weighted, picks);
        for (share, eighths) in shares.iter().zip([1, 2, 5]) {
            assert!(share.abs_diff(picks * eighths / 8) <= 3, "{shares:?}");
        }
    }
}

#[test]
fn least_connections_and_power_of_two_fill_workers_by_capacity() {
    for strategy in [LoadBalancingStrategy::LeastConnections, LoadBalancingStrategy::PowerOfTwo] {
        let capacities = ["1", "2", "5"];
        let workers =
            workers(capacities.iter().enumerate().map(|(index, capacity)| info(index, &[("capacity", capacity)])));
        let candidates = prepared(&workers);
        let calls: Vec<_> =
            (0..800).map(|_| workers[pick(&candidates, strategy, &PickRequest::new(NOW))].begin_call()).collect();
        let active: Vec<_> = workers.iter().map(Worker::active_connections).collect();
        for (active, eighths) in active.iter().zip([1, 2, 5]) {
            // Two choices among three workers can't give more than two thirds away from the largest.
            assert!((*active as f64 / (100.0 * eighths as f64) - 1.0).abs() < 0.1, "{strategy:?}: {active} {eighths}");
        }
        drop(calls);
        assert!(workers.iter().all(|worker| worker.active_connections() == 0));
    }
}

#[test]
fn the_default_avoids_a_slow_worker_and_comes_back_to_it() {
    let workers = equal(4);
    for worker in workers.iter().cycle().take(400) {
        end(worker, NOW, Duration::from_millis(10), Outcome::Success);
    }
    end(&workers[1], NOW, Duration::from_millis(200), Outcome::Success);
    let candidates = prepared(&workers);
    let strategy = LoadBalancingStrategy::default();
    assert_eq!(shares(&candidates, strategy, 400)[1], 0);
    let later = (0..400).filter(|_| pick(&candidates, strategy, &PickRequest::new(after(120_000))) == 1).count();
    assert!((50..150).contains(&later), "{later}");
}

#[test]
fn least_connections_counts_the_calls_of_others_for_about_a_second() {
    let workers = equal(2);
    workers[0].report_load(NOW, &LoadReport::new(10));
    let candidates = prepared(&workers);
    let strategy = LoadBalancingStrategy::LeastConnections;
    let _calls: Vec<_> = (0..5).map(|_| workers[1].begin_call()).collect();
    // 10 of others against 5 of its own; after a second 3.7, and then less than one.
    assert_eq!(pick(&candidates, strategy, &PickRequest::new(after(10))), 1);
    assert_eq!(pick(&candidates, strategy, &PickRequest::new(after(1_100))), 0);
}

#[test]
fn calls_of_its_own_that_a_worker_reports_are_not_counted_twice() {
    let workers = equal(2);
    let _calls: Vec<_> = (0..4).map(|_| workers[0].begin_call()).collect();
    workers[0].report_load(NOW, &LoadReport::new(4));
    let _others: Vec<_> = (0..5).map(|_| workers[1].begin_call()).collect();
    assert_eq!(pick(&prepared(&workers), LoadBalancingStrategy::LeastConnections, &PickRequest::new(NOW)), 0);
}

#[test]
fn a_caller_that_is_nearly_alone_does_not_stay_with_the_worker_that_said_last_that_it_is_idle() {
    let workers = equal(4);
    for worker in workers.iter().cycle().take(400) {
        worker.experience().on_load(NOW, 0);
        end(worker, NOW, Duration::from_millis(1), Outcome::Success);
    }
    // Once in a while there is somebody else.
    workers[0].experience().on_load(after(1), 3);
    workers[1].experience().on_load(after(2), 0);
    let candidates = prepared(&workers);
    let request = PickRequest::new(after(1_000));
    let picked = (0..400).map(|_| pick(&candidates, LoadBalancingStrategy::PowerOfTwo, &request));
    let shares = picked.fold([0; 4], |mut shares, index| {
        shares[index] += 1;
        shares
    });
    assert!(shares.iter().all(|share| (50..150).contains(share)), "{shares:?}");
}

#[test]
fn a_worker_that_has_not_answered_lately_counts_as_a_little_busier_than_those_that_have() {
    let workers = equal(2);
    for worker in workers.iter().cycle().take(1_000) {
        worker.experience().on_load(NOW, 4);
        end(worker, NOW, Duration::from_millis(10), Outcome::Success);
    }
    let candidates = prepared(&workers);
    let picked = || pick(&candidates, LoadBalancingStrategy::PowerOfTwo, &PickRequest::new(after(500)));
    workers[0].experience().on_load(after(500), 4);
    assert_eq!((0..100).map(|_| picked()).sum::<usize>(), 0, "as many as usual");
    workers[0].experience().on_load(after(500), 5);
    assert_eq!((0..100).map(|_| picked()).sum::<usize>(), 100, "more than usual");
}

#[test]
fn one_worker_that_names_an_absurd_load_changes_nothing_for_the_others() {
    let workers = equal(4);
    for worker in workers.iter().cycle().take(1_000) {
        worker.experience().on_load(NOW, 2);
        end(worker, NOW, Duration::from_millis(10), Outcome::Success);
    }
    workers[0].experience().on_load(NOW, u32::MAX);
    workers[1].experience().on_load(after(500), 4);
    let candidates = prepared(&workers);
    let picked = pick(&candidates, LoadBalancingStrategy::PowerOfTwo, &PickRequest::new(after(500)));
    assert!(picked >= 2, "the silent ones are better than one with four calls, and {picked} is not silent");
}

fn zones(counts: [usize; 2]) -> Candidates {
    let zone = |zone: &'static str, count: usize, from: usize| {
        (0..count).map(move |index| info(from + index, &[("zone", zone)]))
    };
    let workers = workers(zone("near", counts[0], 0).chain(zone("far", counts[1], counts[0])));
    let options = CandidateOptions { local_zone: Some("near".into()), ..CandidateOptions::default() };
    Candidates::new(workers.iter().cloned(), &options)
}

#[test]
fn what_gossip_says_of_loads_moves_no_call_of_the_default_and_counts_for_least_connections() {
    let workers = equal(2);
    for worker in workers.iter() {
        end(worker, NOW, Duration::from_millis(10), Outcome::Success);
    }
    let candidates = prepared(&workers);
    workers[0].experience().hear(after(10), &LoadReport::new(50));
    let shares = |strategy| {
        let request = PickRequest::new(after(10));
        (0..1_000).filter(|_| pick(&candidates, strategy, &request) == 0).count()
    };
    assert!((400..600).contains(&shares(LoadBalancingStrategy::PowerOfTwo)));
    assert_eq!(shares(LoadBalancingStrategy::LeastConnections), 0);
    workers[0].report_load(after(10), &LoadReport::new(50));
    assert_eq!(shares(LoadBalancingStrategy::PowerOfTwo), 0);
    workers[0].experience().hear(after(10), &LoadReport::new(0));
    assert_eq!(shares(LoadBalancingStrategy::PowerOfTwo), 0, "what came at once counts more");
}

#[test]
fn zone_aware_stays_near_as_long_as_near_workers_can_bear_it_and_spills_the_rest() {
    let near = |counts: [usize; 2]| {
        let shares = shares(&zones(counts), LoadBalancingStrategy::ZoneAware, 10_000);
        shares[..counts[0]].iter().sum::<usize>() as f64 / 10_000.0
    };
    assert_eq!(near([5, 5]), 1.0);
    assert_eq!(near([6, 4]), 1.0);
    // A fifth of the capacity for half of the callers: two fifths of their calls stay.
    assert!((near([2, 8]) - 0.4).abs() < 0.02, "{}", near([2, 8]));
}

#[test]
fn zone_aware_spills_the_share_of_near_workers_that_are_out() {
    let candidates = zones([4, 4]);
    fail(&candidates.workers()[0], 5);
    let shares = shares(&candidates, LoadBalancingStrategy::ZoneAware, 10_000);
    let far = shares[4..].iter().sum::<usize>() as f64 / 10_000.0;
    // Equal zones have nothing over, so nothing is spilled where it would overload others.
    assert!(shares[0] == 0 && far <= 0.27, "{shares:?}");
}

#[test]
fn affinity_sends_equal_keys_to_the_same_worker_and_moves_few_when_one_leaves() {
    let workers = equal(10);
    let strategy = LoadBalancingStrategy::Affinity;
    let places = |candidates: &Candidates| -> Vec<_> {
        let keys = (0..1_000u32).map(|key| affinity_key(key.to_le_bytes()));
        let request = |key| PickRequest::new(NOW).with_key(key);
        keys.map(|key| candidates.pick(&strategy, &request(key)).expect("some").id().clone()).collect()
    };
    let (all, again) = (places(&prepared(&workers)), places(&prepared(&workers)));
    assert_eq!(all, again);
    let fewer = places(&prepared(&workers[1..]));
    let moved = all.iter().zip(&fewer).filter(|(before, after)| before != after);
    assert!(moved.into_iter().all(|(before, _)| before == workers[0].id()));
    let mut counts: Vec<_> = workers.iter().map(|worker| all.iter().filter(|id| *id == worker.id()).count()).collect();
    counts.sort_unstable();
    assert!(counts[0] > 60 && counts[9] < 140, "{counts:?}");
}

#[test]
fn affinity_gives_no_worker_more_than_a_quarter_over_its_share() {
    let workers = equal(10);
    let candidates = prepared(&workers);
    let request = PickRequest::new(NOW).with_key(7);
    let calls: Vec<_> = (0..1_000)
        .map(|_| workers[pick(&candidates, LoadBalancingStrategy::Affinity, &request)].begin_call())
        .collect();
    let most = workers.iter().map(Worker::active_connections).max();
    assert!(most <= Some(126), "{most:?}");
    drop(calls);
}

#[test]
fn affinity_gives_keys_by_capacity() {
    let workers = workers([info(0, &[("capacity", "1")]), info(1, &[("capacity", "3")])]);
    let candidates = prepared(&workers);
    let request = |key: u32| PickRequest::new(NOW).with_key(affinity_key(key.to_le_bytes()));
    let larger =
        (0..4_000).filter(|&key| pick(&candidates, LoadBalancingStrategy::Affinity, &request(key)) == 1).count();
    assert!((2_850..3_150).contains(&larger), "{larger}");
}

#[test]
fn a_worker_that_appears_later_gets_its_share_slowly() {
    let mut roster = Roster::new(3);
    roster.update(Time::ZERO, [info(0, &[])]);
    let workers = roster.update(NOW, [info(0, &[]), info(1, &[])]);
    for strategy in STRATEGIES {
        let candidates = prepared(&workers);
        let count = |millis: u64| {
            let request = PickRequest::new(after(millis));
            (0..2_000).filter(|_| pick(&candidates, strategy, &request.with_key(millis)) == 1).count()
        };
        // A key stays where it is.
        if strategy != LoadBalancingStrategy::Affinity {
            // Some, although the other one is idle and cheaper by any weight.
            assert!((50..400).contains(&count(0)), "{strategy:?}: {}", count(0));
            assert!((900..1_100).contains(&count(30_000)), "{strategy:?}: {}", count(30_000));
        }
    }
}

#[test]
fn new_workers_take_what_the_others_drown_in() {
    let mut roster = Roster::new(3);
    roster.update(Time::ZERO, [info(0, &[]), info(1, &[])]);
    let workers = roster.update(NOW, (0..4).map(|index| info(index, &[])));
    let candidates = prepared(&workers);
    let _busy: Vec<_> = workers[..2].iter().flat_map(|worker| (0..40).map(|_| worker.begin_timed_call(NOW))).collect();
    for strategy in [LoadBalancingStrategy::LeastConnections, LoadBalancingStrategy::PowerOfTwo] {
        assert_eq!(shares(&candidates, strategy, 400)[..2], [0, 0], "{strategy:?}");
    }
}

#[test]
fn where_most_workers_are_new_none_is_spared() {
    let mut roster = Roster::new(3);
    roster.update(Time::ZERO, [info(0, &[])]);
    let candidates = prepared(&roster.update(NOW, (0..4).map(|index| info(index, &[]))));
    for strategy in STRATEGIES.into_iter().filter(|strategy| *strategy != LoadBalancingStrategy::Affinity) {
        let even = shares(&candidates, strategy, 4_000);
        assert!(even.iter().all(|&share| share > 800), "{strategy:?}: {even:?}");
    }
}

#[test]
fn what_a_worker_publishes_of_its_load_counts_once() {
    let mut roster = Roster::new(3);
    let load = |in_flight| LoadReport { in_flight, ..LoadReport::default() }.to_tag();
    let told = |busy: &str| [info(0, &[(LoadReport::TAG, busy)]), info(1, &[])];
    let mut others = |millis, busy: &str| roster.update(after(millis), told(busy))[0].calls_of_others();
    assert_eq!(others(0, &load(7)), 7);
    assert_eq!(others(100, &load(3)), 3);
    let candidates = prepared(&roster.update(after(200), told(&load(3))));
    let picks = shares(&candidates, LoadBalancingStrategy::LeastConnections, 100);
    assert_eq!(picks, [0, 100], "it is busier than the other");
}

#[test]
fn a_subset_is_the_same_each_time_and_another_for_another_client() {
    let workers = equal(300);
    let of = |client: &str| {
        let options = CandidateOptions { subset: Some(Subset::new(client, 20)), ..CandidateOptions::default() };
        let candidates = Candidates::new(workers.iter().cloned(), &options);
        let mut ids: Vec<_> = candidates.workers().iter().map(|worker| worker.id().clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(of("one").len(), 20);
    assert_eq!(of("one"), of("one"));
    assert_ne!(of("one"), of("two"));
}
