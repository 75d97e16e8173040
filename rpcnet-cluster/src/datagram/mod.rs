//! The authenticated datagram layer: what gossip says goes in, sealed datagrams come out, and back.
//!
//! Pure: no socket, no clock, no randomness but what is passed in. [`Gate`] is the machine; the other files are its
//! parts.
//!
//! # The envelope
//!
//! ```text
//! kind: u8   version in the high half, kind in the low half
//! key:  u16  which key of the ring
//! boot: u64  the sender's boot id, drawn at random at each start
//! counter: u40  one more for each datagram that this boot has sealed, to whomever
//! ... sealed by ChaCha20-Poly1305 under HKDF(cluster key, boot), nonce = counter, AAD = label and the above ...
//!   ticket: 6 bytes   what the receiver handed out to this sender
//!   payload
//! tag: 16 bytes
//! ```
//!
//! That is 38 bytes around a payload. The cipher needs no set-up for each key, so that a peer's state is a key of 32
//! bytes, and it is constant-time on every processor.
//!
//! # Why a ticket
//!
//! A replay window tells a datagram that was seen from one that was not, but it knows nothing of what was sent before
//! this node started, nor of what was sent to another node. The ticket closes both: it is a MAC, by a secret that lives
//! as long as this process, over the sender's boot id, the address that it came from and the time in steps of ten
//! seconds. A datagram that carries it was made for this very process, and made after the process started. It stands
//! where a destination address would, and unlike an address it holds behind a NAT.
//!
//! A sender that has no ticket yet, or an old one, is answered with one *challenge*, which hands it out; nothing else
//! happens. The challenge is no larger than the datagram that it answers, it is only sent to a peer that has the
//! cluster key, and the node keeps no state for it but a slot in a small table that keeps challenges rare. Whoever answers with the ticket has shown that it is alive and
//! receives at its address: only now it gets a replay window. A window is only evicted once the ticket it began with
//! has expired, so an evicted peer has to show again that it is alive before anything it says counts.

mod boot;
mod challenged;
mod counters;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod gate;
mod keyring;
mod layout;
mod recipients;
mod senders;
mod ticket;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use boot::{BootId, BootKey};
pub use counters::DatagramCounters;
pub(crate) use gate::{Gate, Opened, is_loopback};
pub use keyring::{ClusterKey, KeyId, Keyring, KeyringError, ParseKeyError};
