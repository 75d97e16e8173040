//! An endpoint that is told what to do, and a network where nothing happens.

use std::{convert::Infallible, sync::Arc, time::Duration};

use parking_lot::Mutex;
use s2n_quic::provider::event::{ConnectionInfo, ConnectionMeta, Subscriber};
use s2n_quic_core::{
    endpoint::{CloseError, Type},
    event::EndpointPublisher,
    inet::datagram::Header,
    io::{rx, tx},
    path::{Tuple, mtu},
    time::{Clock, Timestamp},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

use super::*;

/// An endpoint that asks to be woken so long after each command, and notes when it was polled for packets.
struct Puppet {
    commands: mpsc::UnboundedReceiver<Duration>,
    timeout: Option<Timestamp>,
    is_noted: bool,
    polled_at: Arc<Mutex<Vec<Duration>>>,
    start: Instant,
}

impl Endpoint for Puppet {
    type PathHandle = Tuple;
    type Subscriber = Deaf;

    const ENDPOINT_TYPE: Type = Type::Client;

    fn receive<Q: rx::Queue<Handle = Tuple>, C: Clock>(&mut self, _: &mut Q, _: &C) {}

    fn transmit<Q: tx::Queue<Handle = Tuple>, C: Clock>(&mut self, _: &mut Q, clock: &C) {
        self.polled_at.lock().push(self.start.elapsed());
        self.timeout.take_if(|timeout| *timeout <= clock.get_time());
    }

    fn poll_wakeups<C: Clock>(&mut self, cx: &mut Context<'_>, clock: &C) -> Poll<Result<usize, CloseError>> {
        match self.commands.poll_recv(cx) {
            Poll::Ready(Some(after)) => {
                self.timeout = Some(clock.get_time() + after);
                Poll::Ready(Ok(1))
            }
            // As s2n-quic does when its handle is dropped.
            Poll::Ready(None) if !std::mem::replace(&mut self.is_noted, true) => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(Err(CloseError)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn timeout(&self) -> Option<Timestamp> {
        self.timeout
    }

    fn set_mtu_config(&mut self, _: mtu::Config) {}

    fn subscriber(&mut self) -> &mut Deaf {
        unreachable!("nothing is published")
    }
}

struct Deaf;

impl Subscriber for Deaf {
    type ConnectionContext = ();

    fn create_connection_context(&mut self, _: &ConnectionMeta, _: &ConnectionInfo<'_>) {}
}

/// A network where nothing happens.
struct Silence;

impl Rx for Silence {
    type PathHandle = Tuple;
    type Queue = Self;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Pending
    }

    fn queue<F: FnOnce(&mut Self)>(&mut self, read: F) {
        read(self);
    }

    fn handle_error<P: EndpointPublisher>(self, never: Infallible, _: &mut P) {
        match never {}
    }
}

impl rx::Queue for Silence {
    type Handle = Tuple;

    fn for_each<F: FnMut(Header<Tuple>, &mut [u8])>(&mut self, _: F) {}

    fn is_empty(&self) -> bool {
        true
    }
}

impl Tx for Silence {
    type PathHandle = Tuple;
    type Queue = Self;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Pending
    }

    fn queue<F: FnOnce(&mut Self)>(&mut self, write: F) {
        write(self);
    }

    fn handle_error<P: EndpointPublisher>(self, never: Infallible, _: &mut P) {
        match never {}
    }
}

impl tx::Queue for Silence {
    type Handle = Tuple;

    fn push<M: tx::Message<Handle = Tuple>>(&mut self, _: M) -> Result<tx::Outcome, tx::Error> {
        Err(tx::Error::AtCapacity)
    }

    fn capacity(&self) -> usize {
        0
    }
}

type PuppetLoop = EventLoop<Puppet, Silence, Silence>;

fn puppet() -> (PuppetLoop, mpsc::UnboundedSender<Duration>, Arc<Mutex<Vec<Duration>>>) {
    let (command, commands) = mpsc::unbounded_channel();
    let polled_at = Arc::default();
    let puppet =
        Puppet { commands, timeout: None, is_noted: false, polled_at: Arc::clone(&polled_at), start: Instant::now() };
    (EventLoop::new(puppet, Silence, Silence), command, polled_at)
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_polled_when_it_is_woken_and_at_the_moments_that_it_asked_for() {
    let (event_loop, command, polled_at) = puppet();
    let running = tokio::spawn(event_loop);
    command.send(ms(40)).expect("it runs");
    sleep(ms(5)).await;
    command.send(ms(10)).expect("it runs");
    sleep(ms(100)).await;
    assert_eq!(*polled_at.lock(), [ms(0), ms(5), ms(15)], "the nearer moment replaces the other");
    polled_at.lock().clear();
    command.send(ms(20)).expect("it runs");
    sleep(ms(5)).await;
    command.send(ms(60)).expect("it runs");
    sleep(ms(100)).await;
    assert_eq!(*polled_at.lock(), [105, 110, 125, 170].map(ms), "woken at the nearer moment, too");
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_connection_ends_with_its_handle_though_nobody_wakes_it_again() {
    let (event_loop, command, _) = puppet();
    let running = tokio::spawn(event_loop);
    tokio::task::yield_now().await;
    drop(command);
    tokio::time::timeout(ms(1), running).await.expect("it ends").expect("it does not panic");
}

#[tokio::test(start_paused = true)]
async fn a_busy_endpoint_lets_others_run_after_so_many_rounds() {
    let (mut event_loop, command, polled_at) = puppet();
    for _ in 0..3 * ROUNDS_MAX {
        command.send(ms(1)).expect("it runs");
    }
    assert!(futures::poll!(&mut event_loop).is_pending());
    assert_eq!(polled_at.lock().len(), ROUNDS_MAX);
}
