//! Raw calls with streams.

use bytes::Bytes;

use super::Client;
use crate::{
    RawResponseStream, Requests, RpcError,
    channel::{Channel, OutgoingStream},
    streaming::call,
};

impl Client {
    /// Calls the method `name` with raw bytes, and returns the stream that it answers.
    ///
    /// It may take as long as it likes, but has to begin within the client's deadline, unless a handler makes the call:
    /// then it ends with that one's.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`], also as the last item of the stream.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the call is cancelled on the server; and so it is by dropping the stream.
    pub async fn call_server_streaming(
        &self,
        name: &str,
        message: impl Into<Bytes>,
    ) -> Result<RawResponseStream, RpcError> {
        let message = Vec::from(message.into());
        call::server_streaming(self, name.to_owned().into(), self.outgoing_stream(name)?, message).await
    }

    /// Calls the method `name` with a stream of raw bytes, and returns the bytes that it answers.
    ///
    /// It may take as long as the requests do.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the call is cancelled on the server, which never takes that for the end of the requests.
    pub async fn call_client_streaming(&self, name: &str, requests: impl Requests<Bytes>) -> Result<Bytes, RpcError> {
        let answer = call::client_streaming(self, self.outgoing_stream(name)?, None, requests, put_raw).await;
        answer.map_err(|error| error.in_call(name.to_owned()))
    }

    /// Calls the method `name` with a stream of raw bytes, and returns the stream that it answers.
    ///
    /// A task of the current tokio runtime sends the requests, whether or not the answer is being read.
    ///
    /// # Errors
    ///
    /// As for [`Client::call_server_streaming`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call_server_streaming`].
    ///
    /// ```no_run
    /// use rpcnet::prelude::*;
    ///
    /// # async fn example(client: Client) -> Result<(), RpcError> {
    /// let lines = rpcnet::stream::iter(["one".into(), "two".into()]);
    /// let mut echo = client.call_streaming("echo", lines).await?;
    /// while let Some(line) = echo.next().await {
    ///     println!("{:?}", line?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_streaming(
        &self,
        name: &str,
        requests: impl Requests<Bytes>,
    ) -> Result<RawResponseStream, RpcError> {
        let call = self.outgoing_stream(name)?;
        call::bidirectional(self, name.to_owned().into(), call, None, requests, put_raw).await
    }

    fn outgoing_stream(&self, name: &str) -> Result<OutgoingStream, RpcError> {
        OutgoingStream::raw(name, self.default_deadline())
    }
}

fn put_raw(message: &Bytes, out: &mut Vec<u8>) -> Result<(), RpcError> {
    out.extend_from_slice(message);
    Ok(())
}
