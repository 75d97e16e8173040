//! Rules about what a method is: its qualifiers, its receiver, its name, its attributes.

use quote::ToTokens;
use syn::{FnArg, Receiver, Signature};

use crate::attr::{METHOD_OPTIONS, is_rpc};
use crate::errors::Errors;
use crate::model::Method;
use crate::names::{Names, RESERVED_BY_CLIENT, TABLE};
use crate::passthrough::conditional_metas;

pub(super) fn run(names: &Names, method: &Method, errors: &mut Errors) {
    let signature = &method.original.sig;
    option_outside_rpc(method, errors);
    conditional_option(method, errors);
    qualified_method(signature, errors);
    not_async(signature, errors);
    reserved_name(names, method, errors);
    generic_method(signature, errors);
    missing_receiver(signature, errors);
    receiver_by_value(signature, errors);
    default_body(method, errors);
}

fn option_outside_rpc(method: &Method, errors: &mut Errors) {
    for attribute in &method.attributes.kept {
        let Some(option) = METHOD_OPTIONS.iter().find(|option| attribute.path().is_ident(option)) else {
            continue;
        };
        let value = match *option {
            "deadline" => " = \"250ms\"",
            "rename" => " = \"wireName\"",
            _ => "",
        };
        errors.at(attribute, format!("`{option}` is an option of `rpc`: write `#[rpc({option}{value})]`"));
    }
}

/// The macro runs before `cfg` is decided, and could not tell whether the option holds.
fn conditional_option(method: &Method, errors: &mut Errors) {
    for meta in method.attributes.kept.iter().flat_map(conditional_metas) {
        if is_rpc(meta.path()) {
            let message = "options cannot depend on `cfg_attr`: write the method twice, each under its `#[cfg(..)]`";
            errors.at(meta, message);
        }
    }
}

fn qualified_method(signature: &Signature, errors: &mut Errors) {
    let qualifiers = [
        signature.constness.map(ToTokens::into_token_stream),
        signature.unsafety.map(ToTokens::into_token_stream),
        signature.abi.as_ref().map(ToTokens::to_token_stream),
    ];
    for qualifier in qualifiers.into_iter().flatten() {
        let message = format!("a method of a service is a plain `async fn`: remove `{qualifier}`");
        errors.at(qualifier, message);
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "each argument of a method has a name and a type: write `items: Vec<Item>`");
    }
}

fn not_async(signature: &Signature, errors: &mut Errors) {
    if signature.asyncness.is_none() {
        let message = format!("calls travel, so a method of a service is async: write `async fn {}`", signature.ident);
        errors.at(signature.fn_token, message);
    }
}

fn reserved_name(names: &Names, method: &Method, errors: &mut Errors) {
    let name = method.ident();
    let owner = if RESERVED_BY_CLIENT.iter().any(|reserved| name == reserved) {
        &names.client
    } else if name == TABLE {
        &names.methods
    } else {
        return;
    };
    let message = format!(
        "the generated `{owner}` has a `{name}` of its own: rename the method; \
         `#[rpc(rename = \"{name}\")]` keeps its name on the wire"
    );
    errors.at(name, message);
}

fn generic_method(signature: &Signature, errors: &mut Errors) {
    let message = "what travels has one type, known to both sides: write one method for each type, \
         without parameters and `where`";
    if !signature.generics.params.is_empty() {
        errors.at(&signature.generics.params, message);
    } else if let Some(clause) = &signature.generics.where_clause {
        errors.at(clause, message);
    }
}

fn missing_receiver(signature: &Signature, errors: &mut Errors) {
    if signature.receiver().is_none() {
        let comma = if signature.inputs.is_empty() { "" } else { ", .." };
        let name = &signature.ident;
        let message = format!("a method is called on the value that serves: write `fn {name}(&self{comma})`");
        errors.at(name, message);
    }
}

/// `self`, `&mut self` and `self: Type`: many calls are served by one value at once.
fn receiver_by_value(signature: &Signature, errors: &mut Errors) {
    let Some(FnArg::Receiver(receiver)) = signature.inputs.first() else { return };
    if !is_shared_reference(receiver) {
        let message =
            "one value serves many calls at once: take `&self`, and keep what changes in a `Mutex` or an atomic";
        errors.at(receiver, message);
    } else if let Some((_, Some(lifetime))) = &receiver.reference {
        errors.at(lifetime, "a future of a service borrows `self` for as long as it runs: write `&self`");
    }
}

fn is_shared_reference(receiver: &Receiver) -> bool {
    receiver.colon_token.is_none() && receiver.reference.is_some() && receiver.mutability.is_none()
}

fn default_body(method: &Method, errors: &mut Errors) {
    if let Some(body) = &method.original.default {
        let message = "a client has no use for a body: end the method with `;` and write the body in the `impl`";
        errors.at(body, message);
    }
}
