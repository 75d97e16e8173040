//! Every rule of the macro has a case in `fail/`, and every case says why it fails.

use std::path::{Path, PathBuf};
use std::{fs, io};

#[test]
fn every_rule_has_a_case_of_its_name() -> io::Result<()> {
    let cases: Vec<String> = files("fail")?.iter().map(|path| stem(path)).collect();
    let mut missing = Vec::new();
    for file in files("../rpcnet-codegen/src/check")? {
        let source = fs::read_to_string(&file)?;
        missing.extend(rules(&source).filter(|rule| !cases.contains(rule)));
    }
    assert!(missing.is_empty(), "write fail/<rule>.rs for {missing:?}");
    Ok(())
}

#[test]
fn every_case_opens_with_its_reason_and_its_remedy() -> io::Result<()> {
    for case in files("fail")? {
        let source = fs::read_to_string(&case)?;
        let comment: Vec<&str> = source.lines().take_while(|line| line.starts_with("// ")).collect();
        assert!(comment.len() > 1, "{} opens with no comment", case.display());
        let has_remedy = stem(&case) == "all_at_once" || comment.iter().any(|line| line.starts_with("// Remedy: "));
        assert!(has_remedy, "{} has no remedy", case.display());
    }
    Ok(())
}

#[test]
fn every_case_is_followed_by_a_program_that_is_right() -> io::Result<()> {
    let (mut wrong, mut right) = (files("fail")?, files("right")?);
    wrong.sort();
    right.sort();
    let stems = |paths: &[PathBuf]| paths.iter().map(|path| stem(path)).collect::<Vec<_>>();
    assert_eq!(stems(&wrong), stems(&right));
    let compiled = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/right.rs"))?;
    for case in stems(&right) {
        assert!(compiled.contains(&format!("\nmod {case};\n")), "tests/right.rs does not compile {case}");
    }
    Ok(())
}

/// Prints how many errors each case has: `cargo test -p ui-tests --test rules -- --nocapture`.
#[test]
#[expect(clippy::print_stderr, reason = "the figures are what is asked for")]
fn no_token_is_complained_about_twice() -> io::Result<()> {
    let mut cases = files("fail")?;
    cases.sort();
    for case in cases {
        let told = fs::read_to_string(case.with_extension("stderr"))?;
        let errors = told.lines().filter(|line| line.starts_with("error")).count();
        let mut places: Vec<&str> = primary_places(&told).collect();
        eprintln!("{:36} {errors}", stem(&case));
        assert_eq!(places.len(), errors, "{}", case.display());
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), errors, "{} tells something twice", case.display());
    }
    Ok(())
}

/// Where each error points.
fn primary_places(told: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = told.lines().collect();
    let arrow = |pair: &[&'_ str]| pair.first().is_some_and(|line| line.starts_with("error"));
    let places: Vec<&str> =
        lines.windows(2).filter(|pair| arrow(pair)).filter_map(|pair| pair.last().copied()).collect();
    places.into_iter()
}

/// The functions of a module of `check` that report something: each is a rule.
fn rules(source: &str) -> impl Iterator<Item = String> {
    let functions = source.lines().filter_map(|line| line.strip_prefix("fn "));
    let reporting = functions.filter(|line| line.contains("errors: &mut Errors"));
    reporting.filter_map(|line| line.split('(').next()).map(str::to_owned)
}

/// The Rust files in a folder beside this crate's manifest.
fn files(folder: &str) -> io::Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect())
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
