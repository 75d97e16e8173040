//! `docs/COMPILE-ERRORS.md` is made of the programs in `fail/` and `right/`: it shows no message that is not tested.
//!
//! `BLESS=1 cargo test -p ui-tests --test page` writes it anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

#[test]
fn the_page_of_compile_errors_is_current() -> io::Result<()> {
    let page = page()?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/COMPILE-ERRORS.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &page)?;
    }
    assert!(fs::read_to_string(&path)? == page, "docs/COMPILE-ERRORS.md is stale; BLESS=1 writes it anew");
    Ok(())
}

const HEAD: &str = "# Compile errors

What `#[rpcnet::service]` refuses, what rustc prints, and what to write instead. All mistakes of a trait are reported
by one build, each at the token that is to be changed. To look up an error, search this page for its words without the
names in them: each chapter begins with how its errors begin.

This page is generated from the programs in `ui-tests/fail`, whose messages are tested, and from those in
`ui-tests/right`, which compile. Do not edit it: `BLESS=1 cargo test -p ui-tests --test page` writes it anew.
";

/// The chapters, by how the names of their cases start.
const CHAPTERS: [(&str, &str, &str); 3] = [
    ("", "What the macro refuses", "These need nothing but the trait: the macro tells before rustc looks at a type."),
    (
        "type_",
        "Types that do not fit",
        "These need the types, so rustc tells, in words of rpcnet's where there are any. Of a type that can't travel it also\n\
         says that `Wire` is not implemented: nobody implements that, every type has it that derives serde's\n\
         `Serialize` and `Deserialize`.",
    ),
    ("handler_", "Handlers that do not fit", "The trait is fine, and its implementation is not: rustc tells."),
];

fn page() -> io::Result<String> {
    let cases = cases()?;
    let mut page = HEAD.to_owned();
    for (prefix, title, introduction) in CHAPTERS {
        // Writing to a string does not fail.
        let _ = write!(page, "\n## {title}\n\n{introduction}\n");
        let of_chapter = || cases.iter().filter(|case| chapter(&case.name) == prefix);
        page.push('\n');
        of_chapter().for_each(|case| case.write_entry(&mut page));
        of_chapter().for_each(|case| case.write(&mut page));
    }
    page.push_str(include_str!("../limits.md"));
    Ok(page)
}

fn chapter(name: &str) -> &'static str {
    let prefixes = CHAPTERS.iter().map(|(prefix, ..)| *prefix);
    prefixes.rev().find(|prefix| name.starts_with(prefix)).unwrap_or_default()
}

/// One rule: a program that breaks it, what rustc prints, and a program that does not.
struct Case {
    name: String,
    reason: String,
    remedy: String,
    wrong: String,
    printed: String,
    right: String,
}

impl Case {
    fn read(path: &Path) -> io::Result<Self> {
        let source = fs::read_to_string(path)?;
        let comment: Vec<&str> = source.lines().map_while(|line| line.strip_prefix("// ")).collect();
        let (remedy, reason): (Vec<&str>, Vec<&str>) = comment.iter().partition(|line| line.starts_with("Remedy: "));
        let wrong = source.lines().skip(comment.len()).collect::<Vec<_>>().join("\n");
        let wrong = wrong.trim().trim_end_matches("fn main() {}").trim().to_owned();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let right = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("right/{name}.rs"));
        Ok(Self {
            reason: reason.join("\n"),
            remedy: remedy.join(" ").trim_start_matches("Remedy: ").to_owned(),
            wrong,
            printed: fs::read_to_string(path.with_extension("stderr"))?.trim_end().to_owned(),
            right: fs::read_to_string(&right)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", right.display())))?
                .trim()
                .to_owned(),
            name,
        })
    }

    /// The words of its first error, and where to find it.
    fn write_entry(&self, page: &mut String) {
        let first = self.printed.lines().next().unwrap_or_default();
        let words = first.split_once(": ").map_or(first, |(_, words)| words);
        let _ = writeln!(page, "- [{name}](#{name}): {words}", name = self.name);
    }

    fn write(&self, page: &mut String) {
        let Self { name, reason, remedy, wrong, printed, right } = self;
        let _ = write!(page, "\n### {name}\n\n{reason}\n\n```rust,ignore\n{wrong}\n```\n\n```text\n{printed}\n```\n\n");
        if !remedy.is_empty() {
            let _ = writeln!(page, "{}\n", sentence(remedy));
        }
        let _ = write!(page, "```rust,ignore\n{right}\n```\n");
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// All cases, in the order of their names.
fn cases() -> io::Result<Vec<Case>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fail");
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.sort();
    paths.iter().map(|path| Case::read(path)).collect()
}
