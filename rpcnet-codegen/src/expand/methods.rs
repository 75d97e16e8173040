//! The table of methods, which client and server share.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::Context;
use crate::duration::Duration;
use crate::model::{Method, Shape};
use crate::names::{generated, located};
use crate::stream::result_types;

pub(super) fn expand(context: &Context<'_>) -> TokenStream {
    let Context { service, names, private, names_methods, .. } = context;
    let (visibility, table) = (&service.original.vis, &names.methods);
    let wire_name = service.wire_name();
    let constants = service.methods.iter().map(|method| constant(context, &wire_name, method));
    let entries = service.methods.iter().map(|method| {
        let (cfgs, ident) = (&method.attributes.cfgs, generated(method.ident()));
        quote!(#(#cfgs)* Self::#ident)
    });
    let signatures = service.methods.iter().enumerate().map(|(place, method)| signature(context, place, method));
    let warnings = service.methods.iter().map(super::warnings::expand);
    let documentation = format!(" The methods of [`{}`], as they are named on the wire.", names.service.unraw());
    let table_documentation = format!(" All methods of `{wire_name}`.");
    // Nothing is derived: a name that is taken would be one error more for each trait.
    quote! {
        #[doc = #documentation]
        #[allow(dead_code)]
        #visibility struct #table;

        #[allow(dead_code, non_upper_case_globals)]
        #names_methods
        impl #table {
            #(#constants)*

            #[doc = #table_documentation]
            #visibility const SERVICE: #private::ServiceDescriptor =
                #private::ServiceDescriptor::new(#wire_name, &[#(#entries),*]);
        }

        #(#signatures)*

        #(#warnings)*
    }
}

fn constant(context: &Context<'_>, service: &str, method: &Method) -> TokenStream {
    let Context { private, .. } = context;
    let visibility = &context.service.original.vis;
    let (cfgs, deprecated) = (&method.attributes.cfgs, &method.attributes.deprecated);
    let ident = generated(method.ident());
    let wire_name = format!("{service}.{}", method.wire_name());
    let arguments = method.arguments.iter().map(|argument| argument.name.unraw().to_string());
    let (shape, options) = (shape(method), options(private, method));
    let documentation = format!(" `{wire_name}`");
    quote! {
        #[doc = #documentation]
        #(#cfgs)*
        #(#deprecated)*
        #visibility const #ident: #private::Method =
            #private::Method::new(#wire_name, &[#(#arguments),*])#shape #options;
    }
}

/// The method's types. That they can travel is asked for here and nowhere else, so that a type that
/// cannot is reported once, where the user wrote it.
fn signature(context: &Context<'_>, place: usize, method: &Method) -> TokenStream {
    let Context { names, private, .. } = context;
    let (cfgs, table) = (&method.attributes.cfgs, &names.methods);
    let (place, output) = (Literal::usize_unsuffixed(place), method.output.responded());
    let arguments = method.arguments.iter().map(|argument| &argument.original.ty);
    let requests = method.requests.iter().map(|requests| &requests.argument.original.ty);
    let fits = fits(private, method);
    quote! {
        #(#cfgs)*
        impl #private::Signature<#place> for #table {
            type Types = #private::Checked<((#(#arguments,)*), #(#requests,)* #output), { #fits }>;
        }
    }
}

/// Asks whether each type of the method fits. Each stands in parentheses: after a `>`, a comma would be read as one token
/// with it or as two, depending on how it was printed.
fn fits(private: &TokenStream, method: &Method) -> TokenStream {
    let arguments = method.arguments.iter().map(|argument| argument.original.ty.to_token_stream());
    let requests = method.requests.as_ref().map(|requests| requests.item.to_token_stream());
    let types = arguments.chain(requests).chain(results(private, method.output.responded()));
    let stream = method.requests.as_ref().map(|requests| {
        let ty = &requests.argument.original.ty;
        quote!(; (#ty))
    });
    quote!(#private::fits!(#((#types))* #stream))
}

/// The two types of a `Result`.
fn results(private: &TokenStream, output: &Type) -> [TokenStream; 2] {
    if let Some((value, error)) = result_types(output) {
        return [value.to_token_stream(), error.to_token_stream()];
    }
    // Of an alias, rustc knows what it stands for.
    let (span, private) = (output.span(), located(private, output.span()));
    let part = |name| quote_spanned!(span=> <#output as #private::Outcome>::#name);
    [part(quote_spanned!(span=> Ok)), part(quote_spanned!(span=> Error))]
}

fn shape(method: &Method) -> Option<TokenStream> {
    match method.shape() {
        Shape::Unary => None,
        Shape::ServerStreaming => Some(quote!(.server_streaming())),
        Shape::ClientStreaming => Some(quote!(.client_streaming())),
        Shape::Bidirectional => Some(quote!(.bidirectional())),
    }
}

fn options(private: &TokenStream, method: &Method) -> TokenStream {
    let idempotent = method.options.idempotent.is_some().then(|| quote!(.idempotent()));
    let deadline = method.options.deadline.map(|deadline| {
        let duration = duration(private, deadline);
        quote!(.deadline(#duration))
    });
    let no_cancel = method.options.no_cancel.then(|| quote!(.no_cancel()));
    quote!(#idempotent #deadline #no_cancel)
}

/// In the largest unit that fits, as people would write it.
fn duration(private: &TokenStream, Duration { micros }: Duration) -> TokenStream {
    let fitting = UNITS.iter().find(|(unit, _)| micros.is_multiple_of(*unit));
    let (unit, constructor) = fitting.copied().unwrap_or((1, "from_micros"));
    let (constructor, count) = (format_ident!("{constructor}"), Literal::u64_unsuffixed(micros / unit));
    quote!(#private::Duration::#constructor(#count))
}

/// In microseconds, the largest first.
const UNITS: [(u64, &str); 4] =
    [(3_600_000_000, "from_hours"), (60_000_000, "from_mins"), (1_000_000, "from_secs"), (1_000, "from_millis")];
