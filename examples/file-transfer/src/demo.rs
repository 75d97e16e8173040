//! Everything in one go: a file goes up and comes down again, and both ways are cut in the middle.

use std::{
    error::Error,
    fs::File,
    io::{self, Write},
    path::Path,
};

use blake3::{Hash, Hasher};

use crate::{client, partial::digest_of, server};

/// Makes a file, transfers it to a server of its own and back, and compares.
pub async fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (here, there) = (folder.path().join("client"), folder.path().join("server"));
    std::fs::create_dir(&here)?;
    let original = folder.path().join(NAME);
    let digest = make_file(&original)?;
    writeln!(out, "a file of {} MiB, digest {digest}", BYTES >> 20)?;
    let server = server::start(&there, "127.0.0.1:0").await?;
    let addr = server.local_addr();

    let client = client::connect(addr).await?;
    must_be_cut(client::upload(&client, &original, Some(BYTES / 2)).await, out)?;
    must_not_exist(&there.join(NAME))?;
    // As after a crash: another connection, which knows nothing of the first.
    drop(client);
    let client = client::connect(addr).await?;
    let received = client.received(digest).await?;
    writeln!(out, "the server has {received} bytes of it, and no file `{NAME}` yet; going on from there")?;
    if received == 0 || received > BYTES / 2 {
        return Err(format!("half of {BYTES} bytes were sent, and {received} received").into());
    }
    client::upload(&client, &original, None).await?;

    must_be_cut(client::download(&client, NAME, &here, Some(BYTES / 3)).await, out)?;
    must_not_exist(&here.join(NAME))?;
    client::download(&client, NAME, &here, None).await?;

    for path in [there.join(NAME), here.join(NAME)] {
        let copy = digest_of(&path)?;
        if copy != digest {
            return Err(format!("{} has the digest {copy}", path.display()).into());
        }
    }
    writeln!(out, "uploaded, cut, resumed, downloaded, cut, resumed: the digests of all three files are equal")?;
    server.stop().await;
    Ok(())
}

/// A file that nothing can compress or guess.
fn make_file(path: &Path) -> io::Result<Hash> {
    let mut random = Hasher::new().finalize_xof();
    let mut file = File::create(path)?;
    io::copy(&mut io::Read::take(&mut random, BYTES), &mut file)?;
    digest_of(path)
}

fn must_be_cut(transfer: Result<(), Box<dyn Error>>, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    match transfer {
        Err(error) => Ok(writeln!(out, "{error}")?),
        Ok(()) => Err("a transfer that was cut looked like one that ended".into()),
    }
}

fn must_not_exist(path: &Path) -> Result<(), Box<dyn Error>> {
    if path.exists() { Err(format!("{} is there before it is whole", path.display()).into()) } else { Ok(()) }
}

const NAME: &str = "demo.bin";
const BYTES: u64 = 48 << 20;
