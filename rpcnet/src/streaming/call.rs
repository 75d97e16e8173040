//! The caller's side of the three shapes of a streaming call, over any channel.

use std::{borrow::Cow, future::poll_fn};

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::{
    Failure, Pump, RawResponseStream, RequestSink, Requests, RequestsOf, ResponseReceiver, collect_answer, pump,
};
use crate::{
    AnswerMetadata, ErrorKind, Executed, RpcError,
    channel::{Channel, OutgoingStream},
    client::deadline_exceeded,
};

/// How a request becomes a message.
pub(crate) type EncodeRequest<T> = fn(&T, &mut Vec<u8>) -> Result<(), RpcError>;

/// One request, a stream of responses.
pub(crate) async fn server_streaming<C: Channel>(
    channel: &C,
    method: Cow<'static, str>,
    mut call: OutgoingStream,
    request: Vec<u8>,
) -> Result<RawResponseStream, RpcError> {
    call.may_begin_again = true;
    let mut resends = 0;
    loop {
        // If it fails, then the channel has tried what there is to try.
        let streams = channel.streaming(&mut call, Some(&request)).await;
        let streams = streams.map_err(|error| call.with_executed(error).in_call(method.clone()))?;
        let error = match begin_server_streaming(method.clone(), &call, streams).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        call.note_failure(&error);
        match error.kind() {
            // The handler never ran, and the connection to that server was left: the next one takes the call.
            ErrorKind::Draining if resends < RESENDS_MAX => resends += 1,
            _ if channel.begins_again(&call, &error) => {}
            _ => return Err(call.with_executed(error).in_call(method)),
        }
    }
}

async fn begin_server_streaming(
    method: Cow<'static, str>,
    call: &OutgoingStream,
    (mut sink, receiver): (RequestSink, ResponseReceiver),
) -> Result<RawResponseStream, RpcError> {
    let peer = receiver.peer();
    sink.end();
    // A server that takes no more has answered, and its answer says why.
    let flushed = within(call.begins_by, async { Ok(poll_fn(|cx| sink.poll_flush(cx)).await) }).await;
    let _ = flushed.map_err(|error| error.at_peer(peer))?;
    open(method, call, receiver, RequestsOf::Sent(sink), Failure::default()).await
}

/// How often a call with one request is sent again that a server refused because it goes away. One with a stream of requests
/// is not: what was taken from that stream is gone.
const RESENDS_MAX: u32 = 3;

/// A stream of requests, one response. The requests are sent by this very future: dropping it stops them.
pub(crate) async fn client_streaming<C: Channel, T, R: Requests<T>>(
    channel: &C,
    mut call: OutgoingStream,
    first: Option<Vec<u8>>,
    requests: R,
    encode: EncodeRequest<T>,
) -> Result<Bytes, RpcError> {
    call.answers_once = true;
    let (mut sink, mut receiver) = channel.streaming(&mut call, first.as_deref()).await?;
    let peer = receiver.peer();
    let answer = exchange(&mut sink, &mut receiver, &call.answered, requests, encode);
    let answer = match call.deadline {
        Some(deadline) => within(deadline, answer).await,
        None => answer.await,
    };
    let answer = answer.map_err(|error| error.at_peer(peer))?;
    sink.finish();
    Ok(answer)
}

/// A stream of requests, a stream of responses. A task of the current runtime sends the requests, so that they flow
/// whether or not the responses are being read.
pub(crate) async fn bidirectional<C: Channel, T: 'static, R: Requests<T>>(
    channel: &C,
    method: Cow<'static, str>,
    mut call: OutgoingStream,
    first: Option<Vec<u8>>,
    requests: R,
    encode: EncodeRequest<T>,
) -> Result<RawResponseStream, RpcError> {
    let begun = async {
        let (mut sink, receiver) = channel.streaming(&mut call, first.as_deref()).await?;
        let failure = Failure::default();
        let pumped = {
            let failure = failure.clone();
            tokio::spawn(async move {
                match pump(&mut sink, requests, encode).await {
                    Ok(()) => Some(sink),
                    Err(error) => {
                        // Before the sink is dropped, which the other end will notice.
                        failure.set(error);
                        None
                    }
                }
            })
        };
        open(method.clone(), &call, receiver, RequestsOf::Pumped(Pump(pumped)), failure).await
    };
    begun.await.map_err(|error| error.in_call(method.clone()))
}

async fn open(
    method: Cow<'static, str>,
    call: &OutgoingStream,
    receiver: ResponseReceiver,
    requests: RequestsOf,
    failure: Failure,
) -> Result<RawResponseStream, RpcError> {
    let peer = receiver.peer();
    let opened = within(call.begins_by, RawResponseStream::open(method, receiver, requests, failure, call)).await;
    opened.map_err(|error| error.at_peer(peer))
}

async fn exchange<T, R: Requests<T>>(
    sink: &mut RequestSink,
    receiver: &mut ResponseReceiver,
    answered: &Option<AnswerMetadata>,
    requests: R,
    encode: EncodeRequest<T>,
) -> Result<Bytes, RpcError> {
    {
        let answering = std::pin::pin!(collect_answer(receiver, answered));
        tokio::select! {
            biased;
            // The handler may answer before it has read all requests.
            answer = answering => return answer,
            sent = pump(sink, requests, encode) => sent?,
        }
    }
    collect_answer(receiver, answered).await
}

async fn within<T>(deadline: Instant, call: impl Future<Output = Result<T, RpcError>>) -> Result<T, RpcError> {
    timeout_at(deadline, call).await.unwrap_or_else(|_| Err(deadline_exceeded(Executed::Maybe)))
}
