//! What a server tells of its load: to clients that wish it, and to nobody else.

mod common;

use bytes::Bytes;
use common::{
    Event, Observer, probe, until,
    wire::{LANE, RawClient, StreamOfCall, frame, request},
};
use rpcnet::{Client, ClientConfig, Identity, Server, ServerConfig, Target};

const RESPONSE: u8 = 0x91;
const LOAD: u8 = 0x14;

struct Stage {
    server: Server,
    identity: Identity,
    observer: Observer,
}

/// A server whose `echo` answers at once and whose `Probe.wait` does not.
async fn stage() -> Stage {
    let identity = Identity::self_signed(["localhost"]).expect("an identity");
    let config =
        ServerConfig::builder().with_bind_addr("127.0.0.1:0").with_identity(identity.clone()).build().expect("valid");
    let (probe, observer) = probe();
    let server = Server::builder(config)
        .service(probe)
        .register("echo", |message| async move { Ok(message) })
        .register("double", |message: Bytes| async move { Ok(message.repeat(2)) })
        .start()
        .await
        .expect("a free port");
    Stage { server, identity, observer }
}

impl Stage {
    async fn lane(&self, wishes: &[u8]) -> (RawClient, StreamOfCall) {
        let mut client = RawClient::connect_wishing(self.server.local_addr(), &self.identity, wishes).await;
        let lane = client.open(LANE, &[]).await;
        (client, lane)
    }

    /// Has another client make calls that do not end.
    async fn occupy(&mut self, calls: usize) -> Client {
        let config = ClientConfig::builder().with_ca_cert(self.identity.certificate_pem()).build().expect("valid");
        let other = Client::connect(Target::named(self.server.local_addr(), "localhost"), config).await;
        let other = other.expect("the server is there");
        for _ in 0..calls {
            let other = other.clone();
            tokio::spawn(async move { other.call("Probe.wait", Bytes::from_static(&[0x80])).await });
        }
        self.observer.count(Event::Started, calls).await;
        // They are counted when their first poll is over.
        let monitor = self.server.monitor();
        until("they are counted", || monitor.load().calls_in_flight >= calls).await;
        other
    }
}

fn response(call_id: u32, message: &[u8]) -> Vec<u8> {
    frame(RESPONSE, &[&call_id.to_le_bytes()[..], &[0, 0], message].concat())
}

fn load(others: u32) -> Vec<u8> {
    frame(LOAD, &others.to_le_bytes())
}

async fn ask(lane: &mut StreamOfCall, request: &[u8], length: usize) -> Vec<u8> {
    lane.send(request).await;
    let mut answer = Vec::new();
    while answer.len() < length {
        answer.extend(lane.read().await);
    }
    answer
}

#[tokio::test]
async fn who_wishes_it_hears_with_each_answer_how_many_calls_others_have_there() {
    let mut stage = stage().await;
    let (_client, mut lane) = stage.lane(&1_u32.to_le_bytes()).await;
    let expected = [response(0, b"hi"), load(0)].concat();
    assert_eq!(ask(&mut lane, &request("echo", 0, b"hi"), expected.len()).await, expected);

    let _other = stage.occupy(3).await;
    let expected = [response(0, b"hi"), load(3)].concat();
    assert_eq!(ask(&mut lane, &request("echo", 0, b"hi"), expected.len()).await, expected);
}

#[tokio::test]
async fn calls_of_its_own_are_none_of_others() {
    let mut stage = stage().await;
    let (_client, mut lane) = stage.lane(&1_u32.to_le_bytes()).await;
    lane.send(&request("Probe.wait", 7, &[0x80])).await;
    stage.observer.expect(Event::Started).await;
    let _other = stage.occupy(2).await;
    let expected = [response(0, b"hi"), load(2)].concat();
    assert_eq!(ask(&mut lane, &request("echo", 0, b"hi"), expected.len()).await, expected);
}

#[tokio::test]
async fn answers_that_leave_together_have_one_load_behind_them() {
    let stage = stage().await;
    let (_client, mut lane) = stage.lane(&1_u32.to_le_bytes()).await;
    let requests: Vec<_> = (0..100).flat_map(|id| request("echo", id, b"hi")).collect();
    let answers: Vec<_> = (0..100).flat_map(|id| response(id, b"hi")).collect();
    let mut told = ask(&mut lane, &requests, answers.len() + load(0).len()).await;
    // A server that has no time may take two or three turns for them.
    while !told.ends_with(&load(0)) {
        told.extend(lane.read().await);
    }
    let loads = (told.len() - answers.len()) / load(0).len();
    assert!((1..10).contains(&loads), "{loads}");
}

#[tokio::test]
async fn a_large_answer_has_one_too_though_it_goes_another_way() {
    let mut stage = stage().await;
    let (_client, mut lane) = stage.lane(&1_u32.to_le_bytes()).await;
    let _other = stage.occupy(1).await;
    let expected = load(1);
    assert_eq!(ask(&mut lane, &request("double", 0, &[7; 60_000]), expected.len()).await, expected);
}

#[tokio::test]
async fn who_wishes_nothing_hears_nothing_of_it() {
    let mut stage = stage().await;
    let _other = stage.occupy(3).await;
    // Nothing said, nothing wished, and something that this version knows nothing of.
    for wishes in [&[][..], &[0; 4], &0xfffe_u32.to_le_bytes()] {
        let (_client, mut lane) = stage.lane(wishes).await;
        let requests = [request("echo", 0, b"hi"), request("echo", 1, b"ho")].concat();
        let expected = [response(0, b"hi"), response(1, b"ho")].concat();
        assert_eq!(ask(&mut lane, &requests, expected.len()).await, expected, "{wishes:?}");
        let expected = response(2, b"again");
        assert_eq!(ask(&mut lane, &request("echo", 2, b"again"), expected.len()).await, expected, "{wishes:?}");
    }
}
