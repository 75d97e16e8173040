//! What a process has used: processor time in nanoseconds, memory in bytes.

use std::time::Duration;

use anyhow::{Context, Result};
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use procfs::process::Process;

/// Processor time of this process, all threads together.
pub(crate) fn own_cpu() -> Result<Duration> {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)
        .map(Duration::from)
        .context("reading this process's processor time")
}

/// Processor time of another process, all threads together.
///
/// Read from the process's clock rather than from `/proc/<pid>/stat`, whose ticks of 10 ms
/// are too coarse for cells of half a second.
pub(crate) fn cpu_of(pid: u32) -> Result<Duration> {
    let clock = clock_getcpuclockid(Pid::from_raw(pid.cast_signed()))
        .with_context(|| format!("process {pid} has no processor clock"))?;
    clock_gettime(clock).map(Duration::from).with_context(|| format!("reading the processor time of process {pid}"))
}

/// Memory of a process: its proportional set size, so that shared pages count once.
pub(crate) fn memory_of(pid: u32) -> Result<u64> {
    let context = || format!("reading the memory of process {pid}");
    let rollup = Process::new(pid.cast_signed()).and_then(|process| process.smaps_rollup()).with_context(context)?;
    rollup.memory_map_rollup.iter().find_map(|map| map.extension.map.get("Pss").copied()).with_context(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_of_a_process_agree() {
        crate::message::compute(1_000);
        let by_pid = cpu_of(std::process::id()).unwrap();
        let own = own_cpu().unwrap();
        assert!(own >= by_pid && own - by_pid < Duration::from_millis(100));
    }

    #[test]
    fn a_process_has_memory() {
        assert!(memory_of(std::process::id()).unwrap() > 100_000);
    }
}
