//! What a node says about itself: text under text, kept as it travels.

use std::fmt;

use super::wire::{Malformed, Reader, Writer};

/// The tags of a node, such as `role=worker`: sorted by name, each name once.
///
/// Kept in the encoding that goes over the wire, because a node keeps the tags of ten thousand others and reads few of
/// them. At most [`Tags::BYTES_MAX`] bytes in all; up to [`Tags::INLINE_BYTES_MAX`] travel with gossip, larger ones
/// are fetched over the bulk channel by each node.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tags(Box<[u8]>);

/// A tag that cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TagError {
    /// Names have 1 to 255 bytes.
    #[error("a tag's name has 1 to 255 bytes, not {bytes}")]
    Name {
        /// How long the name was.
        bytes: usize,
    },
    /// All tags of a node would take too many bytes. The tags are as they were.
    #[error("the tags of a node take at most {} bytes, not {bytes}", Tags::BYTES_MAX)]
    TooLarge {
        /// How many bytes they would take.
        bytes: usize,
    },
}

impl Tags {
    /// The most that all tags of a node take, encoded: names, values, and two to three bytes a tag.
    pub const BYTES_MAX: usize = 8 * 1024;

    /// The most that travels with gossip: a record of that size still shares a datagram.
    pub const INLINE_BYTES_MAX: usize = 512;

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(candidate, _)| *candidate == name).map(|(_, value)| value)
    }

    /// All tags, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut reader = Reader::new(&self.0);
        std::iter::from_fn(move || read_tag(&mut reader).ok())
    }

    /// Bytes that they take, encoded.
    pub fn encoded_len(&self) -> usize {
        self.0.len()
    }

    /// These tags with `name` set to `value`.
    ///
    /// # Errors
    ///
    /// The name is empty or too long, or the tags would take too many bytes.
    pub fn with(&self, name: &str, value: &str) -> Result<Self, TagError> {
        if name.is_empty() || name.len() > 255 {
            return Err(TagError::Name { bytes: name.len() });
        }
        let mut tags: Vec<_> = self.iter().filter(|(candidate, _)| *candidate != name).collect();
        tags.push((name, value));
        tags.sort_unstable();
        let encoded = encode(&tags);
        if encoded.len() > Self::BYTES_MAX {
            return Err(TagError::TooLarge { bytes: encoded.len() });
        }
        Ok(Self(encoded))
    }

    /// These tags without `name`.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let tags: Vec<_> = self.iter().filter(|(candidate, _)| *candidate != name).collect();
        Self(encode(&tags))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(Malformed);
        }
        let mut reader = Reader::new(bytes);
        let mut last = "";
        while !reader.is_empty() {
            let (name, _) = read_tag(&mut reader)?;
            if name <= last {
                return Err(Malformed);
            }
            last = name;
        }
        Ok(Self(bytes.into()))
    }
}

impl fmt::Debug for Tags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

fn encode(tags: &[(&str, &str)]) -> Box<[u8]> {
    let mut writer = Writer::default();
    for (name, value) in tags {
        writer.u8(name.len() as u8);
        writer.raw(name.as_bytes());
        writer.bytes(value.as_bytes());
    }
    writer.finish().into()
}

fn read_tag<'a>(reader: &mut Reader<'a>) -> Result<(&'a str, &'a str), Malformed> {
    let length = usize::from(reader.u8()?);
    let name = str::from_utf8(reader.take(length)?).map_err(|_| Malformed)?;
    let value = str::from_utf8(reader.bytes()?).map_err(|_| Malformed)?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_sorted_and_each_name_is_there_once() {
        let tags = Tags::default().with("zone", "eu").and_then(|tags| tags.with("role", "worker")).expect("short");
        let tags = tags.with("zone", "us").expect("short");
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("role", "worker"), ("zone", "us")]);
        assert_eq!((tags.get("zone"), tags.get("none")), (Some("us"), None));
        assert_eq!(tags.without("zone").iter().count(), 1);
        assert_eq!(Tags::decode(tags.as_bytes()).as_ref(), Ok(&tags));
    }

    #[test]
    fn tags_that_are_too_large_leave_the_old_ones_as_they_were() {
        let tags = Tags::default().with("role", "worker").expect("short");
        assert!(matches!(tags.with("big", &"x".repeat(9000)), Err(TagError::TooLarge { .. })));
        assert!(matches!(tags.with("", "x"), Err(TagError::Name { bytes: 0 })));
    }

    #[test]
    fn unsorted_or_repeated_tags_from_the_wire_are_refused() {
        assert!(Tags::decode(&encode(&[("b", "1"), ("a", "2")])).is_err());
        assert!(Tags::decode(&encode(&[("a", "1"), ("a", "2")])).is_err());
        assert!(Tags::decode(&[200, b'x']).is_err());
    }
}
