//! The typed client.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::Context;
use crate::model::Method;
use crate::names::{generated, generated_at};

pub(super) fn expand(context: &Context<'_>) -> TokenStream {
    let Context { service, names, runtime, private, allow_deprecated, .. } = context;
    let (visibility, client, channel) = (&service.original.vis, &names.client, &names.channel);
    let deprecated = context.service.original.attrs.iter().filter(|attribute| attribute.path().is_ident("deprecated"));
    let documentation = format!(
        "Calls [`{service}`]: [`connect`](Self::connect) to a server, or send to any channel by [`new`](Self::new).",
        service = names.service,
    );
    let connect = connect(context);
    let constructors = constructors(context);
    let methods = service.methods.iter().map(|method| call(context, method));
    quote! {
        #[doc = #documentation]
        #(#deprecated)*
        #[derive(#private::Clone, #private::Debug)]
        #[allow(dead_code)]
        #visibility struct #client<#channel = #runtime::Client> {
            caller: #private::Caller<#channel>,
        }

        #connect

        #[allow(dead_code)]
        #allow_deprecated
        impl<#channel: #private::Channel> #client<#channel> {
            #constructors
            #(#methods)*
        }
    }
}

fn connect(context: &Context<'_>) -> TokenStream {
    let Context { service, names, private, allow_deprecated, .. } = context;
    let (visibility, client) = (&service.original.vis, &names.client);
    quote! {
        #[allow(dead_code)]
        #allow_deprecated
        impl #client {
            /// Connects to a server.
            ///
            /// # Errors
            ///
            /// What kept the connection from being made.
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

        /// The same client, each call of which ends within `deadline`.
        #[must_use]
        #visibility fn with_deadline(&self, deadline: #private::Duration) -> Self {
            Self { caller: #private::Caller::with_deadline(&self.caller, deadline) }
        }
    }
}

fn call(context: &Context<'_>, method: &Method) -> TokenStream {
    let Context { service, names, private, .. } = context;
    let (visibility, channel, table) = (&service.original.vis, &names.channel, &names.methods);
    let attributes = &method.attributes;
    let (cfgs, deprecated, allows) = (&attributes.cfgs, &attributes.deprecated, &attributes.allows);
    let documentation = documentation(context, method);
    let ident = generated(method.ident());
    let output = &method.output;
    let (arguments, types): (Vec<_>, Vec<_>) =
        method.arguments.iter().map(|argument| (&argument.name, &argument.original.ty)).unzip();
    // Types that cannot travel are reported where the user wrote them.
    let result = quote_spanned!(generated_at(output.span())=> #private::CallResult<#output>);
    let unary = quote_spanned!(generated_at(output.span())=> unary::<_, #output>);
    quote! {
        #documentation
        #(#cfgs)*
        #(#deprecated)*
        #(#allows)*
        #visibility fn #ident(
            &self,
            #(#arguments: #types,)*
        ) -> impl #private::Future<Output = #result> + #private::Send + use<#channel> {
            self.caller.#unary(&#table::#ident, (#(#arguments,)*))
        }
    }
}

/// The user's documentation, or a line in place of it.
fn documentation(context: &Context<'_>, method: &Method) -> TokenStream {
    let docs = &method.attributes.docs;
    if !docs.is_empty() {
        return quote!(#(#docs)*);
    }
    let line = format!("Calls `{}.{}`.", context.service.wire_name(), method.wire_name());
    quote!(#[doc = #line])
}
