//! Where PEM text comes from: a file, or memory.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::ConfigError;

/// Where certificates or a private key come from: a PEM file or PEM text.
///
/// Everything that takes a `Pem` takes `impl Into<Pem>`, so that a value of one of these types can be passed as it is:
///
/// | given | means |
/// |---|---|
/// | `&Path`, `PathBuf` | a PEM file |
/// | `&[u8]`, `Vec<u8>`, `include_bytes!(..)` | PEM text |
/// | `&str`, `String` | PEM text if it contains `-----BEGIN `, else the path of a PEM file |
///
/// Files are read when the identity or the configuration is built, not before and not again later. DER is not taken:
/// convert it with `openssl x509 -inform der -in FILE -out FILE.pem`.
///
/// `Debug` shows the path or the length, never the text: it may be a private key.
///
/// ```
/// use std::path::Path;
/// use rpcnet::Pem;
///
/// let file = Pem::from(Path::new("certs/ca.pem"));
/// let file_too = Pem::from("certs/ca.pem");
/// let text = Pem::from("-----BEGIN CERTIFICATE-----\n...");
/// assert_eq!(format!("{file_too:?}"), r#"Pem(file "certs/ca.pem")"#);
/// assert_eq!(format!("{text:?}"), "Pem(31 bytes)");
/// # let _ = file;
/// ```
#[derive(Clone)]
pub struct Pem(Source);

#[derive(Clone)]
enum Source {
    File(PathBuf),
    Memory(Vec<u8>),
}

/// What a PEM is to hold, for error messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PemRole {
    Certificate,
    PrivateKey,
    CaCertificate,
}

impl PemRole {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::PrivateKey => "private key",
            Self::CaCertificate => "CA certificate",
        }
    }
}

/// Text that was read, and where from. No `Debug`: it may be a private key.
pub(crate) struct PemText {
    pub(crate) role: PemRole,
    /// A file's path in backticks, or "the PEM given as bytes".
    pub(crate) origin: String,
    pub(crate) bytes: Vec<u8>,
}

impl Pem {
    /// Reads the text; nothing is decoded yet.
    pub(crate) fn read(self, role: PemRole) -> Result<PemText, ConfigError> {
        match self.0 {
            Source::Memory(bytes) => Ok(PemText { role, origin: FROM_MEMORY.to_owned(), bytes }),
            Source::File(path) => match read_bounded(&path) {
                Ok(bytes) => Ok(PemText { role, origin: format!("`{}`", path.display()), bytes }),
                Err(error) => Err(ConfigError::Unreadable { role: role.name(), path, error: Arc::new(error) }),
            },
        }
    }

    fn text_or_path(text: String) -> Self {
        if text.contains("-----BEGIN ") {
            Self(Source::Memory(text.into_bytes()))
        } else {
            Self(Source::File(text.into()))
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::File(path) => write!(f, "Pem(file {path:?})"),
            Source::Memory(bytes) => write!(f, "Pem({} bytes)", bytes.len()),
        }
    }
}

impl From<&Path> for Pem {
    fn from(path: &Path) -> Self {
        Self(Source::File(path.to_owned()))
    }
}

impl From<PathBuf> for Pem {
    fn from(path: PathBuf) -> Self {
        Self(Source::File(path))
    }
}

impl From<&PathBuf> for Pem {
    fn from(path: &PathBuf) -> Self {
        Self(Source::File(path.clone()))
    }
}

impl From<Vec<u8>> for Pem {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Source::Memory(bytes))
    }
}

impl From<&[u8]> for Pem {
    fn from(bytes: &[u8]) -> Self {
        Self(Source::Memory(bytes.to_vec()))
    }
}

/// For `include_bytes!`.
impl<const N: usize> From<&[u8; N]> for Pem {
    fn from(bytes: &[u8; N]) -> Self {
        Self(Source::Memory(bytes.to_vec()))
    }
}

/// PEM text if it contains `-----BEGIN `, else a path.
impl From<&str> for Pem {
    fn from(text: &str) -> Self {
        Self::text_or_path(text.to_owned())
    }
}

/// PEM text if it contains `-----BEGIN `, else a path.
impl From<String> for Pem {
    fn from(text: String) -> Self {
        Self::text_or_path(text)
    }
}

/// PEM text if it contains `-----BEGIN `, else a path.
impl From<&String> for Pem {
    fn from(text: &String) -> Self {
        Self::text_or_path(text.clone())
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(PEM_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > PEM_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {PEM_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

const FROM_MEMORY: &str = "the PEM given as bytes";

/// A system's whole bundle of authorities has about 250 KiB; a device file has no end.
const PEM_BYTES_MAX: u64 = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_pem_if_it_has_a_begin_line_and_a_path_otherwise() {
        assert_eq!(format!("{:?}", Pem::from("a/b.pem")), "Pem(file \"a/b.pem\")");
        assert_eq!(format!("{:?}", Pem::from("# note\n-----BEGIN X-----".to_owned())), "Pem(24 bytes)");
    }

    #[test]
    fn a_missing_file_is_named_with_its_role() {
        let Err(error) = Pem::from("nowhere/key.pem").read(PemRole::PrivateKey) else { panic!("read a missing file") };
        let message = error.to_string();
        assert!(message.contains("private key file `nowhere/key.pem`"), "{message}");
    }

    #[test]
    fn a_directory_is_unreadable() {
        let read = Pem::from(std::env::temp_dir()).read(PemRole::Certificate);
        assert!(matches!(read, Err(ConfigError::Unreadable { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn an_endless_file_is_not_read_to_the_end() {
        let Err(error) = Pem::from(Path::new("/dev/zero")).read(PemRole::Certificate) else { panic!("read it all") };
        assert!(error.to_string().contains("larger than"), "{error}");
    }
}
