//! One connection of a server: its control stream, its lanes, its large calls.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::{sync::watch, task::JoinSet, time::timeout};

use super::{
    lane::Lane,
    large,
    shared::{ConnectionShared, ServerShared},
};
use crate::{
    ErrorKind, RpcError,
    proto::{CloseCode, Frame, FrameKind, Hello, ProtocolError, StreamKind, VERSION, put_frame},
    transport::{
        frames::{FrameReceiver, FrameSender},
        quic::{self, BidirectionalStream, Connection, StreamAcceptor, connection_error},
    },
};

/// Serves a connection until either side closes it.
pub(crate) async fn serve(connection: Connection, server: Arc<ServerShared>, mut stop: watch::Receiver<bool>) {
    let Ok(peer) = connection.remote_addr() else {
        return;
    };
    let (handle, acceptor) = connection.split();
    let shared = Arc::new(ConnectionShared::new(server, handle, peer));
    let code = tokio::select! {
        ended = accept_streams(Arc::clone(&shared), acceptor) => match ended {
            Ok(()) => CloseCode::Done,
            Err(error) => {
                tracing::debug!(%peer, %error, "closing a connection");
                close_code(&shared, &error)
            }
        },
        _ = stop.wait_for(|stop| *stop) => CloseCode::Done,
    };
    quic::close(&shared.handle, code);
}

fn close_code(shared: &ConnectionShared, error: &RpcError) -> CloseCode {
    match error.kind() {
        ErrorKind::DeadlineExceeded => CloseCode::HelloTimeout,
        _ if shared.hello.get().is_some_and(|hello| !hello.speaks(VERSION)) => CloseCode::Version,
        ErrorKind::Protocol => CloseCode::Protocol,
        _ => CloseCode::Done,
    }
}

/// Takes streams until the connection ends. A stream that breaks the protocol ends the connection.
async fn accept_streams(shared: Arc<ConnectionShared>, mut acceptor: StreamAcceptor) -> Result<(), RpcError> {
    let mut streams = JoinSet::new();
    let hello_timeout = tokio::time::sleep(shared.server.config.settings().handshake_timeout);
    tokio::pin!(hello_timeout);
    loop {
        tokio::select! {
            accepted = acceptor.accept_bidirectional_stream() => match accepted.map_err(connection_error)? {
                Some(stream) => {
                    streams.spawn(serve_stream(Arc::clone(&shared), stream));
                }
                None => return Ok(()),
            },
            Some(ended) = streams.join_next() => {
                // A stream's task panics only if this crate has a fault; its connection is not to be trusted then.
                ended.unwrap_or_else(|_| Err(ProtocolError::Truncated.into())).or_else(only_the_stream)?;
            }
            () = &mut hello_timeout, if shared.hello.get().is_none() => {
                return Err(RpcError::new(ErrorKind::DeadlineExceeded, crate::Executed::No, "no hello in time"));
            }
        }
    }
}

/// A stream that failed without breaking the protocol leaves the connection as it is.
fn only_the_stream(error: RpcError) -> Result<(), RpcError> {
    if error.kind() == ErrorKind::Protocol { Err(error) } else { Ok(()) }
}

async fn serve_stream(shared: Arc<ConnectionShared>, stream: BidirectionalStream) -> Result<(), RpcError> {
    let (receive, send) = stream.split();
    let (kind, frames) = FrameReceiver::accept(receive).await?;
    if kind != StreamKind::Control && shared.hello.get().is_none() {
        return Err(ProtocolError::StreamBeforeHello.into());
    }
    match kind {
        StreamKind::Control => control(&shared, frames, FrameSender::new(send)).await,
        StreamKind::Lane => {
            let (receive, reader) = frames.into_parts();
            Lane::new(shared, receive, send, reader).serve().await
        }
        StreamKind::Call => large::serve(shared, frames, FrameSender::new(send)).await,
        StreamKind::Response => Err(ProtocolError::UnknownStream { kind: kind.byte() }.into()),
    }
}

/// The control stream: the hellos, then pings, until the client ends it.
async fn control(shared: &ConnectionShared, mut frames: FrameReceiver, mut send: FrameSender) -> Result<(), RpcError> {
    let settings = shared.server.config.settings();
    let hello = match timeout(settings.handshake_timeout, frames.next()).await {
        Ok(Ok(Some(Frame { kind: FrameKind::Hello, payload }))) => Hello::read(&payload)?,
        Ok(Ok(Some(Frame { kind, .. }))) => return Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
        Ok(Ok(None)) => return Err(ProtocolError::Truncated.into()),
        Ok(Err(error)) => return Err(error),
        Err(_) => return Ok(()),
    };
    let limits = &settings.limits;
    let mut answer = BytesMut::new();
    Hello::new(limits.calls_per_connection_max, limits.message_bytes_max as u64).put(&mut answer);
    // The answer goes out before a lane can come in, and tells even a client that speaks no common version why.
    shared.hello.set(hello).map_err(|_| ProtocolError::SecondControlStream)?;
    send.send(answer.split().freeze()).await?;
    if !hello.speaks(VERSION) {
        // The client closes when it has read our hello; the timeout is for one that does not.
        let _ = timeout(settings.handshake_timeout, frames.next()).await;
        return Err(ProtocolError::BadMagic.into());
    }
    while let Some(Frame { kind, payload }) = frames.next().await? {
        if kind != FrameKind::Ping {
            return Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into());
        }
        put_frame(&mut answer, FrameKind::Pong, &payload);
        send.send(answer.split().freeze()).await?;
    }
    send.finish()
}
