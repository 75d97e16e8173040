//! Refuses what cannot be served: one function a rule, each at the user's own token, each message
//! ending in what to write instead.
//!
//! A rule has one compile-fail case in `ui-tests/fail`, named for the function. The `help:` lines of
//! rustc are out of a macro's reach, so the valid code stands in the message. What only the types
//! can tell is left to rustc.

mod arguments;
mod method;
mod output;
mod requests;
mod responses;
mod service;
mod types;

use quote::ToTokens;

use crate::errors::Errors;
use crate::model::{Method, Service};
use crate::names::Names;

/// `tokens` as people write them: without the spaces that tokens are printed with.
fn spelled(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (printed, written) in [(" :: ", "::"), (" <", "<"), ("< ", "<"), (" >", ">"), (" ,", ","), ("& ", "&")] {
        text = text.replace(printed, written);
    }
    text
}

/// Notes every mistake that there is in `service`.
pub(crate) fn run(service: &Service, errors: &mut Errors) {
    self::service(service, errors);
    let names = Names::of(service);
    for method in &service.methods {
        self::method(&names, method, errors);
    }
}

/// Notes every mistake of the trait as a whole.
pub(crate) fn service(service: &Service, errors: &mut Errors) {
    service::run(service, errors);
}

/// Notes every mistake of one method.
pub(crate) fn method(names: &Names, method: &Method, errors: &mut Errors) {
    method::run(names, method, errors);
    arguments::run(method, errors);
    output::run(method, errors);
    requests::run(method, errors);
    responses::run(method, errors);
}
