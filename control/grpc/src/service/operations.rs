use super::pages::{Pages, stream};
use super::{Asker, caller, mismatch};
use crate::caller::Peer;
use crate::convert::{
    explain_request, explained, interfaces, nat, policies, reasons, session_filter, status, zones,
};
use crate::uses::Uses;
use crate::v1;
use crate::v1::operations_server::Operations;
use flumen_api::{Request, Response};
use std::sync::Arc;
use tonic::Status;

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

/// Asks what has no parameters, and takes the answer that belongs to it.
macro_rules! show {
    ($self:ident, $request:ident, $question:ident, $answer:ident, $convert:expr) => {
        match $self.asker.request(Request::$question, caller(&$request)?).await? {
            Response::$answer(report) => Ok(tonic::Response::new($convert(report))),
            _ => Err(mismatch()),
        }
    };
}

#[tonic::async_trait]
impl Operations for OperationsService {
    type StreamSessionsStream = stream::SessionsStream;

    async fn get_status(
        &self,
        request: tonic::Request<v1::GetStatusRequest>,
    ) -> Result<tonic::Response<v1::GetStatusResponse>, Status> {
        show!(self, request, Status, Status, |report| status(report, self.uses.report()))
    }

    async fn list_zones(
        &self,
        request: tonic::Request<v1::ListZonesRequest>,
    ) -> Result<tonic::Response<v1::ListZonesResponse>, Status> {
        show!(self, request, ShowZones, Zones, zones)
    }

    async fn list_policies(
        &self,
        request: tonic::Request<v1::ListPoliciesRequest>,
    ) -> Result<tonic::Response<v1::ListPoliciesResponse>, Status> {
        show!(self, request, ShowPolicies, Policies, policies)
    }

    async fn list_nat(
        &self,
        request: tonic::Request<v1::ListNatRequest>,
    ) -> Result<tonic::Response<v1::ListNatResponse>, Status> {
        show!(self, request, ShowNat, Nat, nat)
    }

    async fn list_interfaces(
        &self,
        request: tonic::Request<v1::ListInterfacesRequest>,
    ) -> Result<tonic::Response<v1::ListInterfacesResponse>, Status> {
        show!(self, request, ShowInterfaces, Interfaces, interfaces)
    }

    async fn list_reasons(
        &self,
        request: tonic::Request<v1::ListReasonsRequest>,
    ) -> Result<tonic::Response<v1::ListReasonsResponse>, Status> {
        let zeroes = request.get_ref().zeroes;
        show!(self, request, ShowReasons, Reasons, |report| reasons(report, zeroes))
    }

    async fn stream_sessions(
        &self,
        request: tonic::Request<v1::StreamSessionsRequest>,
    ) -> Result<tonic::Response<Self::StreamSessionsStream>, Status> {
        let peer = request.extensions().get::<Peer>().cloned();
        let peer = peer.ok_or_else(|| Status::internal("a call came past the guard"))?;
        let v1::StreamSessionsRequest { filter, limit } = request.into_inner();
        let filter = session_filter(filter)?;
        let answer = self.pages.begin(self.asker.clone(), filter, limit, peer.hangup, &self.uses).await?;
        Ok(tonic::Response::new(answer))
    }

    async fn clear_sessions(
        &self,
        request: tonic::Request<v1::ClearSessionsRequest>,
    ) -> Result<tonic::Response<v1::ClearSessionsResponse>, Status> {
        let caller = caller(&request)?;
        let filter = session_filter(request.into_inner().filter)?;
        match self.asker.request(Request::ClearSessions { filter }, caller).await? {
            Response::Cleared(cleared) => Ok(tonic::Response::new(v1::ClearSessionsResponse {
                removed: cleared.removed,
                left: cleared.left,
            })),
            _ => Err(mismatch()),
        }
    }

    async fn explain(
        &self,
        request: tonic::Request<v1::ExplainRequest>,
    ) -> Result<tonic::Response<v1::ExplainResponse>, Status> {
        let caller = caller(&request)?;
        let wanted = explain_request(request.into_inner())?;
        match self.asker.request(Request::Explain(wanted), caller).await? {
            Response::Explained(report) => Ok(tonic::Response::new(explained(report))),
            _ => Err(mismatch()),
        }
    }
}
