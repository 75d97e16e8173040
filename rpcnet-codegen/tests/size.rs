//! How much a method expands to. Most of what a service costs its users to build is rustc checking the expansion.
//!
//! `cargo test -p rpcnet-codegen --test size -- --nocapture` prints the figures.

use proc_macro2::TokenStream;
use quote::ToTokens;

/// Expects one more method like this to add no more than so many formatted lines.
#[expect(clippy::print_stderr, reason = "the figures are what is asked for")]
fn check(shape: &str, method: &str, lines_max: usize) {
    let lines = |count: usize| {
        let methods: String = (0..count).map(|index| method.replace("NAME", &format!("name_{index:03}"))).collect();
        let service = format!("pub trait Service {{ {methods} }}").parse().expect("tokens");
        let expansion = rpcnet_codegen::expand_service(TokenStream::new(), service).expect("a service");
        let file = syn::parse2(expansion.into_token_stream()).expect("an expansion that is Rust");
        prettyplease::unparse(&file).lines().count()
    };
    let added = (lines(101) - lines(1)) as f64 / 100.0;
    eprintln!("{shape}: {added} lines a method");
    assert!(added <= lines_max as f64, "{shape}: {added} lines a method, {lines_max} are enough");
}

#[test]
fn a_method_expands_to_few_lines() {
    check("one value each way", "async fn NAME(&self, a: A) -> Result<T, E>;", 35);
    check("three arguments", "#[rpc(idempotent, deadline = \"1s\")] async fn NAME(&self, a: A, b: B, c: C) -> R;", 45);
    check("responses", "async fn NAME(&self, a: A) -> Result<impl Stream<Item = Result<T, E>>, E>;", 50);
    check("requests", "async fn NAME(&self, a: A, b: Streaming<B>) -> Result<T, E>;", 50);
    check("both", "async fn NAME(&self, b: Streaming<B>) -> Result<impl Stream<Item = Result<T, E>>, E>;", 55);
}
