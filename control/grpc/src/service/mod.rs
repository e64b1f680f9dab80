//! The services: one file each.

mod configuration;
mod events;
mod operations;
mod pages;

pub(crate) use configuration::ConfigurationService;
pub(crate) use events::EventsService;
pub(crate) use operations::OperationsService;

use crate::convert::refusal;
use crate::{Backend, Caller};
use flumen_api::{ApiError, Request, Response};
use std::sync::Arc;
use tonic::Status;

/// Asks the backend, on a thread that may wait.
#[derive(Clone)]
pub(crate) struct Asker(Arc<dyn Backend>);

impl Asker {
    pub(crate) fn new(backend: Arc<dyn Backend>) -> Asker {
        Asker(backend)
    }

    /// Asks whatever the function asks. It is finished even if the client goes away meanwhile.
    pub(crate) async fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Backend) -> Result<R, ApiError> + Send + 'static,
    ) -> Result<Result<R, ApiError>, Status> {
        let backend = Arc::clone(&self.0);
        let asked = tokio::task::spawn_blocking(move || question(&*backend)).await;
        asked.map_err(|error| Status::internal(format!("the daemon failed to answer: {error}")))
    }

    /// Asks a request of the API.
    async fn request(&self, request: Request, caller: Caller) -> Result<Response, Status> {
        self.ask(move |backend| backend.answer(request, &caller)).await?.map_err(refusal)
    }
}

/// Who calls, as the guard found out.
fn caller<T>(request: &tonic::Request<T>) -> Result<Caller, Status> {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.ok_or_else(|| Status::internal("a call came past the guard"))
}

/// The daemon answered something else than was asked.
fn mismatch() -> Status {
    Status::internal("the daemon's answer does not belong to the question")
}
