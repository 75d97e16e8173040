//! What travels beside a call's arguments and its answer.

use std::{fmt, sync::Arc};

use bytes::{BufMut, Bytes, BytesMut};
use parking_lot::Mutex;

use crate::{ErrorKind, Executed, RpcError};

/// Names and values that travel beside a call, in both directions: a tenant, a token, a request's number.
///
/// A caller gives them with `with_metadata` of its client, and the handler finds them by
/// [`Context::metadata`](crate::Context::metadata). The calls that this handler makes carry them on, each under what it is
/// given of its own.
///
/// Names are of `a`–`z`, `0`–`9`, `-`, `_` and `.`, at most 64 bytes. Values are text or bytes. All of it together has at most
/// [`Metadata::BYTES_MAX`] on the wire. It is meant for a few small things that concern many methods; what concerns one is an
/// argument.
///
/// ```
/// # mod greeting {
/// #[rpcnet::service]
/// pub trait Greeting {
///     async fn greet(&self, name: String) -> Result<String, String>;
/// }
/// # }
/// # use greeting::*;
/// use rpcnet::{Context, InProcess, Metadata, RpcError};
///
/// struct MyGreeting;
///
/// impl Greeting for MyGreeting {
///     async fn greet(&self, name: String) -> Result<String, String> {
///         let context = Context::current().expect("handlers have a context");
///         let tenant = context.metadata().text("tenant").unwrap_or("nobody").to_owned();
///         context.answer_with("served-by", "worker-7").map_err(|error| error.to_string())?;
///         Ok(format!("Hello, {name} of {tenant}!"))
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = GreetingClient::new(InProcess::new(GreetingServer::new(MyGreeting)));
///
/// let mut metadata = Metadata::new();
/// metadata.insert("tenant", "blue")?;
/// let answered = rpcnet::AnswerMetadata::new();
///
/// let client = client.with_metadata(metadata).with_answer_metadata(&answered);
/// assert_eq!(client.greet("Ada".into()).await?, "Hello, Ada of blue!");
/// assert_eq!(answered.get().text("served-by"), Some("worker-7"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Sorted by name. Shared, so that a call takes it along for a count; `None` where it is empty, so that most calls,
    /// which have none, allocate nothing.
    entries: Option<Arc<Vec<Entry>>>,
}

type Entry = (Box<str>, Bytes);

impl Metadata {
    /// The most that it takes on the wire, in bytes: names, values, and three more for each of them.
    pub const BYTES_MAX: usize = 8 * 1024;

    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value of `name`, in place of the one it had.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] for a name that has other characters or is too long, or if it would be too much in all.
    /// Then nothing has changed.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Result<(), RpcError> {
        let (name, value) = (name.into(), value.into());
        check_name(&name)?;
        let before = self.get(&name).map_or(0, |value| entry_bytes(&name, value));
        let bytes = self.bytes() - before + entry_bytes(&name, &value);
        if bytes > Self::BYTES_MAX {
            let most = Self::BYTES_MAX;
            return Err(refused(format!(
                "metadata of {bytes} bytes with `{name}`, and {most} are allowed: make large things arguments"
            )));
        }
        let entries = Arc::make_mut(self.entries.get_or_insert_default());
        match entries.binary_search_by(|(other, _)| (**other).cmp(&name)) {
            Ok(at) => entries[at].1 = value,
            Err(at) => entries.insert(at, (name.into(), value)),
        }
        Ok(())
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        let at = self.find(name)?;
        Some(&self.entries()[at].1)
    }

    /// The value of `name` if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get(name)?).ok()
    }

    /// Takes the value of `name` away.
    pub fn remove(&mut self, name: &str) -> Option<Bytes> {
        let at = self.find(name)?;
        let entries = Arc::make_mut(self.entries.as_mut()?);
        let (_, value) = entries.remove(at);
        if entries.is_empty() {
            self.entries = None;
        }
        Some(value)
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.entries().iter().map(|(name, value)| (&**name, value))
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_none()
    }

    /// Both; where they have a name in common, the value of `self`.
    ///
    /// # Errors
    ///
    /// Together they are too much.
    pub(crate) fn over(mut self, below: &Self) -> Result<Self, RpcError> {
        if self.is_empty() {
            return Ok(below.clone());
        }
        for (name, value) in below.iter() {
            if self.get(name).is_none() {
                self.insert(name, value.clone())?;
            }
        }
        Ok(self)
    }

    /// As the value of a head's field; empty for nothing.
    pub(crate) fn encode(&self) -> Bytes {
        if self.is_empty() {
            return Bytes::new();
        }
        let mut out = BytesMut::with_capacity(self.bytes());
        for (name, value) in self.entries() {
            // Both fit: `insert` and `decode` have seen to it.
            out.put_u8(name.len() as u8);
            out.put_slice(name.as_bytes());
            out.put_u16_le(value.len() as u16);
            out.put_slice(value);
        }
        out.freeze()
    }

    /// Reads what [`Metadata::encode`] wrote; `None` if it is anything else.
    pub(crate) fn decode(mut field: Bytes) -> Option<Self> {
        use bytes::Buf;
        if field.len() > Self::BYTES_MAX {
            return None;
        }
        let mut entries: Vec<Entry> = Vec::new();
        while field.has_remaining() {
            let length = usize::from(field.try_get_u8().ok()?);
            let name = split(&mut field, length)?;
            let name = std::str::from_utf8(&name).ok().filter(|name| is_name(name))?;
            // In any other order, a peer could have this compare and move each entry with every other one.
            if entries.last().is_some_and(|(last, _)| **last >= *name) {
                return None;
            }
            let length = usize::from(field.try_get_u16_le().ok()?);
            let value = split(&mut field, length)?;
            // Copied, so that what is kept does not pin a packet buffer.
            entries.push((name.into(), Bytes::copy_from_slice(&value)));
        }
        Some(Self { entries: (!entries.is_empty()).then(|| Arc::new(entries)) })
    }

    fn entries(&self) -> &[Entry] {
        self.entries.as_deref().map_or(&[], Vec::as_slice)
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.entries().binary_search_by(|(other, _)| (**other).cmp(name)).ok()
    }

    fn bytes(&self) -> usize {
        self.iter().map(|(name, value)| entry_bytes(name, value)).sum()
    }
}

fn split(field: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= field.len()).then(|| field.split_to(length))
}

fn entry_bytes(name: &str, value: &[u8]) -> usize {
    ENTRY_OVERHEAD_BYTES + name.len() + value.len()
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(fits)
}

fn check_name(name: &str) -> Result<(), RpcError> {
    if is_name(name) {
        return Ok(());
    }
    Err(refused(format!("`{name}` is no name for metadata: give 1 to {NAME_BYTES_MAX} of `a-z`, `0-9`, `-`, `_`, `.`")))
}

fn refused(message: String) -> RpcError {
    RpcError::new(ErrorKind::Configuration, Executed::No, message)
}

impl fmt::Debug for Metadata {
    /// Values may be secrets, so that only their lengths are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths = self.iter().map(|(name, value)| (name, format!("{} bytes", value.len())));
        f.debug_map().entries(lengths).finish()
    }
}

/// Where a client leaves the metadata of the answers that it gets: see [`Metadata`].
///
/// One is for one call at a time: the next answer replaces what the one before left. It is there once the call has returned; of a
/// call that answers with a stream, once that has begun. Clones share one place.
#[derive(Clone, Debug, Default)]
pub struct AnswerMetadata {
    received: Arc<Mutex<Metadata>>,
}

impl AnswerMetadata {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What came with the last answer.
    pub fn get(&self) -> Metadata {
        self.received.lock().clone()
    }

    /// Takes what came with an answer, as a head's field has it. What makes no sense counts as nothing: the answer itself is
    /// good.
    pub(crate) fn set(&self, field: Option<&Bytes>) {
        *self.received.lock() = field.and_then(|field| Metadata::decode(field.clone())).unwrap_or_default();
    }
}

const NAME_BYTES_MAX: usize = 64;
const ENTRY_OVERHEAD_BYTES: usize = 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn metadata(entries: &[(&str, &str)]) -> Metadata {
        let mut metadata = Metadata::new();
        for (name, value) in entries {
            metadata.insert(*name, Bytes::copy_from_slice(value.as_bytes())).expect("fits");
        }
        metadata
    }

    #[test]
    fn metadata_has_these_bytes() {
        let encoded = metadata(&[("b", "hi"), ("a", "")]).encode();
        assert_eq!(&encoded[..], [1, b'a', 0, 0, 1, b'b', 2, 0, b'h', b'i']);
        assert_eq!(Metadata::decode(encoded), Some(metadata(&[("a", ""), ("b", "hi")])));
        assert!(Metadata::new().encode().is_empty());
    }

    fn field(names: &[&str]) -> Bytes {
        names.iter().flat_map(|name| [&[name.len() as u8], name.as_bytes(), &[0, 0]].concat()).collect()
    }

    #[test]
    fn names_are_plain_and_short() {
        for name in ["", "Tenant", "a b", "ä", &"a".repeat(65)] {
            let error = Metadata::new().insert(name, "x").expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(Metadata::decode(field(&[name])), None, "{name}");
        }
    }

    #[test]
    fn names_come_in_ascending_order_and_never_twice() {
        assert_eq!(Metadata::decode(field(&["a", "aa", "b"])), Some(metadata(&[("a", ""), ("aa", ""), ("b", "")])));
        for names in [["b", "a"], ["a", "a"], ["aa", "a"]] {
            assert_eq!(Metadata::decode(field(&names)), None, "{names:?}");
        }
    }

    #[test]
    fn as_much_as_is_allowed_is_read_and_no_more() {
        let mut largest = metadata(&[("a", "1")]);
        largest.insert("b", vec![0; Metadata::BYTES_MAX - 9]).expect("it just fits");
        let mut field = largest.encode().to_vec();
        assert_eq!(field.len(), Metadata::BYTES_MAX);
        assert_eq!(Metadata::decode(field.clone().into()), Some(largest));
        field.extend(b"\x01c\x00\x00");
        assert_eq!(Metadata::decode(field.into()), None);
    }

    #[test]
    fn what_would_be_too_much_changes_nothing() {
        let mut large = metadata(&[("a", "1")]);
        let error = large.insert("b", vec![0; Metadata::BYTES_MAX]).expect_err("too much");
        assert!(error.to_string().contains("`b`"), "{error}");
        assert_eq!(large, metadata(&[("a", "1")]));
        large.insert("a", vec![0; Metadata::BYTES_MAX - 4]).expect("the old value does not count");
    }

    #[test]
    fn a_calls_own_values_go_over_those_that_it_inherits() {
        let own = metadata(&[("tenant", "blue"), ("x", "1")]);
        let both = own.over(&metadata(&[("tenant", "red"), ("y", "2")])).expect("fits");
        assert_eq!(both, metadata(&[("tenant", "blue"), ("x", "1"), ("y", "2")]));
    }

    #[test]
    fn what_is_taken_away_leaves_nothing_behind() {
        let mut metadata = metadata(&[("a", "1")]);
        assert_eq!(metadata.remove("a").as_deref(), Some(&b"1"[..]));
        assert_eq!((metadata.is_empty(), metadata.remove("a")), (true, None));
        assert_eq!(metadata, Metadata::new());
    }

    #[test]
    fn values_are_not_shown() {
        assert_eq!(format!("{:?}", metadata(&[("token", "secret")])), r#"{"token": "6 bytes"}"#);
    }

    proptest! {
        #[test]
        fn any_bytes_are_metadata_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let field = Bytes::from(bytes);
            if let Some(metadata) = Metadata::decode(field.clone()) {
                prop_assert_eq!(metadata.encode(), field);
            }
        }
    }
}
