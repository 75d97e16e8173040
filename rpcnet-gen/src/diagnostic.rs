//! A mistake in a service definition, shown as rustc shows it.

use std::fmt;
use std::path::{Path, PathBuf};

/// A mistake, and where it is.
pub(crate) struct Diagnostic {
    message: String,
    path: PathBuf,
    /// From 1.
    line: usize,
    /// In characters, from 0.
    column: usize,
    /// How many characters of the line are at fault.
    length: usize,
    /// The line itself.
    text: String,
}

impl Diagnostic {
    /// Takes apart an error that may stand for several.
    pub(crate) fn all(error: syn::Error, path: &Path, source: &str) -> Vec<Self> {
        error.into_iter().map(|error| Self::of(&error, path, source)).collect()
    }

    fn of(error: &syn::Error, path: &Path, source: &str) -> Self {
        let (start, end) = (error.span().start(), error.span().end());
        let text = source.lines().nth(start.line.saturating_sub(1)).unwrap_or_default();
        // What goes on beyond the line is marked to the line's end.
        let last = if end.line == start.line { end.column } else { text.chars().count() };
        Self {
            message: error.to_string(),
            path: path.to_owned(),
            line: start.line,
            column: start.column,
            length: last.saturating_sub(start.column).max(1),
            text: text.to_owned(),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, path, line, column, length, text } = self;
        let margin = line.to_string().len();
        writeln!(f, "{message}")?;
        writeln!(f, "{:margin$}--> {}:{line}:{}", "", path.display(), column + 1)?;
        writeln!(f, "{:margin$} |", "")?;
        writeln!(f, "{line} | {text}")?;
        write!(f, "{:margin$} | {:column$}{:^<length$}", "", "", "")
    }
}
