//! Rules about the stream of requests, `lines: Streaming<Line>`.

use syn::Type;

use super::spelled;
use super::types::{Stream, StreamKind, streams};
use crate::errors::Errors;
use crate::model::Method;
use crate::stream;

pub(super) fn run(method: &Method, errors: &mut Errors) {
    idempotent_stream(method, errors);
    let mut has_stream = method.requests.is_some();
    for argument in &method.arguments {
        let ty = &*argument.original.ty;
        if stream::requests(ty).is_some() {
            if has_stream {
                two_request_streams(ty, errors);
            } else {
                request_stream_not_last(ty, errors);
            }
            has_stream = true;
            continue;
        }
        for stream in streams(ty) {
            match stream.kind {
                StreamKind::Requests => nested_request_stream(&stream, errors),
                StreamKind::Opaque | StreamKind::Boxed => foreign_request_stream(&stream, errors),
            }
        }
    }
    for stream in method.requests.iter().flat_map(|requests| streams(&requests.item)) {
        nested_request_stream(&stream, errors);
    }
}

/// A call that is sent again starts anew, and what a stream has yielded is gone.
fn idempotent_stream(method: &Method, errors: &mut Errors) {
    if let (Some(option), Some(_)) = (&method.options.idempotent, &method.requests) {
        let message = "a stream of requests is gone once it has been sent, so the call cannot be sent again: \
             remove `idempotent`, or take a `Vec`";
        errors.at(option, message);
    }
}

fn two_request_streams(ty: &Type, errors: &mut Errors) {
    let message =
        "a call carries one stream of requests: take one `Streaming<T>`, where `T` is an enum of what both carry";
    errors.at(ty, message);
}

fn request_stream_not_last(ty: &Type, errors: &mut Errors) {
    let message = "the stream of requests comes after what the call starts with: make it the last argument";
    errors.at(ty, message);
}

fn nested_request_stream(stream: &Stream, errors: &mut Errors) {
    let written = spelled(&stream.tokens);
    let message =
        format!("a stream of requests is an argument of its own: write `requests: {written}` as the last one");
    errors.at(&stream.tokens, message);
}

fn foreign_request_stream(stream: &Stream, errors: &mut Errors) {
    let item = stream.item.as_ref().map_or_else(|| "T".to_owned(), spelled);
    let message = format!(
        "requests arrive as rpcnet's own stream: write `Streaming<{item}>`; the client takes any stream of them"
    );
    errors.at(&stream.tokens, message);
}
