//! One connection of a server: its control stream, its lanes, its large calls.

use std::{
    future::{Future, pending},
    mem,
    pin::Pin,
    sync::Arc,
};

use bytes::BytesMut;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior},
};

use super::{
    lane::Lane,
    large,
    life::Phase,
    shared::{ConnectionShared, ServerShared},
    streaming,
};
use crate::{
    ErrorKind, RpcError,
    proto::{CloseCode, Frame, FrameKind, GoAway, Hello, ProtocolError, StreamKind, VERSION, put_frame},
    transport::{
        frames::{FrameReceiver, FrameSender},
        quic::{self, BidirectionalStream, Connection, SendStream, StreamAcceptor, connection_error},
    },
};

/// Serves a connection until either side closes it.
pub(crate) async fn serve(connection: Connection, server: Arc<ServerShared>) {
    let life = Arc::clone(&server);
    let counted = life.life.open_connection();
    let Ok(peer) = connection.remote_addr() else {
        return;
    };
    let (handle, acceptor) = connection.split();
    if counted.number() > life.config.settings().limits.connections_max {
        // Several handshakes were under way for the last place.
        return quic::close(&handle, CloseCode::Done);
    }
    let shared = Arc::new(ConnectionShared::new(server, handle, peer));
    let code = tokio::select! {
        (code, reason) = accept_streams(Arc::clone(&shared), acceptor) => {
            tracing::debug!(%peer, %reason, "a connection ended");
            code
        }
        () = life.life.stopped() => CloseCode::Done,
    };
    quic::close(&shared.handle, code);
}

/// Why a stream's task ended before its time, and what follows from it.
enum Failure {
    /// The stream alone is lost.
    Stream,
    /// The connection is to be closed.
    Connection(CloseCode, String),
}

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Self {
        match error.kind() {
            ErrorKind::Protocol => Self::Connection(CloseCode::Protocol, error.to_string()),
            _ => Self::Stream,
        }
    }
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        Self::Connection(CloseCode::Protocol, error.to_string())
    }
}

/// Takes streams until the connection ends, or one of them gives a reason to end it.
async fn accept_streams(shared: Arc<ConnectionShared>, mut acceptor: StreamAcceptor) -> (CloseCode, String) {
    let mut streams = JoinSet::new();
    let hello_timeout = tokio::time::sleep(shared.server.config.settings().handshake_timeout);
    tokio::pin!(hello_timeout);
    let stall_timeout = shared.server.config.settings().limits.stall_timeout;
    let mut stall_check = tokio::time::interval(stall_timeout);
    stall_check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stalled = None;
    loop {
        tokio::select! {
            accepted = acceptor.accept_bidirectional_stream() => match accepted {
                Ok(Some(stream)) => {
                    streams.spawn(serve_stream(Arc::clone(&shared), stream));
                }
                Ok(None) => return (CloseCode::Done, "the client is done".into()),
                Err(failure) => return (CloseCode::Done, connection_error(failure).to_string()),
            },
            Some(ended) = streams.join_next() => match ended {
                Ok(Ok(()) | Err(Failure::Stream)) => {}
                Ok(Err(Failure::Connection(code, reason))) => return (code, reason),
                // Only a fault of this crate can do that; its connection is not to be trusted then.
                Err(panic) => return (CloseCode::Protocol, panic.to_string()),
            },
            () = &mut hello_timeout, if shared.hello.get().is_none() => {
                return (CloseCode::HelloTimeout, "no hello in time".into());
            }
            _ = stall_check.tick() => if shared.account.is_stalled_since(&mut stalled) {
                return (CloseCode::Unread, "the client neither reads its answers nor goes on with its requests".into());
            },
        }
    }
}

/// Serves a stream to its end.
fn serve_stream(
    shared: Arc<ConnectionShared>,
    stream: BidirectionalStream,
) -> impl Future<Output = Result<(), Failure>> + Send {
    let (receive, send) = quic::split(stream);
    let mut serving = Serving::Unknown(FrameReceiver::opened(receive), send);
    // Captured by a block, a stream lies in the task once; as the argument of an `async fn`, twice.
    async move {
        serving.learn_kind(&shared).await?;
        match &mut serving {
            Serving::Control(frames, send) => {
                control(&shared, frames, send).await?;
                // Its end would be that of the connection.
                pending().await
            }
            Serving::Lane(lane) => {
                let _counted = shared.open_lane()?;
                Ok(lane.serve().await?)
            }
            Serving::Call(call) => Ok(call.await?),
            Serving::Unknown(..) | Serving::Left => Ok(()),
        }
    }
}

/// A stream, by what it is for.
///
/// A task is as large as the largest of what it may become, and most tasks of a server are lanes and control streams on which
/// nothing happens. So calls are boxed.
#[expect(clippy::large_enum_variant, reason = "the larger ones are those that there are many of")]
enum Serving {
    /// Its first byte has not come.
    Unknown(FrameReceiver, SendStream),
    Control(FrameReceiver, FrameSender),
    Lane(Lane),
    Call(Pin<Box<dyn Future<Output = Result<(), RpcError>> + Send>>),
    /// For a moment only.
    Left,
}

impl Serving {
    /// Waits for the byte that says what the stream is for.
    async fn learn_kind(&mut self, shared: &Arc<ConnectionShared>) -> Result<(), Failure> {
        let Self::Unknown(frames, _) = self else {
            return Ok(());
        };
        let kind = shared.in_time(frames.kind()).await?;
        if kind != StreamKind::Control && shared.hello.get().is_none() {
            return Err(ProtocolError::StreamBeforeHello.into());
        }
        if let Self::Unknown(frames, send) = mem::replace(self, Self::Left) {
            *self = Self::of(kind, Arc::clone(shared), frames, send)?;
        }
        Ok(())
    }

    fn of(
        kind: StreamKind,
        shared: Arc<ConnectionShared>,
        frames: FrameReceiver,
        send: SendStream,
    ) -> Result<Self, ProtocolError> {
        Ok(match kind {
            StreamKind::Control => Self::Control(frames, FrameSender::new(send)),
            StreamKind::Lane => {
                let (receive, reader) = frames.into_parts();
                Self::Lane(Lane::new(shared, receive, send, reader))
            }
            StreamKind::Call => Self::Call(Box::pin(large::serve(shared, frames, FrameSender::new(send)))),
            StreamKind::Streaming => Self::Call(Box::pin(streaming::serve(shared, frames, FrameSender::new(send)))),
            StreamKind::Response => return Err(ProtocolError::UnknownStream { kind: kind.byte() }),
        })
    }
}

/// The control stream: the hellos, then pings and the go-away, until there is nothing more to say.
async fn control(shared: &ConnectionShared, frames: &mut FrameReceiver, send: &mut FrameSender) -> Result<(), Failure> {
    let hello = match frames.next().await? {
        Some(Frame { kind: FrameKind::Hello, payload }) => Hello::read(&payload)?,
        Some(Frame { kind, .. }) => return Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
        None => return Err(ProtocolError::Truncated.into()),
    };
    let limits = &shared.server.config.settings().limits;
    let mut answer = BytesMut::new();
    Hello::new(limits.calls_per_connection_max, limits.message_bytes_max as u64).put(&mut answer);
    if !hello.speaks(VERSION) {
        // The client reads our versions and closes; for one that does not, the connection's hello timeout is running.
        return Ok(send.send(answer.freeze()).await?);
    }
    // Before the answer: once that is out, lanes may come in.
    shared.hello.set(hello).map_err(|_| ProtocolError::SecondControlStream)?;
    send.send(answer.split().freeze()).await?;
    let mut phase = shared.server.life.watch();
    let (mut told, mut ended) = (false, false);
    loop {
        tokio::select! {
            frame = frames.next(), if !ended => match frame? {
                Some(Frame { kind: FrameKind::Ping, payload }) => put_frame(&mut answer, FrameKind::Pong, &payload),
                Some(Frame { kind, .. }) => return Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
                // It has said all it has to say, and still hears.
                None => {
                    ended = true;
                    continue;
                }
            },
            phase = phase.wait_for(|phase| *phase != Phase::Serving), if !told => {
                told = true;
                let until = match phase.as_deref() {
                    Ok(Phase::Draining { until }) => *until,
                    _ => None,
                };
                GoAway::new(until.map(|until| until.saturating_duration_since(Instant::now()))).put(&mut answer);
            }
            else => return Ok(()),
        }
        send.send(answer.split().freeze()).await?;
    }
}
