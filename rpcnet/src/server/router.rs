//! From a method's id to the service that has it. Frozen when the server starts.

use std::{
    collections::HashMap,
    future::Future,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use bytes::Bytes;
use futures::Stream;

use super::{
    dispatch::{Dispatch, dispatcher, raw_dispatcher, raw_streaming_dispatcher},
    pace::Pace,
};
use crate::{ErrorKind, Executed, Method, RpcError, Service, Shape, Streaming};

/// All that a server can be asked to do.
#[derive(Default)]
pub(crate) struct Router {
    routes: HashMap<u64, Arc<Route>, BuildHasherDefault<IdHasher>>,
    services: Vec<Entry>,
}

/// What is known about one method before its handler runs.
pub(crate) struct Route {
    /// Which of the router's services has the method.
    pub(crate) service: usize,
    pub(crate) name: &'static str,
    pub(crate) id: u64,
    pub(crate) cancellable: bool,
    pub(crate) shape: Shape,
    /// A handler of bytes.
    pub(crate) raw: bool,
    /// How long the handler's polls take.
    pub(crate) pace: Pace,
}

/// A service, ready to make a dispatcher for each lane.
struct Entry {
    /// `None` for a raw handler, which a later one may replace.
    name: Option<&'static str>,
    make: MakeDispatcher,
}

type MakeDispatcher = Box<dyn Fn() -> Box<dyn Dispatch> + Send + Sync>;

impl Route {
    fn new(method: &Method, service: usize, raw: bool) -> Self {
        Self {
            service,
            name: method.name(),
            id: method.id(),
            cancellable: method.is_cancellable(),
            shape: method.shape(),
            raw,
            pace: Pace::default(),
        }
    }
}

impl Router {
    /// Adds a typed service.
    ///
    /// # Errors
    ///
    /// A service of that name is there already, or a method's id is taken.
    pub(crate) fn add_service<S: Service>(&mut self, service: S) -> Result<(), RpcError> {
        let name = S::DESCRIPTOR.name();
        if self.services.iter().any(|entry| entry.name == Some(name)) {
            return Err(misconfigured(format!("two services are named `{name}`: give one #[service(name = \"…\")]")));
        }
        for method in S::DESCRIPTOR.methods() {
            self.add_route(method, false)?;
        }
        self.services.push(Entry { name: Some(name), make: Box::new(move || dispatcher(service.clone())) });
        Ok(())
    }

    /// Adds a raw handler, or replaces the one of the same name.
    ///
    /// # Errors
    ///
    /// A typed service has a method of that name.
    pub(crate) fn add_raw<H, F>(&mut self, name: &'static str, handler: H) -> Result<(), RpcError>
    where
        H: Fn(Bytes) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Bytes, RpcError>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let make: MakeDispatcher = Box::new(move || raw_dispatcher(Arc::clone(&handler)));
        self.add_raw_route(Method::new(name, &[]), make)
    }

    /// Adds a raw handler of streams, or replaces the raw handler of the same name.
    ///
    /// # Errors
    ///
    /// As for [`Router::add_raw`].
    pub(crate) fn add_raw_streaming<H, F, St>(&mut self, name: &'static str, handler: H) -> Result<(), RpcError>
    where
        H: Fn(Streaming<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<St, RpcError>> + Send + 'static,
        St: Stream<Item = Result<Bytes, RpcError>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let make: MakeDispatcher = Box::new(move || raw_streaming_dispatcher(Arc::clone(&handler)));
        self.add_raw_route(Method::new(name, &[]).bidirectional(), make)
    }

    fn add_raw_route(&mut self, method: Method, make: MakeDispatcher) -> Result<(), RpcError> {
        if let Some(route) = self.routes.get(&method.id())
            && route.name == method.name()
            && route.raw
        {
            let service = route.service;
            self.routes.insert(method.id(), Arc::new(Route::new(&method, service, true)));
            self.services[service].make = make;
            return Ok(());
        }
        self.add_route(&method, true)?;
        self.services.push(Entry { name: None, make });
        Ok(())
    }

    /// The route of the method with this id.
    pub(crate) fn route(&self, method_id: u64) -> Option<&Arc<Route>> {
        self.routes.get(&method_id)
    }

    /// A dispatcher for one of the services, for the use of one lane.
    pub(crate) fn dispatcher(&self, service: usize) -> Box<dyn Dispatch> {
        (self.services[service].make)()
    }

    pub(crate) fn services(&self) -> usize {
        self.services.len()
    }

    /// Adds a method of the service that is about to be pushed.
    fn add_route(&mut self, method: &Method, raw: bool) -> Result<(), RpcError> {
        let name = method.name();
        let route = Route::new(method, self.services.len(), raw);
        match self.routes.insert(method.id(), Arc::new(route)) {
            None => Ok(()),
            Some(taken) if taken.name == name => Err(misconfigured(format!("`{name}` is registered twice"))),
            Some(taken) => Err(misconfigured(format!(
                "`{name}` and `{}` have the same id on the wire: rename one with #[rpc(rename = \"…\")]",
                taken.name
            ))),
        }
    }
}

fn misconfigured(message: String) -> RpcError {
    RpcError::new(ErrorKind::Configuration, Executed::No, message)
}

/// Method ids are hashes already.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        debug_assert!(false, "keys are u64, not {bytes:?}");
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id;
    }
}
