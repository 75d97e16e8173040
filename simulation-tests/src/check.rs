//! What rpcnet promises about a call, whatever happens to it. Pure.

use std::time::Duration;

use rpcnet::{ErrorKind, Executed};

use crate::{
    ledger::{Ended, Outcome, Record},
    plan::{Call, Shape},
    service::End,
};

/// The promises that were broken to one call.
pub fn check(call: &Call, record: &Record) -> Vec<String> {
    let mut broken = Vec::new();
    let mut must = |promise: &str, kept: bool| {
        if !kept {
            broken.push(format!("{promise}: {call:?} {record:?}"));
        }
    };
    let Some(outcome) = &record.outcome else {
        must("every call ends", false);
        return broken;
    };
    must("every handler ends", record.started == record.ended);
    must("a handler runs once, or as often as an idempotent call is sent", record.started <= runs_max(call));
    must("nothing is altered on its way", !outcome.wrong);
    must("nothing hangs past its deadline", outcome.took <= longest(call));
    must("items come in order, without gaps, once each", is_prefix(&outcome.items, record.produced));
    must("a handler gets its requests in order, without gaps, once each", is_prefix(&record.received, record.sent));
    must(
        "a handler is told that it has all only if it has",
        !record.received_all || (record.sent_all && is_all(&record.received, call.items)),
    );
    match &outcome.ended {
        Ended::Well => {
            must("what succeeded ran", record.started >= 1 && record.completed >= 1);
            must("what succeeded ran to its end", call.end == End::Value);
            must("what succeeded is complete", is_complete(call, record, outcome));
        }
        Ended::Application => {
            must("an error of the handler is one", call.end == End::Error && record.completed >= 1);
            must("an error comes after all items", outcome.items.len() == record.produced as usize);
        }
        Ended::Failed(kind, executed, _) => {
            must("what says that it never ran never ran", *executed != Executed::No || record.started == 0);
            must("what says that it ran ran", *executed != Executed::Yes || record.started >= 1);
            must("a failure is named for what it is", is_expected(*kind, call));
        }
        Ended::Dropped => must("only what is dropped is dropped", call.dropped_after.is_some()),
    }
    broken
}

fn runs_max(call: &Call) -> u32 {
    // Sent, and sent again twice.
    if call.shape == Shape::Again { 3 } else { 1 }
}

/// When a call is over at the latest, as its caller promised or as its client gives the connection up.
fn longest(call: &Call) -> Duration {
    let streams = matches!(call.shape, Shape::Count | Shape::Upload | Shape::Echo);
    let deadline = match call.deadline {
        Some(deadline) => deadline,
        None if !streams => DEADLINE,
        // As long as it goes on; it can't go on without a connection, or slower than both sides are.
        None => DEADLINE + STREAM_TIME_MAX,
    };
    deadline.min(call.dropped_after.unwrap_or(Duration::MAX)) + GRACE
}

fn is_complete(call: &Call, record: &Record, outcome: &Outcome) -> bool {
    let asked_for_all = match call.shape {
        Shape::Upload => call.reads >= call.items,
        _ => true,
    };
    match call.shape {
        Shape::Once | Shape::Again | Shape::Stubborn => true,
        Shape::Count => is_all(&outcome.items, call.items),
        Shape::Upload => !asked_for_all || is_all(&record.received, call.items),
        Shape::Echo => record.received_all && is_all(&outcome.items, call.items),
    }
}

/// The first of `count` numbers, from 0.
fn is_prefix(numbers: &[u32], count: u32) -> bool {
    numbers.len() <= count as usize && numbers.iter().copied().eq(0..numbers.len() as u32)
}

fn is_all(numbers: &[u32], count: u32) -> bool {
    numbers.len() == count as usize && is_prefix(numbers, count)
}

/// Whether a call may fail so in a bad network, with servers that come and go.
fn is_expected(kind: ErrorKind, call: &Call) -> bool {
    match kind {
        ErrorKind::Connection | ErrorKind::DeadlineExceeded | ErrorKind::Draining => true,
        // A server that stops drops its handlers.
        ErrorKind::Internal | ErrorKind::Truncated => true,
        // Its own stream of requests failed.
        ErrorKind::Cancelled => call.fails_at.is_some(),
        _ => false,
    }
}

/// As the client of the simulation is told.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

/// 60 items, each with two pauses of 50 ms at most, over a network that stalls for as long as the faults last.
const STREAM_TIME_MAX: Duration = Duration::from_secs(90);

/// What timers and their tasks take.
const GRACE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    fn call(shape: Shape) -> Call {
        let calls: Vec<_> = (0..10).flat_map(|seed| Plan::new(seed).callers.concat()).collect();
        let call = calls.into_iter().find(|call| call.shape == shape).expect("every shape is drawn");
        Call { items: 3, reads: u32::MAX, end: End::Value, fails_at: None, dropped_after: None, ..call }
    }

    fn record(ended: Ended, items: &[u32]) -> Record {
        let outcome = Outcome { ended, items: items.to_vec(), took: Duration::ZERO, wrong: false };
        let (started, ended) = (1, 1);
        Record { started, ended, completed: 1, produced: 3, outcome: Some(outcome), ..Record::default() }
    }

    fn failed(executed: Executed) -> Ended {
        Ended::Failed(ErrorKind::Connection, executed, String::new())
    }

    #[track_caller]
    fn lies(call: &Call, record: &Record, promise: &str) {
        let broken = check(call, record);
        assert!(broken.iter().any(|text| text.starts_with(promise)), "{broken:?}");
    }

    #[test]
    fn honest_calls_pass() {
        assert_eq!(check(&call(Shape::Count), &record(Ended::Well, &[0, 1, 2])), [""; 0]);
        assert_eq!(check(&call(Shape::Count), &record(failed(Executed::Maybe), &[0, 1])), [""; 0]);
        assert_eq!(check(&call(Shape::Once), &Record { produced: 0, ..record(Ended::Well, &[]) }), [""; 0]);
    }

    #[test]
    fn a_stream_that_is_cut_short_and_ends_well_is_found() {
        lies(&call(Shape::Count), &record(Ended::Well, &[0, 1]), "what succeeded is complete");
    }

    #[test]
    fn an_item_that_is_lost_or_doubled_is_found() {
        for items in [&[0, 2][..], &[0, 0, 1], &[1]] {
            lies(&call(Shape::Count), &record(failed(Executed::Maybe), items), "items come in order");
        }
    }

    #[test]
    fn a_call_that_ran_twice_is_found() {
        let twice = Record { started: 2, ended: 2, ..record(Ended::Well, &[]) };
        lies(&call(Shape::Once), &twice, "a handler runs once");
        assert!(check(&call(Shape::Again), &Record { produced: 0, ..twice }).is_empty());
    }

    #[test]
    fn a_lie_about_having_run_is_found() {
        lies(&call(Shape::Once), &record(failed(Executed::No), &[]), "what says that it never ran");
        let never = Record { started: 0, ended: 0, completed: 0, ..record(failed(Executed::Yes), &[]) };
        lies(&call(Shape::Once), &never, "what says that it ran ran");
    }

    #[test]
    fn an_upload_that_was_cut_short_and_looks_whole_is_found() {
        let cut = Record { received: vec![0], received_all: true, sent: 1, ..record(failed(Executed::Maybe), &[]) };
        lies(&call(Shape::Upload), &cut, "a handler is told that it has all only if it has");
    }

    #[test]
    fn a_call_that_hangs_and_a_handler_that_lives_on_are_found() {
        let mut late = record(failed(Executed::Maybe), &[]);
        late.ended = 0;
        if let Some(outcome) = &mut late.outcome {
            outcome.took = Duration::from_secs(1000);
        }
        lies(&call(Shape::Once), &late, "nothing hangs past its deadline");
        lies(&call(Shape::Once), &late, "every handler ends");
        lies(&call(Shape::Once), &Record::default(), "every call ends");
    }
}
