//! The trait that servers implement: the user's own, its methods returning futures that can be sent.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Type, parse_quote_spanned};

use super::Context;
use crate::model::{Method, Output};
use crate::names::{generated_at, located};
use crate::stream;

pub(super) fn expand(context: &Context<'_>) -> TokenStream {
    let Context { service, names, private, names_trait, .. } = context;
    let original = &service.original;
    let (attributes, visibility, token) = (&original.attrs, &original.vis, original.trait_token);
    let (name, handler) = (&original.ident, &names.handler);
    let supertraits = &original.supertraits;
    let plus = (!supertraits.is_empty() && !supertraits.trailing_punct()).then(|| quote!(+));
    let clause = &original.generics.where_clause;
    let methods = service.methods.iter().map(|method| signature(private, method));
    let documentation = format!(" Another name for [`{}`], the trait that a server implements.", name.unraw());
    quote! {
        #(#attributes)*
        #visibility #token #name: #supertraits #plus #private::Send + #private::Sync + 'static #clause {
            #(#methods)*
        }

        #[doc = #documentation]
        #[allow(unused_imports)]
        #names_trait
        #visibility use #name as #handler;
    }
}

/// `async fn` in a trait promises no `Send`, which the server needs to run handlers on any thread.
fn signature(private: &TokenStream, method: &Method) -> TokenStream {
    let attributes = &method.attributes.kept;
    let signature = &method.original.sig;
    let (token, ident, inputs) = (signature.fn_token, &signature.ident, &signature.inputs);
    let semicolon = method.original.semi_token;
    // A handler that cannot be sent is shown the method that asks for it.
    let span = generated_at(signature.asyncness.span());
    let output = output(private, &method.output);
    let private = located(private, span);
    // Lints of signatures point from the user's first token to the last: at what the user wrote, rather than at the macro.
    let (first, last) = ends(method.original.sig.output.to_token_stream());
    let (opaque, close) = (quote_spanned!(first=> impl), quote_spanned!(last=> >));
    let future = quote_spanned!(span=> #opaque #private::Send + #private::Future<Output = #output #close);
    quote! {
        #(#attributes)*
        #token #ident(#inputs) -> #future #semicolon
    }
}

/// Where the first and the last of `tokens` are.
fn ends(tokens: TokenStream) -> (Span, Span) {
    let mut tokens = tokens.into_iter();
    let first = tokens.next();
    let last = tokens.last().or_else(|| first.clone()).map(|token| match token {
        TokenTree::Group(group) => group.span_close(),
        token => token.span(),
    });
    (first.map_or_else(Span::call_site, |token| token.span()), last.unwrap_or_else(Span::call_site))
}

/// What the future resolves to. A stream is driven where the handler ran, so it is sent along.
fn output(private: &TokenStream, output: &Output) -> Type {
    match output {
        Output::Value(output) => Type::clone(output),
        Output::Stream(responses) => {
            let mut output = responses.original.clone();
            if let Some(stream) = stream::responses_mut(&mut output) {
                let span = generated_at(stream.span());
                let private = located(private, span);
                stream.bounds.push(parse_quote_spanned!(span=> #private::Send));
            }
            output
        }
    }
}
