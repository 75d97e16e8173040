//! The expansion passes under the lints that careful crates turn on.
#![deny(warnings, missing_docs, missing_debug_implementations, unused_qualifications, unreachable_pub)]
#![deny(rust_2018_idioms, future_incompatible, let_underscore, nonstandard_style)]
#![forbid(unsafe_code)]
#![deny(clippy::all, clippy::pedantic)]

/// What greets.
pub mod greeting {
    /// Greets.
    #[rpcnet::service]
    pub trait Greeting {
        /// Greets one person.
        async fn greet(&self, name: String) -> Result<String, String>;
        /// Adds.
        #[expect(clippy::too_many_arguments, reason = "a sum has many terms")]
        async fn add(
            &self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: u8,
        ) -> Result<u8, String>;
        /// Is not spelled as the style wants it.
        #[allow(non_snake_case)]
        async fn readURL(&self, fromURL: String) -> Result<String, String>;
    }
}

fn main() {}
