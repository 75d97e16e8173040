//! Calls at a steady rate, whether or not those before have been answered.

use std::time::Duration;

use rpcnet::{CallError, Executed};
use rpcnet_cluster::ClusterChannel;
use tokio::{
    task::AbortHandle,
    time::{MissedTickBehavior, interval},
};

use crate::{
    service::WorkClient,
    tally::{Call, Tally},
};

/// The load. Dropped, it makes no more calls.
pub(crate) struct Load(AbortHandle);

impl Load {
    /// Makes `rate` calls a second. One in ten is of the method that is not idempotent.
    pub(crate) fn start(client: WorkClient<ClusterChannel>, rate: u32, tally: Tally) -> Self {
        let pace = async move {
            let (start, mut made) = (tally.now(), 0);
            let mut ticks = interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                // Time is counted from when a call is due: a caller that is late is part of what callers notice.
                let due = |made: u64| start + Duration::from_secs_f64(made as f64 / f64::from(rate));
                while due(made) <= tally.now() {
                    tokio::spawn(call(client.clone(), made, due(made), tally.clone()));
                    made += 1;
                }
            }
        };
        Self(tokio::spawn(pace).abort_handle())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn call(client: WorkClient<ClusterChannel>, made: u64, began: Duration, tally: Tally) {
    let number = tally.begin(began);
    let idempotent = !made.is_multiple_of(ONE_IN);
    let answer = if idempotent { client.compute(made).await } else { client.order(made).await };
    let (failed, error) = match answer {
        Ok(square) if square == made * made => (None, None),
        // The answer of another call.
        Ok(_) | Err(CallError::Application(_)) => (Some(Executed::Yes), None),
        Err(CallError::Rpc(error)) => (Some(error.executed()), Some(error)),
    };
    let took = tally.now().saturating_sub(began);
    tally.end(number, Call { began, took, idempotent, failed, error });
}

const TICK: Duration = Duration::from_millis(2);
/// One call in so many is not idempotent.
const ONE_IN: u64 = 10;
