//! Which of a method's attributes are repeated on which of the items that it expands to.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token, parse_quote};

use crate::attr::is_rpc;
use crate::model::Attributes;

impl Attributes {
    /// Sorts all attributes of a method but its `#[rpc(..)]`.
    pub(crate) fn sort(attributes: &[Attribute]) -> Self {
        let mut sorted = Self::default();
        for attribute in attributes.iter().filter(|attribute| !is_rpc(attribute.path())) {
            sorted.kept.push(attribute.clone());
            for repeated in unpacked(attribute) {
                sorted.repeat(&repeated, attribute);
            }
        }
        sorted
    }

    fn repeat(&mut self, repeated: &Repeated, attribute: &Attribute) {
        let Repeated { meta, condition } = repeated;
        let rewritten = |meta: &dyn ToTokens| -> Attribute {
            // The tokens keep the user's spans; the attribute around them is the user's as well.
            let pound = attribute.pound_token;
            match condition {
                Some(condition) => parse_quote!(#pound [cfg_attr(#condition, #meta)]),
                None => parse_quote!(#pound [#meta]),
            }
        };
        let path = meta.path();
        if path.is_ident("cfg") {
            self.cfgs.push(rewritten(meta));
        } else if path.is_ident("doc") {
            self.docs.push(rewritten(meta));
        } else if path.is_ident("deprecated") {
            self.deprecated.push(rewritten(meta));
        } else if let (true, Meta::List(list)) = (is_lenient_lint(meta), meta) {
            // An expectation is met once, by the trait's method.
            let lints = &list.tokens;
            self.allows.push(rewritten(&quote!(allow(#lints))));
        }
    }
}

/// What is inside an attribute, and what it depends on.
struct Repeated {
    meta: Meta,
    condition: Option<TokenStream>,
}

/// The attribute's own content, or what a `cfg_attr` holds; nothing where it cannot be read, which rustc tells the user.
fn unpacked(attribute: &Attribute) -> Vec<Repeated> {
    if !attribute.path().is_ident("cfg_attr") {
        return vec![Repeated { meta: attribute.meta.clone(), condition: None }];
    }
    conditional(attribute).unwrap_or_default()
}

fn conditional(attribute: &Attribute) -> syn::Result<Vec<Repeated>> {
    let list = attribute.meta.require_list()?;
    let (condition, metas) = split_condition.parse2(list.tokens.clone())?;
    let repeated = |meta| Repeated { meta, condition: Some(condition.clone()) };
    Ok(metas.into_iter().map(repeated).collect())
}

/// The attributes that `cfg_attr` adds to a method under some condition.
pub(crate) fn conditional_metas(attribute: &Attribute) -> Vec<Meta> {
    if attribute.path().is_ident("cfg_attr") {
        unpacked(attribute).into_iter().map(|repeated| repeated.meta).collect()
    } else {
        Vec::new()
    }
}

/// `condition, attribute, attribute`. A condition is no `Meta`: it may be `true`.
fn split_condition(input: ParseStream<'_>) -> syn::Result<(TokenStream, Punctuated<Meta, Token![,]>)> {
    let mut condition = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        condition.extend([input.parse::<TokenTree>()?]);
    }
    input.parse::<Token![,]>()?;
    Ok((condition, Punctuated::parse_terminated(input)?))
}

fn is_lenient_lint(meta: &Meta) -> bool {
    meta.path().is_ident("allow") || meta.path().is_ident("expect")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attribute: Attribute, part: fn(&Attributes) -> &Vec<Attribute>, expected: &str) {
        let sorted = Attributes::sort(&[attribute]);
        let tokens: TokenStream = part(&sorted).iter().map(ToTokens::to_token_stream).collect();
        assert_eq!(tokens.to_string(), expected);
    }

    #[test]
    fn a_conditional_attribute_is_repeated_under_its_condition() {
        let attribute: Attribute = parse_quote!(#[cfg_attr(all(a, b), inline, cfg(c), doc = "d")]);
        check(attribute.clone(), |a| &a.cfgs, "# [cfg_attr (all (a , b) , cfg (c))]");
        check(attribute.clone(), |a| &a.docs, "# [cfg_attr (all (a , b) , doc = \"d\")]");
        check(attribute, |a| &a.deprecated, "");
    }

    #[test]
    fn a_condition_may_be_a_literal() {
        check(parse_quote!(#[cfg_attr(true, deprecated)]), |a| &a.deprecated, "# [cfg_attr (true , deprecated)]");
    }

    #[test]
    fn an_expected_lint_is_allowed_where_it_is_repeated() {
        check(
            parse_quote!(#[expect(clippy::x, reason = "y")]),
            |a| &a.allows,
            "# [allow (clippy :: x , reason = \"y\")]",
        );
        check(parse_quote!(#[expect(clippy::x)]), |a| &a.kept, "# [expect (clippy :: x)]");
    }
}
