//! What most programs name: `use rpcnet::prelude::*;`.

pub use crate::{
    CallError, Client, ClientConfig, Context, ErrorKind, Executed, InProcess, RpcError, Server, ServerConfig, service,
};
