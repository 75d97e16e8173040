//! What the server does with uploads that are not what they say, and with names that lead elsewhere.

use blake3::Hash;
use bytes::Bytes;
use rpcnet::{prelude::*, stream};
use tempfile::TempDir;

use crate::{
    server::Folder,
    service::{FileError, FileInfo, FilesClient, FilesServer},
};

fn serve() -> (TempDir, FilesClient<InProcess>) {
    let folder = tempfile::tempdir().expect("a folder");
    let files = Folder::open(folder.path()).expect("made");
    (folder, FilesClient::new(InProcess::new(FilesServer::new(files))))
}

fn info(content: &[u8]) -> FileInfo {
    FileInfo { name: "file".to_owned(), bytes: content.len() as u64, digest: blake3::hash(content) }
}

async fn upload(
    client: &FilesClient<InProcess>,
    info: &FileInfo,
    offset: u64,
    content: &'static [u8],
) -> Result<(), FileError> {
    let uploaded = client.upload(info.clone(), offset, stream::iter([Bytes::from_static(content)])).await;
    uploaded.map_err(|error| error.application().expect("an error of the handler"))
}

async fn received(client: &FilesClient<InProcess>, digest: Hash) -> u64 {
    client.received(digest).await.expect("an answer")
}

#[tokio::test]
async fn an_upload_in_two_parts_is_one_file() {
    let (folder, client) = serve();
    let info = info(b"one and two");
    assert_eq!(upload(&client, &info, 0, b"one and").await, Err(FileError::WrongSize));
    assert!(!folder.path().join("file").exists());
    assert_eq!(received(&client, info.digest).await, 7);
    assert_eq!(upload(&client, &info, 7, b" two").await, Ok(()));
    assert_eq!(std::fs::read(folder.path().join("file")).expect("whole"), b"one and two");
    assert_eq!(client.describe("file".to_owned()).await.expect("there"), info);
    assert_eq!(received(&client, info.digest).await, 0);
}

#[tokio::test]
async fn content_that_was_not_announced_is_not_kept() {
    let (folder, client) = serve();
    let info = info(b"right");
    for (content, error) in [(&b"wrong"[..], FileError::WrongDigest), (b"right and more", FileError::WrongSize)] {
        assert_eq!(upload(&client, &info, 0, content).await, Err(error));
        assert_eq!(received(&client, info.digest).await, 0);
    }
    assert!(!folder.path().join("file").exists());
    assert_eq!(upload(&client, &info, 0, b"right").await, Ok(()));
}

#[tokio::test]
async fn an_upload_goes_on_at_no_offset_beyond_what_is_there() {
    let (_folder, client) = serve();
    assert_eq!(upload(&client, &info(b"content"), 1, b"ontent").await, Err(FileError::Gap));
}

#[tokio::test]
async fn a_name_leads_nowhere_but_to_a_file_of_the_folder() {
    let (folder, client) = serve();
    std::fs::create_dir(folder.path().join("inner")).expect("made");
    for name in ["../up", "inner", ".partial", "", "/etc/passwd"] {
        let error = client.download(name.to_owned(), 0).await.expect_err(name).application();
        assert!(matches!(error, Some(FileError::BadName(_) | FileError::NotFound(_))), "{name}: {error:?}");
        let named = FileInfo { name: name.to_owned(), ..info(b"x") };
        assert!(upload(&client, &named, 0, b"x").await.is_err(), "{name}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).expect("linked");
        let error = client.describe("link".to_owned()).await.expect_err("a link").application();
        assert_eq!(error, Some(FileError::NotFound("link".to_owned())));
    }
}
