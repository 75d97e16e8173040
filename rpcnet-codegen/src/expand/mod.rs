//! Writes the items that a checked service expands to.
//!
//! Every path goes through the runtime's `__private` module: nothing depends on what the user's
//! module has in scope, its prelude included.

mod client;
pub(crate) mod fallback;
mod handler;
mod methods;
mod server;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::Expansion;
use crate::model::Service;
use crate::names::Names;

/// All items of `service`, which has passed the check.
pub(crate) fn service(service: &Service) -> Expansion {
    let context = Context::of(service);
    Expansion {
        handler: handler::expand(&context),
        methods: methods::expand(&context),
        client: client::expand(&context),
        server: server::expand(&context),
    }
}

/// What every item needs to know.
struct Context<'a> {
    service: &'a Service,
    names: Names,
    /// rpcnet, as the user's crate spells it.
    runtime: TokenStream,
    /// Where generated code finds what it names.
    private: TokenStream,
    /// `#[allow(deprecated)]` where the user has deprecated something that generated code must name.
    allow_deprecated: Option<TokenStream>,
}

impl<'a> Context<'a> {
    fn of(service: &'a Service) -> Self {
        let runtime = service.options.runtime.as_ref().map_or_else(|| quote!(::rpcnet), ToTokens::to_token_stream);
        let is_deprecated = service.original.attrs.iter().any(|attribute| attribute.path().is_ident("deprecated"))
            || service.methods.iter().any(|method| !method.attributes.deprecated.is_empty());
        Self {
            service,
            names: Names::of(service),
            private: quote!(#runtime::__private),
            runtime,
            allow_deprecated: is_deprecated.then(|| quote!(#[allow(deprecated)])),
        }
    }
}
