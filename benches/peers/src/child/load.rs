//! The load child: as many tasks as calls are in flight, each calling again once it is answered, or as many streams.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures::StreamExt;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use super::flow::Flow;
use super::{Latency, LoadReport, check, connect_many, setup};
use crate::cli::{LoadArgs, Work};
use crate::message::{COMPUTE_MICROS, Message, payload};
use crate::probe;
use crate::systems::{Caller, System};

/// Warms up, measures, stops, reports.
pub(super) async fn run<S: System>(args: &LoadArgs) -> Result<LoadReport> {
    let clients = connect_many::<S>(&args.server, &setup(&args.common), args.connections).await?;
    let phase = Arc::new(Phase::default());
    let mut tasks = JoinSet::new();
    for index in 0..args.in_flight {
        let (client, task) = (clients[index % clients.len()].clone(), Task::of(args, index));
        tasks.spawn(task.run(client, phase.clone()));
    }
    let flow = args.common.flow_bytes.map(|bytes| Flow::start(&clients[0], bytes, &phase));
    tokio::time::sleep(args.warm_up).await;
    let before = Usage::now(args.server.server_pid)?;
    phase.set(Phase::MEASURING);
    tokio::time::sleep(args.seconds).await;
    phase.set(Phase::STOPPED);
    let after = Usage::now(args.server.server_pid)?;
    let server_memory_bytes = probe::memory_of(args.server.server_pid)?;

    let flow_bytes_per_second = match flow {
        Some(flow) => Some(flow.end().await?),
        None => None,
    };
    let tally = collect(tasks).await?;
    ensure!(tally.count > 0, "nothing ended in {:?}", args.seconds);
    Ok(LoadReport {
        calls: tally.count,
        seconds: (after.at - before.at).as_secs_f64(),
        latency: latency(&tally.latencies)?,
        flow_bytes_per_second,
        client_cpu_us: (after.client - before.client).as_secs_f64() * 1e6,
        server_cpu_us: (after.server - before.server).as_secs_f64() * 1e6,
        server_memory_bytes,
    })
}

/// What tasks have counted within the measurement.
#[derive(Default)]
struct Tally {
    count: u64,
    /// One for each call, in nanoseconds; none for items.
    latencies: Vec<u32>,
}

async fn collect(mut tasks: JoinSet<Result<Tally>>) -> Result<Tally> {
    let mut total = Tally::default();
    while let Some(task) = tasks.join_next().await {
        let tally = task.context("a calling task panicked")??;
        total.count += tally.count;
        total.latencies.extend(tally.latencies);
    }
    Ok(total)
}

fn latency(nanos: &[u32]) -> Result<Option<Latency>> {
    if nanos.is_empty() {
        return Ok(None);
    }
    let mut histogram = Histogram::<u64>::new_with_bounds(1, NANOS_MAX, 3)?;
    for &nanos in nanos {
        histogram.saturating_record(u64::from(nanos));
    }
    let micros = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
    Ok(Some(Latency { p50_us: micros(0.5), p99_us: micros(0.99), p999_us: micros(0.999) }))
}

/// What a task asks for, again and again.
struct Task {
    first_id: u64,
    payload: Bytes,
    work: Work,
}

impl Task {
    fn of(args: &LoadArgs, index: usize) -> Self {
        Self { first_id: (index as u64) << 32, payload: payload(args.payload_bytes as u64), work: args.common.work }
    }

    async fn run<C: Caller>(self, client: C, phase: Arc<Phase>) -> Result<Tally> {
        match self.work {
            Work::Items => self.receive_until_stopped(client, phase).await,
            Work::Echo | Work::Compute | Work::Upload | Work::Download => self.call_until_stopped(client, phase).await,
        }
    }

    /// Latencies are kept raw, 4 bytes a call appended in order: a histogram for each of hundreds
    /// of tasks would push the system under test out of the caches.
    async fn call_until_stopped<C: Caller>(self, mut client: C, phase: Arc<Phase>) -> Result<Tally> {
        let mut latencies = Vec::with_capacity(4_096);
        let mut id = self.first_id;
        let mut started = Instant::now();
        while !phase.is_over() {
            self.once(&mut client, id).await?;
            id += 1;
            let ended = Instant::now();
            if phase.is_measured() {
                let nanos = (ended - started).as_nanos();
                latencies.push(u32::try_from(nanos).unwrap_or(u32::MAX));
            }
            started = ended;
        }
        Ok(Tally { count: latencies.len() as u64, latencies })
    }

    async fn receive_until_stopped<C: Caller>(self, mut client: C, phase: Arc<Phase>) -> Result<Tally> {
        let mut items = pin!(client.items(self.payload.len() as u64).await?);
        let (mut count, mut id) = (0, 0);
        while !phase.is_over() {
            let item = items.next().await.context("the stream without end has ended")??;
            check((id, self.payload.len()), (item.id, item.payload.len()))?;
            id += 1;
            count += u64::from(phase.is_measured());
        }
        Ok(Tally { count, latencies: Vec::new() })
    }

    async fn once<C: Caller>(&self, client: &mut C, id: u64) -> Result<()> {
        let length = self.payload.len();
        match self.work {
            Work::Compute => client.compute(COMPUTE_MICROS).await,
            Work::Upload => {
                let arrived = client.upload(Message { id, payload: self.payload.clone() }).await?;
                ensure!(arrived == length as u64, "{arrived} of {length} bytes arrived");
                Ok(())
            }
            Work::Download => {
                let arrived = client.download(length as u64).await?.payload.len();
                ensure!(arrived == length, "{arrived} of {length} bytes arrived");
                Ok(())
            }
            // Items are not asked for one by one.
            Work::Echo | Work::Items => {
                let reply = client.echo(Message { id, payload: self.payload.clone() }).await?;
                check((id, length), (reply.id, reply.payload.len()))
            }
        }
    }
}

/// Where the measurement stands, for all tasks.
#[derive(Default)]
pub(super) struct Phase(AtomicU8);

impl Phase {
    const MEASURING: u8 = 1;
    const STOPPED: u8 = 2;

    pub(super) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::STOPPED
    }

    fn is_measured(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::MEASURING
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
