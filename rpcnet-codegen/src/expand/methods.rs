//! The table of methods, which client and server share.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::Context;
use crate::duration::Duration;
use crate::model::Method;
use crate::names::generated;

pub(super) fn expand(context: &Context<'_>) -> TokenStream {
    let Context { service, names, private, allow_deprecated, .. } = context;
    let (visibility, table) = (&service.original.vis, &names.methods);
    let wire_name = service.wire_name();
    let constants = service.methods.iter().map(|method| constant(context, &wire_name, method));
    let entries = service.methods.iter().map(|method| {
        let (cfgs, ident) = (&method.attributes.cfgs, generated(method.ident()));
        quote!(#(#cfgs)* Self::#ident)
    });
    let documentation = format!("The methods of [`{}`], as they are named on the wire.", names.service);
    let table_documentation = format!("All methods of `{wire_name}`.");
    quote! {
        #[doc = #documentation]
        #[derive(#private::Debug)]
        #[allow(dead_code)]
        #visibility struct #table;

        #[allow(dead_code, non_upper_case_globals)]
        #allow_deprecated
        impl #table {
            #(#constants)*

            #[doc = #table_documentation]
            #visibility const SERVICE: #private::ServiceDescriptor =
                #private::ServiceDescriptor::new(#wire_name, &[#(#entries),*]);
        }
    }
}

fn constant(context: &Context<'_>, service: &str, method: &Method) -> TokenStream {
    let Context { private, .. } = context;
    let visibility = &context.service.original.vis;
    let (cfgs, deprecated) = (&method.attributes.cfgs, &method.attributes.deprecated);
    let ident = generated(method.ident());
    let wire_name = format!("{service}.{}", method.wire_name());
    let arguments = method.arguments.iter().map(|argument| argument.name.unraw().to_string());
    let options = options(private, method);
    let documentation = format!("`{wire_name}`");
    quote! {
        #[doc = #documentation]
        #(#cfgs)*
        #(#deprecated)*
        #visibility const #ident: #private::Method =
            #private::Method::new(#wire_name, &[#(#arguments),*])#options;
    }
}

fn options(private: &TokenStream, method: &Method) -> TokenStream {
    let idempotent = method.options.idempotent.then(|| quote!(.idempotent()));
    let deadline = method.options.deadline.map(|deadline| {
        let duration = duration(private, deadline);
        quote!(.deadline(#duration))
    });
    let no_cancel = method.options.no_cancel.then(|| quote!(.no_cancel()));
    quote!(#idempotent #deadline #no_cancel)
}

fn duration(private: &TokenStream, Duration { micros }: Duration) -> TokenStream {
    if micros.is_multiple_of(1_000) {
        let millis = micros / 1_000;
        quote!(#private::Duration::from_millis(#millis))
    } else {
        quote!(#private::Duration::from_micros(#micros))
    }
}
