use crate::announcer::{Announcer, active};
use crate::audit::Who;
use crate::gateway::{Client, Gateway, engine_failed, lock};
use crate::selector::Selector;
use crate::stop::Stop;
use crate::{sessions, show};
use flumen_api::{ApiError, ReasonsReport, Request, Response, SessionFilter};
use flumen_engine::SessionSlot;
use flumen_grpc::{Backend, Caller, PageLimits, SessionsPage, v1};
use std::ops::ControlFlow;
use std::sync::Arc;

/// The gateway, as the gRPC doors ask it.
pub(crate) struct GrpcBackend {
    gateway: Arc<Gateway>,
    announcer: Arc<Announcer>,
    stop: Stop,
}

impl GrpcBackend {
    pub(crate) fn new(gateway: &Arc<Gateway>, announcer: &Arc<Announcer>, stop: Stop) -> GrpcBackend {
        GrpcBackend { gateway: Arc::clone(gateway), announcer: Arc::clone(announcer), stop }
    }
}

impl Backend for GrpcBackend {
    fn answer(&self, request: Request, caller: &Caller) -> Result<Response, ApiError> {
        let client = Client { id: caller.connection, user: caller.name.clone(), via: caller.client.clone() };
        let ends = matches!(request, Request::Stop | Request::Detach);
        let answer = self.gateway.audited(request, &client, &Who::caller(caller));
        self.announcer.commits(&self.gateway);
        if ends && answer.is_ok() {
            tracing::info!("stopping on request of {} by {}", client.user, client.via);
            self.stop.give(); // calls in work, this one among them, are answered all the same
        }
        answer
    }

    fn left(&self, connection: u64) {
        self.gateway.leave(connection);
    }

    fn active(&self) -> Result<v1::ShowActiveResponse, ApiError> {
        let active = active(&lock(&self.gateway.committer).configurations);
        let reason = || "no configuration was committed yet".to_owned();
        active.ok_or_else(|| ApiError::Impossible { reason: reason() })
    }

    fn sessions(
        &self,
        filter: &SessionFilter,
        first: u32,
        limits: PageLimits,
    ) -> Result<SessionsPage, ApiError> {
        let state = lock(&self.gateway.state);
        let names = &state.active.names;
        let selector = Selector::new(filter, names)?;
        let mut page = SessionsPage::default();
        let mut looked_at = 0;
        let mut visit = |session: flumen_engine::SessionView| {
            if looked_at == limits.looked_at || page.sessions.len() == limits.found {
                page.next = Some(session.row.slot.0);
                return ControlFlow::Break(());
            }
            looked_at += 1;
            if selector.matches(&session) {
                page.sessions.push(sessions::info(&session, names));
            }
            ControlFlow::Continue(())
        };
        state.engine.sessions_from(SessionSlot(first), &mut visit).map_err(engine_failed)?;
        Ok(page)
    }

    fn reasons(&self) -> Result<ReasonsReport, ApiError> {
        let state = lock(&self.gateway.state);
        show::reasons(&state.active, &*state.engine).map_err(engine_failed)
    }
}
