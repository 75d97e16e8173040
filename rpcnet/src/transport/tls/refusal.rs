//! Why a client refused a server's certificate, in words that help.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error};

use super::utc;

/// The latest reason for each server name, until it is taken.
///
/// The QUIC library flattens the verifier's error to "invalid certificate"; this is how it reaches the caller of
/// `connect`. Clones share the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct VerificationLog(Arc<Mutex<VecDeque<(String, String)>>>);

impl VerificationLog {
    /// Takes the reason why the last handshake with `server_name` was refused, if it was.
    pub(crate) fn take(&self, server_name: &str) -> Option<String> {
        let key = key(&ServerName::try_from(server_name).ok()?);
        let mut entries = self.0.lock();
        let index = entries.iter().position(|(name, _)| *name == key)?;
        entries.remove(index).map(|(_, reason)| reason)
    }

    pub(super) fn record(&self, server_name: &ServerName<'_>, reason: String) {
        let key = key(server_name);
        let mut entries = self.0.lock();
        entries.retain(|(name, _)| *name != key);
        if entries.len() == ENTRIES_MAX {
            entries.pop_front();
        }
        entries.push_back((key, reason));
    }
}

/// One spelling for each name: `LOCALHOST` and `0:0::1` must be found again.
fn key(server_name: &ServerName<'_>) -> String {
    server_name.to_str().to_ascii_lowercase()
}

/// What is wrong with the certificate, whose it is, and what to do.
pub(super) fn explain(
    error: &Error,
    end_entity: &CertificateDer<'_>,
    server_name: &ServerName<'_>,
    now: UnixTime,
) -> String {
    let certificate = describe(end_entity);
    let Error::InvalidCertificate(reason) = error else {
        return format!("the server's certificate ({certificate}) was refused: {error}");
    };
    match reason {
        CertificateError::UnknownIssuer => format!(
            "the server's certificate ({certificate}) was issued by nobody whom this client trusts: give `with_ca_cert` \
             the certificate of the authority that issued it, or the server's own if it is self-signed; if that was \
             done, the server must send the intermediate certificates too"
        ),
        CertificateError::BadSignature => format!(
            "the server's certificate ({certificate}) was signed with another key than that of the trusted certificate \
             of the same name: if the authority or the self-signed certificate was made anew, give the new one to \
             `with_ca_cert`"
        ),
        CertificateError::ExpiredContext { not_after, .. } => format!(
            "the server's certificate ({certificate}) or its issuer's expired on {} (now it is {}): renew it on the \
             server and restart that, or correct this machine's clock",
            utc::text(*not_after),
            utc::text(now)
        ),
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "the server's certificate ({certificate}) or its issuer's is not valid before {} (now it is {}): correct \
             this machine's clock or the server's certificate",
            utc::text(*not_before),
            utc::text(now)
        ),
        CertificateError::NotValidForNameContext { .. } | CertificateError::NotValidForName => format!(
            "the server's certificate ({certificate}) is not for `{}`: connect by a name that it has, say that name by \
             `with_server_name`, or issue one with this name in its subjectAltName",
            server_name.to_str()
        ),
        CertificateError::InvalidPurposeContext { .. } | CertificateError::InvalidPurpose => format!(
            "the server's certificate ({certificate}) is not meant for servers: issue one with \
             `extendedKeyUsage=serverAuth`"
        ),
        other if is_authority(other) => format!(
            "the server's certificate ({certificate}) is marked as an authority and can't be a server's as well: give \
             `with_ca_cert` this very certificate, or issue one with `basicConstraints=CA:FALSE`"
        ),
        other => format!("the server's certificate ({certificate}) was refused: {other}"),
    }
}

fn is_authority(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other)
        if matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity)))
}

/// Whom a certificate names and who issued it, such as ``for `localhost`, `127.0.0.1`; issued by `Example CA` ``.
pub(super) fn describe(certificate: &CertificateDer<'_>) -> String {
    let Ok(parsed) = webpki::EndEntityCert::try_from(certificate) else {
        return "which cannot be read".to_owned();
    };
    let mut names = names(&parsed);
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    let mut text = match names.as_slice() {
        [] => "without a name in its subjectAltName".to_owned(),
        names => format!("for {}", names.join(", ")),
    };
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    if parsed.issuer() == parsed.subject() {
        text.push_str("; self-signed");
    } else if let Some(issuer) = common_name(parsed.issuer()) {
        text.push_str(&format!("; issued by {}", quoted(issuer)));
    }
    text
}

/// Whether a certificate names anybody.
pub(super) fn has_names(certificate: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(certificate).is_ok_and(|parsed| !names(&parsed).is_empty())
}

/// The names for which the certificate is valid.
fn names(certificate: &webpki::EndEntityCert<'_>) -> Vec<String> {
    // The library lists all kinds of names only when it refuses one: ask for one that nobody can have.
    let Ok(nobody) = ServerName::try_from("nobody.invalid") else { return Vec::new() };
    match certificate.verify_is_valid_for_subject_name(&nobody) {
        Err(webpki::Error::CertNotValidForName(context)) => {
            context.presented.iter().map(|name| quoted(&bare(name))).collect()
        }
        _ => certificate.valid_dns_names().map(quoted).collect(),
    }
}

/// `DnsName("localhost")` and `IpAddress(0::1)` without what surrounds them, addresses as they are usually written.
fn bare(presented: &str) -> String {
    let inner = presented.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let name = inner.unwrap_or(presented).trim_matches('"');
    name.parse::<IpAddr>().map_or_else(|_| name.to_owned(), |address| address.to_string())
}

/// The last common name in a DER-encoded X.501 name, if it is there as plain text.
fn common_name(name: &[u8]) -> Option<&str> {
    /// OBJECT IDENTIFIER 2.5.4.3, with tag and length.
    const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
    let start = name.windows(COMMON_NAME.len()).rposition(|window| window == COMMON_NAME)? + COMMON_NAME.len();
    let [_tag, length @ 0..0x80, text @ ..] = name.get(start..)? else { return None };
    std::str::from_utf8(text.get(..usize::from(*length))?).ok()
}

/// What a peer wrote, fit for a log line: short, and without control characters.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(NAME_CHARS_MAX).collect();
    format!("`{}`", short.escape_debug())
}

/// Names of servers with a reason that nobody took yet; more than a client has targets in practice.
const ENTRIES_MAX: usize = 64;

const NAMES_MAX: usize = 8;
const NAME_CHARS_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ServerName<'_> {
        ServerName::try_from(text).expect("a name")
    }

    #[test]
    fn a_reason_is_taken_once_and_by_any_spelling_of_the_name() {
        let log = VerificationLog::default();
        log.record(&name("LocalHost"), "old".to_owned());
        log.record(&name("localhost"), "new".to_owned());
        log.record(&name("::1"), "six".to_owned());
        assert_eq!(log.take("LOCALHOST").as_deref(), Some("new"));
        assert_eq!(log.take("localhost"), None);
        assert_eq!(log.clone().take("0:0::1").as_deref(), Some("six"));
        assert_eq!(log.take("not a name"), None);
    }

    #[test]
    fn the_log_forgets_the_oldest() {
        let log = VerificationLog::default();
        for index in 0..=ENTRIES_MAX {
            log.record(&name(&format!("host{index}")), index.to_string());
        }
        assert_eq!(log.take("host0"), None);
        assert_eq!(log.take("host1").as_deref(), Some("1"));
        assert_eq!(log.0.lock().len(), ENTRIES_MAX - 1);
    }

    #[test]
    fn what_a_peer_wrote_cannot_forge_lines() {
        assert_eq!(quoted("a\nERROR b"), "`a\\nERROR b`");
        assert_eq!(quoted(&"x".repeat(1000)).len(), NAME_CHARS_MAX + 2);
    }

    #[test]
    fn a_common_name_that_is_cut_short_is_none() {
        assert_eq!(common_name(b"\x06\x03\x55\x04\x03\x0c\x02ab"), Some("ab"));
        assert_eq!(common_name(b"\x06\x03\x55\x04\x03\x0c\x05ab"), None);
        assert_eq!(common_name(b"\x06\x03\x55\x04\x03\x0c"), None);
        assert_eq!(common_name(b"\x06\x03\x55\x04\x03\x0c\x82\x00\x00"), None);
    }
}
