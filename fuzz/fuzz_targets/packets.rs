//! What the gate hands to the state machine of membership.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rpcnet_cluster::__fuzzing::packets(data));
