//! The server: takes calls apart and hands them to the trait.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::Context;
use crate::model::Method;
use crate::names::{Names, generated, generated_at};

pub(super) fn expand(context: &Context<'_>) -> TokenStream {
    let Context { service, names, private, .. } = context;
    let (visibility, name, server, implementor) =
        (&service.original.vis, &names.service, &names.server, &names.implementor);
    let deprecated = context.service.original.attrs.iter().filter(|attribute| attribute.path().is_ident("deprecated"));
    let documentation = format!("Serves a [`{name}`].");
    let constructors = constructors(context);
    let dispatch = dispatch(context);
    quote! {
        #[doc = #documentation]
        #(#deprecated)*
        #[derive(#private::Debug)]
        #[allow(dead_code)]
        #visibility struct #server<#implementor> {
            handler: #private::Arc<#implementor>,
        }

        #constructors

        #dispatch
    }
}

fn constructors(context: &Context<'_>) -> TokenStream {
    let Context { service, names, private, allow_deprecated, .. } = context;
    let (visibility, name, server, implementor) =
        (&service.original.vis, &names.service, &names.server, &names.implementor);
    quote! {
        #[allow(dead_code)]
        #allow_deprecated
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
            /// What kept the server from starting, or made it stop.
            #visibility fn serve(
                self,
                config: #private::ServerConfig,
            ) -> impl #private::Future<Output = #private::Result<(), #private::RpcError>> + #private::Send {
                #private::serve(self, config)
            }
        }

        #allow_deprecated
        impl<#implementor> #private::Clone for #server<#implementor> {
            fn clone(&self) -> Self {
                Self { handler: #private::Arc::clone(&self.handler) }
            }
        }
    }
}

fn dispatch(context: &Context<'_>) -> TokenStream {
    let Context { service, names, private, allow_deprecated, .. } = context;
    let (name, server, implementor, table) = (&names.service, &names.server, &names.implementor, &names.methods);
    let arms = service.methods.iter().map(|method| arm(context, method));
    quote! {
        #allow_deprecated
        impl<#implementor: #name> #private::Service for #server<#implementor> {
            const DESCRIPTOR: &'static #private::ServiceDescriptor = &#table::SERVICE;

            fn call(
                self,
                call: #private::IncomingCall,
            ) -> impl #private::Future<Output = #private::Reply> + #private::Send {
                async move {
                    #(#arms)*
                    call.unknown_method()
                }
            }
        }
    }
}

fn arm(context: &Context<'_>, method: &Method) -> TokenStream {
    let Names { service, methods, implementor, .. } = &context.names;
    let (cfgs, allows) = (&method.attributes.cfgs, &method.attributes.allows);
    let ident = generated(method.ident());
    let (arguments, types): (Vec<_>, Vec<_>) =
        method.arguments.iter().map(|argument| (&argument.name, &argument.original.ty)).unzip();
    // Types that cannot travel are reported where the user wrote them.
    let unary = quote_spanned!(generated_at(method.output.span())=> unary);
    quote! {
        #(#cfgs)*
        #(#allows)*
        if call.is(&#methods::#ident) {
            let handle = |(#(#arguments,)*): (#(#types,)*)| <#implementor as #service>::#ident(&self.handler, #(#arguments),*);
            return call.#unary(&#methods::#ident, handle).await;
        }
    }
}
