//! Reads the user's item into the model.
//!
//! The item is parsed with Rust's full grammar, wider than what a service may be: a narrower parser
//! would stop at the first thing that does not fit, in words about grammar.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident};
use syn::{
    Attribute, FnArg, Item, ItemTrait, Pat, PatType, ReturnType, Signature, TraitItem, TraitItemFn, Type, parse_quote,
};

use crate::attr::{MethodOptions, ServiceOptions, is_rpc};
use crate::errors::Errors;
use crate::model::{Argument, Attributes, Method, Output, Requests, Responses, Service};
use crate::{recover, stream};

/// Reads `#[rpcnet::service(attribute)] item`. Fails where there is no trait to speak of.
pub(crate) fn service(attribute: TokenStream, item: TokenStream, errors: &mut Errors) -> syn::Result<Service> {
    let original = match syn::parse2(item.clone()) {
        Ok(Item::Trait(original)) => original,
        Ok(other) => return Err(not_a_trait(&other)),
        Err(error) => {
            let complete = recover::complete(item).ok_or_else(|| error.clone())?;
            errors.push(error);
            complete
        }
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
    let mut arguments = arguments(&original.sig);
    let requests = requests(&mut arguments);
    Method {
        attributes: Attributes::sort(&original.attrs),
        options: MethodOptions::read(&rpc, errors),
        arguments,
        requests,
        output: output(&original.sig.output),
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

/// Takes the last argument, if it is a stream.
fn requests(arguments: &mut Vec<Argument>) -> Option<Requests> {
    let last = arguments.pop_if(|last| stream::requests(&last.original.ty).is_some())?;
    let item = stream::requests(&last.original.ty)?.clone();
    Some(Requests { argument: last, item })
}

fn output(written: &ReturnType) -> Output {
    match written {
        ReturnType::Default => Output::Value(Box::new(parse_quote!(()))),
        ReturnType::Type(_, output) => match stream::responses(output) {
            Some((_, item)) => {
                Output::Stream(Box::new(Responses { item: item.clone(), original: Type::clone(output) }))
            }
            None => Output::Value(output.clone()),
        },
    }
}

fn name(argument: &PatType, index: usize) -> Ident {
    match &*argument.pat {
        Pat::Ident(pattern) => pattern.ident.clone(),
        _ => format_ident!("argument{index}"),
    }
}
