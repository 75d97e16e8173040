//! Collects what is wrong with a trait, so that one build reports all of it.
//!
//! A macro that stops at its first error makes its user build once per mistake. So no pass returns
//! at the first thing it dislikes: it notes the error here and goes on, and the errors are
//! propagated together before a pass that relies on their absence.

use std::fmt::Display;

use quote::ToTokens;

/// The mistakes found so far, in the order in which they are reported.
#[derive(Default)]
pub(crate) struct Errors {
    combined: Option<syn::Error>,
}

impl Errors {
    /// Notes a mistake in `tokens`, which the message is shown under.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.combined {
            Some(combined) => combined.combine(error),
            None => self.combined = Some(error),
        }
    }

    /// Notes all that `others` holds, and tells whether that was nothing.
    pub(crate) fn take(&mut self, others: Self) -> bool {
        match others.combined {
            Some(error) => {
                self.push(error);
                false
            }
            None => true,
        }
    }

    /// Fails with all that was noted, if anything was.
    pub(crate) fn propagate(self) -> syn::Result<()> {
        self.combined.map_or(Ok(()), Err)
    }
}
