//! The whole of it: a cluster, a load, and what happens to it.

use std::{
    error::Error,
    io::{Write, stdout},
    time::Instant,
};

use rpcnet::ClientConfig;
use rpcnet_cluster::{ClusterClient, ClusterConfig, ClusterMembership};

use crate::{
    Options, Switch,
    board::Board,
    fleet::Fleet,
    load::Load,
    outage::outage,
    report::Report,
    scenes::{Stage, calm, kill, rolling_restart, stop},
    service::WorkClient,
    sights::Sights,
    tally::Tally,
    throughput,
};

/// Plays all scenes; whether no call was lost that must not be.
pub(crate) async fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let hedging = options.hedging == Switch::On;
    let director = ClusterMembership::new(ClusterConfig::builder().with_node_id("director").build()?).await?;
    let fleet = Fleet::start(options.workers.into(), director.seed().to_string()).await?;
    let since = Instant::now();
    let (tally, sights) = (Tally::new(since), Sights::new(since, fleet.ids()));
    let cluster = ClusterClient::builder(director.clone(), ClientConfig::development().build()?)
        .with_hedging(hedging)
        .with_observer(sights.clone())
        .start();
    let channel = cluster.channel("role=worker");
    channel.ready_with(options.workers.into()).await?;

    let client = WorkClient::new(channel).with_deadline(options.deadline());
    let load = Load::start(client, options.rate(), tally.clone());
    let board = Board::new(tally.clone(), sights.clone(), cluster);
    let drawing = board.draw();
    let (report, scene, deadline) = (Report::default(), options.scene(), options.deadline());
    let mut stage = Stage { fleet, tally, sights, board, report, scene, deadline, hedging };
    let hedged = if hedging { "with" } else { "without" };
    stage.say(&format!("{} workers, {} calls a second, {hedged} hedging.", options.workers, options.rate()))?;
    calm(&mut stage).await?;
    kill(&mut stage, 0).await?;
    stop(&mut stage, 1).await?;
    rolling_restart(&mut stage).await?;
    outage(&mut stage).await?;
    drop((load, drawing));

    stage.say("Calls a second, as many as there can be.")?;
    let (ids, addr) = (stage.fleet.ids(), stage.fleet.addr(0));
    throughput::measure(&director, (&ids[0], addr), options.rounds(), &mut stage.report).await?;
    let Stage { report, .. } = stage;
    writeln!(stdout(), "\n{}", report.table())?;
    if let Some(path) = &options.json {
        report.write(path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let verdict =
        if report.is_good() { "No call was lost that must not be." } else { "Calls were lost that must not be." };
    writeln!(stdout(), "{verdict}")?;
    Ok(report.is_good())
}
