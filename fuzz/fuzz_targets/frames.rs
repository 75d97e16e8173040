//! Cutting a stream into frames.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rpcnet::__fuzzing::frames(data));
