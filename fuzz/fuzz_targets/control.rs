//! Hello, go-away, cancel, lane: the small frames.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rpcnet::__fuzzing::control(data));
