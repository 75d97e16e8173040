//! Why a call failed, and whether its handler may have run.

use std::{borrow::Cow, error::Error, fmt, sync::Arc};

use bytes::Bytes;

use crate::{config::ConfigError, proto::Status};

/// The failure of a call, a connection or a server.
///
/// An error says three things: what happened ([`RpcError::kind`] for programs, its text for people), to which
/// call ([`RpcError::method`]), and whether the handler may have run ([`RpcError::executed`]), which is what a caller
/// needs to know before it sends the call again.
///
/// ```
/// # async fn example(client: rpcnet::Client) {
/// use rpcnet::{ErrorKind, Executed};
///
/// match client.call("Greeting.greet", "raw bytes").await {
///     Ok(reply) => println!("{} bytes", reply.len()),
///     Err(error) if error.executed() == Executed::No => println!("safe to send again: {error}"),
///     Err(error) if error.kind() == ErrorKind::DeadlineExceeded => println!("too late: {error}"),
///     Err(error) => println!("failed: {error}"),
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct RpcError {
    // One word, so that the `Result` of every call stays small.
    inner: Box<Inner>,
}

/// What kind of failure an [`RpcError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The handler returned its own error. Only raw calls see this kind: a typed client turns it into
    /// [`CallError::Application`](crate::CallError::Application).
    Application,
    /// The connection could not be made, or was lost.
    Connection,
    /// One stream of the connection failed while the connection lives on.
    Stream,
    /// A stream ended before its terminal status: what arrived is not the whole answer.
    Truncated,
    /// The peers do not trust each other, or share no protocol.
    Tls,
    /// A configuration that can't work.
    Configuration,
    /// The operating system refused a socket or an address.
    Io,
    /// A value could not be encoded or decoded.
    Serialization,
    /// The deadline passed.
    DeadlineExceeded,
    /// No service on the server has the method.
    UnknownMethod,
    /// A limit on concurrent calls was reached.
    Overloaded,
    /// The server is going away.
    Draining,
    /// No worker of a cluster takes the call: none matches, or none can be reached at the moment.
    NoWorker,
    /// A message is larger than a side allows.
    MessageTooLarge,
    /// The call was cancelled.
    Cancelled,
    /// The handler panicked, or the server failed in another way of its own.
    Internal,
    /// The peer broke the protocol, or speaks one that this version does not know.
    Protocol,
}

/// Whether the handler of a failed call ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Executed {
    /// The handler never ran: sending the call again can't do its work twice.
    No,
    /// Nobody can tell: the call was sent and no answer came.
    Maybe,
    /// The handler ran, to its end or until it was stopped.
    Yes,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    executed: Executed,
    method: Option<Cow<'static, str>>,
    peer: Option<Arc<str>>,
    message: Cow<'static, str>,
    body: Bytes,
    source: Option<Arc<dyn Error + Send + Sync>>,
    refused: bool,
}

impl RpcError {
    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Whether the handler may have run.
    pub fn executed(&self) -> Executed {
        self.inner.executed
    }

    /// The method that was called, as it is named on the wire; `None` outside of a call.
    pub fn method(&self) -> Option<&str> {
        self.inner.method.as_deref()
    }

    /// Whom the call was sent to last, where a channel chose among several: the name of a cluster's worker. `None` for a
    /// call over a single connection, and for one that was sent to nobody.
    pub fn peer(&self) -> Option<&str> {
        self.inner.peer.as_deref()
    }

    /// The encoded error of the handler, for [`ErrorKind::Application`]; empty for every other kind.
    pub fn body(&self) -> &Bytes {
        &self.inner.body
    }

    /// The failure of a raw handler: `body` reaches the raw caller as [`RpcError::body`].
    ///
    /// See [`ServerBuilder::register`](crate::ServerBuilder::register).
    pub fn application(body: impl Into<Bytes>) -> Self {
        let mut error = Self::new(ErrorKind::Application, Executed::Yes, "the handler returned an error");
        error.inner.body = body.into();
        error
    }

    pub(crate) fn new(kind: ErrorKind, executed: Executed, message: impl Into<Cow<'static, str>>) -> Self {
        let (method, peer, body, source) = (None, None, Bytes::new(), None);
        let (message, refused) = (message.into(), false);
        Self { inner: Box::new(Inner { kind, executed, method, peer, message, body, source, refused }) }
    }

    /// The failure of a call over a channel of another crate.
    #[doc(hidden)]
    pub fn of_channel(kind: ErrorKind, executed: Executed, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(kind, executed, message)
    }

    pub(crate) fn with_source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.inner.source = Some(Arc::new(source));
        self
    }

    /// The server's host said that nothing listens there.
    pub(crate) fn by_refusal(mut self) -> Self {
        self.inner.refused = true;
        self
    }

    /// Whether the server's host said that nothing listens there: its server may just be starting.
    #[doc(hidden)]
    pub fn is_refusal(&self) -> bool {
        self.inner.refused
    }

    #[doc(hidden)]
    #[must_use]
    pub fn with_executed(mut self, executed: Executed) -> Self {
        self.inner.executed = executed;
        self
    }

    /// Names whom the call was sent to, if that is known.
    #[doc(hidden)]
    #[must_use]
    pub fn at_peer(mut self, peer: Option<Arc<str>>) -> Self {
        if peer.is_some() {
            self.inner.peer = peer;
        }
        self
    }

    /// Names the call that failed.
    #[doc(hidden)]
    #[must_use]
    pub fn in_call(mut self, method: impl Into<Cow<'static, str>>) -> Self {
        self.inner.method = Some(method.into());
        self
    }

    /// Says whom the failure is about.
    pub(crate) fn at(mut self, target: impl fmt::Display) -> Self {
        self.inner.message = format!("{target}: {}", self.inner.message).into();
        self
    }

    /// The error that a response with `status` stands for; `detail` is what the server says about it.
    pub(crate) fn from_status(status: Status, detail: Bytes) -> Self {
        use ErrorKind as Kind;
        if status == Status::Application {
            return Self::application(detail);
        }
        let executed = executed_by(status);
        let (kind, message) = match status {
            Status::Ok | Status::Application => (Kind::Protocol, "the answer is no error"),
            Status::UnknownMethod => (
                Kind::UnknownMethod,
                "the server has no such method; does it serve this service, and this version of it?",
            ),
            Status::Overloaded => {
                (Kind::Overloaded, "the server is at its limit of concurrent calls; try again later, or elsewhere")
            }
            Status::Draining => (Kind::Draining, "the server is going away; try another"),
            Status::RequestTooLarge => {
                (Kind::MessageTooLarge, "the request is larger than the server accepts; raise its message_bytes_max")
            }
            Status::MalformedRequest => (
                Kind::Serialization,
                "the server could not decode the arguments; do both sides use the same version of the service?",
            ),
            Status::Expired => (Kind::DeadlineExceeded, "the deadline had passed when the call reached the server"),
            Status::Unsupported => {
                (Kind::Protocol, "the server does not support a feature that this call requires; update it")
            }
            Status::CancelledBeforeStart => (Kind::Cancelled, "the call was cancelled before its handler ran"),
            Status::Internal => (Kind::Internal, "the handler failed; the server knows why"),
            Status::Cancelled => (Kind::Cancelled, "the call was cancelled and its handler stopped"),
            Status::DeadlineExceeded => (Kind::DeadlineExceeded, "the deadline passed and the handler was stopped"),
            Status::ResponseTooLarge => {
                (Kind::MessageTooLarge, "the answer is larger than one side accepts; raise message_bytes_max")
            }
            Status::UnknownRefusal(_) => {
                (Kind::Protocol, "the server refused the call for a reason that this version does not know")
            }
            Status::UnknownFailure(_) => {
                (Kind::Protocol, "the call failed for a reason that this version does not know")
            }
        };
        match std::str::from_utf8(&detail) {
            Ok(detail) if !detail.is_empty() => Self::new(kind, executed, format!("{message} ({detail})")),
            _ => Self::new(kind, executed, message),
        }
    }

    /// A request that the other side would refuse, so that it is not even sent.
    pub(crate) fn request_too_large(length: usize, bytes_max: usize) -> Self {
        let message = format!(
            "the request has {length} bytes, and {bytes_max} are allowed: raise message_bytes_max on both sides, \
             or send less"
        );
        Self::new(ErrorKind::MessageTooLarge, Executed::No, message)
    }

    pub(crate) fn into_body(self) -> Bytes {
        self.inner.body
    }
}

/// Whether the handler ran of a call that ended with `status`.
pub(crate) fn executed_by(status: Status) -> Executed {
    match status.has_run() {
        Some(true) => Executed::Yes,
        Some(false) => Executed::No,
        None => Executed::Maybe,
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(method) = self.method() {
            write!(f, "{method}: ")?;
        }
        if let Some(peer) = self.peer() {
            write!(f, "at {peer}: ")?;
        }
        f.write_str(&self.inner.message)?;
        match &self.inner.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcError")
            .field("kind", &self.inner.kind)
            .field("executed", &self.inner.executed)
            .field("method", &self.inner.method)
            .field("peer", &self.inner.peer)
            .field("message", &self.inner.message)
            .field("source", &self.inner.source)
            .finish_non_exhaustive()
    }
}

// The text of a source is part of this error's own text, so it is not given again as `source()`.
impl Error for RpcError {}

impl From<ConfigError> for RpcError {
    fn from(error: ConfigError) -> Self {
        Self::new(ErrorKind::Configuration, Executed::No, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_ranges_decide_whether_the_handler_ran() {
        for byte in 0x10..=0x1f {
            let error = RpcError::from_status(Status::from_byte(byte), Bytes::new());
            assert_eq!(error.executed(), Executed::No, "{error}");
        }
        for byte in 0x20..=0x2f {
            let error = RpcError::from_status(Status::from_byte(byte), Bytes::new());
            assert_eq!(error.executed(), Executed::Yes, "{error}");
        }
        for byte in (0x02..=0x0f).chain(0x30..=0xff) {
            let error = RpcError::from_status(Status::from_byte(byte), Bytes::new());
            assert_eq!(
                (error.kind(), error.executed()),
                (ErrorKind::Protocol, Executed::Maybe),
                "{byte:#04x}: {error}"
            );
        }
    }

    #[test]
    fn the_text_names_the_call_and_what_the_server_said() {
        let error = RpcError::from_status(Status::UnknownMethod, Bytes::from_static(b"method id 7"));
        let text = error.in_call("Greeting.wave").to_string();
        assert!(text.starts_with("Greeting.wave: the server has no such method"), "{text}");
        assert!(text.ends_with("(method id 7)"), "{text}");
    }

    #[test]
    fn an_error_is_one_word() {
        assert_eq!(size_of::<RpcError>(), size_of::<usize>());
    }
}
