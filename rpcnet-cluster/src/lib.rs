//! Clusters for rpcnet.

mod datagram;
