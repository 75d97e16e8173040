//! Rules about what a method returns.

use syn::{Path, ReturnType, Type};

use super::spelled;
use super::types::{Unfit, has_stream, owned, unfit};
use crate::errors::Errors;
use crate::model::{Method, Output};

/// Names that nobody gives to a `Result`: the aliases of it are left to rustc, which knows them.
const NO_RESULTS: [&str; 26] = [
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64", "String", "Option", "Vec", "Box", "Arc", "HashMap", "BTreeMap", "HashSet", "BTreeSet",
];

pub(super) fn run(method: &Method, errors: &mut Errors) {
    match (&method.original.sig.output, &method.output) {
        (ReturnType::Default, _) => missing_output(method, errors),
        // Of a stream in the wrong place, `responses` tells.
        (_, Output::Value(output)) if is_no_result(output) && !has_stream(output) => {
            output_not_a_result(output, errors);
        }
        (_, Output::Value(output)) => unfit_output(output, errors),
        (_, Output::Stream(responses)) => unfit_output(&responses.item, errors),
    }
}

fn missing_output(method: &Method, errors: &mut Errors) {
    let message =
        "a call can fail, so a method returns a `Result`: write `-> Result<(), E>` with the error type of this method";
    errors.at(method.ident(), message);
}

fn output_not_a_result(output: &Type, errors: &mut Errors) {
    let value = match output {
        Type::Path(_) | Type::Tuple(_) | Type::Array(_) => spelled(output),
        Type::Reference(reference) => owned(&reference.elem),
        _ => "T".to_owned(),
    };
    let message = format!(
        "a call can fail, so a method returns a `Result`: write `-> Result<{value}, E>` with the error type of this method"
    );
    errors.at(output, message);
}

pub(super) fn is_no_result(output: &Type) -> bool {
    match output {
        Type::Group(group) => is_no_result(&group.elem),
        Type::Paren(paren) => is_no_result(&paren.elem),
        Type::Path(path) => path.qself.is_none() && has_other_name(&path.path),
        Type::Infer(_) | Type::Macro(_) | Type::Verbatim(_) => false,
        _ => true,
    }
}

fn has_other_name(path: &Path) -> bool {
    match path.segments.last() {
        Some(only) if path.segments.len() == 1 => NO_RESULTS.iter().any(|name| only.ident == name),
        _ => false,
    }
}

fn unfit_output(output: &Type, errors: &mut Errors) {
    for unfit in unfit(output) {
        match unfit {
            Unfit::Borrow { tokens, owned } => {
                errors.at(tokens, format!("a response outlives its handler, so it is owned: write `{owned}`"));
            }
            Unfit::Opaque(tokens) => {
                let message =
                    "the client decodes a response, and has to know its type: name the type in place of `impl`";
                errors.at(tokens, message);
            }
            other => other.report(errors),
        }
    }
}
