//! The server: takes calls apart and hands them to the trait.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::Context;
use super::apart::Place;
use crate::model::{Method, Output, Shape};
use crate::names::{Names, generated, generated_at, located};

pub(super) fn expand(context: &Context<'_>) -> TokenStream {
    let Context { names, private, deprecated, .. } = context;
    let (place, implementor) = (Place::of(context, &names.server), &names.implementor);
    let documentation =
        format!(" Serves {}: give it to a server, or run it alone by [`serve`](Self::serve).", place.link());
    let attributes = quote! {
        #[doc = #documentation]
        #(#deprecated)*
        #[derive(#private::Debug)]
        #[allow(dead_code)]
    };
    let item = place.item(&attributes, &quote!(<#implementor>), &quote!(handler: #private::Arc<#implementor>,));
    let server = place.path();
    let constructors = constructors(context, &server);
    let dispatch = dispatch(context, &server);
    quote! {
        #item

        #constructors

        #dispatch
    }
}

fn constructors(context: &Context<'_>, server: &TokenStream) -> TokenStream {
    let Context { service, names, private, names_trait, .. } = context;
    let (visibility, name, implementor) = (&service.original.vis, &names.service, &names.implementor);
    quote! {
        #[allow(dead_code)]
        #names_trait
        impl<#implementor: #name> #server<#implementor> {
            /// Serves calls by `handler`.
            #[must_use]
            #visibility fn new(handler: #implementor) -> Self {
                Self::from_arc(#private::Arc::new(handler))
            }

            /// Serves calls by a `handler` that is shared with others.
            #[must_use]
            #visibility fn from_arc(handler: #private::Arc<#implementor>) -> Self {
                Self { handler }
            }

            /// Runs a server of this service alone, until it is stopped.
            ///
            /// # Errors
            ///
            /// What kept the server from starting. Its address is logged at the level `info`.
            #visibility fn serve(
                self,
                config: #private::ServerConfig,
            ) -> impl #private::Future<Output = #private::Result<(), #private::RpcError>> + #private::Send {
                #private::serve(self, config)
            }
        }

        #names_trait
        impl<#implementor> #private::Clone for #server<#implementor> {
            fn clone(&self) -> Self {
                Self { handler: #private::Arc::clone(&self.handler) }
            }
        }
    }
}

fn dispatch(context: &Context<'_>, server: &TokenStream) -> TokenStream {
    let Context { service, names, private, names_methods, .. } = context;
    let (name, implementor, table) = (&names.service, &names.implementor, &names.methods);
    let arms = service.methods.iter().enumerate().map(|(place, method)| arm(context, place, method));
    quote! {
        #names_methods
        impl<#implementor: #name> #private::Service for #server<#implementor> {
            const DESCRIPTOR: &'static #private::ServiceDescriptor = &#table::SERVICE;

            async fn call(self, call: #private::IncomingCall) -> #private::Reply {
                #(#arms)*
                call.unknown_method()
            }
        }
    }
}

fn arm(context: &Context<'_>, place: usize, method: &Method) -> TokenStream {
    let Names { service, methods, implementor, .. } = &context.names;
    let (cfgs, allows) = (&method.attributes.cfgs, &method.attributes.allows);
    let (place, ident) = (Literal::usize_unsuffixed(place), generated(method.ident()));
    let arguments: Vec<_> = method.arguments.iter().map(|argument| &argument.name).collect();
    let requests: Vec<_> = method.requests.iter().map(|requests| &requests.argument.name).collect();
    let call = match method.shape() {
        Shape::Unary => quote!(unary::<#methods, #place, _, _>),
        Shape::ServerStreaming => quote!(server_streaming::<#methods, #place, _, _, _>),
        Shape::ClientStreaming => quote!(client_streaming::<#methods, #place, _, _>),
        Shape::Bidirectional => quote!(bidirectional::<#methods, #place, _, _, _>),
    };
    // A stream that carries other errors than its method has is shown where the user wrote it.
    let span = match &method.output {
        Output::Value(_) => Span::call_site(),
        Output::Stream(responses) => generated_at(responses.original.span()),
    };
    let call = located(&call, span);
    let answer = quote_spanned!(span=> return call.#call(&#methods::#ident, handle).await;);
    quote! {
        #(#cfgs)*
        #(#allows)*
        if call.is(&#methods::#ident) {
            let handle = |(#(#arguments,)*) #(, #requests)*|
                <#implementor as #service>::#ident(&self.handler, #(#arguments,)* #(#requests)*);
            #answer
        }
    }
}
