//! The options of a service and of its methods, each read at its own token.
//!
//! A bad option is noted and left out, so that the options after it are read too.

use std::fmt::Write;

use proc_macro2::{Ident, TokenStream};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Token};

use crate::duration::Duration;
use crate::errors::Errors;

/// What `#[rpcnet::service(..)]` was given.
#[derive(Default)]
pub(crate) struct ServiceOptions {
    /// `name = "wire.Name"`
    pub(crate) name: Option<LitStr>,
    /// `crate = "path"`: where the user's crate finds rpcnet.
    pub(crate) runtime: Option<Path>,
    /// `client = "Name"`, and so on: names of generated items, where the user's crate has such an item already.
    pub(crate) items: ItemNames,
}

/// What the user calls the items that are named after the trait otherwise.
#[derive(Default)]
pub(crate) struct ItemNames {
    pub(crate) client: Option<Ident>,
    pub(crate) handler: Option<Ident>,
    pub(crate) methods: Option<Ident>,
    pub(crate) server: Option<Ident>,
}

/// What `#[rpc(..)]` was given.
#[derive(Default)]
pub(crate) struct MethodOptions {
    /// `idempotent`: a call may be sent twice.
    pub(crate) idempotent: Option<Path>,
    /// `deadline = "250ms"`
    pub(crate) deadline: Option<Duration>,
    /// `no_cancel`: the handler runs to its end although its caller has gone.
    pub(crate) no_cancel: bool,
    /// `rename = "wireName"`
    pub(crate) rename: Option<LitStr>,
}

/// The options of a method.
pub(crate) const METHOD_OPTIONS: [&str; 4] = ["deadline", "idempotent", "no_cancel", "rename"];
const SERVICE_OPTIONS: [&str; 6] = ["client", "crate", "handler", "methods", "name", "server"];

impl ServiceOptions {
    pub(crate) fn read(attribute: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let entries = entries(attribute, "#[rpcnet::service(name = \"wire.Name\")]", errors);
        for (key, meta) in known(entries, &SERVICE_OPTIONS, errors) {
            match key {
                "name" => options.name = wire_name(&meta, key, "shop.Orders", errors),
                "crate" => options.runtime = path(&meta, key, errors),
                "client" => options.items.client = item_name(&meta, key, errors),
                "handler" => options.items.handler = item_name(&meta, key, errors),
                "methods" => options.items.methods = item_name(&meta, key, errors),
                _ => options.items.server = item_name(&meta, key, errors),
            }
        }
        options
    }
}

impl MethodOptions {
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let metas = attributes.iter().flat_map(|attribute| method_entries(attribute, errors)).collect();
        for (key, meta) in known(metas, &METHOD_OPTIONS, errors) {
            match key {
                "deadline" => options.deadline = duration(&meta, key, errors),
                "idempotent" => options.idempotent = flag(&meta, key, errors),
                "no_cancel" => options.no_cancel = flag(&meta, key, errors).is_some(),
                _ => options.rename = wire_name(&meta, key, "placeOrder", errors),
            }
        }
        options
    }
}

/// Whether this is `#[rpc(..)]`, which holds a method's options.
pub(crate) fn is_rpc(path: &Path) -> bool {
    path.is_ident("rpc")
}

const METHOD_EXAMPLE: &str = "#[rpc(idempotent, deadline = \"2s\")]";

fn method_entries(attribute: &Attribute, errors: &mut Errors) -> Vec<Meta> {
    match &attribute.meta {
        Meta::List(list) => entries(list.tokens.clone(), METHOD_EXAMPLE, errors),
        Meta::Path(_) | Meta::NameValue(_) => {
            errors.at(&attribute.meta, format!("`rpc` takes its options in parentheses: `{METHOD_EXAMPLE}`"));
            Vec::new()
        }
    }
}

fn entries(tokens: TokenStream, example: &str, errors: &mut Errors) -> Vec<Meta> {
    match Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens) {
        Ok(metas) => metas.into_iter().collect(),
        Err(error) => {
            errors.push(syn::Error::new(error.span(), format!("expected options, as in `{example}`")));
            Vec::new()
        }
    }
}

/// The options whose names are known, each once.
fn known(metas: Vec<Meta>, names: &[&'static str], errors: &mut Errors) -> Vec<(&'static str, Meta)> {
    let mut known: Vec<(&'static str, Meta)> = Vec::new();
    for meta in metas {
        let Some(name) = names.iter().copied().find(|name| meta.path().is_ident(name)) else {
            errors.at(meta.path(), format!("unknown option; expected one of {}", listed(names)));
            continue;
        };
        if known.iter().any(|(earlier, _)| *earlier == name) {
            errors.at(meta, format!("`{name}` is given twice; keep one of them"));
        } else {
            known.push((name, meta));
        }
    }
    known
}

fn listed(names: &[&str]) -> String {
    let mut list = String::new();
    for (index, name) in names.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(list, "{separator}`{name}`");
    }
    list
}

fn flag(meta: &Meta, key: &str, errors: &mut Errors) -> Option<Path> {
    if !matches!(meta, Meta::Path(_)) {
        errors.at(meta, format!("`{key}` takes no value; write `#[rpc({key})]`"));
    }
    Some(meta.path().clone())
}

fn string(meta: &Meta, key: &str, example: &str, errors: &mut Errors) -> Option<LitStr> {
    if let Meta::NameValue(pair) = meta
        && let Some(string) = string_literal(&pair.value)
    {
        return Some(string.clone());
    }
    errors.at(meta, format!("`{key}` takes a string; write `{key} = \"{example}\"`"));
    None
}

/// The string in `expression`, also where a declarative macro has put it into an invisible group.
fn string_literal(expression: &Expr) -> Option<&LitStr> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(string), .. }) => Some(string),
        Expr::Group(group) => string_literal(&group.expr),
        _ => None,
    }
}

fn duration(meta: &Meta, key: &str, errors: &mut Errors) -> Option<Duration> {
    let string = string(meta, key, "250ms", errors)?;
    match Duration::parse(&string.value()) {
        Ok(duration) => Some(duration),
        Err(reason) => {
            let remedy = "write an integer and one of `us`, `ms`, `s`, `m`, `h`, as in `deadline = \"250ms\"`";
            errors.at(string, format!("{reason}; {remedy}"));
            None
        }
    }
}

fn wire_name(meta: &Meta, key: &str, example: &str, errors: &mut Errors) -> Option<LitStr> {
    let string = string(meta, key, example, errors)?;
    let name = string.value();
    // A dot parts a service from its method, so a method's name that had one could be read two ways.
    let dots = key == "name";
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-') || (dots && c == '.');
    if !name.is_empty() && name.chars().all(fits) {
        return Some(string);
    }
    let dot = if dots { ", `.`" } else { "" };
    let message =
        format!("a name on the wire is made of letters, digits, `_`, `-`{dot}; write `{key} = \"{example}\"`");
    errors.at(string, message);
    None
}

fn item_name(meta: &Meta, key: &str, errors: &mut Errors) -> Option<Ident> {
    let example = "MyName";
    let string = string(meta, key, example, errors)?;
    if let Ok(name) = string.parse::<Ident>() {
        return Some(name);
    }
    errors.at(string, format!("the `{key}` is an item of its own, and has a name: write `{key} = \"{example}\"`"));
    None
}

fn path(meta: &Meta, key: &str, errors: &mut Errors) -> Option<Path> {
    let example = "my_crate::rpcnet";
    let string = string(meta, key, example, errors)?;
    if let Ok(path) = string.parse_with(Path::parse_mod_style) {
        return Some(path);
    }
    errors.at(string, format!("expected the path of rpcnet, as in `{key} = \"{example}\"`"));
    None
}
