//! The client: calls that look like calls.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use rpcnet::prelude::*;
use tokio::task::JoinSet;

use crate::service::{GreetRequest, GreetingClient, GreetingError};

/// Calls the server at `target` and writes what was sent and what came back.
pub async fn call(target: impl Into<rpcnet::Target>, mut out: impl Write) -> Result<(), Box<dyn std::error::Error>> {
    let client = GreetingClient::connect(target, ClientConfig::development().build()?).await?;

    let response = client.greet(request("World")).await?;
    writeln!(out, "greet(\"World\")  ->  {}", response.message)?;

    // The handler's own error arrives as its own type.
    match client.greet(request("")).await {
        Err(CallError::Application(GreetingError::EmptyName)) => writeln!(out, "greet(\"\")  ->  the error EmptyName")?,
        other => return Err(format!("an empty name was greeted: {other:?}").into()),
    }

    // A deadline travels with the call: the server stops the handler, too.
    let hasty = client.with_deadline(Duration::from_millis(50));
    match hasty.greet_later(request("World"), Duration::from_secs(3600)).await {
        Err(CallError::Rpc(error)) if error.kind() == ErrorKind::DeadlineExceeded => writeln!(out, "{error}")?,
        other => return Err(format!("an hour passed in 50 ms: {other:?}").into()),
    }

    let took = many(&client, 100_000, 64).await?;
    let rate = 100_000.0 / took.as_secs_f64();
    writeln!(out, "100,000 calls, 64 in flight on one connection: {took:.2?}, {rate:.0} calls a second")?;
    out.flush()?;
    Ok(())
}

/// Makes `calls` calls, `in_flight` at a time.
async fn many(client: &GreetingClient, calls: u32, in_flight: u32) -> Result<Duration, Box<dyn std::error::Error>> {
    let start = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..in_flight {
        let client = client.clone();
        callers.spawn(async move {
            for _ in (caller..calls).step_by(in_flight as usize) {
                client.greet(request("World")).await?;
            }
            Ok::<(), CallError<GreetingError>>(())
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    Ok(start.elapsed())
}

fn request(name: &str) -> GreetRequest {
    GreetRequest { name: name.to_owned() }
}
