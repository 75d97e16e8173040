//! Rules about the trait as a whole.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{ItemTrait, TraitItem};

use crate::attr::is_rpc;
use crate::errors::Errors;
use crate::model::{Method, Service};

pub(super) fn run(service: &Service, errors: &mut Errors) {
    unsafe_trait(&service.original, errors);
    generic_trait(&service.original, errors);
    rpc_on_trait(&service.original, errors);
    for item in &service.original.items {
        associated_item(item, errors);
        visible_method(item, errors);
    }
    empty_trait(&service.original, errors);
    duplicate_method(&service.methods, errors);
    duplicate_wire_name(&service.methods, errors);
}

fn unsafe_trait(original: &ItemTrait, errors: &mut Errors) {
    if let Some(qualifier) = original.unsafety {
        errors.at(qualifier, "a service is a safe trait: remove `unsafe`");
    }
    if let Some(qualifier) = original.auto_token {
        errors.at(qualifier, "a service has methods, which an auto trait has not: remove `auto`");
    }
}

/// One wire name has one set of wire types, so neither the trait nor its methods have parameters.
fn generic_trait(original: &ItemTrait, errors: &mut Errors) {
    if !original.generics.params.is_empty() {
        let message = "a service has no parameters, since its name on the wire stands for one set of types: \
             write one trait for each type that it is needed for";
        errors.at(&original.generics.params, message);
    }
}

fn rpc_on_trait(original: &ItemTrait, errors: &mut Errors) {
    for attribute in original.attrs.iter().filter(|attribute| is_rpc(attribute.path())) {
        let message = "`#[rpc(..)]` stands on a method: move it there, or give the service its own options, \
             as in `#[rpcnet::service(name = \"wire.Name\")]`";
        errors.at(attribute, message);
    }
}

fn associated_item(item: &TraitItem, errors: &mut Errors) {
    let (kind, token) = match item {
        TraitItem::Const(item) => ("constants", item.const_token.to_token_stream()),
        TraitItem::Type(item) => ("types", item.type_token.to_token_stream()),
        TraitItem::Macro(item) => ("macro calls", item.mac.path.to_token_stream()),
        _ => return,
    };
    let message =
        format!("a service has methods alone: move {kind} out of the trait, or into a trait that this one extends");
    errors.at(token, message);
}

fn visible_method(item: &TraitItem, errors: &mut Errors) {
    let TraitItem::Verbatim(tokens) = item else { return };
    let is_attribute = |token: &TokenStream| token.to_string() == "#";
    // What the grammar knows and a trait may not hold starts, after its attributes, with the qualifier.
    let mut rest = tokens.clone().into_iter().peekable();
    while rest.peek().is_some_and(|token| is_attribute(&token.to_token_stream())) {
        rest.nth(1);
    }
    let qualifier: TokenStream = rest.next().into_iter().collect();
    let message = format!("methods are as visible as their trait: remove `{qualifier}`");
    errors.at(qualifier, message);
}

fn empty_trait(original: &ItemTrait, errors: &mut Errors) {
    if original.items.is_empty() {
        let message = "a service has at least one method: write `async fn greet(&self, name: String) \
             -> Result<String, GreetError>;` in the trait";
        errors.at(&original.ident, message);
    }
}

/// Methods of one name are fine where `cfg` chooses between them.
fn duplicate_method(methods: &[Method], errors: &mut Errors) {
    for (index, method) in methods.iter().enumerate() {
        let is_same = |earlier: &&Method| earlier.ident() == method.ident() && coexist(earlier, method);
        if methods.iter().take(index).any(|earlier| is_same(&earlier)) {
            let name = method.ident();
            errors.at(name, format!("the service has a method `{name}` already: choose another name"));
        }
    }
}

fn duplicate_wire_name(methods: &[Method], errors: &mut Errors) {
    for (index, method) in methods.iter().enumerate() {
        let name = method.wire_name();
        let is_same = |earlier: &&Method| {
            earlier.wire_name() == name && earlier.ident() != method.ident() && coexist(earlier, method)
        };
        let Some(earlier) = methods.iter().take(index).find(is_same) else { continue };
        let tokens = match &method.options.rename {
            Some(rename) => rename.to_token_stream(),
            None => method.ident().to_token_stream(),
        };
        let earlier = earlier.ident();
        let message = format!(
            "`{earlier}` is called `{name}` on the wire already: give one of the two another name, \
             as in `#[rpc(rename = \"{name}2\")]`"
        );
        errors.at(tokens, message);
    }
}

/// Whether both methods can be there at once, as far as their attributes tell.
fn coexist(one: &Method, other: &Method) -> bool {
    one.attributes.cfgs.is_empty() || other.attributes.cfgs.is_empty()
}
