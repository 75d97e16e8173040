//! The gate between the network and the membership core: nothing passes unauthenticated, replayed or misdirected.

use std::{net::SocketAddr, time::Duration};

use super::{
    boot::{BootId, BootKey},
    challenged::Challenged,
    counters::{DatagramCounters, DropReason},
    keyring::Keyring,
    layout::{
        CHALLENGE_BYTES, COUNTER_BYTES, COUNTER_MAX, DATAGRAM_BYTES_MAX, HEAD_BYTES, Head, Kind, PAYLOAD_BYTES_MAX,
        TAG_BYTES, read_counter, write_counter,
    },
    recipients::Recipients,
    senders::Senders,
    ticket::{TICKET_BYTES, Ticket, TicketOffice},
};

/// Seals what this node sends, opens what it receives.
pub(crate) struct Gate {
    sealing: Option<Sealing>,
    counters: DatagramCounters,
}

/// What a node with a key has.
struct Sealing {
    keyring: Keyring,
    boot: BootId,
    /// Derived from the key in use.
    own_key: BootKey,
    next_counter: u64,
    office: TicketOffice,
    senders: Senders,
    recipients: Recipients,
    challenged: Challenged,
}

/// What became of a datagram that was received.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opened<'a> {
    /// It is authentic, new, and meant for this node: its payload.
    Payload(&'a [u8]),
    /// It changed nothing that the core sees; this datagram is to be sent.
    Send(SocketAddr, Vec<u8>),
    /// It changed nothing, and nobody is told.
    Nothing,
}

/// Why a payload was not sealed. Nothing is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealError {
    #[error("without a cluster key, gossip goes to this machine only, and {0} is another: configure a keyring")]
    NotLoopback(SocketAddr),
    #[error("a payload of {0} bytes does not fit a datagram")]
    TooLarge(usize),
    #[error("this boot has sealed all datagrams that it may: start the node again")]
    Exhausted,
}

/// A head whose datagram is authentic, with what was sealed.
struct Authentic<'a> {
    head: Head,
    key: BootKey,
    from: SocketAddr,
    datagram_bytes: usize,
    body: &'a [u8],
}

impl Gate {
    /// A gate that seals, for one boot. `boot` and `secret` must be drawn at random at each start.
    pub(crate) fn sealed(keyring: Keyring, boot: BootId, secret: &[u8; 32], peers_max: usize) -> Self {
        let own_key = own_key(&keyring, boot);
        let sealing = Sealing {
            keyring,
            boot,
            own_key,
            next_counter: 0,
            office: TicketOffice::new(secret),
            senders: Senders::new(peers_max),
            recipients: Recipients::new(peers_max),
            challenged: Challenged::new(),
        };
        Self { sealing: Some(sealing), counters: DatagramCounters::default() }
    }

    /// A gate without a key, which passes what comes from this machine and goes to it.
    pub(crate) fn plain() -> Self {
        Self { sealing: None, counters: DatagramCounters::default() }
    }

    pub(crate) fn counters(&self) -> DatagramCounters {
        self.counters
    }

    /// Replaces the keys. What was seen of each sender stays: its counters go on under its next key.
    pub(crate) fn set_keyring(&mut self, keyring: Keyring) {
        if let Some(sealing) = &mut self.sealing {
            sealing.own_key = own_key(&keyring, sealing.boot);
            sealing.keyring = keyring;
        }
    }

    /// Wraps a payload for `to`, replacing what `datagram` held.
    pub(crate) fn seal(
        &mut self,
        now: Duration,
        to: SocketAddr,
        payload: &[u8],
        datagram: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        datagram.clear();
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(SealError::TooLarge(payload.len()));
        }
        match &mut self.sealing {
            Some(sealing) => sealing.seal(now, to, payload, datagram)?,
            None if is_loopback(to) => {
                datagram.push(Kind::Plain.to_byte());
                datagram.extend_from_slice(payload);
            }
            None => return Err(SealError::NotLoopback(to)),
        }
        self.counters.sealed += 1;
        Ok(())
    }

    /// Opens a datagram in place.
    pub(crate) fn open<'a>(&mut self, now: Duration, from: SocketAddr, datagram: &'a mut [u8]) -> Opened<'a> {
        match self.check(now, from, datagram) {
            Ok(Opened::Payload(payload)) => {
                self.counters.opened += 1;
                Opened::Payload(payload)
            }
            Ok(other) => other,
            Err(reason) => {
                self.counters.count(reason);
                Opened::Nothing
            }
        }
    }

    fn check<'a>(&mut self, now: Duration, from: SocketAddr, datagram: &'a mut [u8]) -> Result<Opened<'a>, DropReason> {
        let kind = Kind::of(datagram).ok_or(DropReason::Malformed)?;
        if datagram.len() > DATAGRAM_BYTES_MAX {
            return Err(DropReason::Malformed);
        }
        match (&mut self.sealing, kind) {
            (None, Kind::Plain) if is_loopback(from) => Ok(Opened::Payload(&datagram[1..])),
            (None, _) | (Some(_), Kind::Plain) => Err(DropReason::Refused),
            (Some(sealing), kind) => {
                let authentic = sealing.authenticate(kind, from, datagram)?;
                if kind == Kind::Challenge {
                    return sealing.take_challenge(now, &authentic, &mut self.counters);
                }
                sealing.admit(now, &authentic, &mut self.counters)
            }
        }
    }
}

impl Sealing {
    fn seal(&mut self, now: Duration, to: SocketAddr, payload: &[u8], datagram: &mut Vec<u8>) -> Result<(), SealError> {
        let Some((ticket, boot)) = self.recipients.ticket(now, to) else {
            self.recipients.keep(now, to, payload);
            return self.seal_cold(to, datagram);
        };
        // Until it has been heard of, the recipient may lack a ticket of this node.
        let kind = if self.senders.knows(boot) { Kind::Warm } else { Kind::Introduction };
        let head = self.begin(kind, datagram)?;
        datagram.extend_from_slice(ticket.as_bytes());
        if kind == Kind::Introduction {
            datagram.extend_from_slice(self.office.issue(now, boot, to).as_bytes());
        }
        datagram.extend_from_slice(payload);
        self.finish(head, None, datagram);
        self.recipients.note(head.counter, to);
        Ok(())
    }

    /// Says no more than that there is something to say, for the receiver would not believe it yet.
    fn seal_cold(&mut self, to: SocketAddr, datagram: &mut Vec<u8>) -> Result<(), SealError> {
        let head = self.begin(Kind::Cold, datagram)?;
        // The answer is a challenge, which must not be larger.
        datagram.resize(CHALLENGE_BYTES - TAG_BYTES, 0);
        self.finish(head, None, datagram);
        self.recipients.note(head.counter, to);
        Ok(())
    }

    fn begin(&mut self, kind: Kind, datagram: &mut Vec<u8>) -> Result<Head, SealError> {
        let counter = self.next_counter;
        if counter > COUNTER_MAX {
            return Err(SealError::Exhausted);
        }
        self.next_counter += 1;
        let head = Head { kind, key: self.keyring.in_use(), boot: self.boot, counter };
        datagram.clear();
        datagram.extend_from_slice(&head.encode());
        Ok(head)
    }

    fn finish(&self, head: Head, addressee: Option<BootId>, datagram: &mut Vec<u8>) {
        self.own_key.seal(head.counter, head.aad(addressee).as_slice(), HEAD_BYTES, datagram);
    }

    /// Decrypts and verifies; changes nothing.
    fn authenticate<'a>(
        &mut self,
        kind: Kind,
        from: SocketAddr,
        datagram: &'a mut [u8],
    ) -> Result<Authentic<'a>, DropReason> {
        let datagram_bytes = datagram.len();
        let head = Head::decode(kind, datagram).ok_or(DropReason::Malformed)?;
        if head.boot == self.boot {
            return Err(DropReason::Replayed);
        }
        let known = self.senders.get(head.boot).filter(|sender| sender.key_id == head.key);
        let key = match known {
            // Tells a replay before the work of opening it.
            Some(sender) if !sender.window.is_new(head.counter) => return Err(DropReason::Replayed),
            // A removed key is gone at once, also for those who were let in with it.
            Some(sender) if self.keyring.holds(head.key) => sender.key.clone(),
            _ => self.keyring.boot_key(head.key, head.boot).ok_or(DropReason::UnknownKey)?,
        };
        let addressee = (kind == Kind::Challenge).then_some(self.boot);
        let aad = head.aad(addressee);
        let body = key.open(head.counter, aad.as_slice(), &mut datagram[HEAD_BYTES..]).ok_or(DropReason::Forged)?;
        Ok(Authentic { head, key, from, datagram_bytes, body })
    }

    /// What an authentic datagram from a peer is worth: its payload if the peer is known to be alive, else a challenge.
    fn admit<'a>(
        &mut self,
        now: Duration,
        authentic: &Authentic<'a>,
        counters: &mut DatagramCounters,
    ) -> Result<Opened<'a>, DropReason> {
        let Head { kind, boot, counter, key: key_id } = authentic.head;
        if let Some(sender) = self.senders.get(boot) {
            if !sender.window.is_new(counter) {
                return Err(DropReason::Replayed);
            }
            sender.window.mark(counter);
        }
        let Some((ticket, body)) = split_ticket(authentic.body).filter(|_| kind != Kind::Cold) else {
            return self.challenge(now, authentic, counters);
        };
        let is_current = |office: &TicketOffice| office.is_current(ticket, now, boot, authentic.from);
        match self.senders.get(boot) {
            Some(sender) if sender.holds(ticket) => {}
            Some(sender) if is_current(&self.office) => sender.prove(now, ticket),
            None if is_current(&self.office) => {
                let key = (key_id, authentic.key.clone());
                let sender = self.senders.admit(now, boot, key, ticket).ok_or(DropReason::Crowded)?;
                sender.window.mark(counter);
            }
            _ => return self.challenge(now, authentic, counters),
        }
        if let Some(sender) = self.senders.get(boot) {
            sender.hear(now);
            if sender.key_id != key_id {
                sender.key_id = key_id;
                sender.key = authentic.key.clone();
            }
        }
        if kind == Kind::Warm {
            return Ok(Opened::Payload(body));
        }
        let (offered, body) = split_ticket(body).ok_or(DropReason::Malformed)?;
        self.recipients.learn(now, authentic.from, offered, boot);
        Ok(Opened::Payload(body))
    }

    /// Answers a peer that has not shown that it is alive.
    fn challenge<'a>(
        &mut self,
        now: Duration,
        authentic: &Authentic<'_>,
        counters: &mut DatagramCounters,
    ) -> Result<Opened<'a>, DropReason> {
        let Authentic { head, from, datagram_bytes, .. } = *authentic;
        let is_wanted = datagram_bytes >= CHALLENGE_BYTES && self.challenged.admit(now, head.boot, from, head.counter);
        if !is_wanted {
            return Err(DropReason::Unproven);
        }
        counters.count(DropReason::Unproven);
        let mut datagram = Vec::with_capacity(CHALLENGE_BYTES);
        let answer = self.begin(Kind::Challenge, &mut datagram).map_err(|_| DropReason::Unproven)?;
        datagram.extend_from_slice(self.office.issue(now, head.boot, from).as_bytes());
        datagram.extend_from_slice(&write_counter(head.counter));
        self.finish(answer, Some(head.boot), &mut datagram);
        counters.challenges_sent += 1;
        Ok(Opened::Send(from, datagram))
    }

    /// Takes the ticket out of a challenge, and sends again what has waited for it.
    fn take_challenge<'a>(
        &mut self,
        now: Duration,
        authentic: &Authentic<'_>,
        counters: &mut DatagramCounters,
    ) -> Result<Opened<'a>, DropReason> {
        let (ticket, rest) = split_ticket(authentic.body).ok_or(DropReason::Malformed)?;
        let counter: &[u8; COUNTER_BYTES] = rest.try_into().map_err(|_| DropReason::Malformed)?;
        // Each datagram that was sent is good for one challenge: a replayed one finds nothing here.
        let addr = self.recipients.take_sent(read_counter(counter)).ok_or(DropReason::Unasked)?;
        counters.challenges_received += 1;
        self.recipients.learn(now, addr, ticket, authentic.head.boot);
        let Some(payload) = self.recipients.take_waiting(now, addr) else {
            return Ok(Opened::Nothing);
        };
        let mut datagram = Vec::new();
        match self.seal(now, addr, &payload, &mut datagram) {
            Ok(()) => {
                counters.sealed += 1;
                Ok(Opened::Send(addr, datagram))
            }
            Err(_) => Ok(Opened::Nothing),
        }
    }
}

fn own_key(keyring: &Keyring, boot: BootId) -> BootKey {
    match keyring.boot_key(keyring.in_use(), boot) {
        Some(key) => key,
        None => unreachable!("the key in use is in the ring"),
    }
}

fn split_ticket(body: &[u8]) -> Option<(Ticket, &[u8])> {
    let (ticket, rest) = body.split_first_chunk::<TICKET_BYTES>()?;
    Some((Ticket::from_bytes(*ticket), rest))
}

pub(crate) fn is_loopback(addr: SocketAddr) -> bool {
    addr.ip().to_canonical().is_loopback()
}
