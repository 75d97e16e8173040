//! Calls over a cluster, on real sockets of this machine.

mod black_holes;
#[path = "../common/mod.rs"]
mod common;
mod failover;
#[path = "../../../rpcnet/tests/common/proxy.rs"]
mod proxy;
mod sources;
mod streams;
mod workers;
