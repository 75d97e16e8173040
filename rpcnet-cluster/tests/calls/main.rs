//! Calls over a cluster, on real sockets of this machine.

mod black_holes;
#[path = "../common/mod.rs"]
mod common;
mod failover;
mod links;
mod loads;
#[allow(dead_code, unreachable_pub, reason = "rpcnet's own tests use all of it")]
#[path = "../../../rpcnet/tests/common/proxy.rs"]
mod proxy;
mod rolling;
mod sources;
mod streams;
mod workers;
