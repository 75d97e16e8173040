//! Why nothing was generated.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;

/// Why nothing was generated. No file has been touched, unless a file could not be written.
///
/// Its `Debug` is its `Display`, so that a `build.rs` that panics with it can be read.
pub struct Error(Kind);

enum Kind {
    NoInput,
    MissingInput(PathBuf),
    Io { action: &'static str, path: PathBuf, source: io::Error },
    NoService(PathBuf),
    Refused(Vec<Diagnostic>),
    SameFolder { folder: String, inputs: [PathBuf; 2] },
    Foreign(Vec<PathBuf>),
}

impl Error {
    pub(crate) fn no_input() -> Self {
        Self(Kind::NoInput)
    }

    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self(Kind::Io { action, path: path.to_owned(), source })
    }

    pub(crate) fn reading(path: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::NotFound {
            Self(Kind::MissingInput(path.to_owned()))
        } else {
            Self::io("read", path, source)
        }
    }

    pub(crate) fn no_service(path: &Path) -> Self {
        Self(Kind::NoService(path.to_owned()))
    }

    pub(crate) fn refused(diagnostics: Vec<Diagnostic>) -> Self {
        Self(Kind::Refused(diagnostics))
    }

    pub(crate) fn same_folder(folder: String, inputs: [PathBuf; 2]) -> Self {
        Self(Kind::SameFolder { folder, inputs })
    }

    pub(crate) fn foreign(paths: Vec<PathBuf>) -> Self {
        Self(Kind::Foreign(paths))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::NoInput => f.write_str("no input: name a service definition, such as `src/greeting.rpc.rs`"),
            Kind::MissingInput(path) => write!(f, "Input file '{}' does not exist", path.display()),
            Kind::Io { action, path, source } => write!(f, "cannot {action} `{}`: {source}", path.display()),
            Kind::NoService(path) => {
                let path = path.display();
                write!(f, "`{path}` defines no service: put `#[rpcnet::service]` on a trait that stands in no `mod`")
            }
            Kind::Refused(diagnostics) => separated(f, diagnostics),
            Kind::SameFolder { folder, inputs: [first, second] } => {
                let (first, second) = (first.display(), second.display());
                write!(
                    f,
                    "the folder `{folder}` would be written for `{first}` and again for `{second}`: rename a service"
                )
            }
            Kind::Foreign(paths) => foreign(f, paths),
        }
    }
}

fn separated(f: &mut fmt::Formatter<'_>, diagnostics: &[Diagnostic]) -> fmt::Result {
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        let separator = if index == 0 { "" } else { "\n\nError: " };
        write!(f, "{separator}{diagnostic}")?;
    }
    Ok(())
}

fn foreign(f: &mut fmt::Formatter<'_>, paths: &[PathBuf]) -> fmt::Result {
    f.write_str("rpcnet-gen overwrites no file that it did not write: move it away, or choose another output")?;
    paths.iter().try_for_each(|path| write!(f, "\n  {}", path.display()))
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
