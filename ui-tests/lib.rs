//! What `#[rpcnet::service]` accepts and what it says to the rest, written to be read as documentation.
//!
//! `pass/` holds programs that compile without a warning. `fail/` holds one program for each rule,
//! named for the function of `rpcnet-codegen/src/check` that is the rule, with what the user is told
//! beside it. `TRYBUILD=overwrite cargo test -p ui-tests` writes anew what the user is told.
