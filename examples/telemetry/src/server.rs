//! The server: handlers are plain `async fn`s that read streams and return them.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use rpcnet::{prelude::*, stream};

use crate::service::{Ack, ChatMessage, LiveUpdate, MetricReading, Telemetry, TelemetryError, TelemetryServer};

/// The readings of each sensor, oldest first.
#[derive(Default)]
struct MyTelemetry(Mutex<HashMap<String, Vec<f64>>>);

impl Telemetry for MyTelemetry {
    async fn latest(&self, sensor: String) -> Result<MetricReading, TelemetryError> {
        let last = self.readings(&sensor)?.pop();
        last.map(|value| MetricReading { sensor: sensor.clone(), value }).ok_or(TelemetryError::UnknownSensor(sensor))
    }

    async fn upload_batch(&self, mut readings: Streaming<MetricReading>) -> Result<Ack, TelemetryError> {
        let mut batch = Vec::new();
        while let Some(reading) = readings.next().await {
            batch.push(reading.map_err(|error| TelemetryError::Interrupted(error.to_string()))?);
        }
        // Only here is the batch known to be whole: `None` means that the client has sent its last reading.
        let accepted = batch.len();
        let mut kept = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for MetricReading { sensor, value } in batch {
            kept.entry(sensor).or_default().push(value);
        }
        Ok(Ack { accepted })
    }

    async fn subscribe_metrics(
        &self,
        sensor: String,
        every: Duration,
    ) -> Result<impl Stream<Item = Result<LiveUpdate, TelemetryError>>, TelemetryError> {
        let readings = stream::iter(self.readings(&sensor)?.into_iter().enumerate());
        Ok(readings.scan(0.0, move |sum, (at, value)| {
            *sum += value;
            let rolling_avg = *sum / (at + 1) as f64;
            let sensor = sensor.clone();
            async move {
                tokio::time::sleep(every).await;
                // An error ends the stream, and the client gets it as the last item.
                let broken = rolling_avg.is_nan();
                Some(if broken {
                    Err(TelemetryError::BrokenSensor(sensor))
                } else {
                    Ok(LiveUpdate { sensor, rolling_avg })
                })
            }
        }))
    }

    async fn chat(
        &self,
        messages: Streaming<ChatMessage>,
    ) -> Result<impl Stream<Item = Result<ChatMessage, TelemetryError>>, TelemetryError> {
        Ok(messages.map(|message| match message {
            Ok(message) => Ok(ChatMessage { from: "server".to_owned(), body: format!("ack: {}", message.body) }),
            Err(error) => Err(TelemetryError::Interrupted(error.to_string())),
        }))
    }
}

impl MyTelemetry {
    fn readings(&self, sensor: &str) -> Result<Vec<f64>, TelemetryError> {
        let readings = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get(sensor).cloned();
        readings.ok_or_else(|| TelemetryError::UnknownSensor(sensor.to_owned()))
    }
}

/// Starts a server on `addr`; port 0 is any free one.
pub async fn start(addr: &str) -> Result<Server, Box<dyn std::error::Error>> {
    let config = ServerConfig::development().with_bind_addr(addr).build()?;
    Ok(Server::builder(config).service(TelemetryServer::new(MyTelemetry::default())).start().await?)
}
