//! Calls of many messages: what a handler reads, what a caller reads, and what carries the messages between them.
//!
//! Each such call has a QUIC stream of its own. Everything here is the same with and without a network: a handler reads
//! its requests from one [`Queue`] and leaves its responses in another, and whoever carries them empties and fills those.

pub(crate) mod call;
mod handler;
mod items;
mod pump;
mod queue;
mod receiver;
mod requests;
mod responses;
mod sink;

pub(crate) use handler::{CallStreams, StreamingCall, StreamingHandler};
pub(crate) use items::{SendItems, answer_frames};
pub(crate) use pump::{Failure, pump};
pub(crate) use queue::{Closed, Queue};
pub(crate) use receiver::{Event, Source};
pub use receiver::{ResponseReceiver, StreamWatch};
pub use requests::{Fallible, Requests, Streaming, fallible};
pub(crate) use responses::{Pump, RequestsOf, collect_answer, decode_error};
pub use responses::{RawResponseStream, ResponseStream};
pub use sink::RequestSink;
pub(crate) use sink::gave_up;
