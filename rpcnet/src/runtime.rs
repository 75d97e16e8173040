//! The application's runtime: how many threads it should have.

use std::{env, num::NonZero, thread};

/// The environment variable that [`server_worker_threads`] honours.
pub const SERVER_THREADS_VARIABLE: &str = "RPCNET_SERVER_THREADS";

/// How many worker threads a server's runtime should have: `RPCNET_SERVER_THREADS` if it is set to a number from 1,
/// else one for each core.
///
/// Handlers that take their time run on these threads, whichever connection they came in on; the network IO has
/// threads of its own ([`with_io_threads`](crate::ServerConfigBuilder::with_io_threads)).
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let runtime = tokio::runtime::Builder::new_multi_thread()
///     .worker_threads(rpcnet::runtime::server_worker_threads())
///     .enable_all()
///     .build()?;
/// # runtime.block_on(async {});
/// # Ok(())
/// # }
/// ```
pub fn server_worker_threads() -> usize {
    from_text(env::var(SERVER_THREADS_VARIABLE).ok().as_deref())
        .unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// A number from 1; anything else counts as not set, and is warned of.
fn from_text(text: Option<&str>) -> Option<usize> {
    let text = text?;
    let threads = text.trim().parse().ok().filter(|threads| *threads > 0);
    if threads.is_none() {
        tracing::warn!("{SERVER_THREADS_VARIABLE}={text} is no number from 1: using one thread for each core");
    }
    threads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_from_one_counts() {
        let read = [Some("2"), Some(" 8 "), Some("0"), Some("many"), Some(""), None].map(from_text);
        assert_eq!(read, [Some(2), Some(8), None, None, None, None]);
    }

    #[test]
    fn there_is_at_least_one_thread() {
        assert!(server_worker_threads() >= 1);
    }
}
