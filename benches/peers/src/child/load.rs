//! The load child: as many tasks as calls are in flight, each calling again once it is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use super::{LoadReport, check, connect_many, setup};
use crate::cli::LoadArgs;
use crate::message::Message;
use crate::probe;
use crate::systems::{Caller, System};

/// Warms up, measures, stops, reports.
pub(super) async fn run<S: System>(args: &LoadArgs) -> Result<LoadReport> {
    let clients = connect_many::<S>(&args.server, &setup(&args.common), args.connections).await?;
    let phase = Arc::new(Phase::default());
    let mut tasks = JoinSet::new();
    for index in 0..args.in_flight {
        tasks.spawn(call_until_stopped(clients[index % clients.len()].clone(), Work::of(args, index), phase.clone()));
    }
    tokio::time::sleep(args.warm_up).await;
    let before = Usage::now(args.server.server_pid)?;
    phase.set(Phase::MEASURING);
    tokio::time::sleep(args.seconds).await;
    phase.set(Phase::STOPPED);
    let after = Usage::now(args.server.server_pid)?;
    let server_memory_bytes = probe::memory_of(args.server.server_pid)?;

    let mut latencies = Histogram::<u64>::new_with_bounds(1, NANOS_MAX, 3)?;
    while let Some(task) = tasks.join_next().await {
        for nanos in task.context("a calling task panicked")?? {
            latencies.saturating_record(u64::from(nanos));
        }
    }
    ensure!(!latencies.is_empty(), "no call ended in {:?}", args.seconds);
    let micros = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e3;
    Ok(LoadReport {
        calls: latencies.len(),
        seconds: (after.at - before.at).as_secs_f64(),
        p50_us: micros(0.5),
        p99_us: micros(0.99),
        p999_us: micros(0.999),
        client_cpu_us: (after.client - before.client).as_secs_f64() * 1e6,
        server_cpu_us: (after.server - before.server).as_secs_f64() * 1e6,
        server_memory_bytes,
    })
}

/// One task's loop. Latencies are kept raw, 4 bytes a call appended in order: a histogram
/// for each of hundreds of tasks would push the system under test out of the caches.
async fn call_until_stopped<C: Caller>(mut client: C, work: Work, phase: Arc<Phase>) -> Result<Vec<u32>> {
    let mut latencies = Vec::with_capacity(4_096);
    let mut id = work.first_id;
    let mut started = Instant::now();
    while phase.get() != Phase::STOPPED {
        work.once(&mut client, id).await?;
        id += 1;
        let ended = Instant::now();
        if phase.get() == Phase::MEASURING {
            let nanos = (ended - started).as_nanos();
            latencies.push(u32::try_from(nanos).unwrap_or(u32::MAX));
        }
        started = ended;
    }
    Ok(latencies)
}

/// What a task asks for, again and again.
struct Work {
    first_id: u64,
    payload: Bytes,
    compute_micros: Option<u64>,
}

impl Work {
    fn of(args: &LoadArgs, index: usize) -> Self {
        Self {
            first_id: (index as u64) << 32,
            payload: Bytes::from(vec![0xa5; args.payload_bytes]),
            compute_micros: args.compute_micros,
        }
    }

    async fn once<C: Caller>(&self, client: &mut C, id: u64) -> Result<()> {
        if let Some(micros) = self.compute_micros {
            return client.compute(micros).await;
        }
        let payload = self.payload.clone();
        let reply = client.echo(Message { id, payload }).await?;
        check((id, self.payload.len()), (reply.id, reply.payload.len()))
    }
}

/// Where the measurement stands, for all tasks.
#[derive(Default)]
struct Phase(AtomicU8);

impl Phase {
    const MEASURING: u8 = 1;
    const STOPPED: u8 = 2;

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, phase: u8) {
        self.0.store(phase, Ordering::Relaxed);
    }
}

/// Both processes' clocks at one moment.
struct Usage {
    at: Instant,
    client: Duration,
    server: Duration,
}

impl Usage {
    fn now(server_pid: u32) -> Result<Self> {
        Ok(Self { client: probe::own_cpu()?, server: probe::cpu_of(server_pid)?, at: Instant::now() })
    }
}

const NANOS_MAX: u64 = 10_000_000_000;
