//! Every shape of a method: streams borrow the handler, stand under an alias, come as an `async fn` or not.

use rpcnet::prelude::*;

pub type ChatResult<T> = Result<T, ChatError>;

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ChatError;

#[rpcnet::service]
pub trait Chat {
    async fn rooms(&self) -> ChatResult<Vec<String>>;
    #[rpc(idempotent, deadline = "1m")]
    async fn history(&self, room: String) -> Result<impl Stream<Item = Result<String, ChatError>>, ChatError>;
    async fn import(&self, room: String, lines: Streaming<String>) -> Result<u64, ChatError>;
    async fn join(&self, lines: rpcnet::Streaming<String>) -> ChatResult<impl Stream<Item = ChatResult<u64>> + Send>;
    async fn lines(&self, rpcnet: Streaming<String>) -> ChatResult<()>;
}

struct Rooms(Vec<String>);

impl Chat for Rooms {
    async fn rooms(&self) -> ChatResult<Vec<String>> {
        Ok(self.0.clone())
    }

    async fn history(&self, room: String) -> ChatResult<impl Stream<Item = ChatResult<String>>> {
        if room.is_empty() {
            return Err(ChatError);
        }
        Ok(futures::stream::iter(&self.0).map(move |line| Ok(format!("{room}: {line}"))))
    }

    async fn import(&self, _room: String, lines: Streaming<String>) -> ChatResult<u64> {
        Ok(lines.count().await as u64)
    }

    fn join(
        &self,
        lines: Streaming<String>,
    ) -> impl Future<Output = ChatResult<impl Stream<Item = ChatResult<u64>> + Send>> + Send {
        std::future::ready(Ok(lines.map(|line| line.map(|line| line.len() as u64).map_err(|_| ChatError))))
    }

    async fn lines(&self, _lines: Streaming<String>) -> ChatResult<()> {
        Ok(())
    }
}

async fn call(client: ChatClient<InProcess>) -> Result<(), CallError<ChatError>> {
    assert_eq!(client.rooms().await?, ["a", "b"]);
    let history: Vec<_> = client.history("a".into()).await?.collect().await;
    assert_eq!(history.into_iter().flatten().collect::<Vec<_>>(), ["a: a", "a: b"]);
    assert_eq!(client.history(String::new()).await.err().and_then(CallError::application), Some(ChatError));
    assert_eq!(client.import("a".into(), futures::stream::iter(["x".to_owned()])).await?, 1);
    let mut lengths = client.join(futures::stream::iter(["xyz".to_owned()])).await?;
    assert_eq!(lengths.next().await.and_then(Result::ok), Some(3));
    Ok(())
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let client = ChatClient::new(InProcess::new(ChatServer::new(Rooms(vec!["a".into(), "b".into()]))));
    // What a client returns borrows nothing, and can be spawned.
    let called = runtime.block_on(async { tokio::spawn(call(client)).await });
    called.expect("a call that does not panic").expect("a call that is answered");
}
