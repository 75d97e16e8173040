//! The contract: files go up and down as streams of chunks, from any offset.

use std::{
    path::{Component, Path},
    time::Duration,
};

use blake3::Hash;
use bytes::Bytes;
use rpcnet::prelude::*;
use serde::{Deserialize, Serialize};

/// A file, and what it must be when it is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// Its name, without any folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its content's digest, by BLAKE3.
    pub digest: Hash,
}

/// Why a file did not get across.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileError {
    /// A name that is not that of a file in the server's own folder.
    BadName(String),
    /// No such file.
    NotFound(String),
    /// The offset is beyond what the server has.
    Gap,
    /// More or fewer bytes than were announced.
    WrongSize,
    /// The content is not what was announced; none of it is kept.
    WrongDigest,
    /// The upload was cut. What had arrived is kept, to go on from there.
    Interrupted(String),
    /// The server's disk failed.
    Disk(String),
}

/// Keeps files.
#[rpcnet::service]
pub trait Files {
    /// How many bytes of an upload the server has: where to go on.
    #[rpc(idempotent)]
    async fn received(&self, digest: Hash) -> Result<u64, FileError>;

    /// Uploads a file from `offset` on. It appears under its name when it is whole and its digest is right.
    async fn upload(&self, file: FileInfo, offset: u64, chunks: Streaming<Bytes>) -> Result<(), FileError>;

    /// What the server has under a name.
    #[rpc(idempotent, deadline = "5m")]
    async fn describe(&self, name: String) -> Result<FileInfo, FileError>;

    /// Downloads a file from `offset` on.
    async fn download(
        &self,
        name: String,
        offset: u64,
    ) -> Result<impl Stream<Item = Result<Bytes, FileError>>, FileError>;
}

/// Lets a name pass that stays in its folder wherever it is joined, and that hides nothing.
pub fn checked(name: &str) -> Result<&str, FileError> {
    let mut components = Path::new(name).components();
    let is_one =
        matches!((components.next(), components.next()), (Some(Component::Normal(only)), None) if only == name);
    // What is a separator elsewhere is none here: a file that comes from one system may go to another.
    if is_one && !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0']) {
        return Ok(name);
    }
    Err(FileError::BadName(name.to_owned()))
}

/// How long either side may be silent. A client that crashed holds its upload that long, and goes on with it after that.
pub const SILENCE_MAX: Duration = Duration::from_secs(5);

impl From<std::io::Error> for FileError {
    fn from(error: std::io::Error) -> Self {
        Self::Disk(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        for name in ["", ".", "..", "/", "/etc/passwd", "../up", "a/b", "a/", "./a", "a\\b", "c:a", ".hidden", "a\0"] {
            assert_eq!(checked(name), Err(FileError::BadName(name.to_owned())));
        }
    }

    #[test]
    fn plain_names_pass() {
        for name in ["a", "a.tar.gz", "two words", "ünï", "a..b"] {
            assert_eq!(checked(name), Ok(name));
        }
    }
}
