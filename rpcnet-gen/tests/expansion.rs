//! What is in the files is what the macro expands to.

use std::fs;
use std::path::Path;

use proc_macro2::{Group, Literal, TokenStream, TokenTree};
use quote::ToTokens;
use rpcnet_gen::Builder;
use syn::{File, Item, LitStr, Meta};

const SHOP: &str = "tests/definitions/shop.rpc.rs";

#[test]
fn the_items_in_the_files_are_those_of_the_macro_token_for_token() {
    let output = tempfile::tempdir().expect("a folder");
    let report = Builder::new().input(SHOP).output(output.path()).write().expect("a definition");
    let mut generated = Vec::new();
    for file in report.services.iter().flat_map(|service| &service.files) {
        generated.extend(items(parse(&file.path)));
    }
    let mut expanded = items(expanded(parse(Path::new(SHOP))));
    generated.sort();
    expanded.sort();
    assert!(expanded.len() > 30, "the macro expands to little: {}", expanded.len());
    for (generated, expanded) in generated.iter().zip(&expanded) {
        assert_eq!(generated, expanded);
    }
    assert_eq!(generated.len(), expanded.len());
}

#[test]
fn what_a_definition_imports_and_documents_is_kept() {
    let output = tempfile::tempdir().expect("a folder");
    Builder::new().input(SHOP).output(output.path()).write().expect("a definition");
    let read = |name: &str| fs::read_to_string(output.path().join(name)).expect("a generated file");
    let types = read("shop/types.rs");
    assert!(types.contains("// Comments stay where the types are.\nuse std::collections::BTreeMap;\n"), "{types}");
    assert!(types.contains("    pub name: String, // as on the shelf\n"), "{types}");
    assert!(!types.contains("trait Shop"), "{types}");
    let module = read("shop/mod.rs");
    assert!(module.contains("//! A shop: every shape of a method, and every option.\n"), "{module}");
    assert!(module.contains("#![allow(clippy::upper_case_acronyms)]\n"), "{module}");
    assert!(module.contains("use std::collections::BTreeMap;\n"), "{module}");
    // The second service has the types of the first: they are the same types.
    assert!(read("shop_audit/types.rs").ends_with("pub use super::super::shop::types::*;\n"));
}

#[test]
fn the_files_are_the_same_whenever_and_wherever_they_are_generated() {
    let [first, second] = [(); 2].map(|()| {
        let folder = tempfile::tempdir().expect("a folder");
        let definition = folder.path().join("shop.rpc.rs");
        // As a checkout on another system has it.
        let text = fs::read_to_string(SHOP).expect("a definition").replace('\n', "\r\n");
        fs::write(&definition, text).expect("a file");
        let report = Builder::new().input(definition).output(folder.path().join("out")).write().expect("a definition");
        let files = report.services.iter().flat_map(|service| &service.files);
        files.map(|file| fs::read_to_string(&file.path).expect("a file")).collect::<Vec<_>>()
    });
    assert_eq!(first, second);
}

/// The definition's items, its services expanded as the macro does.
fn expanded(file: File) -> File {
    let tokens: TokenStream = file.items.into_iter().map(expanded_item).collect();
    syn::parse2(tokens).expect("an expansion that is Rust")
}

fn expanded_item(mut item: Item) -> TokenStream {
    let Item::Trait(service) = &mut item else { return item.into_token_stream() };
    let is_service = |attribute: &syn::Attribute| attribute.path().segments.len() == 2;
    let position = service.attrs.iter().position(is_service).expect("a service");
    let options = match service.attrs.remove(position).meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    };
    rpcnet_codegen::expand(options, item.into_token_stream())
}

/// All items but those that only say where the others are.
fn items(file: File) -> Vec<String> {
    let is_link = |item: &Item| match item {
        Item::Use(_) => true,
        Item::Mod(module) => module.content.is_none(),
        _ => false,
    };
    file.items.iter().filter(|item| !is_link(item)).map(|item| tokens(item.to_token_stream()).to_string()).collect()
}

/// The tokens, apart from what is formatting: the comma that a list of several lines ends in, and `r".."` for `".."`.
fn tokens(stream: TokenStream) -> TokenStream {
    let is = |token: &TokenTree, wanted| matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted);
    let mut tokens = stream.into_iter().peekable();
    let mut kept = Vec::new();
    while let Some(token) = tokens.next() {
        if is(&token, ',') && tokens.peek().is_none_or(|next| is(next, '>')) {
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => Group::new(group.delimiter(), self::tokens(group.stream())).into(),
            TokenTree::Literal(literal) => match syn::parse_str::<LitStr>(&literal.to_string()) {
                Ok(text) => Literal::string(&text.value()).into(),
                Err(_) => literal.into(),
            },
            other => other,
        });
    }
    kept.into_iter().collect()
}

fn parse(path: &Path) -> File {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
