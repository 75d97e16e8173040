//! Methods and services as they are named on the wire.

use std::time::Duration;

/// One method of a service: its name, its id and what its trait says about it.
///
/// `#[rpcnet::service]` writes one for every method of the trait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Method {
    name: &'static str,
    arguments: &'static [&'static str],
    id: u64,
    idempotent: bool,
    cancellable: bool,
    deadline: Option<Duration>,
    shape: Shape,
}

/// How many messages travel in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// One request, one response.
    Unary,
    /// One request, a stream of responses.
    ServerStreaming,
    /// A stream of requests, one response.
    ClientStreaming,
    /// A stream of each.
    Bidirectional,
}

impl Method {
    /// The method named `name` on the wire (`Service.method`), with the names of its arguments.
    pub const fn new(name: &'static str, arguments: &'static [&'static str]) -> Self {
        let (id, shape) = (method_id(name), Shape::Unary);
        Self { name, arguments, id, idempotent: false, cancellable: true, deadline: None, shape }
    }

    /// The same method, and it answers with a stream.
    #[must_use]
    pub const fn server_streaming(self) -> Self {
        self.with_shape(Shape::ServerStreaming)
    }

    /// The same method, and it takes a stream of requests after its arguments.
    #[must_use]
    pub const fn client_streaming(self) -> Self {
        self.with_shape(Shape::ClientStreaming)
    }

    /// The same method, and it takes a stream of requests and answers with a stream.
    #[must_use]
    pub const fn bidirectional(self) -> Self {
        self.with_shape(Shape::Bidirectional)
    }

    const fn with_shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// The same method, and calling it twice does no more than calling it once.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// The same method, and its handler runs to its end even if the caller goes away.
    #[must_use]
    pub const fn no_cancel(mut self) -> Self {
        self.cancellable = false;
        self
    }

    /// The same method, with a deadline of its own where the caller gives none.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Its name on the wire, `Service.method`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The names of its arguments, which are their names on the wire.
    pub const fn arguments(&self) -> &'static [&'static str] {
        self.arguments
    }

    /// What a request carries instead of the name: its 64-bit FNV-1a hash.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// How many messages travel in each direction.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether calling it twice does no more than calling it once.
    pub const fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// Whether its handler is dropped when the caller goes away or the deadline passes.
    pub const fn is_cancellable(&self) -> bool {
        self.cancellable
    }

    /// The deadline that the trait gives it.
    pub const fn default_deadline(&self) -> Option<Duration> {
        self.deadline
    }
}

/// A service and its methods: the dispatch table as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceDescriptor {
    name: &'static str,
    methods: &'static [Method],
}

impl ServiceDescriptor {
    /// The service named `name` with `methods`.
    ///
    /// # Panics
    ///
    /// Two methods with one id. In a constant, as the macro writes it, that is a compile error.
    pub const fn new(name: &'static str, methods: &'static [Method]) -> Self {
        let mut left = 0;
        while left < methods.len() {
            let mut right = left + 1;
            while right < methods.len() {
                assert!(
                    methods[left].id != methods[right].id,
                    "two methods of one service have the same id on the wire: rename one with #[rpc(rename = \"…\")]"
                );
                right += 1;
            }
            left += 1;
        }
        Self { name, methods }
    }

    /// Its name on the wire.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its methods, in the order of the trait.
    pub const fn methods(&self) -> &'static [Method] {
        self.methods
    }
}

/// The id of the method named `name`: FNV-1a, 64 bits.
///
/// A server looks methods up by id alone, so a request for a method that it lacks must not hit another one by
/// chance: that is why the id has 64 bits and not 32.
pub(crate) const fn method_id(name: &str) -> u64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = name.as_bytes();
    let mut hash = OFFSET_BASIS;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(PRIME);
        at += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_fnv_1a() {
        // Vectors from the FNV reference (draft-eastlake-fnv).
        assert_eq!(method_id(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(method_id("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(method_id("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    #[should_panic(expected = "the same id on the wire")]
    fn two_methods_of_one_name_are_refused() {
        const METHODS: &[Method] = &[Method::new("S.a", &[]), Method::new("S.a", &[])];
        let _ = ServiceDescriptor::new("S", METHODS);
    }
}
