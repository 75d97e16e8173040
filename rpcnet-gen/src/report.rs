//! What was done, for people.

use std::fmt;
use std::path::{Component, Path, PathBuf};

/// What a run generated, service by service. It is displayed for people.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The services, in the order of the inputs.
    pub services: Vec<ServiceReport>,
    /// Whether files were compared, and not written.
    pub is_check: bool,
}

/// What was generated for one service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceReport {
    /// The trait's name.
    pub name: String,
    /// How a `mod` item spells the module.
    pub module: String,
    /// The folder of its files.
    pub folder: PathBuf,
    /// Its files.
    pub files: Vec<FileReport>,
    /// Files of an earlier run, which the module names no more.
    pub left: Vec<PathBuf>,
}

/// What became of one file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FileReport {
    /// `client`, `server`, `types` or `module`.
    pub part: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// What was there before.
    pub state: State,
    /// From what was there to what is generated; empty if they are the same.
    pub diff: String,
}

/// How a file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// As it should be.
    Current,
    /// Generated from another definition, or by another version.
    Changed,
    /// Not there.
    New,
}

impl Report {
    /// Whether all files were as they should be.
    pub fn is_current(&self) -> bool {
        self.files().all(|file| file.state == State::Current)
    }

    fn files(&self) -> impl Iterator<Item = &FileReport> {
        self.services.iter().flat_map(|service| &service.files)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_check { self.fmt_check(f) } else { self.fmt_run(f) }
    }
}

impl Report {
    fn fmt_check(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in self.files() {
            f.write_str(&file.diff)?;
        }
        if self.is_current() {
            return writeln!(f, "✅ {} generated files are up to date", self.files().count());
        }
        let stale = self.files().filter(|file| file.state != State::Current).count();
        writeln!(f, "❌ stale: {stale} of {} generated files; run rpcnet-gen without --check", self.files().count())
    }

    fn fmt_run(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for service in &self.services {
            service.fmt_files(f)?;
        }
        writeln!(f, "\n✨ Code generation complete!")?;
        let plural = if self.services.len() == 1 { "service" } else { "services" };
        writeln!(f, "\n📝 Add the following to your code to use the generated {plural}:")?;
        for ServiceReport { module, folder, .. } in &self.services {
            let path = folder.join("mod.rs");
            writeln!(f, "    #[path = \"{}\"]", below_src(&path).display())?;
            writeln!(f, "    mod {module};")?;
            writeln!(f, "    use {module}::*;")?;
        }
        Ok(())
    }
}

impl ServiceReport {
    fn fmt_files(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "📦 Generating code for service: {}", self.name)?;
        for FileReport { part, path, state, .. } in &self.files {
            let verb = if *state == State::Current { "Up to date" } else { "Generated" };
            writeln!(f, "  ✅ {verb} {part}: {}", path.display())?;
        }
        for path in &self.left {
            writeln!(f, "  ⚠️  Left alone, the module names it no more: {}", path.display())?;
        }
        Ok(())
    }
}

/// The path as a file in `src/` would name it.
fn below_src(path: &Path) -> &Path {
    let mut components = path.components();
    while let Some(component) = components.next() {
        if component == Component::Normal("src".as_ref()) {
            return components.as_path();
        }
    }
    path
}
