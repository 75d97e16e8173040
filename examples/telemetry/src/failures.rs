//! Streams that are cut, which no side takes for streams that ended.

use std::{error::Error, io::Write, time::Duration};

use rpcnet::{fallible, prelude::*, stream};

use crate::{
    client::temperature,
    service::{MetricReading, TelemetryClient, TelemetryError},
};

/// Cuts a stream in each way that there is, and writes what both sides make of it. Stops the server to do so.
pub async fn provoke(client: &TelemetryClient, server: &Server, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    writeln!(out, "\n--- A sensor fails in the middle of its upload ---")?;
    let reading = MetricReading { sensor: "pressure".to_owned(), value: 1013.0 };
    let readings = stream::iter([Ok(reading), Err("the sensor does not answer")]);
    match client.upload_batch(fallible(readings)).await {
        Err(CallError::Rpc(error)) if error.kind() == ErrorKind::Cancelled => writeln!(out, "client: {error}")?,
        other => return Err(format!("half an upload became {other:?}").into()),
    }
    match client.latest("pressure".to_owned()).await {
        Err(CallError::Application(error)) => writeln!(out, "server kept nothing: {error:?}")?,
        other => return Err(format!("the server kept half an upload: {other:?}").into()),
    }

    writeln!(out, "\n--- A handler's stream ends with an error ---")?;
    client.upload_batch(stream::iter([temperature(f64::NAN)])).await?;
    let updates = client.subscribe_metrics("temp".to_owned(), Duration::from_millis(10)).await?;
    match updates.collect::<Vec<_>>().await.as_slice() {
        [good @ .., Err(CallError::Application(TelemetryError::BrokenSensor(sensor)))] => {
            writeln!(out, "{} updates, then the error: `{sensor}` is broken", good.len())?;
        }
        other => return Err(format!("a broken sensor became {other:?}").into()),
    }

    writeln!(out, "\n--- The server stops while it streams ---")?;
    let mut updates = client.subscribe_metrics("temp".to_owned(), Duration::from_millis(50)).await?;
    let first = updates.next().await.ok_or("no update came")??;
    writeln!(out, "rolling avg: {:.2}", first.rolling_avg)?;
    server.stop().await;
    while let Some(update) = updates.next().await {
        match update {
            Ok(update) => writeln!(out, "rolling avg: {:.2}", update.rolling_avg)?,
            Err(error) => {
                writeln!(out, "an error, and not an end: {error}")?;
                return Ok(());
            }
        }
    }
    Err("a stream that was cut looked like one that ended".into())
}
