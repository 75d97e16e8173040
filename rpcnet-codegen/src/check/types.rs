//! What in a type cannot travel, as far as its syntax tells.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{
    Lifetime, Path, PathSegment, Type, TypeBareFn, TypeImplTrait, TypeInfer, TypePath, TypePtr, TypeReference,
    TypeTraitObject,
};

use super::spelled;
use crate::errors::Errors;
use crate::stream;

/// A part of a type that cannot travel.
pub(super) enum Unfit {
    /// A stream where a value is expected.
    Stream(Box<Stream>),
    /// Something borrowed, and what to write instead.
    Borrow { tokens: TokenStream, owned: String },
    /// `impl Trait`
    Opaque(TokenStream),
    /// `dyn Trait`
    Dynamic(TokenStream),
    /// A pointer, to data or to a function.
    Pointer(TokenStream),
    /// `_`
    Inferred(TokenStream),
    /// `Self`
    Implementor(TokenStream),
}

/// A stream, and what it carries, if that is written.
pub(super) struct Stream {
    pub(super) tokens: TokenStream,
    pub(super) kind: StreamKind,
    pub(super) item: Option<Type>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamKind {
    /// `Streaming<T>`
    Requests,
    /// `impl Stream`
    Opaque,
    /// `dyn Stream`, and what boxes it
    Boxed,
}

impl Unfit {
    /// Reports what is refused in arguments and in returns for the same reason.
    pub(super) fn report(self, errors: &mut Errors) {
        match self {
            Self::Stream(_) | Self::Borrow { .. } | Self::Opaque(_) => {}
            Self::Dynamic(tokens) => dynamic_type(tokens, errors),
            Self::Pointer(tokens) => pointer_type(tokens, errors),
            Self::Inferred(tokens) => inferred_type(tokens, errors),
            Self::Implementor(tokens) => self_type(tokens, errors),
        }
    }
}

fn dynamic_type(tokens: TokenStream, errors: &mut Errors) {
    let message =
        "the receiving side has to know what to decode: write a type in place of `dyn`, such as an enum of the cases";
    errors.at(tokens, message);
}

fn pointer_type(tokens: TokenStream, errors: &mut Errors) {
    errors.at(tokens, "a pointer means nothing in another process: write the type of what it points to");
}

fn inferred_type(tokens: TokenStream, errors: &mut Errors) {
    errors.at(tokens, "a signature spells its types: write the type in place of `_`");
}

fn self_type(tokens: TokenStream, errors: &mut Errors) {
    errors.at(tokens, "`Self` is the server's own type, which a client has not: name a type that both sides know");
}

/// All parts of `ty` that cannot travel, the outermost of each.
pub(super) fn unfit(ty: &Type) -> Vec<Unfit> {
    let mut finder = Finder { found: Vec::new() };
    finder.visit_type(ty);
    finder.found
}

/// All streams in `ty`, the outermost of each.
pub(super) fn streams(ty: &Type) -> impl Iterator<Item = Box<Stream>> {
    unfit(ty).into_iter().filter_map(|unfit| match unfit {
        Unfit::Stream(stream) => Some(stream),
        _ => None,
    })
}

pub(super) fn has_stream(ty: &Type) -> bool {
    streams(ty).next().is_some()
}

struct Finder {
    found: Vec<Unfit>,
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if let Type::TraitObject(_) | Type::ImplTrait(_) = &*reference.elem {
            // Without the `&` it would be no better.
            return self.visit_type(&reference.elem);
        }
        let owned = owned(&reference.elem);
        self.found.push(Unfit::Borrow { tokens: reference.to_token_stream(), owned });
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            self.found.push(Unfit::Borrow { tokens: lifetime.to_token_stream(), owned: "'static".to_owned() });
        }
    }

    fn visit_type_impl_trait(&mut self, opaque: &'ast TypeImplTrait) {
        if stream::is_stream(&opaque.bounds) {
            return self.stream(opaque, StreamKind::Opaque, stream::item(&opaque.bounds));
        }
        self.found.push(Unfit::Opaque(opaque.to_token_stream()));
    }

    fn visit_type_trait_object(&mut self, object: &'ast TypeTraitObject) {
        if stream::is_stream(&object.bounds) {
            return self.stream(object, StreamKind::Boxed, stream::item(&object.bounds));
        }
        self.found.push(Unfit::Dynamic(object.to_token_stream()));
    }

    fn visit_type_ptr(&mut self, pointer: &'ast TypePtr) {
        self.found.push(Unfit::Pointer(pointer.to_token_stream()));
    }

    fn visit_type_bare_fn(&mut self, pointer: &'ast TypeBareFn) {
        self.found.push(Unfit::Pointer(pointer.to_token_stream()));
    }

    fn visit_type_infer(&mut self, inferred: &'ast TypeInfer) {
        self.found.push(Unfit::Inferred(inferred.to_token_stream()));
    }

    fn visit_type_path(&mut self, path: &'ast TypePath) {
        if starts_with_self(&path.path) {
            return self.found.push(Unfit::Implementor(path.to_token_stream()));
        }
        if let Some(segment) = path.path.segments.last() {
            if let Some(item) = stream::streaming(segment) {
                return self.stream(path, StreamKind::Requests, Some(item));
            }
            if let Some(item) = boxed_stream(segment) {
                return self.stream(path, StreamKind::Boxed, item);
            }
        }
        visit::visit_type_path(self, path);
    }
}

impl Finder {
    fn stream(&mut self, tokens: impl ToTokens, kind: StreamKind, item: Option<&Type>) {
        self.found.push(Unfit::Stream(Box::new(Stream {
            tokens: tokens.into_token_stream(),
            kind,
            item: item.cloned(),
        })));
    }
}

/// What `BoxStream<T>`, `Box<dyn Stream<Item = T>>` and `Pin<Box<dyn Stream<Item = T>>>` carry, if it is one of them.
fn boxed_stream(segment: &PathSegment) -> Option<Option<&Type>> {
    let is_one_of = |names: &[&str]| names.iter().any(|name| segment.ident == name);
    let inner = stream::types(segment).next()?;
    if is_one_of(&["BoxStream", "LocalBoxStream"]) {
        return Some(Some(inner));
    }
    match inner {
        Type::TraitObject(object) if is_one_of(&["Box", "Pin", "Arc"]) && stream::is_stream(&object.bounds) => {
            Some(stream::item(&object.bounds))
        }
        Type::Path(path) if is_one_of(&["Pin"]) => boxed_stream(path.path.segments.last()?),
        _ => None,
    }
}

fn starts_with_self(path: &Path) -> bool {
    path.segments.first().is_some_and(|first| first.ident == "Self")
}

/// What holds the value that a reference to `ty` borrows.
pub(super) fn owned(ty: &Type) -> String {
    match ty {
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        Type::TraitObject(_) | Type::ImplTrait(_) => "T".to_owned(),
        Type::Slice(slice) => format!("Vec<{}>", spelled(&slice.elem)),
        other => spelled(other),
    }
}
