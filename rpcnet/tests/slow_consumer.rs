//! The memory of a server whose client reads slowly from a stream that never ends. A measurement of more than a minute:
//!
//! ```text
//! cargo test -p rpcnet --release --test slow_consumer -- --ignored --nocapture
//! ```

mod common;

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rpcnet::{prelude::*, stream};

const WARM_UP: Duration = Duration::from_secs(10);
const MEASURED: Duration = Duration::from_secs(60);
const GROWTH_MAX_KIB: u64 = 1024;

/// Says to this program that it is to be the server.
const IS_SERVER: &str = "RPCNET_SLOW_CONSUMER_SERVER";

#[rpcnet::service]
trait Ticker {
    async fn ticks(&self) -> Result<impl Stream<Item = Result<Bytes, String>>, String>;
}

struct MyTicker;

impl Ticker for MyTicker {
    async fn ticks(&self) -> Result<impl Stream<Item = Result<Bytes, String>>, String> {
        Ok(stream::repeat_with(|| Ok(Bytes::from(vec![7; 64]))))
    }
}

/// A server in a process of its own, which ends when its input does.
struct Server {
    process: Child,
    addr: String,
}

impl Server {
    fn start() -> Self {
        let program = std::env::current_exe().expect("a program");
        let mut process = Command::new(program)
            .args(["--ignored", "--exact", "serves_the_slow_consumer", "--nocapture"])
            .env(IS_SERVER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let addr =
            output.lines().find_map(|line| line.expect("text").split_once("serving ").map(|(_, addr)| addr.to_owned()));
        Self { process, addr: addr.expect("its address") }
    }

    fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It has nothing left to do, so it ends.
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "the other test starts it"]
fn serves_the_slow_consumer() {
    if std::env::var_os(IS_SERVER).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let _server = runtime.block_on(async {
        let config = common::development().build().expect("valid");
        let server = rpcnet::Server::builder(config).service(TickerServer::new(MyTicker)).start().await;
        let server = server.expect("a free port");
        writeln!(std::io::stdout(), "serving {}", server.local_addr()).expect("somebody reads it");
        server
    });
    let mut nothing = Vec::new();
    std::io::stdin().read_to_end(&mut nothing).expect("an end");
}

#[tokio::test]
#[ignore = "takes 70 seconds"]
async fn a_slow_consumer_costs_its_server_no_memory() {
    let server = Server::start();
    let config = ClientConfig::development().build().expect("valid");
    let client = TickerClient::connect(server.addr.as_str(), config).await.expect("the server is there");
    let mut ticks = client.ticks().await.expect("it begins");
    let start = Instant::now();
    let (mut warm, mut most, mut items) = (0, 0, 0_u64);
    while start.elapsed() < WARM_UP + MEASURED {
        for _ in 0..100 {
            ticks.next().await.expect("an item").expect("a good one");
            items += 1;
        }
        // This is how slow it is: about 10,000 items a second of a million that the server could send.
        tokio::time::sleep(Duration::from_millis(10)).await;
        let memory = server.memory_kib();
        if start.elapsed() < WARM_UP {
            warm = memory;
        }
        most = most.max(memory);
    }
    let growth = most - warm;
    writeln!(std::io::stdout(), "{items} items; {warm} KiB after warm-up, at most {most} KiB: {growth} KiB more")
        .expect("told");
    assert!(growth <= GROWTH_MAX_KIB, "{growth} KiB");
}
