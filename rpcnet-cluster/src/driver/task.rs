//! The task that owns socket, gate and core, and turns what happens to one into work for the others.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

use super::{Command, picture::Picture, socket::Socket};
use crate::{
    MemberState, Node, NodeHealth, NodeId, ResyncError,
    bulk::Link,
    datagram::{Gate, Opened},
    membership::{BulkRequest, Membership, Record, Time},
    shared::{Shared, Wanted},
};

/// One node's driver. Ends when the node has left, or when nobody holds a handle of it any more.
pub(super) struct Driver {
    socket: Socket,
    gate: Gate,
    core: Membership,
    picture: Picture,
    shared: Arc<Shared>,
    /// What the core was told last of what the program wants.
    told: Wanted,
    link: Option<Arc<Link>>,
    inbox: mpsc::Sender<Command>,
    started: Instant,
    /// Who waits for the end of the bulk exchange that is under way.
    resyncs: Vec<oneshot::Sender<Result<(), ResyncError>>>,
    datagram: Vec<u8>,
}

impl Driver {
    #[expect(clippy::too_many_arguments, reason = "it is called once, by the function that makes all of them")]
    pub(super) fn new(
        socket: Socket,
        gate: Gate,
        core: Membership,
        picture: Picture,
        shared: Arc<Shared>,
        told: Wanted,
        link: Option<Arc<Link>>,
        inbox: mpsc::Sender<Command>,
    ) -> Self {
        let (started, resyncs, datagram) = (Instant::now(), Vec::new(), Vec::with_capacity(DATAGRAM_BYTES));
        Self { socket, gate, core, picture, shared, told, link, inbox, started, resyncs, datagram }
    }

    pub(super) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut inbox: mpsc::Receiver<Command>,
        seeds: JoinHandle<()>,
    ) {
        self.socket.writable().await;
        let shared = Arc::clone(&self.shared);
        let timer = sleep_until(Instant::now());
        tokio::pin!(timer);
        loop {
            if self.turn().is_break() {
                break;
            }
            let wake = self.wake_at();
            if timer.deadline() != wake {
                timer.as_mut().reset(wake);
            }
            let flow = tokio::select! {
                _ = self.socket.readable() => ControlFlow::Continue(()),
                () = &mut timer => ControlFlow::Continue(()),
                command = commands.recv() => command.map_or(ControlFlow::Break(()), |command| self.on_command(command)),
                Some(command) = inbox.recv() => self.on_command(command),
                () = shared.woken.notified() => { self.follow_wanted(); ControlFlow::Continue(()) }
            };
            if flow.is_break() {
                break;
            }
        }
        seeds.abort();
        self.picture.show(&self.shared, None);
        self.shared.ended.send_replace(true);
    }

    /// Reads what has arrived, does what is due, and sends what comes of it.
    fn turn(&mut self) -> ControlFlow<()> {
        self.receive();
        let now = self.now();
        if self.core.poll_timeout().is_some_and(|due| due <= now) {
            self.core.handle_timeout(now);
        }
        self.transmit();
        while let Some(request) = self.core.poll_bulk() {
            self.start_bulk(request);
        }
        self.picture.follow(&mut self.core);
        if self.core.is_joined() {
            self.shared.joined.send_if_modified(|joined| !std::mem::replace(joined, true));
        }
        *self.shared.counters.lock() = self.gate.counters();
        self.picture.show(&self.shared, Some(Instant::now()));
        if self.picture.has_left() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn receive(&mut self) {
        let mut buffer = [0; DATAGRAM_BYTES + 1];
        for _ in 0..RECEIVED_IN_A_TURN_MAX {
            let Some((bytes, from)) = self.socket.receive(&mut buffer) else { return };
            let now = self.now();
            match self.gate.open(self.started.elapsed(), from, &mut buffer[..bytes]) {
                Opened::Payload(payload) => self.core.handle_packet(now, from, payload),
                Opened::Send(to, datagram) => {
                    self.socket.send(to, &datagram);
                }
                Opened::Nothing => {}
            }
        }
    }

    fn transmit(&mut self) {
        while let Some(transmit) = self.core.poll_transmit() {
            match self.gate.seal(self.started.elapsed(), transmit.to, &transmit.payload, &mut self.datagram) {
                Ok(()) => {
                    self.socket.send(transmit.to, &self.datagram);
                }
                Err(error) => tracing::warn!(to = %transmit.to, %error, "gossip was not sent"),
            }
        }
    }

    fn on_command(&mut self, command: Command) -> ControlFlow<()> {
        let now = self.now();
        match command {
            Command::Join(seeds) if self.core.is_joined() => self.core.set_seeds(seeds),
            Command::Join(seeds) => self.core.join(now, seeds),
            Command::Leave => self.core.leave(now),
            Command::Resync(done) => self.resync(now, done),
            Command::Phi(id, answer) => drop(answer.send(self.core.phi(&id, now))),
            Command::Heartbeats(id, answer) => drop(answer.send(self.core.heartbeat_intervals(&id).collect())),
            Command::Health(id, answer) => drop(answer.send(self.health(now, id))),
            Command::BulkRequest(payload, answer) => drop(answer.send(self.core.handle_bulk_request(now, &payload))),
            Command::BulkDone(id, result) => self.on_bulk_done(now, id, result),
        }
        ControlFlow::Continue(())
    }

    fn health(&self, now: Time, id: Option<NodeId>) -> Vec<NodeHealth> {
        let ids = id.map_or_else(|| self.core.watched().cloned().collect(), |id| vec![id]);
        let health = |id: &NodeId| {
            let node = self.core.member(id).map(|member| Node::new(Arc::clone(member.record), member.state));
            let own =
                || (self.core.local().id == *id).then(|| Node::new(Arc::clone(self.core.local()), MemberState::Alive));
            Some(NodeHealth {
                node: Arc::new(node.or_else(own)?),
                phi: self.core.phi(id, now),
                phi_threshold: self.core.phi_threshold(id),
                heartbeats: self.core.heartbeat_intervals(id).collect(),
            })
        };
        ids.iter().filter_map(health).collect()
    }

    /// Tells the core what the program wants of its own node, where that has changed.
    fn follow_wanted(&mut self) {
        let (now, wanted) = (self.now(), self.shared.wanted());
        for (name, value) in wanted.tags.iter() {
            if let Err(error) = self.core.set_tag(now, name, value) {
                tracing::warn!(name, %error, "a tag was not set");
            }
        }
        for (name, _) in self.told.tags.iter() {
            if wanted.tags.get(name).is_none() {
                self.core.remove_tag(now, name);
            }
        }
        self.core.set_degraded(now, wanted.degraded || !wanted.unwell.is_empty());
        self.core.set_draining(now, wanted.draining);
        if let Some(keyring) = &wanted.keyring {
            self.gate.set_keyring(keyring.clone());
        }
        self.told = wanted;
    }

    /// Carries a request of the core to another node, on a task of its own.
    fn start_bulk(&mut self, request: BulkRequest) {
        let BulkRequest { id, to, payload } = request;
        let Some(link) = self.link.clone() else {
            return self.on_bulk_done(self.now(), id, Err("this node has no way to reach RPC servers".to_owned()));
        };
        let Some(to) = self.server_for(to, id) else {
            return self.on_bulk_done(self.now(), id, Err("no member that is known serves calls".to_owned()));
        };
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let result = match timeout(BULK_TIMEOUT, link.exchange(to.rpc_address, &payload)).await {
                Ok(result) => result.map_err(|error| error.to_string()),
                Err(_) => Err(format!("it took longer than {BULK_TIMEOUT:?}")),
            };
            let result = result.map_err(|reason| format!("{} at {}: {reason}", to.id, to.rpc_address));
            // The driver may have ended.
            let _ = inbox.send(Command::BulkDone(id, result)).await;
        });
    }

    /// The node to ask in fact: one that serves no calls is represented by some other, for all know nearly the same.
    fn server_for(&self, asked: Arc<Record>, request: u64) -> Option<Arc<Record>> {
        let serves = |record: &Record| record.rpc_address.port() != 0;
        if serves(&asked) {
            return Some(asked);
        }
        let servers: Vec<_> = self.core.members().map(|member| member.record).filter(|record| serves(record)).collect();
        // Another one for each request, and for each node that asks.
        let turn = self.core.local().id.key().0.wrapping_add(request);
        let index = turn.checked_rem(servers.len() as u64)? as usize;
        servers.get(index).map(|record| Arc::clone(record))
    }

    fn on_bulk_done(&mut self, now: Time, id: u64, result: Result<Vec<u8>, String>) {
        match &result {
            Ok(answer) => self.core.handle_bulk_response(now, id, answer),
            Err(reason) => {
                tracing::debug!(reason, "an exchange of state failed");
                self.core.handle_bulk_failure(now, id);
            }
        }
        let result = result.map(drop);
        for done in self.resyncs.drain(..) {
            // Whoever asked may have gone away.
            let _ = done.send(result.clone().map_err(|reason| ResyncError::Failed { reason }));
        }
    }

    fn resync(&mut self, now: Time, done: oneshot::Sender<Result<(), ResyncError>>) {
        let refusal = match () {
            () if self.link.is_none() => ResyncError::NoClient,
            () if !self.core.resync(now) => ResyncError::Alone,
            () => return self.resyncs.push(done),
        };
        let _ = done.send(Err(refusal));
    }

    fn wake_at(&self) -> Instant {
        let idle = Instant::now() + IDLE;
        let core = self.core.poll_timeout().map(|due| self.started + due.since(Time::ZERO));
        [core, self.picture.due()].into_iter().flatten().fold(idle, Instant::min)
    }

    fn now(&self) -> Time {
        Time::since_start(self.started.elapsed())
    }
}

/// More than any version sends; what is longer is cut off and so no envelope.
const DATAGRAM_BYTES: usize = 1500;
/// Timers have their turn, too.
const RECEIVED_IN_A_TURN_MAX: usize = 256;
/// The core gives its answer up a little later.
const BULK_TIMEOUT: Duration = Duration::from_secs(8);
const IDLE: Duration = Duration::from_secs(60);
