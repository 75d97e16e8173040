//! Refuses what would mean something else in the generated files than where the definition stands.
//!
//! Each rule reports at the token that is to be changed, and says what to write instead.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{FnArg, Item, ItemTrait, TraitItem, Visibility};

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(earlier) => earlier.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn at(&mut self, span: Span, message: &str) {
        self.push(syn::Error::new(span, message));
    }

    pub(crate) fn into_result(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// What holds for every item of a definition.
pub(crate) fn item(item: &Item, mistakes: &mut Mistakes) {
    leaving_path(item.to_token_stream(), 0, mistakes);
    module_file(item, mistakes);
    part_name(item, mistakes);
}

/// What holds for a service; `private` are the names that `types.rs` keeps to itself.
pub(crate) fn service(service: &ItemTrait, private: &[Ident], mistakes: &mut Mistakes) {
    private_service(service, mistakes);
    conditional_service(service, mistakes);
    for item in &service.items {
        if let TraitItem::Fn(method) = item {
            let inputs = method.sig.inputs.iter().filter_map(|input| match input {
                FnArg::Typed(typed) => Some(typed.ty.to_token_stream()),
                FnArg::Receiver(_) => None,
            });
            inputs.chain([method.sig.output.to_token_stream()]).for_each(|ty| private_type(ty, private, mistakes));
        }
    }
}

/// A path out of the definition would start from another module in the generated files.
fn leaving_path(tokens: TokenStream, depth: usize, mistakes: &mut Mistakes) {
    let mut climbed = 0;
    let mut first: Option<Span> = None;
    let mut in_module = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(ident) if ident == "super" => {
                climbed += 1;
                let start = *first.get_or_insert(ident.span());
                if climbed == depth + 1 {
                    let message = "this path leaves the file, and generated code stands elsewhere: \
                         write it from `crate::`, or `pub(crate)`";
                    mistakes.at(start, message);
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            TokenTree::Group(group) => {
                let deeper = usize::from(in_module && group.delimiter() == Delimiter::Brace);
                leaving_path(group.stream(), depth + deeper, mistakes);
                (climbed, first, in_module) = (0, None, false);
            }
            TokenTree::Ident(ident) => {
                in_module = ident == "mod" || in_module;
                (climbed, first) = (0, None);
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => (climbed, first, in_module) = (0, None, false),
        }
    }
}

/// The file of a module is looked for beside the file that names it.
fn module_file(item: &Item, mistakes: &mut Mistakes) {
    if let Item::Mod(module) = item
        && module.content.is_none()
    {
        let message = "the module's file would be looked for beside the generated one: declare it elsewhere, \
             and import what is needed by `use crate::..`";
        mistakes.at(module.ident.span(), message);
    }
}

/// The generated modules have names of their own.
fn part_name(item: &Item, mistakes: &mut Mistakes) {
    if let Item::Mod(module) = item
        && ["client", "server", "types"].iter().any(|part| module.ident == part)
    {
        mistakes.at(module.ident.span(), "a generated module has this name: choose another one");
    }
}

fn private_service(service: &ItemTrait, mistakes: &mut Mistakes) {
    if let Visibility::Inherited = service.vis {
        let message = "generated code stands in a module of its own, where a private trait is out of reach: \
             write `pub trait`, or `pub(crate) trait`";
        mistakes.at(service.trait_token.span, message);
    }
}

fn conditional_service(service: &ItemTrait, mistakes: &mut Mistakes) {
    for attribute in &service.attrs {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            let message = "the trait is one of several items in several files: put the condition on the `mod` that \
                 mounts the generated module";
            mistakes.push(syn::Error::new_spanned(attribute, message));
        }
    }
}

/// The types of the methods are named in `client.rs` and `server.rs`.
fn private_type(tokens: TokenStream, private: &[Ident], mistakes: &mut Mistakes) {
    let mut is_first = true;
    for token in tokens {
        match &token {
            TokenTree::Ident(ident) if is_first && private.contains(ident) => {
                let message = format!(
                    "`{ident}` is private to the generated `types.rs`, and client and server name it: make it \
                     `pub` or `pub(crate)`"
                );
                mistakes.at(ident.span(), &message);
            }
            TokenTree::Group(group) => private_type(group.stream(), private, mistakes),
            _ => {}
        }
        // `other::Name` is another name, and `self::Name` is not.
        is_first = match token {
            TokenTree::Punct(punct) => punct.as_char() != ':' || is_first,
            TokenTree::Ident(ident) => ident == "self",
            TokenTree::Group(_) | TokenTree::Literal(_) => true,
        };
    }
}
