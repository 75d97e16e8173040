//! A service with a method of each shape, whose handlers end as they are told and report what happens to them.

use std::{future::pending, sync::Arc};

use bytes::Bytes;
use rpcnet::{prelude::*, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};

/// Each handler of a stream has answered with, or read, so many items before it ends as it is told.
pub const ITEMS: u32 = 3;

/// More than the servers of these tests take in one message.
pub const TOO_LARGE: usize = 200_000;

/// How a handler is to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// With a value, or with the end of its stream when that of its requests has come.
    Well,
    /// The same; these bytes are ballast.
    WellWith(Bytes),
    Error,
    Panic,
    /// Never, by itself.
    Wait,
    /// With a value that is too large.
    TooLarge,
    /// With a value that its caller can't decode.
    Undecodable,
    /// Not at all: the arguments can't be decoded.
    #[serde(skip_deserializing)]
    Nonsense,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub number: Number,
    pub ballast: Bytes,
}

/// Any number can be encoded, but an unlucky one can't be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Number(pub u32);

pub const UNLUCKY: u32 = 13;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal(pub String);

#[rpcnet::service]
pub trait Ends {
    async fn unary(&self, how: How) -> Result<Item, Refusal>;
    async fn server_streaming(&self, how: How) -> Result<impl Stream<Item = Result<Item, Refusal>>, Refusal>;
    async fn client_streaming(&self, how: How, requests: Streaming<Item>) -> Result<Item, Refusal>;
    async fn bidirectional(
        &self,
        how: How,
        requests: Streaming<Item>,
    ) -> Result<impl Stream<Item = Result<Item, Refusal>>, Refusal>;

    // The same, whatever their callers do; those without requests end when they are let go.

    #[rpc(no_cancel)]
    async fn stubborn_unary(&self) -> Result<Item, Refusal>;
    #[rpc(no_cancel)]
    async fn stubborn_server_streaming(&self) -> Result<impl Stream<Item = Result<Item, Refusal>>, Refusal>;
    #[rpc(no_cancel)]
    async fn stubborn_client_streaming(&self, requests: Streaming<Item>) -> Result<Item, Refusal>;
    #[rpc(no_cancel)]
    async fn stubborn_bidirectional(
        &self,
        requests: Streaming<Item>,
    ) -> Result<impl Stream<Item = Result<Item, Refusal>>, Refusal>;
}

/// What happens to a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Started,
    /// It has read a request.
    Request(u32),
    /// Its caller has sent all that it had.
    RequestsEnded,
    /// There will be no more requests, and these were not all.
    RequestsFailed(ErrorKind),
    /// It came to its end.
    Finished,
    /// It was dropped before.
    Dropped,
}

#[derive(Clone)]
pub struct MyEnds {
    events: mpsc::UnboundedSender<Event>,
    _alive: Arc<()>,
    release: Arc<Semaphore>,
}

/// The test's view of the handlers.
pub struct Observed {
    pub events: mpsc::UnboundedReceiver<Event>,
    pub alive: Arc<()>,
    pub release: Arc<Semaphore>,
}

pub fn ends() -> (EndsServer<MyEnds>, Observed) {
    let (events, seen) = mpsc::unbounded_channel();
    let (alive, release) = (Arc::new(()), Arc::new(Semaphore::new(0)));
    let handler = MyEnds { events, _alive: Arc::clone(&alive), release: Arc::clone(&release) };
    (EndsServer::new(handler), Observed { events: seen, alive, release })
}

pub fn item(number: u32) -> Item {
    Item { number: Number(number), ballast: Bytes::new() }
}

impl TryFrom<u32> for Number {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        if number == UNLUCKY { Err("an unlucky number".into()) } else { Ok(Self(number)) }
    }
}

impl From<Number> for u32 {
    fn from(Number(number): Number) -> Self {
        number
    }
}

impl How {
    /// Whether a handler of a stream ends after its first items, whatever its caller does.
    fn cuts_short(&self) -> bool {
        !matches!(self, Self::Well | Self::WellWith(_) | Self::Wait)
    }

    async fn end(&self) -> Result<Item, Refusal> {
        match self {
            Self::Well | Self::WellWith(_) | Self::Nonsense => Ok(item(ITEMS)),
            Self::Error => Err(Refusal("told to".into())),
            Self::Panic => panic!("the handler was told to panic"),
            Self::Wait => pending().await,
            Self::TooLarge => Ok(Item { ballast: vec![0; TOO_LARGE].into(), ..item(ITEMS) }),
            Self::Undecodable => Ok(item(UNLUCKY)),
        }
    }
}

impl MyEnds {
    fn begin(&self) -> Guard {
        self.tell(Event::Started);
        Guard { handler: self.clone(), finished: false }
    }

    fn tell(&self, event: Event) {
        // The test may have ended, and with it all interest.
        let _ = self.events.send(event);
    }

    /// Reads one request and reports what it is.
    async fn read(&self, requests: &mut Streaming<Item>) -> Option<Result<Item, Refusal>> {
        let request = requests.next().await;
        self.tell(match &request {
            Some(Ok(Item { number, .. })) => Event::Request(number.0),
            Some(Err(error)) => Event::RequestsFailed(error.kind()),
            None => Event::RequestsEnded,
        });
        request.map(|request| request.map_err(|error| Refusal(error.to_string())))
    }

    async fn released(&self) {
        self.release.acquire().await.expect("never closed").forget();
    }

    fn answers(&self, how: How, source: Source) -> impl Stream<Item = Result<Item, Refusal>> + Send + use<> {
        let answers = Answers { guard: Some(self.begin()), how, source, answered: 0 };
        stream::unfold(answers, |mut answers| async move {
            let item = answers.next().await?;
            Some((item, answers))
        })
    }

    async fn collect(&self, how: How, mut requests: Streaming<Item>) -> Result<Item, Refusal> {
        let guard = self.begin();
        let mut count = 0;
        while !(count == ITEMS && how.cuts_short()) {
            match self.read(&mut requests).await {
                Some(Ok(_)) => count += 1,
                Some(Err(error)) if how != How::Wait => {
                    guard.finish();
                    return Err(error);
                }
                Some(Err(_)) | None => break,
            }
        }
        let answer = if how.cuts_short() || how == How::Wait { how.end().await } else { Ok(item(count)) };
        guard.finish();
        answer
    }
}

/// Reports a handler's end, whichever it is.
struct Guard {
    handler: MyEnds,
    finished: bool,
}

impl Guard {
    fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.handler.tell(if self.finished { Event::Finished } else { Event::Dropped });
    }
}

/// Where a stream of answers gets its items from.
enum Source {
    /// So many of its own.
    Own(u32),
    /// The same, and one more when it is let go.
    OwnAndOneMore,
    /// One for each request.
    Caller(Streaming<Item>),
}

/// A handler's stream.
struct Answers {
    /// `None` when it has ended.
    guard: Option<Guard>,
    how: How,
    source: Source,
    answered: u32,
}

impl Answers {
    async fn next(&mut self) -> Option<Result<Item, Refusal>> {
        let handler = self.guard.as_ref()?.handler.clone();
        if self.how.cuts_short() && self.answered == ITEMS {
            self.answered += 1;
            let end = self.how.end().await;
            return Some(end.inspect_err(|_| self.finish()));
        }
        if self.how.cuts_short() && self.answered > ITEMS {
            // What it said last is its caller's reason to leave.
            return pending().await;
        }
        let next = match &mut self.source {
            Source::Own(count) if self.answered < *count => Some(Ok(item(self.answered))),
            Source::OwnAndOneMore if self.answered < ITEMS => Some(Ok(item(self.answered))),
            Source::OwnAndOneMore if self.answered == ITEMS => {
                handler.released().await;
                Some(Ok(item(ITEMS)))
            }
            Source::Own(_) | Source::OwnAndOneMore => None,
            Source::Caller(requests) => handler.read(requests).await,
        };
        self.answered += 1;
        if matches!(next, Some(Ok(_))) {
            return next;
        }
        if self.how == How::Wait {
            return pending().await;
        }
        self.finish();
        next
    }

    fn finish(&mut self) {
        if let Some(guard) = self.guard.take() {
            guard.finish();
        }
    }
}

impl Ends for MyEnds {
    async fn unary(&self, how: How) -> Result<Item, Refusal> {
        let guard = self.begin();
        let answer = how.end().await;
        guard.finish();
        answer
    }

    async fn server_streaming(&self, how: How) -> Result<impl Stream<Item = Result<Item, Refusal>>, Refusal> {
        Ok(self.answers(how, Source::Own(ITEMS)))
    }

    async fn client_streaming(&self, how: How, requests: Streaming<Item>) -> Result<Item, Refusal> {
        self.collect(how, requests).await
    }

    async fn bidirectional(
        &self,
        how: How,
        requests: Streaming<Item>,
    ) -> Result<impl Stream<Item = Result<Item, Refusal>>, Refusal> {
        Ok(self.answers(how, Source::Caller(requests)))
    }

    async fn stubborn_unary(&self) -> Result<Item, Refusal> {
        let guard = self.begin();
        self.released().await;
        guard.finish();
        Ok(item(ITEMS))
    }

    async fn stubborn_server_streaming(&self) -> Result<impl Stream<Item = Result<Item, Refusal>>, Refusal> {
        Ok(self.answers(How::Well, Source::OwnAndOneMore))
    }

    async fn stubborn_client_streaming(&self, requests: Streaming<Item>) -> Result<Item, Refusal> {
        self.collect(How::Well, requests).await
    }

    async fn stubborn_bidirectional(
        &self,
        requests: Streaming<Item>,
    ) -> Result<impl Stream<Item = Result<Item, Refusal>>, Refusal> {
        Ok(self.answers(How::Well, Source::Caller(requests)))
    }
}
