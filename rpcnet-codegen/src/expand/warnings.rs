//! Warns of types that travel, but not as their user may think.
//!
//! A macro has no warnings of its own on stable Rust. A deprecated constant has one, in words of our choice, and is
//! silenced as other warnings are: by `#[allow(deprecated)]` on the method.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Type, TypePath};

use crate::model::Method;
use crate::names::generated_at;
use crate::stream::types;

/// A warning for each doubtful type in the signature of `method`.
pub(super) fn expand(method: &Method) -> TokenStream {
    let mut finder = Finder::default();
    for argument in &method.arguments {
        finder.visit_type(&argument.original.ty);
    }
    finder.visit_type(method.output.responded());
    method.requests.iter().for_each(|requests| finder.visit_type(&requests.item));
    finder.found.iter().map(|doubt| warning(method, doubt)).collect()
}

fn warning(method: &Method, Doubt { ty, note }: &Doubt<'_>) -> TokenStream {
    let (cfgs, allows) = (&method.attributes.cfgs, &method.attributes.allows);
    let usage = quote_spanned!(generated_at(ty.span())=> DOUBTFUL);
    quote! {
        #(#cfgs)*
        #(#allows)*
        const _: () = {
            #[deprecated(note = #note)]
            const DOUBTFUL: () = ();
            #usage
        };
    }
}

/// A type that travels, and what to know of it.
struct Doubt<'a> {
    ty: &'a TypePath,
    note: &'static str,
}

#[derive(Default)]
struct Finder<'a> {
    found: Vec<Doubt<'a>>,
}

impl<'a> Visit<'a> for Finder<'a> {
    fn visit_type_path(&mut self, ty: &'a TypePath) {
        let note = if ty.path.is_ident("usize") {
            Some("a `usize` of this machine may be too large for another one: write `u64`")
        } else if ty.path.is_ident("isize") {
            Some("an `isize` of this machine may be too large for another one: write `i64`")
        } else if is_nested_option(ty) {
            Some("`Some(None)` arrives as `None`: write an enum of the three cases")
        } else {
            None
        };
        match note {
            Some(note) => self.found.push(Doubt { ty, note }),
            None => visit::visit_type_path(self, ty),
        }
    }
}

/// `Option<Option<T>>` and `Option<()>`: both have two values that are encoded as nil.
fn is_nested_option(ty: &TypePath) -> bool {
    let Some(last) = ty.path.segments.last().filter(|last| last.ident == "Option") else { return false };
    types(last).any(|inner| match inner {
        Type::Path(inner) => inner.path.segments.last().is_some_and(|last| last.ident == "Option"),
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        _ => false,
    })
}
