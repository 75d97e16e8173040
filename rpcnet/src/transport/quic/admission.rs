//! Who may begin a handshake.
//!
//! Anyone can begin one, under any address, and each takes a place until it is done or times out. So when half of the places are
//! taken, whoever comes has to come again with a token that was sent to its address (RFC 9000, section 8.1.2): that costs the
//! client a round trip, and those who are not where they say they are have no use for it. They can't take the other half.

use std::{convert::Infallible, sync::Arc};

use parking_lot::Mutex;
use s2n_quic::provider::{
    address_token::{self, Context, Format},
    endpoint_limits::{ConnectionAttempt, Limiter, Outcome},
};
use s2n_quic_core::connection::{InitialId, LocalId};

/// One for an endpoint. Its clones share the places.
#[derive(Clone)]
pub(crate) struct Admission {
    places: Arc<Mutex<Places>>,
    is_closed: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// How many places are taken, as of the last client without a token, with those who came since.
///
/// s2n-quic 1.91 says so only when it asks about a client, and it asks about none that has a token.
#[derive(Debug)]
struct Places {
    handshakes: usize,
    handshakes_max: usize,
    connections: usize,
    connections_max: usize,
}

/// What becomes of a client without a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Admitted,
    ToComeAgain,
    Refused,
}

impl Admission {
    pub(super) fn new(
        handshakes_max: usize,
        connections_max: usize,
        is_closed: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        let places = Places { handshakes: 0, handshakes_max, connections: 0, connections_max };
        Self { places: Arc::new(Mutex::new(places)), is_closed: Arc::new(is_closed) }
    }

    /// A handshake has ended well.
    pub(crate) fn handshake_done(&self) {
        let mut places = self.places.lock();
        places.handshakes = places.handshakes.saturating_sub(1);
    }
}

impl Places {
    /// A client without a token comes when so many places are taken.
    fn ask(&mut self, handshakes: usize, connections: usize) -> Verdict {
        (self.handshakes, self.connections) = (handshakes, connections);
        if self.are_taken() {
            Verdict::Refused
        } else if handshakes > self.handshakes_max / 2 {
            Verdict::ToComeAgain
        } else {
            Verdict::Admitted
        }
    }

    /// One with a token has come.
    fn take(&mut self) {
        self.handshakes += 1;
        self.connections += 1;
    }

    fn are_taken(&self) -> bool {
        self.handshakes >= self.handshakes_max || self.connections >= self.connections_max
    }
}

impl Limiter for Admission {
    fn on_connection_attempt(&mut self, attempt: &ConnectionAttempt<'_>) -> Outcome {
        if (self.is_closed)() {
            return Outcome::close();
        }
        match self.places.lock().ask(attempt.inflight_handshakes, attempt.connection_count) {
            Verdict::Admitted => Outcome::allow(),
            Verdict::ToComeAgain => Outcome::retry(),
            Verdict::Refused => Outcome::close(),
        }
    }
}

impl address_token::Provider for Admission {
    type Format = Tokens;
    type Error = Infallible;

    fn start(self) -> Result<Tokens, Infallible> {
        Ok(Tokens { format: address_token::Default::default().start()?, admission: self })
    }
}

/// s2n-quic's own tokens, which live for two seconds and are good for one client and one time, as long as there are places.
pub(crate) struct Tokens {
    format: <address_token::Default as address_token::Provider>::Format,
    admission: Admission,
}

impl Format for Tokens {
    const TOKEN_LEN: usize = <address_token::Default as address_token::Provider>::Format::TOKEN_LEN;

    fn generate_new_token(&mut self, context: &mut Context<'_>, id: &LocalId, token: &mut [u8]) -> Option<()> {
        self.format.generate_new_token(context, id, token)
    }

    fn generate_retry_token(&mut self, context: &mut Context<'_>, id: &InitialId, token: &mut [u8]) -> Option<()> {
        self.format.generate_retry_token(context, id, token)
    }

    fn validate_token(&mut self, context: &mut Context<'_>, token: &[u8]) -> Option<InitialId> {
        let mut places = self.admission.places.lock();
        // Before the token is looked at, which uses it up: the client sends it once more, and there may be a place then.
        if places.are_taken() || (self.admission.is_closed)() {
            return None;
        }
        let id = self.format.validate_token(context, token)?;
        places.take();
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places { handshakes: 0, handshakes_max: 4, connections: 0, connections_max: 10 }
    }

    #[test]
    fn from_half_of_the_handshakes_on_a_client_has_to_come_again() {
        let verdicts = (0..6).map(|handshakes| places().ask(handshakes, handshakes)).collect::<Vec<_>>();
        use Verdict::*;
        assert_eq!(verdicts, [Admitted, Admitted, Admitted, ToComeAgain, Refused, Refused]);
    }

    #[test]
    fn a_server_with_room_for_one_handshake_at_a_time_has_its_clients_come_once() {
        let mut places = Places { handshakes_max: 1, ..places() };
        assert_eq!(places.ask(0, 0), Verdict::Admitted);
        assert_eq!(places.ask(1, 1), Verdict::Refused);
    }

    #[test]
    fn beyond_the_connections_nobody_is_admitted() {
        assert_eq!(places().ask(0, 10), Verdict::Refused);
    }

    #[test]
    fn those_who_come_again_take_the_places_that_are_left_and_no_more() {
        let mut places = places();
        assert_eq!(places.ask(3, 3), Verdict::ToComeAgain);
        assert!(!places.are_taken());
        places.take();
        assert!(places.are_taken(), "that was the fourth handshake");
        assert_eq!(places.ask(3, 9), Verdict::ToComeAgain);
        places.take();
        assert!(places.are_taken(), "and that the tenth connection");
    }
}
