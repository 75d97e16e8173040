//! Calls over a cluster, on real sockets of this machine.

mod beginnings;
mod black_holes;
#[path = "../common/mod.rs"]
mod common;
mod failover;
mod hedges;
mod links;
mod loads;
#[allow(dead_code, unreachable_pub, reason = "rpcnet's own tests use all of it")]
#[path = "../../../rpcnet/tests/common/proxy.rs"]
mod proxy;
mod restraint;
mod rolling;
mod room;
mod scene;
mod sources;
mod streams;
mod workers;
