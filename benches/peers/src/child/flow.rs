//! Huge messages beside the calls that are measured: one each way at any time, on the same connection.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use super::load::Phase;
use crate::message::{Message, payload};
use crate::systems::Caller;

/// Two tasks, one that sends and one that receives.
pub(super) struct Flow {
    tasks: JoinSet<Result<f64>>,
}

impl Flow {
    /// Starts them, with messages of `bytes`, until the phase is over.
    pub(super) fn start<C: Caller>(client: &C, bytes: u64, phase: &Arc<Phase>) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(send(client.clone(), bytes, Arc::clone(phase)));
        tasks.spawn(receive(client.clone(), bytes, Arc::clone(phase)));
        Self { tasks }
    }

    /// Waits for the messages that are on their way, and says how many bytes flowed a second, the slower way.
    pub(super) async fn end(mut self) -> Result<f64> {
        let mut slower = f64::INFINITY;
        while let Some(task) = self.tasks.join_next().await {
            slower = slower.min(task.context("a flow panicked")??);
        }
        Ok(slower)
    }
}

async fn send<C: Caller>(mut client: C, bytes: u64, phase: Arc<Phase>) -> Result<f64> {
    let (started, payload, mut messages) = (Instant::now(), payload(bytes), 0);
    while !phase.is_over() {
        let arrived = client.upload(Message { id: messages, payload: payload.clone() }).await?;
        ensure!(arrived == bytes, "{arrived} of {bytes} bytes arrived");
        messages += 1;
    }
    Ok((messages * bytes) as f64 / started.elapsed().as_secs_f64())
}

async fn receive<C: Caller>(mut client: C, bytes: u64, phase: Arc<Phase>) -> Result<f64> {
    let (started, mut messages) = (Instant::now(), 0);
    while !phase.is_over() {
        let arrived = client.download(bytes).await?.payload.len() as u64;
        ensure!(arrived == bytes, "{arrived} of {bytes} bytes arrived");
        messages += 1;
    }
    Ok((messages * bytes) as f64 / started.elapsed().as_secs_f64())
}
