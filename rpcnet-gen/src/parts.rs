//! Which files are asked for.

/// Which files of a service are written, beside the `mod.rs` that names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// `client.rs`: the typed client.
    pub client: bool,
    /// `server.rs`: the trait that a server implements, and the server.
    pub server: bool,
    /// `types.rs`: the definition's own items. Without it, they are taken from the module that mounts the generated one.
    pub types: bool,
}

impl Parts {
    /// All of them.
    pub const ALL: Self = Self { client: true, server: true, types: true };

    /// Whether there is anything that calls or serves.
    pub(crate) fn has_code(self) -> bool {
        self.client || self.server
    }
}

impl Default for Parts {
    fn default() -> Self {
        Self::ALL
    }
}
