//! How a stream is told from a value: by the last name of its type, since the macro runs before names are resolved.

use syn::{
    AngleBracketedGenericArguments, AssocType, GenericArgument, PathArguments, PathSegment, Token, TraitBound, Type,
    TypeImplTrait, TypeParamBound, punctuated::Punctuated,
};

/// What `Streaming<T>` carries, if `ty` is one.
pub(crate) fn requests(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Group(group) => requests(&group.elem),
        Type::Paren(paren) => requests(&paren.elem),
        Type::Path(path) => streaming(path.path.segments.last()?),
        _ => None,
    }
}

/// What `Streaming<T>` carries.
pub(crate) fn streaming(segment: &PathSegment) -> Option<&Type> {
    if segment.ident == "Streaming" { types(segment).next() } else { None }
}

/// The stream in `Result<impl Stream<Item = T>, E>` and its `T`.
pub(crate) fn responses(output: &Type) -> Option<(&TypeImplTrait, &Type)> {
    let opaque = match output {
        Type::Group(group) => return responses(&group.elem),
        Type::Paren(paren) => return responses(&paren.elem),
        Type::Path(path) => opaque(types(path.path.segments.last()?).next()?)?,
        _ => return None,
    };
    Some((opaque, item(&opaque.bounds)?))
}

/// The stream that [`responses`] finds.
pub(crate) fn responses_mut(output: &mut Type) -> Option<&mut TypeImplTrait> {
    let segment = match output {
        Type::Group(group) => return responses_mut(&mut group.elem),
        Type::Paren(paren) => return responses_mut(&mut paren.elem),
        Type::Path(path) => path.path.segments.last_mut()?,
        _ => return None,
    };
    let PathArguments::AngleBracketed(arguments) = &mut segment.arguments else { return None };
    let first = arguments.args.iter_mut().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    opaque_mut(first?)
}

fn opaque(ty: &Type) -> Option<&TypeImplTrait> {
    match ty {
        Type::Group(group) => opaque(&group.elem),
        Type::Paren(paren) => opaque(&paren.elem),
        Type::ImplTrait(opaque) => Some(opaque),
        _ => None,
    }
}

fn opaque_mut(ty: &mut Type) -> Option<&mut TypeImplTrait> {
    match ty {
        Type::Group(group) => opaque_mut(&mut group.elem),
        Type::Paren(paren) => opaque_mut(&mut paren.elem),
        Type::ImplTrait(opaque) => Some(opaque),
        _ => None,
    }
}

/// Whether one of the bounds is `Stream`.
pub(crate) fn is_stream(bounds: &Bounds) -> bool {
    bounds.iter().any(|bound| stream(bound).is_some())
}

/// The `T` of `Stream<Item = T>` among the bounds.
pub(crate) fn item(bounds: &Bounds) -> Option<&Type> {
    let arguments = bounds.iter().find_map(stream).and_then(arguments)?;
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(AssocType { ident, ty, .. }) if ident == "Item" => Some(ty),
        _ => None,
    })
}

/// The types between the angle brackets of `segment`.
pub(crate) fn types(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = arguments(segment).into_iter().flat_map(|arguments| &arguments.args);
    arguments.filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The types of a `Result<T, E>` that is called so.
pub(crate) fn result_types(ty: &Type) -> Option<(&Type, &Type)> {
    let path = match ty {
        Type::Group(group) => return result_types(&group.elem),
        Type::Paren(paren) => return result_types(&paren.elem),
        Type::Path(path) => &path.path,
        _ => return None,
    };
    let last = path.segments.last().filter(|last| last.ident == "Result")?;
    let mut types = types(last);
    let pair = (types.next()?, types.next()?);
    types.next().is_none().then_some(pair)
}

/// What follows `impl` or `dyn`.
pub(crate) type Bounds = Punctuated<TypeParamBound, Token![+]>;

fn stream(bound: &TypeParamBound) -> Option<&PathSegment> {
    match bound {
        TypeParamBound::Trait(TraitBound { path, .. }) => path.segments.last().filter(|last| last.ident == "Stream"),
        _ => None,
    }
}

fn arguments(segment: &PathSegment) -> Option<&AngleBracketedGenericArguments> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments),
        PathArguments::None | PathArguments::Parenthesized(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;
    use syn::parse_str;

    use super::*;

    fn check(text: &str, find: fn(&Type) -> Option<&Type>, expected: Option<&str>) {
        let ty: Type = parse_str(text).expect("a type");
        let found = find(&ty).map(|item| item.to_token_stream().to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn requests_are_told_by_the_last_name() {
        check("Streaming<Chunk>", requests, Some("Chunk"));
        check("(rpcnet::Streaming<Chunk>)", requests, Some("Chunk"));
        check("Streaming", requests, None);
        check("Streaming::Mode<Chunk>", requests, None);
        check("Option<Streaming<Chunk>>", requests, None);
    }

    #[test]
    fn responses_are_told_by_the_bound_in_the_result() {
        let item: fn(&Type) -> Option<&Type> = |ty| responses(ty).map(|(_, item)| item);
        check("Result<impl Stream<Item = T>, E>", item, Some("T"));
        check("io::Result<impl Send + futures::Stream<Item = T> + Unpin>", item, Some("T"));
        check("impl Stream<Item = T>", item, None);
        check("Result<impl Stream, E>", item, None);
        check("Result<impl Iterator<Item = T>, E>", item, None);
        check("Result<Vec<impl Stream<Item = T>>, E>", item, None);
    }
}
