//! What leaves together, what waits, and what is refused.

use std::{cell::RefCell, net::SocketAddr};

use futures::task::noop_waker_ref;
use s2n_quic_core::{
    inet::{ExplicitCongestionNotification as Ecn, SocketAddress},
    io::tx::{Queue, Tx},
};

use super::*;

/// Takes batches while there is room, and keeps the sizes of their packets.
#[derive(Default)]
struct Basket {
    room: usize,
    takes_single_packets_only: bool,
    /// Nothing can be sent to this port.
    unreachable: Option<u16>,
    taken: RefCell<Vec<Vec<usize>>>,
    is_waited_for: bool,
}

impl Outlet for Basket {
    fn segments_max(&self) -> usize {
        64
    }

    fn send(&self, batch: &Batch, bytes: &[u8]) -> io::Result<()> {
        assert_eq!(batch.bytes, bytes.len());
        if self.taken.borrow().len() == self.room {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if self.unreachable == Some(SocketAddr::from(*batch.path.remote_address).port()) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let is_refused = self.takes_single_packets_only && batch.segments > 1;
        let sizes = bytes.chunks(batch.segment_bytes).map(<[u8]>::len).collect();
        self.taken.borrow_mut().push(if is_refused { Vec::new() } else { sizes });
        if is_refused { Err(io::ErrorKind::InvalidInput.into()) } else { Ok(()) }
    }

    fn poll_send(&mut self, _cx: &mut Context<'_>, batch: &Batch, bytes: &[u8]) -> Poll<()> {
        let sent = self.send(batch, bytes);
        self.is_waited_for = sent.is_err();
        if sent.is_ok() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn stop_waiting(&mut self) {
        self.is_waited_for = false;
    }
}

fn sender(room: usize) -> Sender<Basket> {
    Sender::new(Basket { room, ..Basket::default() }, 1500)
}

fn to(port: u16) -> Tuple {
    let address = |port| SocketAddress::from(SocketAddr::from(([127, 0, 0, 1], port)));
    Tuple { remote_address: address(port).into(), local_address: address(9).into() }
}

fn push(sender: &mut Sender<Basket>, packets: &[(u16, Ecn, usize)]) {
    sender.queue(|queue| {
        for &(port, ecn, len) in packets {
            assert!(queue.has_capacity());
            assert!(matches!(queue.push((to(port), ecn, vec![7; len])), Ok(outcome) if outcome.len == len));
        }
    });
}

fn poll(sender: &mut Sender<Basket>) -> Poll<Result<(), Infallible>> {
    sender.poll_ready(&mut Context::from_waker(noop_waker_ref()))
}

fn taken(sender: &Sender<Basket>) -> Vec<Vec<usize>> {
    sender.outlet.taken.borrow().clone()
}

#[test]
fn packets_of_one_size_leave_together_with_a_smaller_one_at_the_end() {
    let mut sender = sender(usize::MAX);
    push(&mut sender, &[1200, 1200, 900, 900].map(|len| (1, Ecn::Ect0, len)));
    assert_eq!(taken(&sender), [vec![1200, 1200, 900], vec![900]]);
    assert!(poll(&mut sender).is_pending(), "there is room, and nothing to tell");
}

#[test]
fn packets_to_another_path_or_with_another_mark_leave_apart() {
    let mut sender = sender(usize::MAX);
    push(&mut sender, &[(1, Ecn::Ect0, 99), (2, Ecn::Ect0, 99), (2, Ecn::NotEct, 99), (2, Ecn::NotEct, 99)]);
    assert_eq!(taken(&sender), [vec![99], vec![99], vec![99, 99]]);
}

#[test]
fn no_batch_is_larger_than_what_the_system_takes_as_one_packet() {
    let mut sender = Sender::new(Basket { room: usize::MAX, ..Basket::default() }, u16::MAX);
    push(&mut sender, &[30_000; 3].map(|len| (1, Ecn::Ect0, len)));
    push(&mut sender, &[100; 11].map(|len| (1, Ecn::Ect0, len)));
    assert_eq!(taken(&sender), [vec![30_000, 30_000], vec![30_000], vec![100; SEGMENTS_MAX], vec![100]]);
}

#[test]
fn what_finds_no_room_is_kept_in_order_and_holds_up_the_rest() {
    let mut sender = sender(1);
    // One connection writes on for as long as it is let.
    sender.queue(|queue| {
        let mut push = |len| queue.push((to(1), Ecn::Ect0, vec![7; len])).map(|outcome| outcome.len);
        assert!(matches!((push(100), push(200)), (Ok(100), Ok(200))));
        assert!(matches!(push(300), Err(tx::Error::AtCapacity)), "the second has found no room");
    });
    assert_eq!((taken(&sender), sender.capacity()), (vec![vec![100]], 0));
    assert!(poll(&mut sender).is_pending() && sender.outlet.is_waited_for);
    sender.queue(|queue| assert!(!queue.has_capacity(), "nothing overtakes"));
    assert!(poll(&mut sender).is_pending() && sender.outlet.is_waited_for);
    sender.outlet.room = usize::MAX;
    assert!(poll(&mut sender).is_ready() && !sender.outlet.is_waited_for);
    assert!(sender.has_capacity());
    push(&mut sender, &[(1, Ecn::Ect0, 300)]);
    assert_eq!(taken(&sender), [vec![100], vec![200], vec![300]]);
}

#[test]
fn a_batch_that_the_system_refuses_goes_packet_by_packet_and_so_do_all_others() {
    let mut sender = sender(usize::MAX);
    sender.outlet.takes_single_packets_only = true;
    push(&mut sender, &[500, 500, 400].map(|len| (1, Ecn::Ect0, len)));
    push(&mut sender, &[600, 600].map(|len| (1, Ecn::Ect0, len)));
    assert_eq!(taken(&sender)[1..], [vec![500], vec![500], vec![400], vec![600], vec![600]]);
}

#[test]
fn a_peer_that_nothing_can_be_sent_to_takes_no_batches_from_the_others() {
    let mut sender = sender(usize::MAX);
    sender.outlet.unreachable = Some(2);
    push(&mut sender, &[500, 500].map(|len| (2, Ecn::Ect0, len)));
    push(&mut sender, &[600, 600].map(|len| (1, Ecn::Ect0, len)));
    assert_eq!(taken(&sender), [vec![600, 600]]);
}

#[test]
fn a_turn_sends_so_many_batches_and_then_others_run_first() {
    let mut sender = sender(usize::MAX);
    let packets: Vec<_> = (0..SENDS_MAX).map(|port| (port as u16 + 1, Ecn::Ect0, 50)).collect();
    sender.queue(|queue| {
        for &(port, ecn, len) in &packets {
            assert!(queue.push((to(port), ecn, vec![7; len])).is_ok());
        }
        queue.flush();
        assert!(!queue.has_capacity());
        assert!(matches!(queue.push((to(1), Ecn::Ect0, vec![7; 50])), Err(tx::Error::AtCapacity)));
    });
    assert!(poll(&mut sender).is_pending(), "once");
    assert!(poll(&mut sender).is_ready());
    assert!(sender.has_capacity());
}
