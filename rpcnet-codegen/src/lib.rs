//! The expansion of `#[rpcnet::service]`: a trait goes in, the trait that servers implement, a
//! typed client, a server and a table of methods come out.
//!
//! Tokens in, tokens out: nothing here reads or writes a file, and nothing needs `proc_macro`, so
//! the macro and a generator that writes files share this crate. The passes, in order:
//!
//! | pass | what it does |
//! |---|---|
//! | `parse` | reads the trait with the full grammar of Rust, and the options by `attr`, into the `model` |
//! | `check` | refuses what cannot be served, one function a rule, each at the user's token |
//! | `expand` | writes the items; relies on `check` having passed |
//!
//! Every mistake in a trait is reported by one run: `errors` collects between the passes.

mod attr;
mod check;
mod duration;
mod errors;
mod expand;
mod model;
mod names;
mod parse;
mod passthrough;
mod recover;
mod stream;

use proc_macro2::TokenStream;
use quote::{ToTokens, TokenStreamExt};

use crate::errors::Errors;
use crate::expand::fallback;
use crate::model::Service;
use crate::names::Names;

/// Expands `#[rpcnet::service(attribute)] item`.
///
/// Never fails: what is wrong becomes `compile_error!` at the tokens that are wrong, beside a
/// skeleton that keeps the rest of the user's crate from failing for the lack of the items.
#[must_use]
pub fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    match run(attribute, item.clone()) {
        Ok(expansion) => expansion.into_token_stream(),
        Err(Refusal { error, service: Some(service) }) => fallback::skeleton(&service, &error),
        Err(Refusal { error, service: None }) => refused(&error, item),
    }
}

/// What is no service at all stays what it is.
fn refused(error: &syn::Error, item: TokenStream) -> TokenStream {
    let mut tokens = error.to_compile_error();
    tokens.extend(item);
    tokens
}

/// Expands `#[rpcnet::service(attribute)] item` for an editor, which asks while the trait is being written: the errors,
/// and beside them all that the methods without one expand to.
///
/// For rustc, [`expand`] is better: it leaves nothing that could lead to further errors.
#[must_use]
pub fn expand_in_editor(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut service = match parse::service(attribute, item.clone(), &mut errors) {
        Ok(service) => service,
        Err(error) => return refused(&error, item),
    };
    check::service(&service, &mut errors);
    let names = Names::of(&service);
    service.methods.retain(|method| {
        let mut of_method = Errors::default();
        check::method(&names, method, &mut of_method);
        errors.take(of_method)
    });
    let mut tokens = expand::service(&service).into_token_stream();
    if let Err(error) = errors.propagate() {
        tokens.extend(error.into_compile_error());
    }
    tokens
}

/// Expands `#[rpcnet::service(attribute)] item` for a caller that writes the parts to several places.
///
/// # Errors
///
/// All mistakes of the trait, combined into one error: each stands at its token, and
/// [`syn::Error::into_iter`] takes them apart.
pub fn expand_service(attribute: TokenStream, item: TokenStream) -> syn::Result<Expansion> {
    run(attribute, item).map_err(|refusal| refusal.error)
}

/// What a service's trait expands to, part by part. The parts name each other's items, so they
/// share a module or import one another.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// The trait that servers implement, and its second name.
    pub handler: TokenStream,
    /// The table of methods, which client and server share.
    pub methods: TokenStream,
    /// The typed client.
    pub client: TokenStream,
    /// The server, which dispatches calls to the trait.
    pub server: TokenStream,
}

impl ToTokens for Expansion {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all([&self.handler, &self.methods, &self.client, &self.server]);
    }
}

/// Why there is no expansion, and the service as far as it could be read.
struct Refusal {
    error: syn::Error,
    service: Option<Box<Service>>,
}

fn run(attribute: TokenStream, item: TokenStream) -> Result<Expansion, Refusal> {
    let mut errors = Errors::default();
    let service = parse::service(attribute, item, &mut errors).map_err(|error| Refusal { error, service: None })?;
    check::run(&service, &mut errors);
    match errors.propagate() {
        Ok(()) => Ok(expand::service(&service)),
        Err(error) => Err(Refusal { error, service: Some(Box::new(service)) }),
    }
}
