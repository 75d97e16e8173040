//! Rules about a method's arguments.

use syn::{Pat, Type};

use super::types::{Unfit, unfit};
use crate::errors::Errors;
use crate::model::{Argument, Method};

/// As many as there are tuples to carry them.
const ARGUMENTS_MAX: usize = 16;

pub(super) fn run(method: &Method, errors: &mut Errors) {
    too_many_arguments(method, errors);
    let requests = method.requests.iter().map(|requests| (&requests.argument, &requests.item));
    let values = method.arguments.iter().map(|argument| (argument, &*argument.original.ty));
    for (index, (argument, travels)) in values.chain(requests).enumerate() {
        argument_attribute(argument, errors);
        argument_pattern(argument, errors);
        duplicate_argument(argument, method.arguments.get(..index).unwrap_or_default(), errors);
        unfit_argument(travels, errors);
    }
}

fn too_many_arguments(method: &Method, errors: &mut Errors) {
    if let Some(first_beyond) = method.arguments.get(ARGUMENTS_MAX) {
        let message = format!("a method takes up to {ARGUMENTS_MAX} arguments: put them into a struct and take that");
        errors.at(&first_beyond.original, message);
    }
}

fn argument_attribute(argument: &Argument, errors: &mut Errors) {
    for attribute in &argument.original.attrs {
        errors.at(
            attribute,
            "an argument has no attributes: remove it, or write the method twice, each under its `#[cfg(..)]`",
        );
    }
}

/// Arguments travel under their names, so each has one.
fn argument_pattern(argument: &Argument, errors: &mut Errors) {
    let message = "arguments travel under their names: write a plain name, as in `point: (i64, i64)`";
    match &*argument.original.pat {
        Pat::Ident(pattern) => {
            if let Some(mutable) = pattern.mutability {
                errors
                    .at(mutable, "whether a handler changes its argument is its own affair: write `mut` in the `impl`");
            } else if pattern.by_ref.is_some() || pattern.subpat.is_some() {
                errors.at(pattern, message);
            }
        }
        other => errors.at(other, message),
    }
}

fn duplicate_argument(argument: &Argument, earlier: &[Argument], errors: &mut Errors) {
    let is_named = matches!(&*argument.original.pat, Pat::Ident(_));
    if is_named && earlier.iter().any(|earlier| earlier.name == argument.name) {
        let name = &argument.name;
        errors.at(name, format!("the method has an argument `{name}` already: choose another name"));
    }
}

fn unfit_argument(travels: &Type, errors: &mut Errors) {
    for unfit in unfit(travels) {
        match unfit {
            Unfit::Borrow { tokens, owned } => {
                let message = format!("an argument outlives its caller, so it is owned: write `{owned}`");
                errors.at(tokens, message);
            }
            Unfit::Opaque(tokens) => {
                let message =
                    "the server decodes an argument, and has to know its type: name the type in place of `impl`";
                errors.at(tokens, message);
            }
            other => other.report(errors),
        }
    }
}
