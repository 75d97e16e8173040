//! The heads of requests and responses, with their fields.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rpcnet::__fuzzing::heads(data));
