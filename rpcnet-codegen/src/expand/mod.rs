//! Writes the items that a checked service expands to.
//!
//! Every path goes through the runtime's `__private` module: nothing depends on what the user's
//! module has in scope, its prelude included.

mod apart;
mod client;
pub(crate) mod fallback;
mod handler;
mod methods;
mod server;
mod warnings;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Attribute;

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
    /// The trait's `#[deprecated]`, for the client and the server.
    deprecated: Vec<&'a Attribute>,
    /// `#[allow(deprecated)]` for items that name the trait, if the trait is deprecated.
    names_trait: Option<TokenStream>,
    /// `#[allow(deprecated)]` for items that name the trait and its methods, if any of them is deprecated.
    names_methods: Option<TokenStream>,
}

impl<'a> Context<'a> {
    fn of(service: &'a Service) -> Self {
        let runtime = service.options.runtime.as_ref().map_or_else(|| quote!(::rpcnet), ToTokens::to_token_stream);
        let deprecated: Vec<_> =
            service.original.attrs.iter().filter(|attribute| attribute.path().is_ident("deprecated")).collect();
        let is_deprecated = !deprecated.is_empty();
        let has_deprecated = service.methods.iter().any(|method| !method.attributes.deprecated.is_empty());
        let allow = quote!(#[allow(deprecated)]);
        Self {
            service,
            names: Names::of(service),
            private: quote!(#runtime::__private),
            runtime,
            deprecated,
            names_trait: is_deprecated.then(|| allow.clone()),
            names_methods: (is_deprecated || has_deprecated).then_some(allow),
        }
    }
}
