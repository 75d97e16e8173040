//! Files on disk: chunks of whole ones, and unfinished ones, which nobody sees under their name.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use blake3::{Hash, Hasher};
use bytes::Bytes;
use rpcnet::prelude::*;
use tokio::{io::AsyncSeekExt, sync::OwnedMutexGuard, task::spawn_blocking};
use tokio_util::io::ReaderStream;

/// An unfinished file.
pub struct Partial {
    inner: Arc<Inner>,
    length: u64,
}

struct Inner {
    file: File,
    path: PathBuf,
    /// Held until the last write is done, also if nobody waits for it any more.
    _writer: Option<OwnedMutexGuard<()>>,
}

impl Partial {
    /// Opens the file at `path`, which need not exist, to go on at `offset`, or at its end. `None`: it is not that long.
    pub async fn open(
        path: PathBuf,
        offset: Option<u64>,
        writer: Option<OwnedMutexGuard<()>>,
    ) -> io::Result<Option<Self>> {
        blocking(move || {
            let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)?;
            let length = offset.unwrap_or(file.metadata()?.len());
            if length > file.metadata()?.len() {
                return Ok(None);
            }
            file.set_len(length)?;
            file.seek(SeekFrom::Start(length))?;
            Ok(Some(Self { inner: Arc::new(Inner { file, path, _writer: writer }), length }))
        })
        .await
    }

    /// How much of the file there is.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Appends a chunk.
    pub async fn write(&mut self, chunk: Bytes) -> io::Result<()> {
        self.length += chunk.len() as u64;
        let inner = Arc::clone(&self.inner);
        blocking(move || (&inner.file).write_all(&chunk)).await
    }

    /// Removes it: it can't become what it should be.
    pub async fn remove(self) -> io::Result<()> {
        let inner = self.inner;
        blocking(move || fs::remove_file(&inner.path)).await
    }

    /// Makes it the file at `target`, at once and whole, if it is what it should be; otherwise removes it. What is
    /// checked is what is on the disk.
    pub async fn finish(self, digest: Hash, target: PathBuf) -> io::Result<bool> {
        let inner = self.inner;
        blocking(move || {
            inner.file.sync_all()?;
            if digest_of(&inner.path)? != digest {
                fs::remove_file(&inner.path)?;
                return Ok(false);
            }
            fs::rename(&inner.path, target)?;
            Ok(true)
        })
        .await
    }
}

/// The digest of a whole file.
pub fn digest_of(path: &Path) -> io::Result<Hash> {
    let mut hasher = Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize())
}

/// The chunks of a whole file from `offset` on.
pub async fn chunks(path: &Path, offset: u64) -> io::Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>> {
    let mut file = tokio::fs::File::open(path).await?;
    file.seek(SeekFrom::Start(offset)).await?;
    Ok(ReaderStream::with_capacity(file, CHUNK_BYTES))
}

/// Runs what waits for the disk where it holds nobody up.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await?
}

/// Enough that a chunk's journey to a thread for the disk is a small part of its cost.
const CHUNK_BYTES: usize = 256 * 1024;
