//! The identifiers that the expansion brings into the user's crate.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;

use crate::model::Service;

/// Methods of the generated client: a method of a service that had one of these names would be a second one.
pub(crate) const RESERVED_BY_CLIENT: [&str; 5] =
    ["new", "connect", "with_deadline", "with_metadata", "with_answer_metadata"];

/// The constant of the generated table that holds the whole table.
pub(crate) const TABLE: &str = "SERVICE";

/// The names of the items that one service expands to.
pub(crate) struct Names {
    pub(crate) service: Ident,
    pub(crate) handler: Ident,
    pub(crate) methods: Ident,
    pub(crate) client: Ident,
    pub(crate) server: Ident,
    /// The client's type parameter: where it sends.
    pub(crate) channel: Ident,
    /// A client method's type parameter: the stream of requests.
    pub(crate) requests: Ident,
    /// The server's type parameter: who handles the calls.
    pub(crate) implementor: Ident,
}

impl Names {
    pub(crate) fn of(service: &Service) -> Self {
        let (name, items) = (&service.original.ident, &service.options.items);
        let signatures: TokenStream =
            service.methods.iter().map(|method| method.original.sig.to_token_stream()).collect();
        Self {
            service: name.clone(),
            handler: at_attribute(&items.handler.clone().unwrap_or_else(|| beside(name, "Handler"))),
            methods: items.methods.as_ref().map_or_else(|| beside(name, "Methods"), generated),
            client: items.client.as_ref().map_or_else(|| beside(name, "Client"), generated),
            server: items.server.as_ref().map_or_else(|| beside(name, "Server"), generated),
            channel: unused("C", &signatures),
            requests: unused("S", &signatures),
            implementor: unused("H", &signatures),
        }
    }
}

/// `ident` as generated code spells it: shown to the user at the same place, but marked as
/// generated, so that lints of style look at the user's own spelling alone.
pub(crate) fn generated(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(generated_at(ident.span()));
    ident
}

/// A span at the user's token that is marked as generated.
pub(crate) fn generated_at(span: Span) -> Span {
    Span::call_site().located_at(span)
}

/// `tokens` with all spans at `span`: an error in them is shown there, rather than across all between there and the
/// attribute.
pub(crate) fn located(tokens: &TokenStream, span: Span) -> TokenStream {
    let located = tokens.clone().into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    located.collect()
}

/// The name of an item that stands beside the trait, spanned so that "go to definition" and a
/// clash with an item of the user lead to the trait.
fn beside(service: &Ident, suffix: &str) -> Ident {
    Ident::new(&format!("{}{suffix}", service.unraw()), generated_at(service.span()))
}

/// An import: where the user has an item of its name, rustc would suggest `as` at the name's place, which is the trait's.
pub(crate) fn at_attribute(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(Span::call_site());
    ident
}

/// `wanted`, lengthened until no signature mentions it: a type parameter would hide a type of the
/// user that has its name.
fn unused(wanted: &str, signatures: &TokenStream) -> Ident {
    let mut ident = format_ident!("{wanted}", span = Span::call_site());
    while mentions(signatures, &ident) {
        ident = format_ident!("{ident}_");
    }
    ident
}

fn mentions(tokens: &TokenStream, ident: &Ident) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(other) => other == *ident,
        TokenTree::Group(group) => mentions(&group.stream(), ident),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(signatures: &str, expected: &str) {
        let tokens = signatures.parse().unwrap_or_default();
        assert_eq!(unused("C", &tokens).to_string(), expected, "{signatures}");
    }

    #[test]
    fn a_type_parameter_gives_way_to_a_type_of_the_user() {
        check("fn f(a: A)", "C");
        check("fn f(a: C)", "C_");
        check("fn f(a: Vec<(C, C_)>)", "C__");
    }
}
