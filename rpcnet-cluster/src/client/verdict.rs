//! What an attempt's end means: for its worker, and for its call. Pure.

use rpcnet::{__channel::Answer, ErrorKind, Executed, RpcError};

use crate::balance::Outcome;

/// What becomes of a call after one of its attempts.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It has its answer, or a failure that no other worker would better.
    Over(Result<Answer, RpcError>),
    /// It may be made elsewhere: the attempt never reached a handler, and cost nobody anything worth counting.
    Move(RpcError),
    /// It may be made elsewhere, if the budget of retries allows it.
    Retry(RpcError),
}

/// What an attempt teaches about its worker, and what becomes of the call.
pub(super) fn judge(result: Result<Answer, RpcError>, idempotent: bool) -> (Outcome, Verdict) {
    match result {
        Ok(answer) if answer.is_ok() => (Outcome::Success, Verdict::Over(Ok(answer))),
        Ok(answer) => match answer.error() {
            None => (Outcome::Success, Verdict::Over(Ok(answer))),
            Some(error) => {
                let outcome = outcome_of(error.kind());
                match error.kind() {
                    ErrorKind::Draining => (outcome, Verdict::Move(error)),
                    ErrorKind::Overloaded => (outcome, Verdict::Retry(error)),
                    // The channel's caller makes an error of it, and for the handler's own knows its type.
                    _ => (outcome, Verdict::Over(Ok(answer))),
                }
            }
        },
        Err(error) => {
            let outcome = outcome_of(error.kind());
            let verdict = match (error.executed(), is_lost(error.kind())) {
                (_, false) => Verdict::Over(Err(error)),
                (Executed::No, true) => Verdict::Move(error),
                (Executed::Maybe, true) if idempotent => Verdict::Retry(error),
                _ => Verdict::Over(Err(error)),
            };
            (outcome, verdict)
        }
    }
}

/// What becomes of a stream that failed before anything of its answer had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// It fails.
    Over,
    /// It may be begun elsewhere, and that costs nobody anything worth counting.
    Moves,
    /// It may be begun elsewhere, if the budget of retries allows it.
    MayRetry,
}

/// What becomes of a stream that could not be begun for this reason.
pub(super) fn judge_beginning(failure: &RpcError, idempotent: bool) -> Beginning {
    match (failure.executed(), failure.kind()) {
        (Executed::No, ErrorKind::Connection | ErrorKind::Draining) => Beginning::Moves,
        (Executed::No, kind) if is_lost(kind) => Beginning::MayRetry,
        (Executed::Maybe, kind) if is_lost(kind) && idempotent => Beginning::MayRetry,
        _ => Beginning::Over,
    }
}

/// What a failure says about the worker.
pub(super) fn outcome_of(kind: ErrorKind) -> Outcome {
    match kind {
        ErrorKind::Overloaded | ErrorKind::Draining => Outcome::Overloaded,
        // The caller's own doing, or the handler's answer.
        ErrorKind::Application
        | ErrorKind::Cancelled
        | ErrorKind::Configuration
        | ErrorKind::MessageTooLarge
        | ErrorKind::Serialization
        | ErrorKind::UnknownMethod => Outcome::Success,
        _ => Outcome::Failure,
    }
}

/// Whether the worker or what leads there was lost, rather than the call refused for what it is.
fn is_lost(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Connection
            | ErrorKind::Draining
            | ErrorKind::Io
            | ErrorKind::Overloaded
            // The connection was closed for it, with all calls on it.
            | ErrorKind::Protocol
            | ErrorKind::Stream
            | ErrorKind::Truncated
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ErrorKind, executed: Executed, idempotent: bool, expected: &str) {
        let (_, verdict) = judge(Err(RpcError::of_channel(kind, executed, "test")), idempotent);
        let got = match verdict {
            Verdict::Over(_) => "over",
            Verdict::Move(_) => "move",
            Verdict::Retry(_) => "retry",
        };
        assert_eq!(got, expected, "{kind:?} {executed:?} idempotent: {idempotent}");
    }

    #[test]
    fn a_call_goes_elsewhere_only_if_it_never_ran_or_may_run_twice() {
        for idempotent in [false, true] {
            check(ErrorKind::Draining, Executed::No, idempotent, "move");
            // A peer that breaks the protocol loses its connection, and with it what others have called.
            for kind in [ErrorKind::Connection, ErrorKind::Protocol] {
                check(kind, Executed::No, idempotent, "move");
                check(kind, Executed::Maybe, idempotent, if idempotent { "retry" } else { "over" });
                check(kind, Executed::Yes, idempotent, "over");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_the_call_itself_is_no_better_elsewhere() {
        for kind in [
            ErrorKind::DeadlineExceeded,
            ErrorKind::MessageTooLarge,
            ErrorKind::UnknownMethod,
            ErrorKind::Serialization,
        ] {
            check(kind, Executed::No, true, "over");
            check(kind, Executed::Maybe, true, "over");
        }
    }

    #[test]
    fn a_stream_begins_elsewhere_only_if_it_never_ran_or_may_run_twice() {
        let check = |kind, executed, idempotent, expected| {
            let failure = RpcError::of_channel(kind, executed, "test");
            assert_eq!(judge_beginning(&failure, idempotent), expected, "{kind:?} {executed:?} {idempotent}");
        };
        for idempotent in [false, true] {
            check(ErrorKind::Draining, Executed::No, idempotent, Beginning::Moves);
            check(ErrorKind::Connection, Executed::No, idempotent, Beginning::Moves);
            check(ErrorKind::Overloaded, Executed::No, idempotent, Beginning::MayRetry);
            check(ErrorKind::Stream, Executed::No, idempotent, Beginning::MayRetry);
            check(ErrorKind::UnknownMethod, Executed::No, idempotent, Beginning::Over);
            check(ErrorKind::DeadlineExceeded, Executed::Maybe, idempotent, Beginning::Over);
            let if_idempotent = if idempotent { Beginning::MayRetry } else { Beginning::Over };
            for kind in [ErrorKind::Connection, ErrorKind::Stream, ErrorKind::Truncated] {
                check(kind, Executed::Maybe, idempotent, if_idempotent);
                check(kind, Executed::Yes, idempotent, Beginning::Over);
            }
        }
    }

    #[test]
    fn only_the_workers_own_faults_count_against_it() {
        assert_eq!(outcome_of(ErrorKind::Serialization), Outcome::Success);
        assert_eq!(outcome_of(ErrorKind::DeadlineExceeded), Outcome::Failure);
        assert_eq!(outcome_of(ErrorKind::Internal), Outcome::Failure);
        assert_eq!(outcome_of(ErrorKind::Draining), Outcome::Overloaded);
    }
}
