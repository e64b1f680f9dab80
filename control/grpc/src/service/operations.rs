use super::pages::{Pages, stream};
use super::{Asker, caller, serve};
use crate::refusal::invalid;
use crate::uses::Uses;
use crate::v1;
use crate::v1::operations_server::Operations;
use flumen_api::wire::Wire;
use flumen_api::{Request, Response, SessionFilter};
use std::sync::Arc;
use tonic::Status;

/// Sessions in one answer, whatever its limit says: they are all there before the first one is sent.
const MAX_LISTED: u32 = 100_000;

pub(crate) struct OperationsService {
    asker: Asker,
    uses: Arc<Uses>,
    pages: Pages,
}

impl OperationsService {
    pub(crate) fn new(asker: Asker, uses: Arc<Uses>) -> OperationsService {
        OperationsService { asker, uses, pages: Pages::default() }
    }
}

serve! { Operations for OperationsService {
    list_zones: ListZonesRequest -> ListZonesResponse;
    list_policies: ListPoliciesRequest -> ListPoliciesResponse;
    list_nat: ListNatRequest -> ListNatResponse;
    list_interfaces: ListInterfacesRequest -> ListInterfacesResponse;
    list_reasons: ListReasonsRequest -> ListReasonsResponse;
    list_services: ListServicesRequest -> ListServicesResponse;
    get_canary: GetCanaryRequest -> CanaryResponse;
    set_canary: SetCanaryRequest -> CanaryResponse;
    list_names: ListNamesRequest -> ListNamesResponse;
    clear_sessions: ClearSessionsRequest -> ClearSessionsResponse;
    explain: ExplainRequest -> ExplainResponse;
    stop: StopRequest -> StopResponse;
    detach: DetachRequest -> DetachResponse;

    @
    type StreamSessionsStream = stream::SessionsStream;

    async fn get_status(
        &self,
        request: tonic::Request<v1::GetStatusRequest>,
    ) -> Result<tonic::Response<v1::GetStatusResponse>, Status> {
        let doors = self.uses.report();
        let complete = |response: &mut Response| {
            if let Response::Status(report) = response {
                report.doors = Some(doors);
            }
        };
        self.asker.unary_but(request, Ok, complete).await
    }

    async fn list_sessions(
        &self,
        request: tonic::Request<v1::ListSessionsRequest>,
    ) -> Result<tonic::Response<v1::ListSessionsResponse>, Status> {
        let bounded = |mut request: Request| {
            if let Request::ShowSessions { limit, .. } = &mut request {
                *limit = (*limit).min(MAX_LISTED);
            }
            Ok(request)
        };
        self.asker.unary_but(request, bounded, |_| {}).await
    }

    async fn stream_sessions(
        &self,
        request: tonic::Request<v1::StreamSessionsRequest>,
    ) -> Result<tonic::Response<Self::StreamSessionsStream>, Status> {
        let (_, peer) = caller(&request)?;
        let v1::StreamSessionsRequest { filter, limit } = request.into_inner();
        let filter = SessionFilter::from_wire(filter).map_err(|error| invalid(format!("filter.{error}")))?;
        let answer = self.pages.begin(self.asker.clone(), filter, limit, peer.hangup, &self.uses).await?;
        Ok(tonic::Response::new(answer))
    }
} }
