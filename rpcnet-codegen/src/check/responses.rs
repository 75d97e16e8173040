//! Rules about the stream of responses, `Result<impl Stream<Item = Result<T, E>>, E>`.

use quote::ToTokens;
use syn::Type;

use super::output::is_no_result;
use super::spelled;
use super::types::{Stream, StreamKind, streams};
use crate::errors::Errors;
use crate::model::{Method, Output, Responses};
use crate::stream::result_types;

pub(super) fn run(method: &Method, errors: &mut Errors) {
    match &method.output {
        Output::Value(output) => {
            for stream in streams(output) {
                match stream.kind {
                    StreamKind::Requests => returned_streaming(output, &stream, errors),
                    StreamKind::Boxed => boxed_stream(output, &stream, errors),
                    StreamKind::Opaque if stream.item.is_none() => stream_without_item(output, &stream, errors),
                    StreamKind::Opaque if is_stream(output) => stream_outside_result(output, &stream, errors),
                    StreamKind::Opaque => nested_response_stream(output, &stream, errors),
                }
            }
        }
        Output::Stream(responses) if is_no_result(&responses.original) => {
            for stream in streams(&responses.original) {
                stream_outside_result(&responses.original, &stream, errors);
            }
        }
        Output::Stream(responses) if is_no_result(&responses.item) => stream_item_not_a_result(responses, errors),
        Output::Stream(responses) => stream_error_differs(responses, errors),
    }
}

fn is_stream(output: &Type) -> bool {
    match output {
        Type::Group(group) => is_stream(&group.elem),
        Type::Paren(paren) => is_stream(&paren.elem),
        Type::ImplTrait(_) => true,
        _ => false,
    }
}

fn returned_streaming(output: &Type, stream: &Stream, errors: &mut Errors) {
    let written = written(output, stream);
    let message =
        format!("`Streaming` is what a handler reads; it returns a stream of its own making: write `{written}`");
    errors.at(&stream.tokens, message);
}

fn boxed_stream(output: &Type, stream: &Stream, errors: &mut Errors) {
    let message = format!("a stream needs no box, whatever it is made of: write `{}`", written(output, stream));
    errors.at(&stream.tokens, message);
}

fn stream_without_item(output: &Type, stream: &Stream, errors: &mut Errors) {
    let message = format!("the client has to know what the stream carries: write `{}`", written(output, stream));
    errors.at(&stream.tokens, message);
}

fn stream_outside_result(output: &Type, stream: &Stream, errors: &mut Errors) {
    let (written, error) = (written(output, stream), error_named(output, stream));
    let message = format!(
        "a call can fail before its stream starts, so a method returns a `Result`: write `-> Result<{written}, {error}>`"
    );
    errors.at(output, message);
}

fn nested_response_stream(output: &Type, stream: &Stream, errors: &mut Errors) {
    let (written, error) = (written(output, stream), error_named(output, stream));
    let message = format!(
        "a method's stream is the value of its `Result`, and comes alone: write `-> Result<{written}, {error}>`"
    );
    errors.at(&stream.tokens, message);
}

fn stream_item_not_a_result(responses: &Responses, errors: &mut Errors) {
    let error = error(&responses.original).map_or_else(|| "E".to_owned(), spelled);
    let item = spelled(&responses.item);
    let message = format!(
        "a stream can fail after it has started, so it carries `Result`s: write `Item = Result<{item}, {error}>`"
    );
    errors.at(&responses.item, message);
}

/// A caller matches on one error, whether the call failed before its stream started or after.
///
/// Aliases are left to rustc, which knows what they stand for.
fn stream_error_differs(responses: &Responses, errors: &mut Errors) {
    let (Some(before), Some(after)) = (error(&responses.original), error(&responses.item)) else { return };
    if before.to_token_stream().to_string() != after.to_token_stream().to_string() {
        let message =
            format!("a method has one error type, before its stream starts and after: write `{}` here", spelled(after));
        errors.at(before, message);
    }
}

/// The `E` of `Result<T, E>`.
fn error(result: &Type) -> Option<&Type> {
    result_types(result).map(|(_, error)| error)
}

/// What to write for `stream`, which was found in `output`.
fn written(output: &Type, stream: &Stream) -> String {
    let item = match &stream.item {
        Some(item) if is_named_result(item) => spelled(item),
        Some(item) => format!("Result<{}, {}>", spelled(item), error_named(output, stream)),
        None => format!("Result<T, {}>", error_named(output, stream)),
    };
    format!("impl Stream<Item = {item}>")
}

/// Whether `item` is called a `Result`, or an alias of one is, such as `ChatResult<Line>`.
fn is_named_result(item: &Type) -> bool {
    match item {
        Type::Group(group) => is_named_result(&group.elem),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident.to_string().ends_with("Result")),
        _ => false,
    }
}

/// The method's error as the user has spelled it, in `output` or in what `stream` carries.
fn error_named(output: &Type, stream: &Stream) -> String {
    let in_item = || stream.item.as_ref().and_then(error);
    error(output).or_else(in_item).map_or_else(|| "E".to_owned(), spelled)
}
