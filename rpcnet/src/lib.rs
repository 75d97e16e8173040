//! RPC for Rust where the trait is the contract.
//!
//! Annotate a trait with [`#[rpcnet::service]`](macro@service): it becomes a typed client, a handler trait and a
//! dispatch table, at compile time. Calls travel over QUIC, always encrypted.
//!
//! ```
//! use rpcnet::{ClientConfig, Server, ServerConfig};
//!
//! #[rpcnet::service]
//! pub trait Greeting {
//!     /// Greets one person.
//!     async fn greet(&self, name: String) -> Result<String, String>;
//! }
//!
//! struct MyGreeting;
//!
//! impl Greeting for MyGreeting {
//!     async fn greet(&self, name: String) -> Result<String, String> {
//!         Ok(format!("Hello, {name}!"))
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let server = Server::builder(ServerConfig::development().build()?)
//!         .service(GreetingServer::new(MyGreeting))
//!         .start()
//!         .await?;
//!
//!     let config = ClientConfig::development().build()?;
//!     let client = GreetingClient::connect(server.local_addr(), config).await?;
//!     assert_eq!(client.greet("World".into()).await?, "Hello, World!");
//!     Ok(())
//! }
//! ```

#[doc(hidden)]
pub mod __channel;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
#[path = "fuzzing.rs"]
pub mod __fuzzing;
#[doc(hidden)]
pub mod __private;
mod channel;
mod client;
mod codec;
mod config;
mod context;
mod error;
mod in_process;
mod metadata;
mod method;
mod outcome;
pub mod prelude;
mod proto;
pub mod runtime;
mod server;
mod service;
mod signature;
mod streaming;
mod target;
mod transport;

pub use channel::Channel;
pub use client::{Client, ConnectionState, ConnectionWatch};
pub use config::{
    BindAddr, CipherSuite, ClientConfig, ClientConfigBuilder, ConfigError, CongestionController, Identity, Pem,
    ServerConfig, ServerConfigBuilder,
};
pub use context::{Context, Scoped};
pub use error::{ErrorKind, Executed, RpcError};
pub use in_process::InProcess;
pub use metadata::{AnswerMetadata, Metadata};
pub use method::{Method, ServiceDescriptor, Shape};
pub use outcome::{CallError, CallResult, Outcome, StreamResult, Wire};
/// Makes a trait a service: a typed client, a handler trait and a dispatch table, at compile time.
///
/// For a trait `Greeting` it writes
///
/// - `Greeting` itself, its `async fn`s rewritten to return futures that are `Send`. It is what a server implements,
///   with plain `async fn`s; `GreetingHandler` is another name for it.
/// - `GreetingServer`, which serves an implementation: give it to [`ServerBuilder::service`] or to [`InProcess::new`],
///   or call its `serve(config)` if it is the only one.
/// - `GreetingClient`, which calls one: `GreetingClient::connect(target, config)` makes a connection of its own,
///   `GreetingClient::new(channel)` shares a [`Client`] or calls an [`InProcess`].
///   It is `Clone`, its methods take `&self`, and its futures borrow nothing.
/// - `GreetingMethods`, the table of the methods as they are named on the wire.
///
/// # Methods
///
/// | shape | method |
/// |---|---|
/// | one request, one response | `async fn greet(&self, name: String) -> Result<T, E>;` |
/// | a stream of responses | `async fn watch(&self) -> Result<impl Stream<Item = Result<T, E>>, E>;` |
/// | a stream of requests | `async fn upload(&self, name: String, chunks: Streaming<Chunk>) -> Result<T, E>;` |
/// | both | `async fn chat(&self, lines: Streaming<Line>) -> Result<impl Stream<Item = Result<T, E>>, E>;` |
///
/// A handler reads its requests from a [`Streaming`], and the stream that it returns may borrow it. A client gives any
/// stream for [`Requests`], and reads a [`ResponseStream`].
///
/// Each is an `async fn(&self, …) -> Result<T, E>` with up to 16 arguments. Arguments, `T` and `E` are types of their own
/// (not borrowed ones) that derive serde's `Serialize` and `Deserialize`. The client's method takes the same arguments
/// and returns `Result<T, CallError<E>>`: see [`CallError`]. Docs, `#[deprecated]` and `#[cfg]` pass through.
///
/// Arguments travel by name, and so do the fields of structs: a peer may have added some, which are ignored, and those
/// that an older peer lacks are `None`, or what `#[serde(default)]` says.
///
/// # Options
///
/// `#[rpcnet::service(name = "billing.Greeting")]` changes the service's name on the wire, which is the trait's
/// otherwise. `crate = "path"` says where rpcnet is, if not at `::rpcnet`. Where the crate has an item with the name of a
/// generated one, as in `struct GreetingServer` beside `trait Greeting`, rustc says that the name is defined twice:
/// `server = "OtherName"` gives the generated one another name, and `client`, `handler` and `methods` do likewise.
///
/// | `#[rpc(…)]` on a method | meaning |
/// |---|---|
/// | `idempotent` | calling it twice does no more than calling it once |
/// | `deadline = "250ms"` | its deadline where the caller gives none; units are us, ms, s, m, h |
/// | `no_cancel` | its handler runs to its end, also when the caller goes away or the deadline passes |
/// | `rename = "greet"` | its name on the wire |
///
/// # Errors
///
/// A trait that can't be a service is refused with one error for each mistake, all of them at once, each at the token
/// that is to be changed and with what to write instead. The page `docs/COMPILE-ERRORS.md` shows them all.
///
/// # Warnings
///
/// `usize` and `isize` travel, but may be too large for the machine that they arrive at; of an `Option<Option<T>>`,
/// `Some(None)` arrives as `None`. Both are warned of, and `#[allow(deprecated)]` on the method turns that off.
///
/// ```
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize)]
/// pub enum MathError {
///     Overflow,
/// }
///
/// #[rpcnet::service]
/// pub trait Math {
///     /// The sum of two numbers.
///     #[rpc(idempotent, deadline = "2s")]
///     async fn add(&self, a: i64, b: i64) -> Result<i64, MathError>;
/// }
///
/// struct MyMath;
///
/// impl Math for MyMath {
///     async fn add(&self, a: i64, b: i64) -> Result<i64, MathError> {
///         a.checked_add(b).ok_or(MathError::Overflow)
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), rpcnet::CallError<MathError>> {
/// let client = MathClient::new(rpcnet::InProcess::new(MathServer::new(MyMath)));
/// assert_eq!(client.add(2, 3).await?, 5);
/// let overflow = client.add(i64::MAX, 1).await.unwrap_err().application();
/// assert!(matches!(overflow, Some(MathError::Overflow)));
/// # Ok(())
/// # }
/// ```
pub use rpcnet_macros::service;
pub use server::{NotReady, Server, ServerBuilder, ServerLoad, ServerMonitor, Shutdown};
pub use service::{IncomingCall, Reply, Service};
pub use streaming::{Fallible, RawResponseStream, Requests, ResponseStream, Streaming, fallible};
pub use target::Target;

/// Making and combining streams, from the crate `futures`: `stream::iter`, `stream::unfold` and their siblings.
pub use futures::stream;
