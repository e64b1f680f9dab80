use crate::door::{LocalDoor, accept_local, accept_network};
use crate::guard::{Calls, Guard};
use crate::sampler::sample;
use crate::service::{Asker, ConfigurationService, EventsService, HostService, OperationsService};
use crate::v1::configuration_server::ConfigurationServer;
use crate::v1::events_server::EventsServer;
use crate::v1::host_server::HostServer;
use crate::v1::operations_server::OperationsServer;
use crate::{Access, Backend, GrpcError, Hub, Logins, v1};
use flumen_api::MAX_MESSAGE_BYTES;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::transport::server::Connected;
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

/// Streams and calls at once on one connection.
const MAX_STREAMS: u32 = 128;
/// Threads that ask the backend. One that commits leaves the others.
const ASKERS: usize = 4;
/// A client of the network that does not finish its handshake in this time is disconnected.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection on which nothing comes for so long is asked whether it is alive.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// And this long it may take to answer.
const KEEPALIVE_ANSWER: Duration = Duration::from_secs(20);
/// Calls in work get so long to be answered when the daemon ends.
const GRACE: Duration = Duration::from_secs(5);
/// Connections that were accepted, and are not served yet.
const LET_IN: usize = 16;
/// Bytes of headers in one call.
const MAX_HEADER_BYTES: u32 = 16 * 1024;

/// Doors that are open, and not served yet: clients wait. The Unix socket is gone when they are dropped.
#[derive(Debug)]
pub struct Doors {
    local: LocalDoor,
    network: Option<NetworkDoor>,
}

#[derive(Debug)]
struct NetworkDoor {
    listener: std::net::TcpListener,
    address: SocketAddr,
    access: Arc<Access>,
    tls: ServerTlsConfig,
}

/// Serves until it is closed.
#[derive(Debug)]
pub struct Server {
    hub: Hub,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Doors {
    /// Opens the Unix socket, and a TCP port if there is a file that says who may come in by it.
    ///
    /// # Errors
    /// When a socket cannot be had, or when the TCP port would be one without TLS or open to everybody.
    pub fn open(socket: &Path, access: Option<&Path>) -> Result<Doors, GrpcError> {
        let network = access.map(NetworkDoor::open).transpose()?;
        Ok(Doors { local: LocalDoor::open(socket)?, network })
    }

    /// Where the TCP door is.
    pub fn address(&self) -> Option<SocketAddr> {
        self.network.as_ref().map(|door| door.address)
    }
}

impl NetworkDoor {
    fn open(path: &Path) -> Result<NetworkDoor, GrpcError> {
        let access = Access::read(path)?;
        let read = |path: &Path| std::fs::read(path).map_err(|source| GrpcError::file("read", path, source));
        let identity = Identity::from_pem(read(&access.certificate)?, read(&access.key)?);
        let mut tls = ServerTlsConfig::new().identity(identity).timeout(HANDSHAKE);
        if let Some(authority) = &access.client_authority {
            // Who may come with a token has no certificate.
            let optional = !access.tokens.is_empty();
            tls = tls.client_ca_root(Certificate::from_pem(read(authority)?)).client_auth_optional(optional);
        }
        // Tried here, where it can still be said that the files are none.
        tonic::transport::Server::builder()
            .tls_config(tls.clone())
            .map_err(|error| GrpcError::Tls { reason: chain(&error) })?;
        let address = access.listen;
        let failed = |source| GrpcError::Listen { address, source };
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(NetworkDoor { listener, address, access: Arc::new(access), tls })
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl Server {
    /// Starts the thread that serves these doors.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn start(
        doors: Doors,
        backend: Arc<dyn Backend>,
        hub: Hub,
        logins: Logins,
    ) -> Result<Server, GrpcError> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(ASKERS)
            .thread_name("grpc-ask")
            .build()
            .map_err(GrpcError::Thread)?;
        hub.runs_on(runtime.handle().clone());
        hub.asks(logins.clone());
        let (left, leaving) = mpsc::unbounded_channel();
        runtime.spawn(tell_who_left(leaving, Asker::new(Arc::clone(&backend))));
        let routes = routes(&hub, backend, &runtime)?;
        let entrance = Entrance { logins, left };
        let (stop, stopped) = watch::channel(false);
        let (told, guard_hub) = (hub.clone(), hub.clone());
        let thread = std::thread::Builder::new().name("grpc".to_owned());
        let thread = thread.spawn(move || {
            if let Err(error) = runtime.block_on(serve(doors, routes, guard_hub, entrance, stopped)) {
                tracing::error!("gRPC is not served any more: {}", chain(&*error));
            }
            told.close();
            runtime.shutdown_timeout(GRACE);
        });
        Ok(Server { hub, stop, thread: thread.map_err(GrpcError::Thread)? })
    }

    /// Ends every stream, gives calls in work time to be answered, and closes the doors.
    pub fn close(self) {
        self.hub.close();
        if self.stop.send(true).is_err() {
            tracing::debug!("the thread that serves gRPC had ended");
        }
        if self.thread.join().is_err() {
            tracing::error!("the thread that serves gRPC had died");
        }
    }
}

/// All services; the sampler of events is started on the way, and they are told healthy before the first call.
fn routes(hub: &Hub, backend: Arc<dyn Backend>, runtime: &Runtime) -> Result<Routes, GrpcError> {
    let asker = Asker::new(backend);
    runtime.spawn(sample(hub.clone(), asker.clone()));
    let (reporter, health) = tonic_health::server::health_reporter();
    runtime.spawn(async move {
        reporter.set_serving::<ConfigurationServer<ConfigurationService>>().await;
        reporter.set_serving::<OperationsServer<OperationsService>>().await;
        reporter.set_serving::<HostServer<HostService>>().await;
        reporter.set_serving::<EventsServer<EventsService>>().await;
    });
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(v1::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let configuration = ConfigurationServer::new(ConfigurationService::new(asker.clone()))
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    let host = HostServer::new(HostService::new(asker.clone())).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let operations = OperationsServer::new(OperationsService::new(asker, Arc::clone(hub.uses())))
        .max_decoding_message_size(MAX_MESSAGE_BYTES);
    Ok(Routes::new(configuration)
        .add_service(operations)
        .add_service(host)
        .add_service(EventsServer::new(EventsService(hub.clone())))
        .add_service(health)
        .add_service(reflection().build_v1().map_err(GrpcError::Reflection)?)
        .add_service(reflection().build_v1alpha().map_err(GrpcError::Reflection)?))
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the doors know of those who come and go.
struct Entrance {
    logins: Logins,
    left: mpsc::UnboundedSender<u64>,
}

/// Tells the backend which connections are over.
async fn tell_who_left(mut leaving: mpsc::UnboundedReceiver<u64>, asker: Asker) {
    while let Some(connection) = leaving.recv().await {
        if let Err(status) = asker.ask(move |backend| backend.left(connection)).await {
            tracing::error!("a client that left may still have its lock: {status}");
        }
    }
}

/// Serves both doors until told to stop; then gives calls in work their time.
async fn serve(
    doors: Doors,
    routes: Routes,
    hub: Hub,
    entrance: Entrance,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let Entrance { logins, left } = entrance;
    let Doors { local, network } = doors;
    let uses = Arc::clone(hub.uses());
    let access = network.as_ref().map(|door| Arc::clone(&door.access));
    let guard = Guard { access, logins: logins.clone(), uses: Arc::clone(&uses), calls: Calls::new() };

    let listener = tokio::net::UnixListener::from_std(local.listener.try_clone()?)?;
    let (let_in, incoming) = mpsc::channel(LET_IN);
    let accepting = tokio::spawn(accept_local(listener, Arc::clone(&uses), logins, left.clone(), let_in));
    let mut served = tokio::task::JoinSet::new();
    served.spawn(serve_door(incoming, None, guard.clone(), routes.clone(), stopped.clone()));
    let mut accepting_network = None;
    if let Some(door) = network {
        let listener = tokio::net::TcpListener::from_std(door.listener)?;
        let (let_in, incoming) = mpsc::channel(LET_IN);
        accepting_network = Some(tokio::spawn(accept_network(listener, uses, left, let_in)));
        served.spawn(serve_door(incoming, Some(door.tls), guard, routes, stopped.clone()));
    }
    let until_stopped = async {
        // An error means that whoever could stop us is gone, which stops us too.
        if stopped.wait_for(|stop| *stop).await.is_err() {
            tracing::debug!("the daemon ended without closing its gRPC doors");
        }
    };
    until_stopped.await;
    accepting.abort();
    if let Some(accepting) = accepting_network {
        accepting.abort();
    }
    drop(local);
    let all = async {
        while let Some(ended) = served.join_next().await {
            ended??;
        }
        Ok::<(), Failure>(())
    };
    match tokio::time::timeout(GRACE, all).await {
        Ok(ended) => ended,
        Err(_) => {
            tracing::debug!("gRPC clients were still connected");
            Ok(())
        }
    }
}

async fn serve_door<C>(
    incoming: mpsc::Receiver<std::io::Result<C>>,
    tls: Option<ServerTlsConfig>,
    guard: Guard,
    routes: Routes,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), tonic::transport::Error>
where
    C: AsyncRead + AsyncWrite + Connected<ConnectInfo = crate::caller::Peer> + Unpin + Send + 'static,
{
    let mut builder = tonic::transport::Server::builder()
        .max_concurrent_streams(MAX_STREAMS)
        .http2_max_header_list_size(MAX_HEADER_BYTES);
    if let Some(tls) = tls {
        // Of a local client the kernel tells when it has ended.
        let keepalive =
            builder.http2_keepalive_interval(Some(KEEPALIVE)).http2_keepalive_timeout(Some(KEEPALIVE_ANSWER));
        builder = keepalive.tls_config(tls)?;
    }
    let stop = async move {
        if stopped.wait_for(|stop| *stop).await.is_err() {
            tracing::debug!("the daemon ended without closing its gRPC doors");
        }
    };
    let incoming = ReceiverStream::new(incoming);
    builder.layer(guard).add_routes(routes).serve_with_incoming_shutdown(incoming, stop).await
}
