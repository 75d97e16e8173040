//! The generated files against those that are there.

use std::path::{Path, PathBuf};
use std::{fs, io};

use similar::TextDiff;

use crate::error::Error;
use crate::files::{Generated, MARKER};
use crate::report::State;

/// A generated file, and what is at its place.
pub(crate) struct Entry {
    pub(crate) part: &'static str,
    pub(crate) path: PathBuf,
    text: String,
    /// `None`: there is no such file.
    present: Option<String>,
}

impl Entry {
    pub(crate) fn read(folder: &Path, generated: Generated) -> Result<Self, Error> {
        let Generated { part, name, text } = generated;
        let path = folder.join(name);
        let present = present(&path)?;
        Ok(Self { part, path, text, present })
    }

    /// Whether someone else wrote what is there.
    pub(crate) fn is_foreign(&self) -> bool {
        self.present.as_ref().is_some_and(|present| !present.starts_with(MARKER))
    }

    pub(crate) fn state(&self) -> State {
        match &self.present {
            Some(present) if *present == self.text => State::Current,
            Some(_) => State::Changed,
            None => State::New,
        }
    }

    /// Writes the file if it is not as it should be: one that is keeps its date, and causes no build.
    pub(crate) fn write(&self) -> Result<(), Error> {
        if self.state() == State::Current {
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, error))?;
        }
        fs::write(&self.path, &self.text).map_err(|error| Error::io("write", &self.path, error))
    }

    /// From what is there to what should be.
    pub(crate) fn diff(&self) -> String {
        let present = self.present.as_deref().unwrap_or_default();
        let from = match &self.present {
            None => "missing",
            Some(_) if self.is_foreign() => "not written by rpcnet-gen",
            Some(_) => "committed",
        };
        let path = self.path.display();
        let diff = TextDiff::from_lines(present, &self.text);
        diff.unified_diff().header(&format!("{path} ({from})"), &format!("{path} (generated)")).to_string()
    }
}

/// Files in `folder` that an earlier run wrote, and this one does not.
pub(crate) fn left(folder: &Path, entries: &[Entry]) -> Result<Vec<PathBuf>, Error> {
    let mut left = Vec::new();
    for name in ["client.rs", "server.rs", "types.rs"] {
        let path = folder.join(name);
        let is_generated = !entries.iter().any(|entry| entry.path == path)
            && present(&path)?.is_some_and(|present| present.starts_with(MARKER));
        left.extend(is_generated.then_some(path));
    }
    Ok(left)
}

fn present(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        // A checkout may have changed the ends of the lines.
        Ok(text) => Ok(Some(text.replace("\r\n", "\n"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path, error)),
    }
}
