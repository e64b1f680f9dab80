//! The services: one file each.

mod configuration;
mod events;
mod host;
mod operations;
mod pages;

pub(crate) use configuration::ConfigurationService;
pub(crate) use events::EventsService;
pub(crate) use host::HostService;
pub(crate) use operations::OperationsService;

use crate::caller::Peer;
use crate::refusal::{invalid, refusal};
use crate::{Backend, Caller};
use flumen_api::wire::{Answer, Refusal, Rpc};
use flumen_api::{ApiError, MAX_MESSAGE_BYTES, Request, Response};
use prost::Message;
use std::sync::Arc;
use tonic::Status;

/// Asks the backend, on a thread that may wait.
#[derive(Clone)]
pub(crate) struct Asker(Arc<dyn Backend>);

/// Serves methods that are one question and one answer, as `flumen_api::wire` has them, and what stands behind `@`.
macro_rules! serve {
    ($service:ident for $own:ty {
        $($method:ident: $request:ident -> $answer:ident;)*
        $(@ $($rest:tt)*)?
    }) => {
        #[tonic::async_trait]
        impl $service for $own {
            $(async fn $method(
                &self,
                request: tonic::Request<v1::$request>,
            ) -> Result<tonic::Response<v1::$answer>, Status> {
                self.asker.unary(request).await
            })*

            $($($rest)*)?
        }
    };
}

use serve;

impl Asker {
    pub(crate) fn new(backend: Arc<dyn Backend>) -> Asker {
        Asker(backend)
    }

    /// Asks whatever the function asks. It is finished even if the client goes away meanwhile.
    pub(crate) async fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Backend) -> R + Send + 'static,
    ) -> Result<R, Status> {
        let backend = Arc::clone(&self.0);
        let asked = tokio::task::spawn_blocking(move || question(&*backend)).await;
        asked.map_err(|error| Status::internal(format!("the daemon failed to answer: {error}")))
    }

    /// One question, one answer.
    async fn unary<R: Rpc>(&self, request: tonic::Request<R>) -> Result<tonic::Response<R::Answer>, Status> {
        self.unary_but(request, Ok, |_| {}).await
    }

    /// The same, with the request and the answer changed on the way.
    async fn unary_but<R: Rpc>(
        &self,
        request: tonic::Request<R>,
        change: impl FnOnce(Request) -> Result<Request, Status>,
        complete: impl FnOnce(&mut Response),
    ) -> Result<tonic::Response<R::Answer>, Status> {
        let (caller, peer) = caller(&request)?;
        let most = caller.error_bytes;
        let question = request.into_inner().into_request().map_err(|error| invalid(error.to_string()))?;
        let question = change(question)?;
        let asked = move |backend: &dyn Backend| {
            let answer = backend.answer(question, &caller);
            drop(peer); // until here the connection has a call in work
            answer
        };
        let mut answer = self.ask(asked).await?;
        if let Ok(response) = &mut answer {
            complete(response);
        }
        let message = R::Answer::of(answer).map_err(|refused| match refused {
            Refusal::Error(error) => refusal(error, most),
            Refusal::Mismatch => Status::internal("the daemon's answer does not belong to the question"),
        })?;
        let bytes = message.encoded_len();
        if bytes > MAX_MESSAGE_BYTES {
            return Err(refusal(ApiError::AnswerTooLarge { bytes, limit: MAX_MESSAGE_BYTES }, most));
        }
        Ok(tonic::Response::new(message))
    }
}

/// Who calls, as the guard found out.
fn caller<T>(request: &tonic::Request<T>) -> Result<(Caller, Peer), Status> {
    let extensions = request.extensions();
    let both = extensions.get::<Caller>().cloned().zip(extensions.get::<Peer>().cloned());
    both.ok_or_else(|| Status::internal("a call came past the guard"))
}
