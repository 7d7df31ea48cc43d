#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| pellucid_fuzz::read("peers", file));
