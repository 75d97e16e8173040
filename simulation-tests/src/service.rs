//! A service whose handlers write down all that happens to them.

use std::{panic, sync::Arc, time::Duration};

use bytes::Bytes;
use rpcnet::{Streaming, prelude::*, stream};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::ledger::{Execution, Ledger};

/// What a handler is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Work {
    pub call: u64,
    pub pause_ms: u64,
    pub filler: Bytes,
    pub answer_bytes: usize,
    pub end: End,
}

/// How a handler is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum End {
    Value,
    Error,
    Panic,
}

/// The error that a handler was told to return.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WorkError {
    pub call: u64,
}

/// One of many messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Item {
    pub number: u32,
    pub filler: Bytes,
}

/// Each shape of a call.
#[rpcnet::service]
pub(crate) trait Worker {
    async fn once(&self, work: Work) -> Result<Bytes, WorkError>;
    #[rpc(idempotent)]
    async fn again(&self, work: Work) -> Result<Bytes, WorkError>;
    #[rpc(no_cancel)]
    async fn stubborn(&self, work: Work) -> Result<Bytes, WorkError>;
    async fn count(&self, work: Work, items: u32) -> Result<impl Stream<Item = Result<Item, WorkError>>, WorkError>;
    /// Reads as many items as it is told, or all if there are fewer, and says how many there were.
    async fn upload(&self, work: Work, reads: u32, items: Streaming<Item>) -> Result<u32, WorkError>;
    async fn echo(
        &self,
        work: Work,
        items: Streaming<Item>,
    ) -> Result<impl Stream<Item = Result<Item, WorkError>>, WorkError>;
}

/// The handlers.
#[derive(Debug)]
pub(crate) struct MyWorker(pub Arc<Ledger>);

/// What a call carries, so that both sides know what must arrive.
pub(crate) fn filler(call: u64, bytes: usize) -> Bytes {
    vec![call as u8; bytes].into()
}

impl MyWorker {
    /// The handler of every unary method.
    async fn work(&self, work: Work) -> Result<Bytes, WorkError> {
        let execution = self.begin(&work);
        pause(work.pause_ms).await;
        work.finish(&execution)?;
        Ok(filler(work.call, work.answer_bytes))
    }

    fn begin(&self, work: &Work) -> Execution {
        let execution = self.0.begin(work.call);
        if work.filler.iter().any(|byte| *byte != work.call as u8) {
            self.0.violation(format!("call {}: its handler got what nobody sent", work.call));
        }
        execution
    }
}

impl Work {
    /// Ends as told.
    fn finish(&self, execution: &Execution) -> Result<(), WorkError> {
        if self.end == End::Panic {
            // Without the panic hook: nobody is to look for this one.
            panic::resume_unwind(Box::new("told to panic"));
        }
        execution.complete();
        if self.end == End::Error { Err(WorkError { call: self.call }) } else { Ok(()) }
    }

    fn item(&self, number: u32) -> Item {
        Item { number, filler: filler(self.call, self.answer_bytes) }
    }
}

impl Worker for MyWorker {
    async fn once(&self, work: Work) -> Result<Bytes, WorkError> {
        self.work(work).await
    }

    async fn again(&self, work: Work) -> Result<Bytes, WorkError> {
        self.work(work).await
    }

    async fn stubborn(&self, work: Work) -> Result<Bytes, WorkError> {
        self.work(work).await
    }

    async fn count(&self, work: Work, items: u32) -> Result<impl Stream<Item = Result<Item, WorkError>>, WorkError> {
        let execution = self.begin(&work);
        Ok(stream::unfold(Some((0, work, execution)), move |state| async move {
            let (number, work, execution) = state?;
            if number == items {
                return work.finish(&execution).err().map(|error| (Err(error), None));
            }
            pause(work.pause_ms).await;
            execution.produced(number + 1);
            Some((Ok(work.item(number)), Some((number + 1, work, execution))))
        }))
    }

    async fn upload(&self, work: Work, reads: u32, mut items: Streaming<Item>) -> Result<u32, WorkError> {
        let execution = self.begin(&work);
        let mut count = 0;
        while count < reads {
            match items.next().await {
                Some(Ok(item)) => execution.received(item.number),
                Some(Err(_)) => return Err(WorkError { call: work.call }),
                None => {
                    execution.received_all();
                    break;
                }
            }
            count += 1;
            pause(work.pause_ms).await;
        }
        work.finish(&execution)?;
        Ok(count)
    }

    async fn echo(
        &self,
        work: Work,
        items: Streaming<Item>,
    ) -> Result<impl Stream<Item = Result<Item, WorkError>>, WorkError> {
        let execution = self.begin(&work);
        Ok(stream::unfold(Some((items, work, execution)), move |state| async move {
            let (mut items, work, execution) = state?;
            pause(work.pause_ms).await;
            match items.next().await {
                Some(Ok(item)) => {
                    execution.received(item.number);
                    execution.produced(item.number + 1);
                    Some((Ok(work.item(item.number)), Some((items, work, execution))))
                }
                Some(Err(_)) => Some((Err(WorkError { call: work.call }), None)),
                None => {
                    execution.received_all();
                    work.finish(&execution).err().map(|error| (Err(error), None))
                }
            }
        }))
    }
}

pub(crate) async fn pause(ms: u64) {
    if ms > 0 {
        sleep(Duration::from_millis(ms)).await;
    }
}
