//! A stream of tokens that goes on with another worker when it breaks off.

use std::time::Duration;

use rpcnet::{prelude::*, stream};
use tokio::time::sleep;
use tracing::warn;

use crate::service::{InferenceError, Token};

/// A stream that one worker sends.
pub(crate) type Tokens = ResponseStream<Token, InferenceError>;

/// Where tokens come from.
pub(crate) trait Origin: Send {
    /// Begins a stream of tokens, from this one on.
    fn begin(&mut self, from: u64, last: u64)
    -> impl Future<Output = Result<Tokens, CallError<InferenceError>>> + Send;
}

/// The tokens 1 to `last`, each once, whichever workers they come from.
pub(crate) fn resumed(origin: impl Origin, from: u64, last: u64) -> impl Stream<Item = Result<Token, InferenceError>> {
    let reader = Reader { origin, tokens: None, next: from, last, failures: 0 };
    stream::unfold(reader, |mut reader| async move { Some((reader.next().await?, reader)) })
}

struct Reader<O> {
    origin: O,
    tokens: Option<Tokens>,
    /// The token that is read next. It says where another worker goes on.
    next: u64,
    last: u64,
    /// Since the last token.
    failures: u32,
}

impl<O: Origin> Reader<O> {
    async fn next(&mut self) -> Option<Result<Token, InferenceError>> {
        while self.next <= self.last {
            let error = match self.read().await {
                Ok(Some(token)) => {
                    (self.next, self.failures) = (token.sequence + 1, 0);
                    return Some(Ok(token));
                }
                // The worker says that these were all.
                Ok(None) => return None,
                Err(error) => error,
            };
            self.tokens = None;
            self.failures += 1;
            if self.failures > FAILURES_MAX {
                self.next = u64::MAX;
                return Some(Err(InferenceError::NobodyLeft(error.to_string())));
            }
            warn!("⚠️ {} - going on at token {}", describe(&error), self.next);
            sleep(PAUSE * (self.failures - 1)).await;
        }
        None
    }

    async fn read(&mut self) -> Result<Option<Token>, CallError<InferenceError>> {
        let tokens = match &mut self.tokens {
            Some(tokens) => tokens,
            none => none.insert(self.origin.begin(self.next, self.last).await?),
        };
        tokens.next().await.transpose()
    }
}

fn describe(error: &CallError<InferenceError>) -> String {
    match error {
        CallError::Application(error) => error.to_string(),
        CallError::Rpc(error) => error.to_string(),
    }
}

/// So many in a row, and it is given up: after some 20 seconds without any worker.
const FAILURES_MAX: u32 = 20;
/// Longer each time.
const PAUSE: Duration = Duration::from_millis(100);
