//! What the services in `golden/` expand to, reviewed as code.
//!
//! `golden/<name>.in.rs` holds a service, `golden/<name>.rs` its expansion. `BLESS=1 cargo test -p rpcnet-codegen`
//! writes the expansions anew.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Item, Meta};

fn check(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let service = read(&folder.join(format!("{name}.in.rs")));
    let expansion = format!("//! Generated from `{name}.in.rs`.\n\n{}", expansion(&service));
    let golden = folder.join(format!("{name}.rs"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, &expansion).expect("a golden file that can be written");
    }
    assert!(
        read(&golden) == expansion,
        "the expansion of `{name}` has changed; BLESS=1 writes it, and `git diff` shows how"
    );
}

fn read(path: &PathBuf) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every item of the file, those under `#[rpcnet::service]` expanded.
fn expansion(file: &str) -> String {
    let file = syn::parse_file(file).expect("a golden input that is Rust");
    let expanded: TokenStream = file.items.into_iter().map(expanded).collect();
    prettyplease::unparse(&syn::parse2(expanded).expect("an expansion that is Rust"))
}

fn expanded(mut item: Item) -> TokenStream {
    let Item::Trait(service) = &mut item else { return item.into_token_stream() };
    let position = service.attrs.iter().position(|attribute| attribute.path().segments.len() == 2);
    let attribute = service.attrs.remove(position.expect("a trait under the attribute"));
    let options = match attribute.meta {
        Meta::List(list) => list.tokens,
        Meta::Path(_) | Meta::NameValue(_) => TokenStream::new(),
    };
    let expansion = rpcnet_codegen::expand_service(options, item.into_token_stream());
    expansion.unwrap_or_else(|error| panic!("{error}")).into_token_stream()
}

#[test]
fn a_service_with_one_method_expands_to_little() {
    check("greeting");
}

#[test]
fn options_reach_the_table_and_attributes_reach_each_item() {
    check("options");
}

#[test]
fn paths_go_through_the_crate_that_the_user_names() {
    check("renamed_crate");
}

#[test]
fn names_of_the_user_are_left_alone() {
    check("names");
}

#[test]
fn each_shape_of_a_method_reads_the_same_but_for_its_streams() {
    check("streaming");
}
