//! Generated code is silent under every lint that a careful crate turns on, clippy's among them.
//!
//! rustc's lints are asked by `cargo test`, clippy's by `cargo clippy --all-targets`: what would be a warning in the
//! user's crate is an error here.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unused_qualifications,
    unreachable_pub,
    unnameable_types
)]
#![deny(rust_2018_idioms, future_incompatible, let_underscore, nonstandard_style, unused, single_use_lifetimes)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![forbid(unsafe_code)]

/// The four shapes, each with as many arguments as clippy likes and with more.
pub mod shapes {
    use rpcnet::prelude::{Stream, Streaming};

    /// Has a method of each shape for each number of arguments.
    #[rpcnet::service]
    pub trait Shapes {
        /// Takes 0.
        async fn unary_0(&self) -> Result<u8, String>;
        /// Takes 6.
        async fn unary_6(&self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) -> Result<u8, String>;
        /// Takes 7.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn unary_7(&self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8) -> Result<u8, String>;
        /// Takes 8.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn unary_8(&self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> Result<u8, String>;
        /// Takes 12.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn unary_12(
            &self,
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
            g: u8,
            h: u8,
            i: u8,
            j: u8,
            k: u8,
            l: u8,
        ) -> Result<u8, String>;
        /// Takes 0.
        async fn watch_0(&self) -> Result<impl Stream<Item = Result<u8, String>>, String>;
        /// Takes 6.
        async fn watch_6(
            &self,
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
        ) -> Result<impl Stream<Item = Result<u8, String>>, String>;
        /// Takes 7.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn watch_7(
            &self,
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
            g: u8,
        ) -> Result<impl Stream<Item = Result<u8, String>>, String>;
        /// Takes 8.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn watch_8(
            &self,
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
            g: u8,
            h: u8,
        ) -> Result<impl Stream<Item = Result<u8, String>>, String>;
        /// Takes 12.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn watch_12(
            &self,
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
            g: u8,
            h: u8,
            i: u8,
            j: u8,
            k: u8,
            l: u8,
        ) -> Result<impl Stream<Item = Result<u8, String>>, String>;
        /// Takes 0.
        async fn upload_0(&self, items: Streaming<u8>) -> Result<u8, String>;
        /// Takes 6.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn upload_6(&self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, items: Streaming<u8>) -> Result<u8, String>;
        /// Takes 7.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn upload_7(
            &self,
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
            g: u8,
            items: Streaming<u8>,
        ) -> Result<u8, String>;
        /// Takes 8.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn upload_8(
            &self,
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
            g: u8,
            h: u8,
            items: Streaming<u8>,
        ) -> Result<u8, String>;
        /// Takes 12.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn upload_12(
            &self,
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
            g: u8,
            h: u8,
            i: u8,
            j: u8,
            k: u8,
            l: u8,
            items: Streaming<u8>,
        ) -> Result<u8, String>;
        /// Takes 0.
        async fn join_0(&self, items: Streaming<u8>) -> Result<impl Stream<Item = Result<u8, String>>, String>;
        /// Takes 6.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn join_6(
            &self,
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
            items: Streaming<u8>,
        ) -> Result<impl Stream<Item = Result<u8, String>>, String>;
        /// Takes 7.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn join_7(
            &self,
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
            g: u8,
            items: Streaming<u8>,
        ) -> Result<impl Stream<Item = Result<u8, String>>, String>;
        /// Takes 8.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn join_8(
            &self,
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
            g: u8,
            h: u8,
            items: Streaming<u8>,
        ) -> Result<impl Stream<Item = Result<u8, String>>, String>;
        /// Takes 12.
        #[expect(clippy::too_many_arguments, reason = "told at the signature, and nowhere else")]
        async fn join_12(
            &self,
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
            g: u8,
            h: u8,
            i: u8,
            j: u8,
            k: u8,
            l: u8,
            items: Streaming<u8>,
        ) -> Result<impl Stream<Item = Result<u8, String>>, String>;
    }
}
