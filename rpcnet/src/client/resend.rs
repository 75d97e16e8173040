//! Whether a failed call may be sent again, and what its failure says in the end. Pure.

use crate::{Executed, RpcError};

/// The attempts of one call, over one connection after the other.
#[derive(Debug)]
pub(super) struct Resend {
    idempotent: bool,
    /// Requests that were sent and got no answer.
    lost: u32,
}

impl Resend {
    pub(super) fn new(idempotent: bool) -> Self {
        Self { idempotent, lost: 0 }
    }

    /// Whether a call that was lost with its connection may be sent over another.
    ///
    /// One that never ran may be, as often as its deadline allows: each attempt costs a connection, and those are made with
    /// pauses. One that may have run is sent again only if its method is idempotent, and a few times at most: a
    /// request that takes down each server that it reaches must not reach them all.
    pub(super) fn again(&mut self, error: &RpcError) -> bool {
        match error.executed() {
            Executed::No => true,
            Executed::Maybe => {
                self.lost += 1;
                self.idempotent && self.lost <= RESENDS_MAX
            }
            Executed::Yes => false,
        }
    }

    /// The call's failure: that the last attempt never ran says nothing about those before.
    pub(super) fn failure(&self, error: RpcError) -> RpcError {
        match error.executed() {
            Executed::No if self.lost > 0 => error.with_executed(Executed::Maybe),
            _ => error,
        }
    }
}

/// How often an idempotent call is sent again that may have run.
const RESENDS_MAX: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn lost(executed: Executed) -> RpcError {
        RpcError::new(ErrorKind::Connection, executed, "lost")
    }

    #[test]
    fn a_call_that_never_ran_may_always_be_sent_again() {
        let mut resend = Resend::new(false);
        for _ in 0..100 {
            assert!(resend.again(&lost(Executed::No)));
        }
        assert_eq!(resend.failure(lost(Executed::No)).executed(), Executed::No);
    }

    #[test]
    fn a_call_that_may_have_run_is_sent_again_only_if_it_is_idempotent_and_not_for_ever() {
        assert!(!Resend::new(false).again(&lost(Executed::Maybe)));
        let mut resend = Resend::new(true);
        let sent = (0..10).take_while(|_| resend.again(&lost(Executed::Maybe))).count();
        assert_eq!(sent, RESENDS_MAX as usize);
        assert!(!Resend::new(true).again(&lost(Executed::Yes)));
    }

    #[test]
    fn a_last_attempt_that_never_ran_does_not_clear_those_before() {
        let mut resend = Resend::new(true);
        assert!(resend.again(&lost(Executed::Maybe)));
        assert!(resend.again(&lost(Executed::No)));
        assert_eq!(resend.failure(lost(Executed::No)).executed(), Executed::Maybe);
    }
}
