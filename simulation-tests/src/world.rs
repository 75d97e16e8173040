//! Two machines, the network between them, and what goes wrong with both.

use std::{
    cell::RefCell,
    error::Error,
    panic,
    sync::{Arc, Once},
    time::Duration,
};

use rpcnet::{Client, ClientConfig, Identity, Server, ServerConfig};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use turmoil::{Builder, Sim};

use crate::{
    caller,
    check::{DEADLINE, check},
    ledger::{Ended, Ledger},
    plan::{Call, Fault, Plan, Shape},
    service::{End, MyWorker, WorkerServer},
};

/// What came of a plan.
#[derive(Debug, Default)]
pub struct Report {
    /// The promises that were broken.
    pub broken: Vec<String>,
    /// How the calls ended for their callers.
    pub ends: Vec<Ended>,
}

/// Lets the plan happen.
pub fn run(plan: &Plan) -> Report {
    note_panics();
    let ledger = Arc::new(Ledger::default());
    let orders = watch::Sender::new(Order::Serve);
    let mut broken = match simulate(plan, &ledger, orders) {
        Ok(()) => Vec::new(),
        Err(error) => vec![format!("the simulation failed: {error}")],
    };
    let (mut records, violations) = ledger.close();
    let ends = records.values().filter_map(|record| Some(record.outcome.as_ref()?.ended.clone())).collect();
    broken.extend(violations);
    broken.extend(PANICS.take().into_iter().map(|text| format!("nothing panics but what is told to: {text}")));
    for call in plan.calls() {
        broken.extend(check(call, &records.remove(&call.number).unwrap_or_default()));
    }
    // The calls that only asked whether the server is back.
    broken.extend(
        records
            .iter()
            .filter(|(_, record)| record.started != record.ended)
            .map(|(call, record)| format!("every handler ends: call {call} {record:?}")),
    );
    Report { broken, ends }
}

/// What the server's machine is to do.
#[derive(Clone, Debug)]
enum Order {
    Serve,
    Shutdown {
        within: Duration,
        down: Duration,
    },
    Stop {
        down: Duration,
    },
    /// All calls are over.
    Finish,
    Finished,
}

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn simulate(plan: &Plan, ledger: &Arc<Ledger>, orders: watch::Sender<Order>) -> Outcome {
    let mut sim = Builder::new()
        .rng_seed(plan.seed)
        .simulation_duration(DURATION_MAX)
        .tick_duration(TICK)
        .min_message_latency(plan.network.latency.start)
        .max_message_latency(plan.network.latency.end)
        .fail_rate(plan.network.loss)
        .repair_rate(1.0)
        .udp_capacity(1024)
        .build();
    let identity = Identity::self_signed([SERVER])?;
    {
        let (identity, ledger, orders) = (identity.clone(), Arc::clone(ledger), orders.clone());
        sim.host(SERVER, move || serve(identity.clone(), Arc::clone(&ledger), orders.clone()));
    }
    sim.client(CLIENT, call(plan.clone(), identity, Arc::clone(ledger), orders.clone()));
    let mut network = Schedule::new(&plan.network_faults);
    let mut server = Schedule::new(&plan.server_faults);
    while !sim.step()? {
        network.advance(&mut sim, &orders);
        server.advance(&mut sim, &orders);
    }
    Ok(())
}

/// Serves until it is told to do something else.
async fn serve(identity: Identity, ledger: Arc<Ledger>, orders: watch::Sender<Order>) -> Outcome {
    let mut order = orders.subscribe();
    let config = ServerConfig::builder()
        .with_simulated_network()
        .with_bind_addr(("0.0.0.0".parse::<std::net::Ipv4Addr>()?, PORT))
        .with_identity(identity)
        .with_idle_timeout(IDLE_TIMEOUT)
        .with_handshake_timeout(CONNECT_TIMEOUT)
        .build()?;
    loop {
        let worker = WorkerServer::new(MyWorker(Arc::clone(&ledger)));
        let server = Server::builder(config.clone()).service(worker).start().await?;
        order.changed().await?;
        let next = order.borrow_and_update().clone();
        let start = Instant::now();
        let (promised, down) = match next {
            Order::Shutdown { within, down } => {
                server.shutdown(within).await;
                (within, down)
            }
            Order::Stop { down } => {
                server.stop().await;
                (Duration::ZERO, down)
            }
            Order::Finish => {
                if timeout(HANDLERS_END, server.wait_for_in_flight()).await.is_err() {
                    ledger.violation(format!("{} calls are in flight when all are over", server.calls_in_flight()));
                }
                server.stop().await;
                orders.send_replace(Order::Finished);
                return Ok(());
            }
            Order::Serve | Order::Finished => continue,
        };
        if start.elapsed() > promised + STOP_GRACE {
            ledger.violation(format!("a server that was to end within {promised:?} took {:?}", start.elapsed()));
        }
        drop(server);
        sleep(down).await;
    }
}

/// Makes all calls, then sees whether the client recovers.
async fn call(plan: Plan, identity: Identity, ledger: Arc<Ledger>, orders: watch::Sender<Order>) -> Outcome {
    let config = ClientConfig::trusting(&identity)
        .with_simulated_network()
        .with_deadline(DEADLINE)
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_idle_timeout(IDLE_TIMEOUT)
        .with_reconnect_backoff(Duration::from_millis(50), Duration::from_secs(1))
        .with_wait_for_ready(plan.wait_for_ready)
        .build()?;
    let client = loop {
        match Client::connect((SERVER, PORT), config.clone()).await {
            Ok(client) => break client,
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    };
    let mut callers = JoinSet::new();
    for calls in plan.callers.clone() {
        callers.spawn(caller::make(calls, client.clone(), Arc::clone(&ledger)));
    }
    while let Some(ended) = callers.join_next().await {
        ended?;
    }
    sleep(plan.faults_end().saturating_sub(turmoil::elapsed())).await;
    recover(&client, &ledger).await;
    drop(client);
    orders.send_replace(Order::Finish);
    orders.subscribe().wait_for(|order| matches!(order, Order::Finished)).await?;
    Ok(())
}

/// The network has healed and the server is there: calls must succeed again.
async fn recover(client: &Client, ledger: &Arc<Ledger>) {
    let start = Instant::now();
    let mut number = RECOVERY_CALLS;
    loop {
        let ended = caller::one(&recovery_call(number), client, ledger).await;
        if ended == Ended::Well {
            return;
        }
        if start.elapsed() > RECOVERY_MAX {
            return ledger
                .violation(format!("no call succeeds for {RECOVERY_MAX:?} after the network healed: {ended:?}"));
        }
        number += 1;
        sleep(Duration::from_millis(100)).await;
    }
}

fn recovery_call(number: u64) -> Call {
    Call {
        number,
        shape: Shape::Once,
        after: Duration::ZERO,
        deadline: None,
        dropped_after: None,
        request_bytes: 10,
        answer_bytes: 10,
        handler_pause: Duration::ZERO,
        caller_pause: Duration::ZERO,
        items: 0,
        reads: 0,
        fails_at: None,
        end: End::Value,
    }
}

/// Faults, one after the other.
struct Schedule {
    /// When what is to be done, the next one last.
    actions: Vec<(Duration, Action)>,
}

#[derive(Clone, Debug)]
enum Action {
    Begin(Fault),
    End(Fault),
}

impl Schedule {
    fn new(faults: &[(Duration, Fault)]) -> Self {
        let (mut actions, mut at) = (Vec::new(), Duration::ZERO);
        for (pause, fault) in faults {
            at += *pause;
            actions.push((at, Action::Begin(fault.clone())));
            at += fault.lasts();
            actions.push((at, Action::End(fault.clone())));
        }
        actions.reverse();
        Self { actions }
    }

    /// Does what is due.
    fn advance(&mut self, sim: &mut Sim<'_>, orders: &watch::Sender<Order>) {
        while let Some((_, action)) = self.actions.pop_if(|(at, _)| *at <= sim.elapsed()) {
            match action {
                Action::Begin(fault) => fault.begin(sim, orders),
                Action::End(fault) => fault.end(sim),
            }
        }
    }
}

impl Fault {
    fn lasts(&self) -> Duration {
        match *self {
            Self::Partition { lasts } | Self::OneWay { lasts, .. } | Self::Hold { lasts } => lasts,
            Self::Crash { down } | Self::Stop { down } => down,
            Self::Shutdown { within, down } => within + down,
        }
    }

    fn begin(&self, sim: &mut Sim<'_>, orders: &watch::Sender<Order>) {
        match *self {
            Self::Partition { .. } => sim.partition(CLIENT, SERVER),
            Self::OneWay { to_server: true, .. } => sim.partition_oneway(CLIENT, SERVER),
            Self::OneWay { to_server: false, .. } => sim.partition_oneway(SERVER, CLIENT),
            Self::Hold { .. } => sim.hold(CLIENT, SERVER),
            Self::Crash { .. } => sim.crash(SERVER),
            Self::Shutdown { within, down } => tell(orders, Order::Shutdown { within, down }),
            Self::Stop { down } => tell(orders, Order::Stop { down }),
        }
    }

    fn end(&self, sim: &mut Sim<'_>) {
        match self {
            Self::Partition { .. } | Self::OneWay { .. } => sim.repair(CLIENT, SERVER),
            Self::Hold { .. } => sim.release(CLIENT, SERVER),
            Self::Crash { .. } => sim.bounce(SERVER),
            // The server comes back by itself.
            Self::Shutdown { .. } | Self::Stop { .. } => {}
        }
    }
}

/// The end of all calls is not to be overtaken.
fn tell(orders: &watch::Sender<Order>, order: Order) {
    orders.send_if_modified(|current| {
        let over = matches!(current, Order::Finish | Order::Finished);
        if !over {
            *current = order;
        }
        !over
    });
}

impl Plan {
    /// When all faults are over.
    fn faults_end(&self) -> Duration {
        let end = |faults: &[(Duration, Fault)]| faults.iter().map(|(pause, fault)| *pause + fault.lasts()).sum();
        let [network, server]: [Duration; 2] = [end(&self.network_faults), end(&self.server_faults)];
        // A server needs a moment to stop before it stays down.
        network.max(server) + Duration::from_secs(1)
    }
}

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Tasks that panic in the simulation's runtimes take nobody along, so they are written down.
fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.with_borrow_mut(|panics| panics.push(info.to_string()));
            default(info);
        }));
    });
}

const SERVER: &str = "server";
const CLIENT: &str = "client";
const PORT: u16 = 7443;
const TICK: Duration = Duration::from_millis(1);

/// Nothing that is planned takes longer, even if every call in it lasts as long as it may.
const DURATION_MAX: Duration = Duration::from_secs(600);

const IDLE_TIMEOUT: Duration = Duration::from_secs(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Half of it is for the server's part, half for what notices that the old connection is dead.
const RECOVERY_MAX: Duration = Duration::from_secs(15);

/// The longest pause of a handler that must not be cancelled, and the idle timeout after which the others are.
const HANDLERS_END: Duration = Duration::from_secs(10);

/// A server that is told to stop does so at once, but for its last packets.
const STOP_GRACE: Duration = Duration::from_millis(60);

/// Calls with these numbers are none of the plan's.
const RECOVERY_CALLS: u64 = 1 << 32;
