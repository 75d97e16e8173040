//! A service definition: what is a service in it, and what is not.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fs, mem};

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use rpcnet_codegen::Expansion;
use syn::spanned::Spanned;
use syn::{AttrStyle, Attribute, File, Item, ItemTrait, ItemUse, Meta, UseTree, Visibility};

use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::folder;
use crate::rules::{self, Mistakes};

/// A service definition that has been read, and its services expanded.
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    /// What applies to the whole file: its documentation, its lints.
    pub(crate) attributes: Vec<Attribute>,
    /// What the file imports from elsewhere.
    pub(crate) imports: Vec<ItemUse>,
    /// Whether the file has items of its own.
    pub(crate) has_items: bool,
    /// Whether it defines macros.
    pub(crate) has_macros: bool,
    /// The text of everything but the services and the file's attributes.
    pub(crate) text: String,
    /// In the order of the file; at least one.
    pub(crate) services: Vec<Service>,
}

pub(crate) struct Service {
    pub(crate) name: Ident,
    pub(crate) folder: String,
    pub(crate) expansion: Expansion,
}

impl Input {
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let source = fs::read_to_string(path).map_err(|error| Error::reading(path, error))?;
        // The same files come out wherever the definition was checked out.
        let source = source.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let refused = |error| Error::refused(Diagnostic::all(error, path, &source));
        let file = syn::parse_str(&source).map_err(refused)?;
        let input = Self::of(path, &source, file).map_err(refused)?;
        if input.services.is_empty() { Err(Error::no_service(path)) } else { Ok(input) }
    }

    /// The definition's name, which is the same for everyone who generates from it.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn of(path: &Path, source: &str, file: File) -> syn::Result<Self> {
        let mut mistakes = Mistakes::default();
        let mut cut: Vec<Range<usize>> = file.attrs.iter().map(|attribute| attribute.span().byte_range()).collect();
        let (mut services, mut rest) = (Vec::new(), Vec::new());
        for item in file.items {
            rules::item(&item, &mut mistakes);
            let range = item.span().byte_range();
            match definition(item) {
                Ok(definition) => {
                    cut.push(range);
                    services.push(definition);
                }
                Err(item) => rest.push(*item),
            }
        }
        let names = Names::of(&rest);
        let mut expanded = Vec::new();
        for definition in services {
            rules::service(&definition.service, &names.private, &mut mistakes);
            match definition.expand() {
                Ok(service) => expanded.push(service),
                Err(error) => mistakes.push(error),
            }
        }
        mistakes.into_result()?;
        let is_macro = |item: &Item| matches!(item, Item::Macro(item) if item.ident.is_some());
        Ok(Self {
            path: path.to_owned(),
            attributes: file.attrs,
            has_items: rest.iter().any(|item| !matches!(item, Item::Use(_))),
            has_macros: rest.iter().any(is_macro),
            imports: rest.into_iter().filter_map(|item| import(item, &names.own)).collect(),
            text: without(source, &cut),
            services: expanded,
        })
    }
}

/// A trait under `#[rpcnet::service]`, and the options in it.
struct Definition {
    options: TokenStream,
    service: ItemTrait,
}

impl Definition {
    fn expand(self) -> syn::Result<Service> {
        let Self { options, service } = self;
        let name = service.ident.clone();
        let expansion = rpcnet_codegen::expand_service(options, service.into_token_stream())?;
        Ok(Service { folder: folder::of(&name), name, expansion })
    }
}

/// `item` as a service, or as it was.
fn definition(item: Item) -> Result<Definition, Box<Item>> {
    let Item::Trait(mut service) = item else { return Err(Box::new(item)) };
    let mut attributes = mem::take(&mut service.attrs);
    let is_service = |attribute: &Attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|last| last.ident == "service") && attribute.style == AttrStyle::Outer
    };
    let found = attributes.iter().position(is_service).map(|position| attributes.remove(position));
    service.attrs = attributes;
    match found.map(|attribute| attribute.meta) {
        Some(Meta::List(list)) => Ok(Definition { options: list.tokens, service }),
        Some(Meta::Path(_)) => Ok(Definition { options: TokenStream::new(), service }),
        // rustc refuses `service = ".."`, and so will whoever reads the file.
        Some(Meta::NameValue(_)) | None => Err(Box::new(Item::Trait(service))),
    }
}

/// The names of the definition's own items.
#[derive(Default)]
struct Names {
    own: Vec<Ident>,
    /// Those that other modules cannot name.
    private: Vec<Ident>,
}

impl Names {
    fn of(items: &[Item]) -> Self {
        let mut names = Self::default();
        for item in items {
            if let Some((name, visibility)) = named(item) {
                names.own.push(name.clone());
                names.private.extend(matches!(visibility, Visibility::Inherited).then(|| name.clone()));
            }
        }
        // What is imported from an own module is not imported again elsewhere.
        for item in items {
            if let Item::Use(import) = item
                && matches!(import.vis, Visibility::Inherited)
                && is_own(import, &names.own)
            {
                bound(&import.tree, &mut names.private);
            }
        }
        names
    }
}

fn named(item: &Item) -> Option<(&Ident, &Visibility)> {
    match item {
        Item::Enum(item) => Some((&item.ident, &item.vis)),
        Item::Mod(item) => Some((&item.ident, &item.vis)),
        Item::Struct(item) => Some((&item.ident, &item.vis)),
        Item::Trait(item) => Some((&item.ident, &item.vis)),
        Item::Type(item) => Some((&item.ident, &item.vis)),
        Item::Union(item) => Some((&item.ident, &item.vis)),
        _ => None,
    }
}

fn import(item: Item, own: &[Ident]) -> Option<ItemUse> {
    match item {
        Item::Use(mut import) if !is_own(&import, own) => {
            // Elsewhere it is for the generated code alone.
            import.attrs.retain(|attribute| attribute.path().is_ident("cfg"));
            import.vis = Visibility::Inherited;
            Some(import)
        }
        _ => None,
    }
}

/// Whether a path starts at one of the definition's items.
fn is_own(import: &ItemUse, own: &[Ident]) -> bool {
    let mut tree = &import.tree;
    while let UseTree::Path(path) = tree {
        if path.ident != "self" {
            return import.leading_colon.is_none() && own.contains(&path.ident);
        }
        tree = &path.tree;
    }
    false
}

/// The names that an import brings into scope, as far as it spells them.
fn bound(tree: &UseTree, names: &mut Vec<Ident>) {
    match tree {
        UseTree::Path(path) => bound(&path.tree, names),
        UseTree::Name(name) => names.push(name.ident.clone()),
        UseTree::Rename(rename) => names.push(rename.rename.clone()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| bound(tree, names)),
        UseTree::Glob(_) => {}
    }
}

/// `source` without the parts in `cut`, and with no more than one empty line where they were.
fn without(source: &str, cut: &[Range<usize>]) -> String {
    let mut text = String::new();
    let mut position = 0;
    for range in cut {
        join(&mut text, source.get(position..range.start).unwrap_or_default());
        position = range.end;
    }
    join(&mut text, source.get(position..).unwrap_or_default());
    text.trim_matches('\n').trim_end().to_owned()
}

fn join(text: &mut String, part: &str) {
    let kept = text.trim_end().len();
    text.truncate(kept);
    let part = part.trim_start_matches(['\n', ' ']);
    if !text.is_empty() && !part.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(part);
}
