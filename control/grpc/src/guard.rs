use crate::answer::Answer;
use crate::caller::{Peer, PeerKind};
use crate::listener::coded;
use crate::method::{self, Method};
use crate::refusal::{MAX_ERROR_BYTES, USUAL_ERROR_BYTES};
use crate::uses::{Uses, count};
use crate::{Access, Caller, Identity, Logins, Role};
use flumen_api::ERROR_BYTES_HEADER;
use rustls_pki_types::CertificateDer;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::codegen::http::{
    HeaderMap, Request, Response,
    header::{AUTHORIZATION, USER_AGENT},
};
use tonic::transport::server::TlsConnectInfo;
use tonic::{Code, Status};
use tower::{Layer, Service};

/// Lets calls through by the role of their caller, before anything of a message is read; and only so many at once.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) access: Option<Arc<Access>>,
    pub(crate) logins: Logins,
    pub(crate) uses: Arc<Uses>,
    pub(crate) calls: Calls,
}

/// Calls in work at once. Super-users have places of their own: nobody with a lesser role can keep them out.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    super_users: Arc<Semaphore>,
    others: Arc<Semaphore>,
}

/// A call that may go on.
struct Admitted {
    caller: Caller,
    peer: Peer,
    method: &'static Method,
}

/// Calls in work at once, of all clients of a kind; more wait. They count until the client has taken the answer, streams until they
/// begin.
const MAX_CALLS: usize = 32;
/// A call has its answer in this time, or at least the first word of a stream; that includes the client's message.
const DEADLINE: Duration = Duration::from_secs(60);
/// The same for super-users, who may ask for what takes long.
const LONG_DEADLINE: Duration = Duration::from_secs(3_600);

/// A service behind a guard.
#[derive(Clone, Debug)]
pub(crate) struct Guarded<S> {
    guard: Guard,
    inner: S,
}

impl Calls {
    pub(crate) fn new() -> Calls {
        let places = || Arc::new(Semaphore::new(MAX_CALLS));
        Calls { super_users: places(), others: places() }
    }

    fn of(&self, role: Role) -> Arc<Semaphore> {
        Arc::clone(if role == Role::SuperUser { &self.super_users } else { &self.others })
    }
}

impl Guard {
    /// Who calls, if they may call this method.
    fn admit<B>(&self, request: &Request<B>) -> Result<Admitted, Status> {
        let extensions = request.extensions();
        let tls = extensions.get::<TlsConnectInfo<Peer>>();
        let peer = match tls {
            Some(tls) => Some(tls.get_ref().clone()),
            None => extensions.get::<Peer>().cloned(),
        };
        let peer = peer.ok_or_else(|| Status::internal("the connection has lost its peer"))?;
        let (name, identity, role) = match &peer.kind {
            PeerKind::Local(local) => {
                let role =
                    if local.is_super_user() { Some(Role::SuperUser) } else { self.logins.role(&local.user) };
                (local.user.clone(), Identity::Peer { uid: local.uid }, role)
            }
            PeerKind::Network(from) => {
                let certificates = tls.and_then(TlsConnectInfo::peer_certs);
                let certificate = certificates.as_ref().and_then(|chain| chain.first());
                self.network(*from, request.headers(), certificate)?
            }
        };
        let refused = |text| {
            count(&self.uses.calls_refused);
            Err(coded(Code::PermissionDenied, "role", text))
        };
        let Some(role) = role else {
            let classes = Role::ALL.map(Role::name).join(" | ");
            return refused(format!(
                "{name} has no role here; one who has configures it: set system login user {name} class ({classes})"
            ));
        };
        let path = request.uri().path();
        match method::find(path) {
            Some(method) if role < method.role => {
                let (name_of, needed) = (path.rsplit('/').next().unwrap_or(path), method.role);
                refused(format!(
                    "{name_of} needs the class {needed}, and {name} has {role}; set system login user {name} class {needed} gives it"
                ))
            }
            Some(method) => {
                let client = client(request.headers(), &peer.kind);
                let (connection, error_bytes) = (peer.presence.connection, error_bytes(request.headers()));
                let caller = Caller { connection, name, client, identity, role, error_bytes };
                Ok(Admitted { caller, peer, method })
            }
            None => Err(coded(Code::Unimplemented, "no-such-method", format!("there is no method {path}"))),
        }
    }

    /// A token, if there is one, else a certificate.
    fn network(
        &self,
        from: SocketAddr,
        headers: &HeaderMap,
        certificate: Option<&CertificateDer<'_>>,
    ) -> Result<(String, Identity, Option<Role>), Status> {
        let unknown = |text: &str| {
            count(&self.uses.calls_refused);
            if self.uses.is_worth_a_line() {
                tracing::warn!("a gRPC call from {from} is refused: {text}");
            }
            Err(coded(Code::Unauthenticated, "identity", text.to_owned()))
        };
        let Some(access) = &self.access else { return unknown("this door knows nobody") };
        if let Some(header) = headers.get(AUTHORIZATION) {
            let token = header.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
            return match token.and_then(|token| access.token(token)) {
                Some(known) => Ok((known.name.clone(), Identity::Token { from }, Some(known.role))),
                None => unknown("the token is not known"),
            };
        }
        match certificate {
            None => unknown("neither a certificate nor a token"),
            Some(der) => match access.certificate(der) {
                Some(known) => Ok((known.name.clone(), Identity::Certificate { from }, Some(known.role))),
                None => unknown("the certificate has no name that is known"),
            },
        }
    }
}

/// What the caller uses: a name for people, which nothing depends on.
fn client(headers: &HeaderMap, peer: &PeerKind) -> String {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let name = if agent.starts_with("flumen/") { "cli" } else { "grpc" };
    match peer {
        PeerKind::Local(local) => format!("{name} (pid {})", local.pid),
        PeerKind::Network(from) => format!("{name} ({from})"),
    }
}

/// How many bytes of an error the caller takes.
fn error_bytes(headers: &HeaderMap) -> usize {
    let said = headers.get(ERROR_BYTES_HEADER).and_then(|said| said.to_str().ok()?.parse().ok());
    said.unwrap_or(USUAL_ERROR_BYTES).min(MAX_ERROR_BYTES)
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { guard: self.clone(), inner }
    }
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Error: Send,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Admitted { caller, peer, method } = match self.guard.admit(&request) {
            Ok(admitted) => admitted,
            Err(status) => return Box::pin(std::future::ready(Ok(status.into_http()))),
        };
        let calls = self.guard.calls.of(caller.role);
        let deadline = if caller.role == Role::SuperUser { LONG_DEADLINE } else { DEADLINE };
        let (hangup, uses) = (peer.hangup.clone(), Arc::clone(&self.guard.uses));
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(peer);
        // The clone is not ready; the one that was asked is.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            // The semaphore is never closed.
            let place = calls.acquire_owned().await;
            match tokio::time::timeout(deadline, ready.call(request)).await {
                // A stream does not count while it goes on.
                Ok(answer) if method.streams => answer,
                Ok(answer) => Ok(match place {
                    Ok(place) => answer?.map(|body| Answer::body(body, place, hangup, uses)),
                    Err(_) => answer?,
                }),
                Err(_) => {
                    let text = format!(
                        "no answer in {} s: the message was not complete, or what it asks goes on without the call",
                        deadline.as_secs()
                    );
                    Ok(coded(Code::DeadlineExceeded, "timeout", text).into_http())
                }
            }
        })
    }
}
