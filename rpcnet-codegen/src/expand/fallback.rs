//! What stands in for the items of a trait that was refused.
//!
//! Without the items, whoever names `GreetingClient` gets an error of their own, that follows from
//! the first and says nothing new; with hollow items, whoever calls their methods does. An import
//! from a module that failed to expand is neither: rustc takes the names as given and asks nothing
//! of them. So the errors are put into a module, and the names are imported from it.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use crate::model::Service;
use crate::names::Names;

/// The errors, and the names of the items that there would have been.
pub(crate) fn skeleton(service: &Service, error: &syn::Error) -> TokenStream {
    let Names { service: name, handler, methods, client, server, .. } = Names::of(service);
    let visibility = &service.original.vis;
    let refused = format_ident!("__{}_refused", name.unraw());
    let errors = error.to_compile_error();
    quote! {
        #[allow(non_snake_case)]
        mod #refused { #errors }
        #visibility use #refused::{#name, #handler, #methods, #client, #server};
    }
}
