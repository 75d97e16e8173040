//! The contract: a method of each shape.

use std::time::Duration;

use rpcnet::prelude::*;
use serde::{Deserialize, Serialize};

/// What a sensor measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricReading {
    /// Which sensor.
    pub sensor: String,
    /// What it says.
    pub value: f64,
}

/// How a sensor is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveUpdate {
    /// Which sensor.
    pub sensor: String,
    /// The average of its readings so far.
    pub rolling_avg: f64,
}

/// A line of the conversation between an operator and the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who says it.
    pub from: String,
    /// What is said.
    pub body: String,
}

/// An upload has arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// How many readings it had.
    pub accepted: usize,
}

/// Why there is no telemetry, or no more of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TelemetryError {
    /// Nobody has uploaded a reading of this sensor.
    UnknownSensor(String),
    /// The sensor said something that is no number.
    BrokenSensor(String),
    /// The readings stopped before their end.
    Interrupted(String),
}

/// Readings of sensors: uploaded, watched, and talked about.
#[rpcnet::service]
pub trait Telemetry {
    /// One message each way: a sensor's last reading.
    #[rpc(idempotent)]
    async fn latest(&self, sensor: String) -> Result<MetricReading, TelemetryError>;

    /// A stream of requests: keeps all of the readings, or none if the upload is cut.
    async fn upload_batch(&self, readings: Streaming<MetricReading>) -> Result<Ack, TelemetryError>;

    /// A stream of responses: a sensor's rolling average, one reading after the other.
    async fn subscribe_metrics(
        &self,
        sensor: String,
        every: Duration,
    ) -> Result<impl Stream<Item = Result<LiveUpdate, TelemetryError>>, TelemetryError>;

    /// A stream of both, at the same time.
    async fn chat(
        &self,
        messages: Streaming<ChatMessage>,
    ) -> Result<impl Stream<Item = Result<ChatMessage, TelemetryError>>, TelemetryError>;
}
