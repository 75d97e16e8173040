//! Reads the user's item into the model.
//!
//! The item is parsed with Rust's full grammar, wider than what a service may be: a narrower parser
//! would stop at the first thing that does not fit, in words about grammar.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident};
use syn::{
    Attribute, FnArg, GenericArgument, Item, ItemTrait, Pat, PatType, PathArguments, ReturnType, Signature, TraitItem,
    TraitItemFn, Type, TypeParamBound, parse_quote,
};

use crate::attr::{MethodOptions, ServiceOptions, is_rpc};
use crate::errors::Errors;
use crate::model::{Argument, Attributes, Method, Service, Shape};

/// Reads `#[rpcnet::service(attribute)] item`. Fails where there is no trait to speak of.
pub(crate) fn service(attribute: TokenStream, item: TokenStream, errors: &mut Errors) -> syn::Result<Service> {
    let original = match syn::parse2(item)? {
        Item::Trait(original) => original,
        other => return Err(not_a_trait(&other)),
    };
    let options = ServiceOptions::read(attribute, errors);
    let methods = methods(&original, errors);
    Ok(Service { original, options, methods })
}

fn not_a_trait(item: &Item) -> syn::Error {
    let (kind, tokens) = match item {
        Item::Struct(item) => ("a struct", item.struct_token.to_token_stream()),
        Item::Enum(item) => ("an enum", item.enum_token.to_token_stream()),
        Item::Fn(item) => ("a function", item.sig.fn_token.to_token_stream()),
        Item::Impl(item) => ("an implementation", item.impl_token.to_token_stream()),
        Item::Mod(item) => ("a module", item.mod_token.to_token_stream()),
        other => ("this item", other.into_token_stream()),
    };
    let message = format!(
        "a service is a trait, not {kind}: write `#[rpcnet::service]` on `pub trait MyService {{ .. }}` and implement that trait"
    );
    syn::Error::new_spanned(tokens, message)
}

fn methods(original: &ItemTrait, errors: &mut Errors) -> Vec<Method> {
    let functions = original.items.iter().filter_map(|item| match item {
        TraitItem::Fn(function) => Some(function),
        _ => None,
    });
    functions.map(|function| method(function.clone(), errors)).collect()
}

fn method(original: TraitItemFn, errors: &mut Errors) -> Method {
    let (rpc, _): (Vec<Attribute>, Vec<Attribute>) =
        original.attrs.iter().cloned().partition(|attribute| is_rpc(attribute.path()));
    Method {
        attributes: Attributes::sort(&original.attrs),
        options: MethodOptions::read(&rpc, errors),
        arguments: arguments(&original.sig),
        output: match &original.sig.output {
            ReturnType::Type(_, output) => Type::clone(output),
            ReturnType::Default => parse_quote!(()),
        },
        shape: shape(&original.sig),
        original,
    }
}

fn arguments(signature: &Signature) -> Vec<Argument> {
    let typed = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    });
    typed.enumerate().map(|(index, typed)| Argument { name: name(typed, index), original: typed.clone() }).collect()
}

fn name(argument: &PatType, index: usize) -> Ident {
    match &*argument.pat {
        Pat::Ident(pattern) => pattern.ident.clone(),
        _ => format_ident!("argument{index}"),
    }
}

fn shape(signature: &Signature) -> Shape {
    let inputs = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => request_stream(&typed.ty),
        FnArg::Receiver(_) => None,
    });
    let output = match &signature.output {
        ReturnType::Type(_, output) => response_stream(output),
        ReturnType::Default => None,
    };
    match inputs.chain(output).next() {
        Some(token) => Shape::Streaming { token },
        None => Shape::Unary,
    }
}

/// `Streaming<T>`
fn request_stream(argument: &Type) -> Option<TokenStream> {
    let last = match argument {
        Type::Path(path) => path.path.segments.last()?,
        Type::Group(group) => return request_stream(&group.elem),
        _ => return None,
    };
    let is_stream = last.ident == "Streaming" && matches!(last.arguments, PathArguments::AngleBracketed(_));
    is_stream.then(|| argument.to_token_stream())
}

/// `impl Stream`, alone or as `Result<impl Stream, E>`.
fn response_stream(output: &Type) -> Option<TokenStream> {
    match output {
        Type::ImplTrait(opaque) => opaque.bounds.iter().any(is_stream).then(|| output.to_token_stream()),
        Type::Group(group) => response_stream(&group.elem),
        Type::Path(path) => match &path.path.segments.last()?.arguments {
            PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(inner) => response_stream(inner),
                _ => None,
            }),
            PathArguments::None | PathArguments::Parenthesized(_) => None,
        },
        _ => None,
    }
}

fn is_stream(bound: &TypeParamBound) -> bool {
    match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|last| last.ident == "Stream"),
        _ => false,
    }
}
