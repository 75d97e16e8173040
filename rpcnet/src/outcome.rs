//! What a method returns on either side: the handler's `Result`, and the caller's.

use std::{error::Error, fmt};

use serde::{Serialize, de::DeserializeOwned};

use crate::{ResponseStream, RpcError};

/// Why a typed call failed: the handler said no, or the call never got its answer.
///
/// ```
/// use rpcnet::CallError;
///
/// # #[derive(Debug)] enum GreetingError { EmptyName }
/// fn explain(error: CallError<GreetingError>) -> String {
///     match error {
///         CallError::Application(GreetingError::EmptyName) => "a greeting needs a name".into(),
///         CallError::Rpc(error) => format!("the call failed: {error}"),
///     }
/// }
/// ```
// Exhaustive on purpose: that these two are all is the contract that callers match on.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_enums)]
pub enum CallError<E> {
    /// The handler's own error, as it returned it.
    Application(E),
    /// Everything else: connection, deadline, refusal, decoding.
    Rpc(RpcError),
}

/// What a typed call returns for a method whose handler returns `R`: the same value, and the handler's error
/// inside of a [`CallError`].
pub type CallResult<R> = Result<<R as Outcome>::Ok, CallError<<R as Outcome>::Error>>;

/// What a typed call returns for a method whose handler streams items `R`: a stream of the same values, each with the
/// handler's error inside of a [`CallError`].
pub type StreamResult<R> =
    Result<ResponseStream<<R as Outcome>::Ok, <R as Outcome>::Error>, CallError<<R as Outcome>::Error>>;

/// What a service's method may return: `Result<T, E>`, under any alias.
///
/// Sealed: the wire has room for a value or an error, and for nothing else.
#[diagnostic::on_unimplemented(
    message = "a service's method must return a `Result`",
    label = "not a `Result<T, E>`",
    note = "write `-> Result<T, E>`, where both types derive `Serialize` and `Deserialize`"
)]
pub trait Outcome: sealed::Sealed + Sized {
    /// The value.
    type Ok;
    /// The application's error.
    type Error;

    /// As the `Result` that it is.
    fn into_result(self) -> Result<Self::Ok, Self::Error>;
}

impl<T, E> Outcome for Result<T, E> {
    type Ok = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

mod sealed {
    pub trait Sealed {}
    impl<T, E> Sealed for Result<T, E> {}
}

/// A type that can cross the wire: it is [`Serialize`] and [`Deserialize`](serde::Deserialize), and owns what it holds.
///
/// Every type that is all this has the trait; there is nothing to implement.
// Without supertraits, each of which would be reported beside it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't cross the wire",
    label = "not `Serialize + Deserialize`",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait Wire {
    /// What generated code asks for: it is true, or there is no such constant.
    #[doc(hidden)]
    const FITS: bool = true;
}

// One error that says what is missing, and not one for each of the three.
#[diagnostic::do_not_recommend]
impl<T: Payload> Wire for T {}

/// What [`Wire`] stands for, as the runtime uses it.
pub trait Payload: Serialize + DeserializeOwned + Send {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send> Payload for T {}

impl<E> CallError<E> {
    /// The handler's error, if that is what it is.
    pub fn application(self) -> Option<E> {
        match self {
            Self::Application(error) => Some(error),
            Self::Rpc(_) => None,
        }
    }

    /// The failure of the call, if the handler's error is not what it is.
    pub fn rpc(&self) -> Option<&RpcError> {
        match self {
            Self::Application(_) => None,
            Self::Rpc(error) => Some(error),
        }
    }
}

impl<E> From<RpcError> for CallError<E> {
    fn from(error: RpcError) -> Self {
        Self::Rpc(error)
    }
}

impl<E: fmt::Debug> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // An application's error need not implement `Display`: it is data.
            Self::Application(error) => write!(f, "the handler returned an error: {error:?}"),
            Self::Rpc(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug> Error for CallError<E> {}
