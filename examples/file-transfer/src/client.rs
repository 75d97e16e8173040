//! The client: asks what is there already, and transfers the rest.

use std::{error::Error, fs, io, path::Path};

use rpcnet::{Target, fallible, prelude::*};

use crate::{
    partial::{Partial, blocking, chunks, digest_of},
    progress::Progress,
    service::{FileInfo, FilesClient, SILENCE_MAX, checked},
};

/// Connects to the server at `target`.
pub async fn connect(target: impl Into<Target>) -> Result<FilesClient, Box<dyn Error>> {
    let config = ClientConfig::development().with_idle_timeout(SILENCE_MAX).build()?;
    Ok(FilesClient::connect(target, config).await?)
}

/// Uploads the file at `path`, from where an earlier upload was cut. At `cut_at` bytes, if that is given, this one is.
pub async fn upload(client: &FilesClient, path: &Path, cut_at: Option<u64>) -> Result<(), Box<dyn Error>> {
    let info = describe(path).await?;
    let offset = client.received(info.digest).await.map_err(told)?;
    let progress = Progress::start("upload", &info, offset);
    let (counted, mut position) = (progress.clone(), offset);
    let chunks = chunks(path, offset).await?.map(move |chunk| {
        let chunk = chunk?;
        position += chunk.len() as u64;
        if cut_at.is_some_and(|cut_at| position > cut_at) {
            return Err(io::Error::other(CUT));
        }
        counted.reached(position);
        Ok(chunk)
    });
    // Dropped or failed, the stream cancels the call: the server never takes it for the end of the file.
    let uploaded = client.upload(info, offset, fallible(chunks)).await;
    progress.end(uploaded.is_ok());
    uploaded.map_err(told)
}

/// Downloads the file `name` into `folder`, from where an earlier download was cut. At `cut_at` bytes, if that is given,
/// this one is. A file that has the name already is replaced when the new one is whole.
pub async fn download(
    client: &FilesClient,
    name: &str,
    folder: &Path,
    cut_at: Option<u64>,
) -> Result<(), Box<dyn Error>> {
    let target = folder.join(checked(name).map_err(|error| format!("{error:?}"))?);
    let info = client.describe(name.to_owned()).await.map_err(told)?;
    let unfinished = folder.join(format!(".{}.partial", info.digest));
    let mut partial = Partial::open(unfinished, None, None).await?.ok_or("the unfinished file has shrunk")?;
    let progress = Progress::start("download", &info, partial.length());
    let mut chunks = client.download(name.to_owned(), partial.length()).await.map_err(told)?;
    while let Some(chunk) = chunks.next().await {
        partial.write(chunk.map_err(told)?).await?;
        if cut_at.is_some_and(|cut_at| partial.length() > cut_at) {
            progress.end(false);
            return Err(CUT.into());
        }
        if partial.length() > info.bytes {
            return Err("the server sends more than it announced".into());
        }
        progress.reached(partial.length());
    }
    let is_right = partial.finish(info.digest, target).await?;
    progress.end(is_right);
    if is_right { Ok(()) } else { Err("what arrived has another digest than the server's file: removed".into()) }
}

async fn describe(path: &Path) -> Result<FileInfo, Box<dyn Error>> {
    let name = path.file_name().and_then(|name| name.to_str()).ok_or("a file needs a name, in UTF-8")?.to_owned();
    let path = path.to_owned();
    let described = blocking(move || Ok((fs::metadata(&path)?.len(), digest_of(&path)?))).await;
    let (bytes, digest) = described.map_err(|error| format!("{name}: {error}"))?;
    Ok(FileInfo { name, bytes, digest })
}

/// The error of a call, as the text that a person reads.
fn told(error: impl Error) -> Box<dyn Error> {
    error.to_string().into()
}

const CUT: &str = "cut off, for the demonstration";
