//! Putting messages together from their fragments.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rpcnet::__fuzzing::messages(data));
