//! The task that knows seeds by name, and tells the core where they are.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::Command;
use crate::{Seed, bulk::Link, config::SeedKind, shared::Shared};

/// Looks seeds up when it starts, whenever this node knows of no other live one, and every minute.
pub(super) struct SeedsTask {
    seeds: Vec<Seed>,
    added: mpsc::Receiver<Vec<Seed>>,
    inbox: mpsc::Sender<Command>,
    shared: Arc<Shared>,
    link: Option<Arc<Link>>,
    resolve: Resolve,
}

/// Gives all addresses of a seed; none if its name can't be looked up now.
type Resolve = Box<dyn Fn(Seed) -> BoxFuture<'static, Vec<SocketAddr>> + Send + Sync>;

impl SeedsTask {
    pub(super) fn new(
        seeds: Vec<Seed>,
        added: mpsc::Receiver<Vec<Seed>>,
        inbox: mpsc::Sender<Command>,
        shared: Arc<Shared>,
        link: Option<Arc<Link>>,
    ) -> Self {
        Self { seeds, added, inbox, shared, link, resolve: Box::new(|seed| resolve(seed).boxed()) }
    }

    pub(super) async fn run(mut self) {
        let mut pause = PAUSE_MIN;
        loop {
            if !self.seeds.is_empty() && !self.look_up().await {
                return;
            }
            let isolated = self.is_isolated();
            pause = if isolated { (pause * 2).min(PAUSE_MAX) } else { PAUSE_MIN };
            tokio::select! {
                () = sleep(if isolated && !self.seeds.is_empty() { pause } else { EVERY }) => {}
                added = self.added.recv() => match added {
                    Some(added) => {
                        self.add(added);
                        pause = PAUSE_MIN;
                    }
                    None => return,
                },
                () = becomes_isolated(&self.shared), if !isolated => {}
            }
        }
    }

    fn add(&mut self, added: Vec<Seed>) {
        for seed in added {
            if !self.seeds.contains(&seed) && self.seeds.len() < SEEDS_MAX {
                self.seeds.push(seed);
            }
        }
    }

    fn is_isolated(&self) -> bool {
        self.shared.view().live_count() <= 1
    }

    /// Tells the core where the seeds take gossip; `false` if there is no core any more.
    async fn look_up(&self) -> bool {
        let looked_up = join_all(self.seeds.iter().cloned().map(&self.resolve)).await;
        let mut gossip = BTreeSet::new();
        let mut rpc = BTreeSet::new();
        for (seed, addrs) in self.seeds.iter().zip(looked_up) {
            for addr in addrs {
                match seed.kind() {
                    SeedKind::Gossip => drop(gossip.insert(addr)),
                    SeedKind::Rpc => {
                        // Where gossip is unless it was set otherwise.
                        gossip.extend(addr.port().checked_add(1).map(|port| SocketAddr::new(addr.ip(), port)));
                        rpc.insert(addr);
                    }
                }
            }
        }
        if !self.tell(&gossip).await {
            return false;
        }
        let learned = self.ask(rpc).await;
        if learned.is_subset(&gossip) {
            return true;
        }
        gossip.extend(learned);
        self.tell(&gossip).await
    }

    /// Asks RPC servers where their nodes take gossip.
    async fn ask(&self, rpc: BTreeSet<SocketAddr>) -> BTreeSet<SocketAddr> {
        let Some(link) = self.link.as_ref().filter(|_| self.is_isolated()) else { return BTreeSet::new() };
        let asked = rpc.into_iter().take(ASKED_AT_ONCE_MAX).map(|addr| async move {
            match timeout(ASK_TIMEOUT, link.gossip_addr(addr)).await {
                Ok(Ok(gossip)) => Some(gossip),
                Ok(Err(error)) => {
                    tracing::debug!(%addr, %error, "a seed did not tell where it takes gossip");
                    None
                }
                Err(_) => None,
            }
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    async fn tell(&self, gossip: &BTreeSet<SocketAddr>) -> bool {
        let others = gossip.iter().copied().filter(|addr| *addr != self.shared.gossip_addr);
        self.inbox.send(Command::Join(others.take(ADDRESSES_MAX).collect())).await.is_ok()
    }
}

async fn resolve(seed: Seed) -> Vec<SocketAddr> {
    match timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host((seed.host(), seed.port()))).await {
        Ok(Ok(addrs)) => addrs.map(|addr| SocketAddr::new(addr.ip().to_canonical(), addr.port())).collect(),
        Ok(Err(error)) => {
            tracing::warn!(%seed, %error, "a seed's name was not found");
            Vec::new()
        }
        Err(_) => {
            tracing::warn!(%seed, "looking up a seed's name took too long");
            Vec::new()
        }
    }
}

async fn becomes_isolated(shared: &Shared) {
    let mut changes = shared.changes();
    while shared.view().live_count() > 1 {
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// How often names are looked up anew.
const EVERY: Duration = Duration::from_secs(60);
/// While nobody else is known.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(8);
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
const ASK_TIMEOUT: Duration = Duration::from_secs(3);
const ASKED_AT_ONCE_MAX: usize = 8;
const SEEDS_MAX: usize = 64;
const ADDRESSES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use tokio::{
        sync::{broadcast, watch},
        time::Instant,
    };

    use super::*;
    use crate::{
        Node, View,
        membership::{Identity, MemberState, Membership, Settings, Tags, Time},
        shared::Wanted,
    };

    fn address(last: u8) -> SocketAddr {
        ([10, 0, 0, last], 7946).into()
    }

    /// A node that knows nobody.
    fn alone() -> Arc<Shared> {
        let id = crate::NodeId::new("alone").expect("short");
        let tags = Tags::default();
        let identity = Identity {
            id: id.clone(),
            gossip_address: address(1),
            rpc_address: address(1),
            generation: 1,
            tags: tags.clone(),
        };
        let core = Membership::new(Settings::default(), identity, 1, Time::ZERO).expect("the defaults are valid");
        let view = View::new(Arc::new(Node::new(Arc::clone(core.local()), MemberState::Alive)));
        let wanted = Wanted { tags, degraded: false, unwell: BTreeSet::new(), draining: false, keyring: None };
        Arc::new(Shared::new(id, address(1), view, wanted, &broadcast::Sender::new(1)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_is_not_known_yet_is_looked_up_until_it_is_and_again_when_it_moves() {
        let (name, known) = watch::channel(Vec::new());
        let (inbox, mut told) = mpsc::channel(1);
        let (_adder, added) = mpsc::channel(1);
        let seeds = vec!["gossip://seed.example:7946".parse().expect("a seed")];
        let mut task = SeedsTask::new(seeds, added, inbox, alone(), None);
        task.resolve = Box::new(move |_| std::future::ready(known.borrow().clone()).boxed());
        let task = tokio::spawn(task.run());
        for moved in [vec![], vec![], vec![address(7)], vec![address(8), address(9)]] {
            name.send_replace(moved.clone());
            let asked = Instant::now();
            loop {
                let Some(Command::Join(addrs)) = told.recv().await else { panic!("it tells of seeds") };
                if addrs == moved {
                    break;
                }
            }
            assert!(asked.elapsed() <= PAUSE_MAX, "{moved:?} after {:?}", asked.elapsed());
        }
        task.abort();
    }
}
