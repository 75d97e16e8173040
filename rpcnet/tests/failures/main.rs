//! The failure table: each way to end, of a call of each shape, as each side sees it.
//!
//! A module is a way to end. What its tests are named for is a cell: what a caller of that shape sees, or what its handler
//! does. Callers are told what happened and whether the handler ran, after every item that came before and none that did
//! not; handlers read `None` only if their callers have sent all that they had.
//!
//! | way to end | a caller sees | a handler sees | in process, too |
//! |---|---|---|---|
//! | [`value`] | the value, or all items and then `None` | all requests and then `None` | yes |
//! | [`handler_error`] | the handler's own error, after all items before it | its caller's requests let go | yes |
//! | [`panic`] | internal, executed | it is dropped, and its caller's requests let go | yes |
//! | [`handler_drop`] | internal, executed | it is dropped | no: it lives on its caller's runtime |
//! | [`deadline`] | deadline exceeded | it is dropped; a stubborn one reads that it was cancelled | yes |
//! | [`client_drop`] | nothing: nobody is left to see it | the same | yes |
//! | [`client_reset`] | its own reset answered by one, never by a good end | the same | no: there is nothing to reset |
//! | [`connection_loss`] | connection | it is dropped; a stubborn one reads that the connection was lost | no: there is none |
//! | [`server_stop`] | connection | the same | no: there is no server |
//! | [`refusal`] | what was refused, not executed | it never runs | yes |
//! | [`oversize`] | too large, executed or not as it was | it never runs, or is dropped, or reads that it is too large | no: nothing is limited |
//! | [`decode_error`] | serialization, executed or not as it was | it never runs, or reads the error, or is dropped | yes |
//!
//! Handlers without a stream of requests have nothing to read an end from. "Stubborn" are those of methods that are
//! `no_cancel`, since the others are dropped before they could look.
#![allow(unreachable_pub, reason = "the modules of one test")]

#[path = "../common/mod.rs"]
mod common;
mod service;
mod table;

/// Makes a test of each cell, over a connection and in process.
macro_rules! everywhere {
    ($($cell:ident),+ $(,)?) => {
        mod over_quic {
            $(#[tokio::test]
            async fn $cell() {
                super::$cell(crate::table::over_quic().await).await;
            })+
        }

        mod in_process {
            $(#[tokio::test]
            async fn $cell() {
                super::$cell(crate::table::in_process().await).await;
            })+
        }
    };
}

mod client_drop;
mod client_reset;
mod connection_loss;
mod deadline;
mod decode_error;
mod handler_drop;
mod handler_error;
mod oversize;
mod panic;
mod refusal;
mod server_stop;
mod value;
