//! Which cores the two processes run on.
//!
//! Left to itself the scheduler puts a client and a server that wake each other now on one core,
//! now on two. On a virtual machine a wake-up across cores costs tens of microseconds of
//! hypervisor work, ten times what it costs on one core, so an unplaced comparison of latencies
//! would compare the scheduler's luck.

use anyhow::{Context, Result, ensure};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// Where server and client run, of the cores that this program may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Placement {
    /// Both on the same core: best where they take turns.
    OneCore,
    /// One core each: best for two busy threads.
    Apart,
    /// Wherever the scheduler likes.
    Free,
}

impl Placement {
    /// The name in tables.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::OneCore => "one core",
            Self::Apart => "a core each",
            Self::Free => "all cores",
        }
    }

    /// The server's core, if it is to stay on one.
    pub(crate) fn server_core(self, cores: &Cores) -> Option<usize> {
        match self {
            Self::OneCore | Self::Apart => Some(cores.first),
            Self::Free => None,
        }
    }

    /// The client's core, if it is to stay on one.
    pub(crate) fn client_core(self, cores: &Cores) -> Option<usize> {
        match self {
            Self::OneCore => Some(cores.first),
            Self::Apart => Some(cores.second),
            Self::Free => None,
        }
    }
}

/// Two cores that this process may run on; the same one twice where there is only one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    first: usize,
    second: usize,
}

impl Cores {
    /// Asks the system.
    pub(crate) fn of_this_process() -> Result<Self> {
        let allowed = sched_getaffinity(Pid::this()).context("asking for this process's cores")?;
        let mut cores = (0..CpuSet::count()).filter(|&core| allowed.is_set(core) == Ok(true));
        let first = cores.next();
        ensure!(first.is_some(), "no core to run on");
        let first = first.unwrap_or_default();
        Ok(Self { first, second: cores.next().unwrap_or(first) })
    }
}

/// Keeps this process, which has but one thread yet, on one core.
pub(crate) fn stay_on(core: usize) -> Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core)?;
    sched_setaffinity(Pid::this(), &cores).with_context(|| format!("staying on core {core}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apart_is_two_cores_and_one_core_is_one() {
        let cores = Cores { first: 3, second: 5 };
        assert_eq!(Placement::Apart.server_core(&cores), Some(3));
        assert_eq!(Placement::Apart.client_core(&cores), Some(5));
        assert_eq!(Placement::OneCore.client_core(&cores), Some(3));
        assert_eq!(Placement::Free.server_core(&cores), None);
    }
}
