//! The generated code in this repository is that of its definitions: `rpcnet-gen` writes it anew.

use rpcnet_gen::{Builder, Parts};

fn check(output: &str, parts: Parts) {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/committed");
    let builder = Builder::new().input(format!("{example}/src/shop.rpc.rs"));
    let report = builder.output(format!("{example}/{output}")).parts(parts).check().expect("a definition");
    assert!(report.is_current(), "{report}");
}

#[test]
fn the_example_is_current() {
    check("src/generated", Parts::ALL);
}

#[test]
fn the_halves_of_the_example_are_current() {
    check("tests/parts/client", Parts { client: true, server: false, types: false });
    check("tests/parts/server", Parts { client: false, server: true, types: false });
}
