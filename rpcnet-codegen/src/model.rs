//! A service as it was read: the user's own nodes, for their spans, and what was taken from them.
//!
//! The model is lenient, so that `check` can look at all of it: where the user's tokens do not fit,
//! a placeholder stands, which never reaches an expansion since `check` refuses what it stands for.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Attribute, ItemTrait, PatType, TraitItemFn, Type};

use crate::attr::{MethodOptions, ServiceOptions};

/// A trait under `#[rpcnet::service]`.
pub(crate) struct Service {
    pub(crate) original: ItemTrait,
    pub(crate) options: ServiceOptions,
    pub(crate) methods: Vec<Method>,
}

impl Service {
    /// The first part of every method's name on the wire.
    pub(crate) fn wire_name(&self) -> String {
        match &self.options.name {
            Some(name) => name.value(),
            None => self.original.ident.unraw().to_string(),
        }
    }
}

/// A method of the trait.
pub(crate) struct Method {
    pub(crate) original: TraitItemFn,
    pub(crate) attributes: Attributes,
    pub(crate) options: MethodOptions,
    /// All inputs but the receiver and the stream of requests.
    pub(crate) arguments: Vec<Argument>,
    /// The last input, if it is a stream.
    pub(crate) requests: Option<Requests>,
    pub(crate) output: Output,
}

impl Method {
    pub(crate) fn ident(&self) -> &Ident {
        &self.original.sig.ident
    }

    /// The last part of the method's name on the wire.
    pub(crate) fn wire_name(&self) -> String {
        match &self.options.rename {
            Some(name) => name.value(),
            None => self.ident().unraw().to_string(),
        }
    }

    /// How many messages travel in each direction.
    pub(crate) fn shape(&self) -> Shape {
        match (&self.requests, &self.output) {
            (None, Output::Value(_)) => Shape::Unary,
            (None, Output::Stream(_)) => Shape::ServerStreaming,
            (Some(_), Output::Value(_)) => Shape::ClientStreaming,
            (Some(_), Output::Stream(_)) => Shape::Bidirectional,
        }
    }
}

/// An argument of a method.
pub(crate) struct Argument {
    pub(crate) original: PatType,
    /// Its name, which is also its name on the wire.
    pub(crate) name: Ident,
}

/// `chunks: Streaming<Chunk>`
pub(crate) struct Requests {
    pub(crate) argument: Argument,
    /// What the stream carries.
    pub(crate) item: Type,
}

/// What a method's future resolves to.
pub(crate) enum Output {
    /// One response; `()` where nothing is written.
    Value(Box<Type>),
    /// Many.
    Stream(Box<Responses>),
}

impl Output {
    /// The `Result` that one response is.
    pub(crate) fn responded(&self) -> &Type {
        match self {
            Self::Value(output) => output,
            Self::Stream(responses) => &responses.item,
        }
    }
}

/// `Result<impl Stream<Item = Result<T, E>>, E>`, or an alias of `Result` around the stream.
pub(crate) struct Responses {
    pub(crate) original: Type,
    /// What the stream carries: `Result<T, E>`.
    pub(crate) item: Type,
}

/// How many messages travel in each direction, read from the signature's syntax.
pub(crate) enum Shape {
    /// One request, one response.
    Unary,
    /// One request, many responses.
    ServerStreaming,
    /// Many requests, one response.
    ClientStreaming,
    /// Many of both.
    Bidirectional,
}

/// A method's attributes, by the generated items that they are repeated on.
#[derive(Default)]
pub(crate) struct Attributes {
    /// All but `#[rpc(..)]`: the trait's method keeps them.
    pub(crate) kept: Vec<Attribute>,
    /// Whether there is a method at all: on everything that the method expands to.
    pub(crate) cfgs: Vec<Attribute>,
    /// Documentation, for the client's method.
    pub(crate) docs: Vec<Attribute>,
    /// On the client's method and the table's entry.
    pub(crate) deprecated: Vec<Attribute>,
    /// `#[allow(..)]` of what the user's signature would be told, for the client's method.
    pub(crate) allows: Vec<Attribute>,
}
