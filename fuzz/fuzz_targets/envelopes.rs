//! What reaches the datagram gate of five nodes, over a network that keeps, changes, repeats and makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rpcnet_cluster::__fuzzing::envelopes(data));
