//! Puts the client and the server into modules of their own, and imports them from there.
//!
//! A crate may well have a `GreetingServer` beside its trait `Greeting`. Were the generated struct beside it, every `impl`
//! of ours would be one of the user's struct: one clash of names, and an error for each of them. An import that clashes
//! is the one error that there is.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::Path;
use syn::ext::IdentExt;

use super::Context;
use crate::names::at_attribute;

/// Where a generated struct stands.
pub(super) struct Place<'a> {
    context: &'a Context<'a>,
    name: &'a Ident,
    /// `None`: beside the trait.
    module: Option<Ident>,
}

impl<'a> Place<'a> {
    pub(super) fn of(context: &'a Context<'a>, name: &'a Ident) -> Self {
        let is_relative = context.service.options.runtime.as_ref().is_some_and(is_relative);
        let module = (!is_relative).then(|| format_ident!("__{}", name.unraw(), span = Span::call_site()));
        Self { context, name, module }
    }

    /// The struct, as code beside the trait names it.
    pub(super) fn path(&self) -> TokenStream {
        let Self { name, module, .. } = self;
        let module = module.iter();
        quote!(#(#module::)* #name)
    }

    /// How documentation of the struct links to the trait.
    pub(super) fn link(&self) -> String {
        let service = self.context.names.service.unraw();
        match &self.module {
            Some(_) => format!("[`{service}`](super::{service})"),
            None => format!("[`{service}`]"),
        }
    }

    /// The struct with all that stands before and behind its visibility, and that of its field.
    pub(super) fn item(&self, attributes: &TokenStream, parameters: &TokenStream, field: &TokenStream) -> TokenStream {
        let Context { service, names_trait, .. } = self.context;
        let (visibility, name) = (&service.original.vis, self.name);
        let Some(module) = &self.module else {
            return quote!(#attributes #visibility struct #name #parameters { #field });
        };
        // By `as`, with a name of two places, rustc has none where it would propose an `as` of its own: amid the user's code.
        let import = at_attribute(name);
        quote! {
            #[allow(non_snake_case)]
            mod #module {
                #attributes
                pub struct #name #parameters {
                    pub(super) #field
                }
            }

            #[allow(unused_imports)]
            #names_trait
            #visibility use #module::#name as #import;
        }
    }
}

/// Whether a path may mean something else in a module further down.
fn is_relative(path: &Path) -> bool {
    path.leading_colon.is_none() && path.segments.first().is_none_or(|first| first.ident != "crate")
}
