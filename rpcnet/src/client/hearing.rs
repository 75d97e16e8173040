//! What is heard of a server beside its answers.

use std::{fmt, sync::Arc};

use tokio::time::Instant;

/// Who wants to hear of a server beside its answers: a channel that chooses among several.
#[doc(hidden)]
pub trait Listener: Send + Sync + 'static {
    /// The server has answered.
    ///
    /// Called before those who wait for the answers are woken, once for all that arrived together, on the connection's task:
    /// it must not wait.
    fn on_answers(&self, at: Instant);

    /// The server has said how many calls of other connections it has under way. It must not wait either.
    fn on_load(&self, at: Instant, others: u32);
}

/// The listener of a connection, if it has one.
#[derive(Clone, Default)]
pub(super) struct Hearing(Option<Arc<dyn Listener>>);

impl Hearing {
    pub(super) fn new(listener: Arc<dyn Listener>) -> Self {
        Self(Some(listener))
    }

    /// Whether there is anybody to tell.
    pub(super) fn is_wished(&self) -> bool {
        self.0.is_some()
    }

    /// Answers have arrived just now.
    pub(super) fn tell_answers(&self) {
        self.tell(true, None);
    }

    /// This has arrived just now.
    pub(super) fn tell(&self, has_answers: bool, load: Option<u32>) {
        let Some(listener) = self.0.as_ref().filter(|_| has_answers || load.is_some()) else {
            return;
        };
        // Read for those who listen alone.
        let now = Instant::now();
        if has_answers {
            listener.on_answers(now);
        }
        if let Some(others) = load {
            listener.on_load(now, others);
        }
    }
}

impl fmt::Debug for Hearing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hearing").field(&self.is_wished()).finish()
    }
}
