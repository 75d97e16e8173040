//! Generation as a `build.rs` asks for it, and as the command line does.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files;
use crate::folder;
use crate::input::{Input, Service};
use crate::parts::Parts;
use crate::report::{FileReport, Report, ServiceReport};
use crate::tree::{self, Entry};

/// Generates code from service definitions.
///
/// ```no_run
/// // build.rs
/// rpcnet_gen::Builder::new()
///     .input("rpc/user.rpc.rs")
///     .input("rpc/billing.rpc.rs")
///     .output("src/generated")
///     .build()
///     .expect("service definitions that rpcnet-gen accepts");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    inputs: Vec<PathBuf>,
    output: PathBuf,
    parts: Parts,
}

impl Builder {
    /// Without an input yet; the output is `src/generated`.
    pub fn new() -> Self {
        Self { inputs: Vec::new(), output: PathBuf::from("src/generated"), parts: Parts::ALL }
    }

    /// Generates from this definition too.
    pub fn input(mut self, path: impl Into<PathBuf>) -> Self {
        self.inputs.push(path.into());
        self
    }

    /// The folder that each service gets a folder in.
    pub fn output(mut self, path: impl Into<PathBuf>) -> Self {
        self.output = path.into();
        self
    }

    /// Generates these files alone.
    pub fn parts(mut self, parts: Parts) -> Self {
        self.parts = parts;
        self
    }

    /// Generates from a `build.rs`: cargo runs it again when a definition changes.
    ///
    /// # Errors
    ///
    /// A definition that cannot be read or is refused, and a file that is not generated where one would be written.
    pub fn build(self) -> Result<Report, Error> {
        for input in &self.inputs {
            rerun_if_changed(input);
        }
        self.write()
    }

    /// Generates.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn write(self) -> Result<Report, Error> {
        let trees = self.trees()?;
        let foreign: Vec<PathBuf> = trees.iter().flat_map(Tree::foreign).collect();
        if !foreign.is_empty() {
            return Err(Error::foreign(foreign));
        }
        trees.iter().flat_map(|tree| &tree.entries).try_for_each(Entry::write)?;
        Ok(Report { services: trees.into_iter().map(|tree| tree.report).collect(), is_check: false })
    }

    /// Compares what is there with what would be generated, and writes nothing.
    ///
    /// # Errors
    ///
    /// A definition that cannot be read or is refused. That files differ is no error: see [`Report::is_current`].
    pub fn check(self) -> Result<Report, Error> {
        let trees = self.trees()?;
        Ok(Report { services: trees.into_iter().map(|tree| tree.report).collect(), is_check: true })
    }

    fn trees(&self) -> Result<Vec<Tree>, Error> {
        if self.inputs.is_empty() {
            return Err(Error::no_input());
        }
        let mut trees: Vec<Tree> = Vec::new();
        for path in &self.inputs {
            let input = Input::read(path)?;
            for service in &input.services {
                if let Some(earlier) = trees.iter().find(|tree| tree.folder == service.folder) {
                    return Err(Error::same_folder(service.folder.clone(), [earlier.input.clone(), path.clone()]));
                }
                trees.push(Tree::of(&input, service, &self.output, self.parts)?);
            }
        }
        Ok(trees)
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

/// The files of one service.
struct Tree {
    input: PathBuf,
    folder: String,
    entries: Vec<Entry>,
    report: ServiceReport,
}

impl Tree {
    fn of(input: &Input, service: &Service, output: &Path, parts: Parts) -> Result<Self, Error> {
        let folder = output.join(&service.folder);
        let generated = files::of(input, service, parts);
        let entries: Vec<Entry> =
            generated.into_iter().map(|file| Entry::read(&folder, file)).collect::<Result<_, _>>()?;
        let report = ServiceReport {
            name: service.name.to_string(),
            module: folder::module(&service.folder),
            files: entries.iter().map(file).collect(),
            left: tree::left(&folder, &entries)?,
            folder,
        };
        Ok(Self { input: input.path.clone(), folder: service.folder.clone(), entries, report })
    }

    fn foreign(&self) -> impl Iterator<Item = PathBuf> {
        self.entries.iter().filter(|entry| entry.is_foreign()).map(|entry| entry.path.clone())
    }
}

fn file(entry: &Entry) -> FileReport {
    FileReport { part: entry.part, path: entry.path.clone(), state: entry.state(), diff: entry.diff() }
}

#[expect(clippy::print_stdout, reason = "cargo reads what a build script prints")]
fn rerun_if_changed(path: &Path) {
    println!("cargo:rerun-if-changed={}", path.display());
}
