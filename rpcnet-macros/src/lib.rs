//! The attribute macro `#[rpcnet::service]`: a shim over `rpcnet-codegen`.
//!
//! The macro is documented where users meet it, on its re-export by `rpcnet`, so that the
//! examples in its documentation can run.

use proc_macro::TokenStream;

#[expect(missing_docs, reason = "rpcnet documents its re-export")]
#[proc_macro_attribute]
pub fn service(attribute: TokenStream, item: TokenStream) -> TokenStream {
    // rust-analyzer sets it for the macros that it runs. Without it, an editor would lose all of a service for as long
    // as one method is half written.
    let expand = match std::env::var_os("RUST_ANALYZER_INTERNALS_DO_NOT_USE") {
        Some(_) => rpcnet_codegen::expand_in_editor,
        None => rpcnet_codegen::expand,
    };
    expand(attribute.into(), item.into()).into()
}
