//! What is complete in a trait that does not parse.
//!
//! An editor expands the trait at every key that is pressed: a method that is half written must not take the others
//! along.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{ItemTrait, TraitItem};

/// The trait without the items that are not complete, if that is a trait.
pub(crate) fn complete(item: TokenStream) -> Option<ItemTrait> {
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    let Some(TokenTree::Group(body)) = tokens.pop() else { return None };
    if body.delimiter() != Delimiter::Brace {
        return None;
    }
    let head: TokenStream = tokens.into_iter().collect();
    let mut original: ItemTrait = syn::parse2(quote::quote!(#head {})).ok()?;
    original.items = ending(body.stream()).iter().filter_map(|item| parsed(item)).collect();
    Some(original)
}

/// The tokens up to each `;` and each body.
fn ending(body: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut items = vec![Vec::new()];
    for token in body {
        let is_end = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Ident(_) | TokenTree::Literal(_) => false,
        };
        if let Some(item) = items.last_mut() {
            item.push(token);
        }
        if is_end {
            items.push(Vec::new());
        }
    }
    items
}

/// The item that the tokens end in: what is before it may be the start of one that does not end.
fn parsed(tokens: &[TokenTree]) -> Option<TraitItem> {
    let from = |start| tokens.iter().skip(start).map(ToTokens::to_token_stream).collect::<TokenStream>();
    (0..tokens.len()).find_map(|start| match syn::parse2(from(start)) {
        Ok(TraitItem::Verbatim(_)) | Err(_) => None,
        Ok(item) => Some(item),
    })
}
