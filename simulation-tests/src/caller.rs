//! Makes the calls of a plan, and writes down what came of them.

use std::{sync::Arc, time::Duration};

use futures::StreamExt as _;
use rpcnet::{CallError, Client, ResponseStream, fallible, prelude::Stream, stream};
use tokio::time::{Instant, timeout};

use crate::{
    ledger::{Ended, Ledger, Outcome},
    plan::{Call, Shape},
    service::{Item, Work, WorkError, WorkerClient, filler, pause},
};

/// Makes one call after the other.
pub(crate) async fn make(calls: Vec<Call>, client: Client, ledger: Arc<Ledger>) {
    for call in calls {
        pause(millis(call.after)).await;
        one(&call, &client, &ledger).await;
    }
}

/// Makes one call and writes down what came of it.
pub(crate) async fn one(call: &Call, client: &Client, ledger: &Arc<Ledger>) -> Ended {
    let mut client = WorkerClient::new(client.clone());
    if let Some(deadline) = call.deadline {
        client = client.with_deadline(deadline);
    }
    let start = Instant::now();
    // What had come of a call that was dropped is worth a look, too.
    let mut seen = Seen::default();
    let making = make_one(call, &client, ledger, &mut seen);
    let result = match call.dropped_after {
        Some(patience) => timeout(patience, making).await.ok(),
        None => Some(making.await),
    };
    let ended = match result {
        None => Ended::Dropped,
        Some(Ok(())) => Ended::Well,
        Some(Err(CallError::Application(error))) => {
            seen.wrong |= error.call != call.number;
            Ended::Application
        }
        Some(Err(CallError::Rpc(error))) => Ended::Failed(error.kind(), error.executed(), error.to_string()),
    };
    // What has arrived in time may be read whenever the caller likes.
    let took = start.elapsed().saturating_sub(seen.paused);
    let outcome = Outcome { ended: ended.clone(), items: seen.items, took, wrong: seen.wrong };
    ledger.note(call.number, |record| record.outcome = Some(outcome));
    ended
}

#[derive(Default)]
struct Seen {
    items: Vec<u32>,
    wrong: bool,
    /// How long the caller kept the stream waiting.
    paused: Duration,
}

async fn make_one(
    call: &Call,
    client: &WorkerClient<Client>,
    ledger: &Arc<Ledger>,
    seen: &mut Seen,
) -> Result<(), CallError<WorkError>> {
    let work = call.work();
    let expected = filler(call.number, call.answer_bytes);
    match call.shape {
        Shape::Once => seen.wrong = client.once(work).await? != expected,
        Shape::Again => seen.wrong = client.again(work).await? != expected,
        Shape::Stubborn => seen.wrong = client.stubborn(work).await? != expected,
        Shape::Count => return read(call, client.count(work, call.items).await?, seen).await,
        Shape::Upload => {
            let count = client.upload(work, call.reads, fallible(requests(call, ledger))).await?;
            seen.wrong = count as usize != ledger.record(call.number).received.len();
        }
        Shape::Echo => return read(call, client.echo(work, fallible(requests(call, ledger))).await?, seen).await,
    }
    Ok(())
}

async fn read(
    call: &Call,
    mut answer: ResponseStream<Item, WorkError>,
    seen: &mut Seen,
) -> Result<(), CallError<WorkError>> {
    let expected = filler(call.number, call.answer_bytes);
    while let Some(item) = answer.next().await {
        let item = item?;
        seen.wrong |= item.filler != expected;
        seen.items.push(item.number);
        pause(millis(call.caller_pause)).await;
        seen.paused += call.caller_pause;
    }
    Ok(())
}

/// What the caller streams.
fn requests(call: &Call, ledger: &Arc<Ledger>) -> impl Stream<Item = Result<Item, &'static str>> + Send + use<> {
    let (call, ledger) = (call.clone(), Arc::clone(ledger));
    stream::unfold(0, move |number| {
        let (call, ledger) = (call.clone(), Arc::clone(&ledger));
        async move {
            if call.fails_at == Some(number) {
                return Some((Err("told to fail"), u32::MAX));
            }
            if number >= call.items {
                ledger.note(call.number, |record| record.sent_all = true);
                return None;
            }
            pause(millis(call.caller_pause)).await;
            ledger.note(call.number, |record| record.sent = number + 1);
            let item = Item { number, filler: filler(call.number, call.request_bytes.min(2000)) };
            Some((Ok(item), number + 1))
        }
    })
}

impl Call {
    fn work(&self) -> Work {
        Work {
            call: self.number,
            pause_ms: millis(self.handler_pause),
            filler: filler(self.number, self.request_bytes),
            answer_bytes: self.answer_bytes,
            end: self.end,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
