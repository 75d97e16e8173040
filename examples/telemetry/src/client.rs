//! The client: calls of every shape.

use std::{error::Error, io::Write, time::Duration};

use rpcnet::{Target, prelude::*, stream};

use crate::service::{ChatMessage, MetricReading, TelemetryClient};

/// Connects to the server at `target`.
pub async fn connect(target: impl Into<Target>) -> Result<TelemetryClient, Box<dyn Error>> {
    Ok(TelemetryClient::connect(target, ClientConfig::development().build()?).await?)
}

/// Makes a call of each shape and writes what comes back.
pub async fn call(client: &TelemetryClient, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    writeln!(out, "\n--- Bidirectional chat ---")?;
    let lines = ["ping", "status?"];
    let messages = lines.map(|body| ChatMessage { from: "operator".to_owned(), body: body.to_owned() });
    let mut replies = client.chat(stream::iter(messages)).await?;
    while let Some(reply) = replies.next().await {
        writeln!(out, "reply: {}", reply?.body)?;
    }

    writeln!(out, "\n--- Client streaming ---")?;
    let ack = client.upload_batch(stream::iter([21.0, 21.5, 22.0].map(temperature))).await?;
    writeln!(out, "server accepted {} readings", ack.accepted)?;

    writeln!(out, "\n--- Server streaming ---")?;
    let mut updates = client.subscribe_metrics("temp".to_owned(), Duration::from_millis(50)).await?;
    while let Some(update) = updates.next().await {
        writeln!(out, "rolling avg: {:.2}", update?.rolling_avg)?;
    }
    writeln!(out, "the stream has ended, so these were all")?;

    writeln!(out, "\n--- Unary ---")?;
    writeln!(out, "latest: {:.2}", client.latest("temp".to_owned()).await?.value)?;
    Ok(())
}

/// A reading of the sensor `temp`.
pub fn temperature(value: f64) -> MetricReading {
    MetricReading { sensor: "temp".to_owned(), value }
}
