//! The server: a folder of files.

use std::{
    collections::HashMap,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use blake3::Hash;
use bytes::Bytes;
use rpcnet::prelude::*;
use tokio::sync::OwnedMutexGuard;

use crate::{
    partial::{Partial, blocking, chunks, digest_of},
    service::{FileError, FileInfo, Files, FilesServer, SILENCE_MAX, checked},
};

/// Files in a folder.
pub struct Folder {
    whole: PathBuf,
    /// Unfinished uploads, each named by the digest that it is to have. No name that a client gives reaches it.
    partial: PathBuf,
    /// One writer at a time for each of them.
    writers: Mutex<HashMap<Hash, Arc<tokio::sync::Mutex<()>>>>,
}

impl Files for Folder {
    async fn received(&self, digest: Hash) -> Result<u64, FileError> {
        // A writer that was cut may not have stopped yet.
        let _writer = self.writer(digest).await;
        Ok(fs::metadata(self.partial(digest)).map_or(0, |metadata| metadata.len()))
    }

    async fn upload(&self, file: FileInfo, offset: u64, mut chunks: Streaming<Bytes>) -> Result<(), FileError> {
        let target = self.whole.join(checked(&file.name)?);
        let writer = self.writer(file.digest).await;
        let partial = Partial::open(self.partial(file.digest), Some(offset), Some(writer)).await?;
        let mut partial = partial.ok_or(FileError::Gap)?;
        loop {
            if partial.length() > file.bytes {
                partial.remove().await?;
                return Err(FileError::WrongSize);
            }
            let Some(chunk) = chunks.next().await else { break };
            partial.write(chunk.map_err(|error| FileError::Interrupted(error.to_string()))?).await?;
        }
        // The client has said that this was all.
        if partial.length() != file.bytes {
            return Err(FileError::WrongSize);
        }
        if partial.finish(file.digest, target).await? { Ok(()) } else { Err(FileError::WrongDigest) }
    }

    async fn describe(&self, name: String) -> Result<FileInfo, FileError> {
        let path = self.existing(&name)?;
        Ok(blocking(move || Ok(FileInfo { name, bytes: fs::metadata(&path)?.len(), digest: digest_of(&path)? }))
            .await?)
    }

    async fn download(
        &self,
        name: String,
        offset: u64,
    ) -> Result<impl Stream<Item = Result<Bytes, FileError>>, FileError> {
        let chunks = chunks(&self.existing(&name)?, offset).await?;
        Ok(chunks.map(|chunk| Ok(chunk?)))
    }
}

impl Folder {
    /// The files of `folder`, which need not exist yet.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let (whole, partial) = (folder.to_owned(), folder.join(".partial"));
        fs::create_dir_all(&partial).map_err(|error| io::Error::other(format!("{}: {error}", partial.display())))?;
        Ok(Self { whole, partial, writers: Mutex::default() })
    }

    fn existing(&self, name: &str) -> Result<PathBuf, FileError> {
        let path = self.whole.join(checked(name)?);
        // A link could lead out of the folder.
        let is_file = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
        if is_file { Ok(path) } else { Err(FileError::NotFound(name.to_owned())) }
    }

    async fn writer(&self, digest: Hash) -> OwnedMutexGuard<()> {
        let turn = {
            let mut writers = self.writers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            writers.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(writers.entry(digest).or_default())
        };
        turn.lock_owned().await
    }

    fn partial(&self, digest: Hash) -> PathBuf {
        self.partial.join(digest.to_hex().as_str())
    }
}

/// Serves the files of `folder` on `addr`; port 0 is any free one.
pub async fn start(folder: &Path, addr: &str) -> Result<Server, Box<dyn Error>> {
    let files = FilesServer::new(Folder::open(folder)?);
    let config = ServerConfig::development().with_bind_addr(addr).with_idle_timeout(SILENCE_MAX).build()?;
    Ok(Server::builder(config).service(files).start().await?)
}
