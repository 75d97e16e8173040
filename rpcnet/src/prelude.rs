//! What most programs name: `use rpcnet::prelude::*;`.

pub use futures::{Stream, StreamExt};

pub use crate::{
    CallError, Client, ClientConfig, Context, ErrorKind, Executed, InProcess, ResponseStream, RpcError, Server,
    ServerConfig, Streaming, service,
};
