//! A network between client and server, on loopback: it can lose, delay, swallow and reroute what passes.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::UdpSocket,
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// What happens to packets.
struct Path {
    /// Where new flows go; a flow stays with the server that it began with.
    upstream: Mutex<SocketAddr>,
    swallows: AtomicBool,
    /// Packets that reached clients.
    answers: AtomicU64,
    /// Flows that began before the last cut are dead.
    cuts: AtomicU64,
    /// Packets lost of each million.
    loss_ppm: u64,
    /// One way.
    delay: Duration,
    /// State of the generator that decides which packets are lost.
    random: AtomicU64,
}

/// Runs on a thread of its own until it is dropped, so that it is no slower when the test is busy.
pub struct Proxy {
    addr: SocketAddr,
    path: Arc<Path>,
    _stop: mpsc::Sender<()>,
}

impl Proxy {
    /// A path that takes no time and loses nothing.
    pub fn to(upstream: SocketAddr) -> Self {
        Self::lossy(upstream, 0.0, Duration::ZERO)
    }

    /// A path that loses this part of the packets and takes so long each way.
    pub fn lossy(upstream: SocketAddr, loss: f64, delay: Duration) -> Self {
        let path = Arc::new(Path {
            upstream: Mutex::new(upstream),
            swallows: AtomicBool::new(false),
            answers: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
            loss_ppm: (loss * 1e6) as u64,
            delay,
            random: AtomicU64::new(0x9e37_79b9_7f4a_7c15),
        });
        let (stop, stopped) = mpsc::channel(1);
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket.set_nonblocking(true).expect("a socket");
        let addr = socket.local_addr().expect("bound");
        let for_thread = Arc::clone(&path);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(run(socket, for_thread, stopped));
        });
        Self { addr, path, _stop: stop }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// From now on, no packet arrives, or all do again.
    pub fn swallow(&self, all: bool) {
        self.path.swallows.store(all, Ordering::SeqCst);
    }

    /// How many packets have reached clients.
    pub fn answers(&self) -> u64 {
        self.path.answers.load(Ordering::SeqCst)
    }

    /// Swallows what belongs to the flows of now; those that begin later pass.
    pub fn cut(&self) {
        self.path.cuts.fetch_add(1, Ordering::SeqCst);
    }

    /// Sends flows that begin from now on to another server.
    pub fn reroute(&self, upstream: SocketAddr) {
        *self.path.upstream.lock().expect("no panic in here") = upstream;
    }
}

impl Path {
    /// Whether the next packet of a flow that began after so many cuts is lost.
    fn loses(&self, cuts: u64) -> bool {
        if self.swallows.load(Ordering::SeqCst) || self.cuts.load(Ordering::SeqCst) > cuts {
            return true;
        }
        // xorshift64: the same packets are lost in each run, as far as their order is the same.
        let mut random = self.random.load(Ordering::Relaxed);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        self.random.store(random, Ordering::Relaxed);
        random % 1_000_000 < self.loss_ppm
    }
}

async fn run(socket: std::net::UdpSocket, path: Arc<Path>, mut stopped: mpsc::Receiver<()>) {
    let front = Arc::new(UdpSocket::from_std(socket).expect("a socket"));
    let mut flows = HashMap::new();
    let mut packet = vec![0; 65_536];
    loop {
        let (length, client) = tokio::select! {
            received = front.recv_from(&mut packet) => match received {
                Ok(received) => received,
                // Loopback tells of ports that are closed by now.
                Err(_) => continue,
            },
            _ = stopped.recv() => return,
        };
        let to_server = match flows.entry(client) {
            Entry::Occupied(flow) => flow.into_mut(),
            Entry::Vacant(place) => place.insert(flow(&front, client, &path).await),
        };
        if !path.loses(to_server.cuts) {
            // The other end may be gone: then the packet is lost.
            let _ = to_server.packets.send((Instant::now() + path.delay, packet[..length].to_vec()));
        }
    }
}

type Delayed = (Instant, Vec<u8>);

/// The way of one client to its server.
struct Flow {
    packets: mpsc::UnboundedSender<Delayed>,
    cuts: u64,
}

/// Connects a client to the server of the moment.
async fn flow(front: &Arc<UdpSocket>, client: SocketAddr, path: &Arc<Path>) -> Flow {
    let back = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a free port"));
    let upstream = *path.upstream.lock().expect("no panic in here");
    let cuts = path.cuts.load(Ordering::SeqCst);
    let (packets, for_server) = mpsc::unbounded_channel();
    let (to_client, for_client) = mpsc::unbounded_channel();
    tokio::spawn(deliver(for_server, Arc::clone(&back), upstream));
    tokio::spawn(deliver(for_client, Arc::clone(front), client));
    let path = Arc::clone(path);
    tokio::spawn(async move {
        let mut packet = vec![0; 65_536];
        loop {
            let Ok((length, _)) = back.recv_from(&mut packet).await else {
                continue;
            };
            if path.loses(cuts) {
                continue;
            }
            path.answers.fetch_add(1, Ordering::SeqCst);
            if to_client.send((Instant::now() + path.delay, packet[..length].to_vec())).is_err() {
                return;
            }
        }
    });
    Flow { packets, cuts }
}

async fn deliver(mut packets: mpsc::UnboundedReceiver<Delayed>, socket: Arc<UdpSocket>, to: SocketAddr) {
    while let Some((due, packet)) = packets.recv().await {
        if due > Instant::now() {
            sleep_until(due).await;
        }
        let _ = socket.send_to(&packet, to).await;
    }
}
