//! What happens to the five, step by step.

use std::{error::Error, io::Write, time::Duration};

use rustix::process::Signal;
use tokio::sync::mpsc;

use crate::{board::Board, fleet::Fleet};

const NAMES: [&str; 5] = ["ada", "ben", "cy", "dot", "eve"];

/// Tells the story; fails at the first view that is wrong.
pub(crate) async fn tell() -> Result<(), Box<dyn Error>> {
    let (views, received) = mpsc::channel(64);
    let (mut fleet, mut board) = (Fleet::new(views)?, Board::new(received));
    let seconds = Duration::from_secs;

    board.say("Five processes start. The first is the seed of the others.")?;
    fleet.start(NAMES[0], None)?;
    board.wait("the seed is there", seconds(5), |board| board.own(NAMES[0]).is_some()).await?;
    let seed = board.own(NAMES[0]).ok_or("it is there")?.clone();
    for name in &NAMES[1..] {
        fleet.start(name, Some(&seed))?;
    }
    board.wait("all five see all five", seconds(10), |board| board.all_see_each_other(5)).await?;

    board.say("cy is paused for a second (SIGSTOP), then goes on (SIGCONT). It must not be found failed.")?;
    fleet.signal("cy", Signal::STOP)?;
    board.watch(seconds(1)).await?;
    fleet.signal("cy", Signal::CONT)?;
    board.watch(seconds(4)).await?;
    board.never_failed("cy")?;
    board.wait("all five see all five", seconds(5), |board| board.all_see_each_other(5)).await?;

    board.say("dot is killed (SIGKILL). The others must find out.")?;
    let dot = board.own("dot").ok_or("it is there")?.clone();
    fleet.signal("dot", Signal::KILL)?;
    fleet.ended("dot").await?;
    board.forget("dot");
    board.wait("the other four see dot as failed", seconds(12), |board| board.all_see("dot", "failed", 0)).await?;

    board.say("dot starts again at its old address. It must count as a new run of the same node.")?;
    fleet.start_again(&dot, &seed)?;
    let is_back = |board: &Board| board.all_see_each_other(5) && board.all_see("dot", "alive", dot.generation + 1);
    board.wait("all five see all five, and dot's new run", seconds(10), is_back).await?;

    board.say("ben leaves (SIGTERM). The others must see that it left, not that it failed.")?;
    fleet.signal("ben", Signal::TERM)?;
    fleet.ended("ben").await?;
    board.watch(Duration::from_millis(100)).await?;
    board.forget("ben");
    board.wait("the other four see that ben left", seconds(5), |board| board.all_see("ben", "left", 0)).await?;
    board.watch(seconds(3)).await?;
    board.never_failed("ben")?;

    writeln!(std::io::stdout(), "\nEvery view was right.")?;
    Ok(())
}
