//! What happens to workers that fail, hang, drain or are doubted.

use super::*;
use crate::membership::Random;

fn count(candidates: &Candidates, now: Time, worker: usize) -> usize {
    let request = PickRequest::new(now);
    (0..400).filter(|_| pick(candidates, LoadBalancingStrategy::PowerOfTwo, &request) == worker).count()
}

#[test]
fn a_worker_that_drains_gets_no_new_calls_as_long_as_there_are_others() {
    let mut leaving = info(0, &[]);
    leaving.draining = true;
    let workers = workers([leaving, info(1, &[]), info(2, &[])]);
    workers[1].report_load(NOW, &LoadReport { draining: true, ..LoadReport::default() });
    let candidates = prepared(&workers);
    for strategy in STRATEGIES {
        assert_eq!(shares(&candidates, strategy, 200)[..2], [0, 0], "{strategy:?}");
    }
    let mut tried = Tried::default();
    tried.insert(&workers[2]);
    assert_ne!(pick(&candidates, LoadBalancingStrategy::default(), &PickRequest::new(NOW).with_tried(&tried)), 2);
}

#[test]
fn suspects_come_after_the_others_but_are_there() {
    let mut suspect = info(0, &[]);
    suspect.suspect = true;
    let both = workers([suspect.clone(), info(1, &[])]);
    assert_eq!(count(&prepared(&both), NOW, 0), 0);
    let alone = workers([suspect]);
    assert_eq!(count(&prepared(&alone), NOW, 0), 400);
}

#[test]
fn another_attempt_goes_to_another_worker_until_all_were_tried() {
    let workers = equal(4);
    for strategy in STRATEGIES {
        let candidates = prepared(&workers);
        let mut tried = Tried::default();
        for _ in 0..4 {
            let worker = &workers[pick(&candidates, strategy, &PickRequest::new(NOW).with_tried(&tried).with_key(5))];
            assert!(!tried.contains(worker), "{strategy:?}");
            tried.insert(worker);
        }
        assert!(candidates.pick(&strategy, &PickRequest::new(NOW).with_tried(&tried)).is_some());
    }
}

#[test]
fn a_worker_that_answers_nothing_is_avoided_long_before_its_first_call_times_out() {
    let workers = equal(3);
    for worker in workers.iter().cycle().take(300) {
        end(worker, NOW, Duration::from_millis(10), Outcome::Success);
    }
    let candidates = prepared(&workers);
    let stuck = workers[0].begin_timed_call(NOW);
    for _ in 0..5 {
        // The others answer, with one call under way like the stuck one.
        workers[1..].iter().for_each(|worker| end(worker, after(50), Duration::from_millis(10), Outcome::Success));
    }
    let _others = [workers[1].begin_timed_call(after(60)), workers[2].begin_timed_call(after(60))];
    assert_eq!(count(&candidates, after(61), 0), 0);
    drop(stuck);
}

#[test]
fn streams_that_last_do_not_make_a_worker_look_stuck() {
    let workers = equal(2);
    workers.iter().for_each(|worker| end(worker, NOW, Duration::from_millis(10), Outcome::Success));
    let _streams = [workers[0].begin_call(), workers[1].begin_call()];
    let picked = count(&prepared(&workers), after(3_600), 0);
    assert!((100..300).contains(&picked), "{picked}");
}

#[test]
fn a_breaker_opens_after_five_failures_in_a_row_and_one_try_closes_it() {
    let workers = equal(3);
    fail(&workers[0], 4);
    succeed(&workers[0], NOW, 16);
    fail(&workers[0], 4);
    assert!(prepared(&workers).is_eligible(&workers[0], &PickRequest::new(NOW)));
    fail(&workers[0], 1);
    let candidates = prepared(&workers);
    assert_eq!(count(&candidates, after(3_000), 0), 0);
    // It is due, and exactly one call tries it.
    assert_eq!(count(&candidates, after(5_100), 0), 1);
    assert_eq!(count(&candidates, after(5_200), 0), 0);
    end(&workers[0], after(5_100), Duration::from_millis(10), Outcome::Success);
    assert!(workers[0].is_healthy());
}

#[test]
fn a_try_that_fails_keeps_the_breaker_open_for_twice_as_long() {
    let workers = equal(3);
    fail(&workers[0], 5);
    let candidates = prepared(&workers);
    assert_eq!(count(&candidates, after(5_100), 0), 1);
    end(&workers[0], after(5_100), Duration::from_millis(1), Outcome::Failure);
    assert_eq!(count(&candidates, after(5_100 + 7_000), 0), 0);
    assert_eq!(count(&candidates, after(5_100 + 10_100), 0), 1);
}

#[test]
fn a_worker_that_fails_every_other_call_is_left_alone_after_thirteen_failures() {
    let workers = equal(3);
    for _ in 0..12 {
        succeed(&workers[0], NOW, 1);
        fail(&workers[0], 1);
        assert!(workers[0].is_healthy());
    }
    succeed(&workers[0], NOW, 1);
    fail(&workers[0], 1);
    assert!(!workers[0].is_healthy());
}

#[test]
fn a_worker_that_fails_one_call_in_ten_at_random_is_hardly_ever_out_of_order() {
    let (workers, mut random) = (equal(3), Random::new(7));
    for call in 0..20_000 {
        if random.chance(0.1) {
            fail(&workers[0], 1)
        } else {
            succeed(&workers[0], NOW, 1)
        }
        assert!(workers[0].is_healthy(), "call {call}");
    }
}

#[test]
fn a_worker_that_fails_again_soon_after_its_try_is_left_alone_for_longer_each_time() {
    let workers = equal(3);
    let candidates = prepared(&workers);
    let relapse = |millis| (0..2).for_each(|_| end(&workers[0], after(millis), Duration::ZERO, Outcome::Failure));
    fail(&workers[0], 5);
    succeed(&workers[0], after(5_100), 1);
    assert!(workers[0].is_healthy());
    relapse(5_200);
    assert_eq!([12_000, 15_300].map(|millis| count(&candidates, after(millis), 0)), [0, 1]);
    // It has worked for long enough to be forgiven.
    succeed(&workers[0], after(15_400), 40);
    relapse(15_500);
    assert!(workers[0].is_healthy());
    (0..3).for_each(|_| end(&workers[0], after(15_600), Duration::ZERO, Outcome::Failure));
    assert_eq!([18_000, 20_700].map(|millis| count(&candidates, after(millis), 0)), [0, 1]);
}

#[test]
fn calls_from_before_a_try_that_time_out_after_it_say_nothing_new() {
    let workers = equal(3);
    let early: Vec<_> = (0..10).map(|_| workers[0].begin_timed_call(NOW)).collect();
    fail(&workers[0], 5);
    succeed(&workers[0], after(5_100), 1);
    early.into_iter().for_each(|call| call.end(after(6_000), Outcome::Failure));
    assert!(workers[0].is_healthy());
}

#[test]
fn calls_from_before_a_breaker_opened_that_succeed_after_it_do_not_close_it() {
    let workers = equal(3);
    let early: Vec<_> = (0..10).map(|_| workers[0].begin_timed_call(NOW)).collect();
    (0..5).for_each(|_| end(&workers[0], after(5), Duration::ZERO, Outcome::Failure));
    early.into_iter().for_each(|call| call.end(after(10), Outcome::Success));
    assert!(!workers[0].is_healthy());
    assert_eq!(count(&prepared(&workers), after(3_000), 0), 0);
}

#[test]
fn a_call_that_cannot_be_repeated_is_a_try_only_if_no_other_was_for_a_second() {
    let workers = equal(3);
    fail(&workers[0], 5);
    let candidates = prepared(&workers);
    let tries = |millis| {
        let request = PickRequest::new(after(millis)).without_probe();
        (0..100).filter(|_| pick(&candidates, LoadBalancingStrategy::PowerOfTwo, &request) == 0).count()
    };
    assert_eq!(tries(4_700), 0, "it is open for five seconds, less up to a quarter");
    assert_eq!(tries(6_100), 1);
    end(&workers[0], after(6_100), Duration::ZERO, Outcome::Success);
    assert!(workers[0].is_healthy());
}

#[test]
fn a_worker_that_is_reached_anew_is_tried_at_once() {
    let workers = equal(3);
    let early = workers[0].begin_timed_call(NOW);
    fail(&workers[0], 5);
    workers[0].experience().on_reconnect(after(100));
    // A call from before it says nothing of it.
    early.end(after(110), Outcome::Failure);
    let candidates = prepared(&workers);
    assert_eq!(count(&candidates, after(120), 0), 1);
    end(&workers[0], after(120), Duration::ZERO, Outcome::Failure);
    assert_eq!(count(&candidates, after(7_000), 0), 0, "it failed again, and is left alone for longer");
    workers[0].experience().on_reconnect(after(7_100));
    assert_eq!(count(&candidates, after(7_120), 0), 1);
    end(&workers[0], after(7_120), Duration::ZERO, Outcome::Success);
    assert!(workers[0].is_healthy());
}

#[test]
fn a_try_of_a_worker_that_is_reached_anew_says_nothing_of_it_and_keeps_nobody_away() {
    let workers = equal(3);
    fail(&workers[0], 5);
    let candidates = prepared(&workers);
    assert_eq!(count(&candidates, after(5_100), 0), 1);
    let lost = workers[0].begin_timed_call(after(5_100));
    workers[0].experience().on_reconnect(after(5_200));
    lost.end(after(5_210), Outcome::Failure);
    assert_eq!(count(&candidates, after(5_230), 0), 1);
    end(&workers[0], after(5_230), Duration::ZERO, Outcome::Success);
    assert!(workers[0].is_healthy());
}

#[test]
fn streams_that_were_lost_with_a_connection_say_nothing_of_the_next_one() {
    let workers = equal(3);
    let experience = workers[0].experience();
    let learn = |began| {
        (0..5).for_each(|_| experience.on_untimed_outcome(after(began), after(1_000), Outcome::Failure));
    };
    experience.on_reconnect(after(50));
    // Their callers look only now.
    learn(0);
    assert!(workers[0].is_healthy());
    learn(60);
    assert!(!workers[0].is_healthy());
}

#[test]
fn a_worker_without_a_fault_is_not_tried_for_being_reached_anew() {
    let workers = equal(3);
    workers[0].experience().on_reconnect(after(100));
    assert!(workers[0].is_healthy());
}

#[test]
fn when_more_than_half_are_out_all_are_asked_and_the_first_answer_pardons_the_others() {
    let workers = equal(4);
    workers[..3].iter().for_each(|worker| fail(worker, 5));
    let candidates = prepared(&workers);
    let even = shares(&candidates, LoadBalancingStrategy::Random, 4_000);
    assert!(candidates.is_panicking() && even.iter().all(|&share| share > 800), "{even:?}");
    end(&workers[0], after(100), Duration::from_millis(1), Outcome::Success);
    // Long before five seconds are over, each of the others is tried once, and answers.
    for _ in 0..2 {
        let tried = pick(&candidates, LoadBalancingStrategy::RoundRobin, &PickRequest::new(after(150)));
        assert!([1, 2].contains(&tried), "{tried}");
        end(&workers[tried], after(150), Duration::from_millis(1), Outcome::Success);
    }
    assert!(workers.iter().all(Worker::is_healthy));
}

#[test]
fn a_worker_that_fails_at_once_does_not_attract_calls() {
    let workers = equal(2);
    for _ in 0..100 {
        workers.iter().for_each(|worker| end(worker, NOW, Duration::from_millis(10), Outcome::Success));
    }
    end(&workers[0], NOW, Duration::from_micros(50), Outcome::Failure);
    assert_eq!(count(&prepared(&workers), NOW, 0), 0);
}

#[test]
fn one_worker_in_ten_that_fails_more_often_than_the_others_is_ejected_for_half_a_minute() {
    let workers = equal(10);
    let detector = OutlierDetector::default();
    assert!(detector.sweep(NOW, &workers).is_empty());
    for call in 0..150 {
        for (index, worker) in workers.iter().enumerate() {
            let fails = index < 2 && call % (index + 5) == 0;
            end(worker, NOW, Duration::from_millis(1), if fails { Outcome::Failure } else { Outcome::Success });
        }
    }
    assert!(detector.sweep(after(9_000), &workers).is_empty());
    let ejected = detector.sweep(after(10_000), &workers);
    assert_eq!(ejected.iter().map(Worker::id).collect::<Vec<_>>(), [workers[0].id()]);
    let candidates = prepared(&workers);
    assert!(!candidates.is_eligible(&workers[0], &PickRequest::new(after(39_000))));
    assert!(candidates.is_eligible(&workers[0], &PickRequest::new(after(40_100))));
}

#[test]
fn nobody_is_ejected_for_what_befalls_all_workers() {
    let ejected = |fails: fn(usize, usize) -> bool| {
        let (workers, detector) = (equal(10), OutlierDetector::default());
        for call in 0..150 {
            for (index, worker) in workers.iter().enumerate() {
                let outcome = if fails(index, call) { Outcome::Failure } else { Outcome::Success };
                end(worker, NOW, Duration::from_millis(1), outcome);
            }
        }
        detector.sweep(NOW, &workers).len()
    };
    assert_eq!(ejected(|_, _| true), 0, "all are down");
    assert_eq!(
        ejected(|index, call| call >= if index == 3 { 70 } else { 75 }),
        0,
        "all went down, one a little earlier"
    );
    assert_eq!(ejected(|index, _| index > 0), 0, "all but one are down");
    assert_eq!(ejected(|index, _| index < 4), 1, "few are down, and one of ten may be out");
}

#[test]
fn a_worker_that_starts_again_starts_without_its_past() {
    let mut roster = Roster::new(1);
    let first = roster.update(Time::ZERO, [info(0, &[]), info(1, &[]), info(2, &[])]);
    fail(&first[0], 5);
    let same = roster.update(NOW, [info(0, &[]), info(1, &[])]);
    assert!(!same[0].is_healthy());
    let mut again = info(0, &[]);
    again.generation = 1;
    assert!(roster.update(NOW, [again])[0].is_healthy());
}

#[test]
fn a_balancer_of_ones_own_that_finds_none_gets_the_best_that_is_left() {
    #[derive(Debug)]
    struct Nobody;
    impl Balancer for Nobody {
        fn pick<'a>(&self, _: &'a Candidates, _: &PickRequest<'_>) -> Option<&'a Worker> {
            None
        }
    }
    let workers = equal(2);
    fail(&workers[0], 5);
    let candidates = prepared(&workers);
    assert_eq!(candidates.pick(&Nobody, &PickRequest::new(NOW)).map(Worker::id), Some(workers[1].id()));
    assert!(prepared(&[]).pick(&Nobody, &PickRequest::new(NOW)).is_none());
}
