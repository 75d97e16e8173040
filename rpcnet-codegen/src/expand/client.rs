//! The typed client.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

use super::Context;
use super::apart::Place;
use crate::model::{Argument, Method, Output, Requests, Shape};
use crate::names::generated;
use crate::stream::result_types;

/// As many inputs as clippy likes by default.
const MANY_ARGUMENTS: usize = 7;

pub(super) fn expand(context: &Context<'_>) -> TokenStream {
    let Context { service, names, runtime, private, deprecated, names_methods, .. } = context;
    let (place, channel) = (Place::of(context, &names.client), &names.channel);
    let documentation = format!(
        " Calls {}: [`connect`](Self::connect) it to a server, or have it call through a channel by [`new`](Self::new).",
        place.link(),
    );
    let attributes = quote! {
        #[doc = #documentation]
        #(#deprecated)*
        #[derive(#private::Clone, #private::Debug)]
        #[allow(dead_code)]
    };
    let parameters = quote!(<#channel = #runtime::Client>);
    let item = place.item(&attributes, &parameters, &quote!(caller: #private::Caller<#channel>,));
    let client = place.path();
    let connect = connect(context, &client);
    let constructors = constructors(context);
    let methods = service.methods.iter().enumerate().map(|(place, method)| call(context, place, method));
    quote! {
        #item

        #connect

        #[allow(dead_code)]
        #names_methods
        impl<#channel: #private::Channel> #client<#channel> {
            #constructors
            #(#methods)*
        }
    }
}

fn connect(context: &Context<'_>, client: &TokenStream) -> TokenStream {
    let Context { service, private, names_trait, .. } = context;
    let visibility = &service.original.vis;
    quote! {
        #[allow(dead_code)]
        #names_trait
        impl #client {
            /// Connects to a server.
            ///
            /// # Errors
            ///
            /// What kept the connection from being made.
            ///
            /// # Panics
            ///
            /// Outside of a tokio runtime.
            ///
            /// # Cancel safety
            ///
            /// Dropped before its end, the attempt is given up.
            #visibility fn connect(
                target: impl #private::Into<#private::Target>,
                config: #private::ClientConfig,
            ) -> impl #private::Future<Output = #private::Result<Self, #private::RpcError>> + #private::Send {
                let target: #private::Target = #private::Into::into(target);
                async move {
                    #private::Result::map(#private::Client::connect(target, config).await, Self::new)
                }
            }
        }
    }
}

fn constructors(context: &Context<'_>) -> TokenStream {
    let Context { service, names, private, .. } = context;
    let (visibility, channel) = (&service.original.vis, &names.channel);
    quote! {
        /// A client that sends its calls to `channel`.
        #[must_use]
        #visibility fn new(channel: #channel) -> Self {
            Self { caller: #private::Caller::new(channel) }
        }

        /// The same client, each call of which ends within `deadline`; more than 30 days count as those.
        #[must_use]
        #visibility fn with_deadline(&self, deadline: #private::Duration) -> Self {
            Self { caller: #private::Caller::with_deadline(&self.caller, deadline) }
        }

        /// The same client, each call of which takes `metadata` along.
        #[must_use]
        #visibility fn with_metadata(&self, metadata: #private::Metadata) -> Self {
            Self { caller: #private::Caller::with_metadata(&self.caller, metadata) }
        }

        /// The same client, which leaves the metadata of each answer in `answered`.
        #[must_use]
        #visibility fn with_answer_metadata(&self, answered: &#private::AnswerMetadata) -> Self {
            Self { caller: #private::Caller::with_answer_metadata(&self.caller, answered) }
        }
    }
}

fn call(context: &Context<'_>, place: usize, method: &Method) -> TokenStream {
    let Context { service, names, private, .. } = context;
    let (visibility, table) = (&service.original.vis, &names.methods);
    let attributes = &method.attributes;
    let (cfgs, deprecated, allows) = (&attributes.cfgs, &attributes.deprecated, &attributes.allows);
    let documentation = documentation(context, method);
    let ident = generated(method.ident());
    let (arguments, types): (Vec<_>, Vec<_>) =
        method.arguments.iter().map(|argument| (&argument.name, &argument.original.ty)).unzip();

    // The trait's method has been told already.
    let many =
        (method.original.sig.inputs.len() > MANY_ARGUMENTS).then(|| quote!(#[allow(clippy::too_many_arguments)]));
    let (call, place) = (entry(method.shape()), Literal::usize_unsuffixed(place));
    let future = future(context, &place, method);
    let (mut generics, mut requests, mut stream, mut stream_type) = (None, None, None, None);
    if let Some(Requests { argument: Argument { name, .. }, item }) = &method.requests {
        let parameter = &names.requests;
        generics = Some(quote!(<#parameter: #private::Requests<#item>>));
        requests = Some(quote!(#name: #parameter,));
        stream_type = Some(quote!(, #parameter));
        stream = Some(quote!(, #name));
    }
    quote! {
        #documentation
        #(#cfgs)*
        #(#deprecated)*
        #(#allows)*
        #many
        #visibility fn #ident #generics(
            &self,
            #(#arguments: #types,)*
            #requests
        ) -> #future {
            self.caller.#call::<#table, #place #stream_type>(&#table::#ident, (#(#arguments,)*) #stream)
        }
    }
}

/// What the caller awaits: it borrows nothing, so it can be spawned.
fn future(context: &Context<'_>, place: &Literal, method: &Method) -> TokenStream {
    let Context { names, private, .. } = context;
    let (channel, table) = (&names.channel, &names.methods);
    let requests = method.requests.as_ref().map(|_| &names.requests).into_iter();
    let result = match &method.output {
        Output::Value(_) => quote!(CallResult),
        Output::Stream(_) => quote!(StreamResult),
    };
    let output = match method.output.responded() {
        output if result_types(output).is_some() => output.to_token_stream(),
        // What may be no `Result` has been told of in the signature, and is not told of again.
        _ => quote!(#private::OutputOf<#table, #place>),
    };
    quote! {
        impl #private::Future<Output = #private::#result<#output>> + #private::Send + use<#channel #(, #requests)*>
    }
}

/// The runtime's function for methods of this shape.
fn entry(shape: Shape) -> TokenStream {
    match shape {
        Shape::Unary => quote!(unary),
        Shape::ServerStreaming => quote!(server_streaming),
        Shape::ClientStreaming => quote!(client_streaming),
        Shape::Bidirectional => quote!(bidirectional),
    }
}

/// The user's documentation, after a line that stands in for it where it is missing or depends on a condition.
fn documentation(context: &Context<'_>, method: &Method) -> TokenStream {
    let docs = &method.attributes.docs;
    let is_documented = docs.iter().any(|attribute| attribute.path().is_ident("doc"));
    let line = (!is_documented).then(|| {
        let line = format!(" Calls `{}.{}`.", context.service.wire_name(), method.wire_name());
        quote!(#[doc = #line])
    });
    quote!(#line #(#docs)*)
}
