use super::{Asker, caller, mismatch};
use crate::convert::{accepted, applied, invalid, refusal, refused};
use crate::v1;
use crate::v1::configuration_server::Configuration;
use flumen_api::{ApiError, Request, Response};
use tonic::Status;

/// What an apply without a source came from.
const SOURCE: &str = "grpc";
/// The longest source, bytes.
const MAX_SOURCE_BYTES: usize = 256;

pub(crate) struct ConfigurationService(pub(crate) Asker);

#[tonic::async_trait]
impl Configuration for ConfigurationService {
    async fn check(
        &self,
        request: tonic::Request<v1::CheckRequest>,
    ) -> Result<tonic::Response<v1::CheckResponse>, Status> {
        use v1::check_response::Result as Checked;
        let caller = caller(&request)?;
        let text = request.into_inner().text;
        let answer = self.0.ask(move |backend| backend.answer(Request::Check { text }, &caller)).await?;
        let result = match answer {
            Ok(Response::Checked(checked)) => Checked::Accepted(accepted(checked)),
            Ok(_) => return Err(mismatch()),
            Err(ApiError::Refused { messages }) => Checked::Refused(refused(messages)),
            Err(error) => return Err(refusal(error)),
        };
        Ok(tonic::Response::new(v1::CheckResponse { result: Some(result) }))
    }

    async fn apply(
        &self,
        request: tonic::Request<v1::ApplyRequest>,
    ) -> Result<tonic::Response<v1::ApplyResponse>, Status> {
        use v1::apply_response::Result as Outcome;
        let caller = caller(&request)?;
        let v1::ApplyRequest { text, source, confirm_minutes } = request.into_inner();
        if source.len() > MAX_SOURCE_BYTES {
            return Err(invalid(format!("source has {} bytes, more than {MAX_SOURCE_BYTES}", source.len())));
        }
        let source = if source.is_empty() { SOURCE.to_owned() } else { source };
        let wanted = Request::Apply { text, source, confirm_minutes };
        let result = match self.0.ask(move |backend| backend.answer(wanted, &caller)).await? {
            Ok(Response::Applied(done)) => Outcome::Applied(applied(done)),
            Ok(_) => return Err(mismatch()),
            Err(ApiError::Refused { messages }) => Outcome::Refused(refused(messages)),
            Err(error) => return Err(refusal(error)),
        };
        Ok(tonic::Response::new(v1::ApplyResponse { result: Some(result) }))
    }

    async fn confirm(
        &self,
        request: tonic::Request<v1::ConfirmRequest>,
    ) -> Result<tonic::Response<v1::ConfirmResponse>, Status> {
        match self.0.request(Request::Confirm, caller(&request)?).await? {
            Response::Confirmed { commit } => Ok(tonic::Response::new(v1::ConfirmResponse { commit })),
            _ => Err(mismatch()),
        }
    }

    async fn show_active(
        &self,
        _: tonic::Request<v1::ShowActiveRequest>,
    ) -> Result<tonic::Response<v1::ShowActiveResponse>, Status> {
        let active = self.0.ask(|backend| backend.active()).await?.map_err(refusal)?;
        Ok(tonic::Response::new(active))
    }
}
