/// One method of each shape.
#[rpcnet::service]
pub trait Chat {
    /// One request, one response.
    async fn rooms(&self) -> Result<Vec<String>, ChatError>;

    /// One request, many responses.
    #[rpc(idempotent)]
    async fn history(&self, room: String, lines: u32) -> Result<impl Stream<Item = Result<Line, ChatError>>, ChatError>;

    /// Many requests, one response.
    async fn import(&self, room: String, lines: Streaming<Line>) -> Result<u64, ChatError>;

    /// Many of both.
    async fn join(&self, lines: rpcnet::Streaming<Line>) -> ChatResult<impl futures::Stream<Item = ChatResult<Line>> + Unpin>;
}
