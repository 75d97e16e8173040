//! One connection of a server: its control stream, its lanes, its large calls.

use std::sync::Arc;

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
        quic::{self, BidirectionalStream, Connection, StreamAcceptor, connection_error},
    },
};

/// Serves a connection until either side closes it.
pub(crate) async fn serve(connection: Connection, server: Arc<ServerShared>) {
    let life = Arc::clone(&server);
    let _counted = life.life.open_connection();
    let Ok(peer) = connection.remote_addr() else {
        return;
    };
    let (handle, acceptor) = connection.split();
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

async fn serve_stream(shared: Arc<ConnectionShared>, stream: BidirectionalStream) -> Result<(), Failure> {
    let (receive, send) = quic::split(stream);
    let (kind, frames) = FrameReceiver::accept(receive).await?;
    if kind != StreamKind::Control && shared.hello.get().is_none() {
        return Err(ProtocolError::StreamBeforeHello.into());
    }
    match kind {
        StreamKind::Control => control(&shared, frames, FrameSender::new(send)).await,
        StreamKind::Lane => {
            let _counted = shared.open_lane()?;
            let (receive, reader) = frames.into_parts();
            Ok(Lane::new(Arc::clone(&shared), receive, send, reader).serve().await?)
        }
        StreamKind::Call => Ok(large::serve(shared, frames, FrameSender::new(send)).await?),
        StreamKind::Streaming => Ok(streaming::serve(shared, frames, FrameSender::new(send)).await?),
        StreamKind::Response => Err(ProtocolError::UnknownStream { kind: kind.byte() }.into()),
    }
}

/// The control stream: the hellos, then pings and the go-away, until the client ends it.
async fn control(shared: &ConnectionShared, mut frames: FrameReceiver, mut send: FrameSender) -> Result<(), Failure> {
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
        send.send(answer.freeze()).await?;
        while frames.next().await?.is_some() {}
        return Err(Failure::Connection(CloseCode::Version, "no common version".into()));
    }
    // Before the answer: once that is out, lanes may come in.
    shared.hello.set(hello).map_err(|_| ProtocolError::SecondControlStream)?;
    send.send(answer.split().freeze()).await?;
    let mut phase = shared.server.life.watch();
    let mut told = false;
    loop {
        tokio::select! {
            frame = frames.next() => match frame? {
                Some(Frame { kind: FrameKind::Ping, payload }) => put_frame(&mut answer, FrameKind::Pong, &payload),
                Some(Frame { kind, .. }) => return Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
                None => break,
            },
            phase = phase.wait_for(|phase| *phase != Phase::Serving), if !told => {
                told = true;
                let until = match phase.as_deref() {
                    Ok(Phase::Draining { until }) => *until,
                    _ => None,
                };
                GoAway::new(until.map(|until| until.saturating_duration_since(Instant::now()))).put(&mut answer);
            }
        }
        send.send(answer.split().freeze()).await?;
    }
    Ok(send.finish()?)
}
