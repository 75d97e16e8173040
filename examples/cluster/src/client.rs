//! The client: reads two streams of tokens to their ends, and checks that none is lost or doubled.

use std::{error::Error, fmt::Display, pin::pin};

use rpcnet::prelude::*;
use tracing::info;

use crate::{
    direct::Direct,
    service::{DirectorClient, InferenceClient, Token},
    settings::Settings,
    tokens::resumed,
};

/// Reads the tokens of an assigned worker, and then those that come through the director.
pub(crate) async fn run(settings: &Settings) -> Result<(), Box<dyn Error>> {
    info!("📡 Starting Client - connecting to director at {}", settings.director_addr);
    let config = ClientConfig::development().build()?;
    let director = DirectorClient::connect(&*settings.director_addr, config.clone()).await?;
    info!("✅ connected to director");
    read("direct", resumed(Direct::new(director, config.clone()), 1, TOKENS)).await?;

    let director = InferenceClient::connect(&*settings.director_addr, config).await?;
    let tokens = director.generate(1, TOKENS).await?;
    info!("🌊 stream through the director opened");
    read("relayed", tokens).await
}

async fn read<E: Display>(way: &str, tokens: impl Stream<Item = Result<Token, E>>) -> Result<(), Box<dyn Error>> {
    let (mut tokens, mut total) = (pin!(tokens), 0);
    while let Some(token) = tokens.next().await {
        let Token { sequence, text, worker } = token.map_err(|error| error.to_string())?;
        total += 1;
        info!("📦 received token (sequence={sequence}, text=\"{text}\", total={total}) {way} from {worker}");
        if (sequence, &*text) != (total, &*format!("token-{total}")) {
            return Err(format!("token {total} was expected").into());
        }
    }
    if total != TOKENS {
        return Err(format!("the stream ended after {total} of {TOKENS} tokens").into());
    }
    info!("🏁 all {total} tokens received {way}, each once");
    Ok(())
}

const TOKENS: u64 = 80;
