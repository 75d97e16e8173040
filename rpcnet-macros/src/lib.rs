//! The attribute macro `#[rpcnet::service]`: a shim over `rpcnet-codegen`.
//!
//! The macro is documented where users meet it, on its re-export by `rpcnet`, so that the
//! examples in its documentation can run.

use proc_macro::TokenStream;

#[expect(missing_docs, reason = "rpcnet documents its re-export")]
#[proc_macro_attribute]
pub fn service(attribute: TokenStream, item: TokenStream) -> TokenStream {
    rpcnet_codegen::expand(attribute.into(), item.into()).into()
}
