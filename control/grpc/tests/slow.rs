//! Clients that do not read, and the daemon behind them, which does not notice.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use flumen_api::{ApiError, Protocol, ReasonsReport, Request, Response, SessionFilter, SessionInfo};
use flumen_api::{SessionsReport, StatusReport, Traffic, Tuple};
use flumen_grpc::v1::event::What;
use flumen_grpc::v1::events_client::EventsClient;
use flumen_grpc::v1::operations_client::OperationsClient;
use flumen_grpc::{Backend, Caller, Doors, Hub, Logins, PageLimits, QUEUE, Server, SessionsPage, v1};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

/// A gateway with this many sessions, which counts its pages.
struct Stub {
    sessions: u32,
    pages: Arc<AtomicU64>,
    left: Arc<Mutex<Vec<u64>>>,
    most_listed: Arc<AtomicU64>,
}

impl Backend for Stub {
    fn answer(&self, request: Request, _: &Caller) -> Result<Response, ApiError> {
        match request {
            Request::Status => Ok(Response::Status(StatusReport {
                release: String::new(),
                pid: 1,
                uptime_s: 0,
                engine: "stub".into(),
                adopted: false,
                generation: 1,
                source: String::new(),
                applied_unix_s: 0,
                sessions: u64::from(self.sessions),
                ended: Default::default(),
                interfaces: 0,
                attached: 0,
                absent: vec![],
                received: Traffic::default(),
                tables: vec![],
                doors: None,
            })),
            Request::ShowSessions { limit, .. } => {
                self.most_listed.fetch_max(limit.into(), Ordering::SeqCst);
                Ok(Response::Sessions(SessionsReport {
                    sessions: (0..limit.min(self.sessions)).map(with_long_name).collect(),
                    matching: self.sessions.into(),
                    live: self.sessions.into(),
                }))
            }
            other => Err(ApiError::Impossible { reason: format!("{other:?}") }),
        }
    }

    fn active(&self) -> Result<v1::ShowActiveResponse, ApiError> {
        Err(ApiError::Impossible { reason: "none".into() })
    }

    fn sessions(&self, _: &SessionFilter, first: u32, limits: PageLimits) -> Result<SessionsPage, ApiError> {
        self.pages.fetch_add(1, Ordering::SeqCst);
        let end = self.sessions.min(first + u32::try_from(limits.found).unwrap());
        let sessions = (first..end).map(session).collect();
        Ok(SessionsPage { sessions, next: (end < self.sessions).then_some(end) })
    }

    fn left(&self, connection: u64) {
        self.left.lock().unwrap().push(connection);
    }

    fn reasons(&self) -> Result<ReasonsReport, ApiError> {
        Ok(ReasonsReport { interfaces: vec![] })
    }
}

fn with_long_name(id: u32) -> SessionInfo {
    SessionInfo { policy: "p".repeat(100), ..session(id) }
}

fn session(id: u32) -> SessionInfo {
    let tuple = Tuple {
        source: [10, 0, 0, 1].into(),
        source_port: 1,
        destination: [10, 0, 0, 2].into(),
        destination_port: 2,
    };
    SessionInfo {
        id,
        from_zone: "lan".into(),
        to_zone: "wan".into(),
        policy: "out".into(),
        generation: 1,
        protocol: Protocol::UDP,
        arrives: tuple,
        departs: tuple,
        source_nat: false,
        destination_nat: false,
        state: None,
        remaining_ms: 1,
        timeout_ms: 2,
        idle_ms: 1,
        age_s: 1,
        forward: Traffic::default(),
        reverse: Traffic::default(),
    }
}

struct Lab {
    hub: Hub,
    pages: Arc<AtomicU64>,
    left: Arc<Mutex<Vec<u64>>>,
    most_listed: Arc<AtomicU64>,
    socket: PathBuf,
    server: Option<Server>,
    _dir: tempfile::TempDir,
}

impl Lab {
    fn new(sessions: u32) -> Lab {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("grpc.sock");
        let doors = Doors::open(&socket, None).unwrap();
        let (hub, pages) = (Hub::default(), Arc::new(AtomicU64::new(0)));
        let (left, most_listed) = (Arc::default(), Arc::default());
        let backend = Arc::new(Stub {
            sessions,
            pages: Arc::clone(&pages),
            left: Arc::clone(&left),
            most_listed: Arc::clone(&most_listed),
        });
        let server = Some(Server::start(doors, backend, hub.clone(), Logins::default()).unwrap());
        Lab { hub, pages, left, most_listed, socket, server, _dir: dir }
    }

    /// A client that takes so many bytes ahead.
    async fn channel(&self, window: u32) -> Channel {
        let endpoint = Endpoint::try_from(format!("unix://{}", self.socket.display())).unwrap();
        let endpoint = endpoint.initial_stream_window_size(window).initial_connection_window_size(window);
        endpoint.connect().await.unwrap()
    }

    async fn doors(&self) -> v1::DoorUse {
        let mut client = OperationsClient::new(self.channel(65_535).await);
        client.get_status(v1::GetStatusRequest {}).await.unwrap().into_inner().doors.unwrap()
    }

    /// About 10 kB.
    fn tell(&self) {
        let change = v1::LinkChange { link: "x".repeat(10_000), state: v1::LinkState::Up.into() };
        self.hub.tell(What::LinkChanges(v1::LinkChanges { links: vec![change] }));
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.server.take().unwrap().close();
    }
}

fn links() -> v1::SubscribeRequest {
    v1::SubscribeRequest { links: true, ..v1::SubscribeRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_ends_the_stream_with_a_named_error_and_loses_nothing_before_it() {
    let lab = Lab::new(0);
    let mut slow = EventsClient::new(lab.channel(65_535).await);
    let mut stream = slow.subscribe(links()).await.unwrap().into_inner();
    let mut quick = EventsClient::new(lab.channel(65_535).await);
    let mut quick = quick.subscribe(links()).await.unwrap().into_inner();
    assert_eq!(lab.doors().await.listeners, 2);
    for told in 0..QUEUE + 100 {
        let begin = Instant::now();
        lab.tell();
        assert!(begin.elapsed() < Duration::from_secs(1), "telling waits for nobody");
        assert!(quick.message().await.unwrap().is_some(), "event {told} reaches who reads");
    }
    let doors = lab.doors().await;
    assert_eq!((doors.listeners_lagging, doors.connections_hung_up), (1, 0));

    let mut read = 0;
    let status = loop {
        match stream.message().await {
            Ok(Some(_)) => read += 1,
            Ok(None) => panic!("ended without a word"),
            Err(status) => break status,
        }
    };
    assert!((QUEUE..QUEUE + 100).contains(&read), "{read}");
    assert_eq!(
        (status.code(), status.metadata().get("flumen-code").unwrap().to_str().unwrap()),
        (Code::ResourceExhausted, "events-queue-full")
    );
    // Who reads the error in time keeps the connection.
    slow.subscribe(links()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_any_more_loses_its_connection_and_nobody_else_does() {
    let lab = Lab::new(0);
    let mut rude = EventsClient::new(lab.channel(65_535).await);
    let mut stream = rude.subscribe(links()).await.unwrap().into_inner();
    for _ in 0..QUEUE + 100 {
        lab.tell();
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    let begin = Instant::now();
    while lab.doors().await.connections_hung_up == 0 {
        assert!(begin.elapsed() < Duration::from_secs(20), "never hung up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let status = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("ended well"),
            Err(status) => break status,
        }
    };
    assert_ne!(
        status.metadata().get("flumen-code").map(|code| code.to_str().unwrap()),
        Some("events-queue-full")
    );
    assert_eq!(lab.doors().await.listeners, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_read_from_the_table_as_fast_as_the_client_takes_them() {
    let lab = Lab::new(20_000);
    let mut client = OperationsClient::new(lab.channel(65_535).await);
    let mut stream = client.stream_sessions(v1::StreamSessionsRequest::default()).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    assert_eq!(first.sessions.len(), 512);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let ahead = lab.pages.load(Ordering::SeqCst);
    assert!(ahead < 10, "{ahead} of 40 pages were read for a client that took one");
    let mut ids: Vec<u32> = first.sessions.iter().map(|session| session.id).collect();
    while let Some(chunk) = stream.message().await.unwrap() {
        ids.extend(chunk.sessions.iter().map(|session| session.id));
    }
    assert!(ids.into_iter().eq(0..20_000), "each once, in order");
    assert_eq!(lab.pages.load(Ordering::SeqCst), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_ends_the_answer_and_a_client_that_leaves_ends_the_search() {
    let lab = Lab::new(100_000);
    let mut client = OperationsClient::new(lab.channel(65_535).await);
    let request = v1::StreamSessionsRequest { filter: None, limit: 700 };
    let mut stream = client.stream_sessions(request).await.unwrap().into_inner();
    let mut sizes = Vec::new();
    while let Some(chunk) = stream.message().await.unwrap() {
        sizes.push(chunk.sessions.len());
    }
    assert_eq!(sizes, [512, 188]);
    let stream = client.stream_sessions(v1::StreamSessionsRequest::default()).await.unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let pages = lab.pages.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(lab.pages.load(Ordering::SeqCst), pages);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_too_many_is_not_let_in_until_another_leaves() {
    let lab = Lab::new(0);
    let mut clients = Vec::new();
    for _ in 0..256 {
        clients.push(std::os::unix::net::UnixStream::connect(&lab.socket).unwrap());
    }
    let mut refused = std::os::unix::net::UnixStream::connect(&lab.socket).unwrap();
    refused.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(std::io::Read::read(&mut refused, &mut [0; 1]).unwrap(), 0, "closed at once");
    drop(clients);
    let begin = Instant::now();
    let doors = loop {
        let endpoint = Endpoint::try_from(format!("unix://{}", lab.socket.display())).unwrap();
        if let Ok(channel) = endpoint.connect().await
            && let Ok(status) = OperationsClient::new(channel).get_status(v1::GetStatusRequest {}).await
        {
            break status.into_inner().doors.unwrap();
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "nobody is let in any more");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(doors.connections_refused >= 1, "{doors:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_closed_says_so_to_who_listens_and_leaves_no_socket() {
    let mut lab = Lab::new(0);
    let mut client = EventsClient::new(lab.channel(65_535).await);
    let mut stream = client.subscribe(links()).await.unwrap().into_inner();
    let server = lab.server.take().unwrap();
    let begin = Instant::now();
    tokio::task::spawn_blocking(move || server.close()).await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    let status = stream.message().await.unwrap_err();
    assert_eq!(
        (status.code(), status.metadata().get("flumen-code").unwrap().to_str().unwrap()),
        (Code::Unavailable, "stopping")
    );
    assert!(!lab.socket.exists());
    lab.server = Some(
        Server::start(
            Doors::open(&lab.socket, None).unwrap(),
            Arc::new(Stub {
                sessions: 0,
                pages: Arc::default(),
                left: Arc::default(),
                most_listed: Arc::default(),
            }),
            Hub::default(),
            Logins::default(),
        )
        .unwrap(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_told_to_have_left_once_it_is_gone_and_not_while_it_is_idle() {
    let lab = Lab::new(0);
    let idle = lab.channel(65_535).await;
    OperationsClient::new(idle.clone()).get_status(v1::GetStatusRequest {}).await.unwrap();
    let gone = lab.channel(65_535).await;
    OperationsClient::new(gone).get_status(v1::GetStatusRequest {}).await.unwrap();
    let begin = Instant::now();
    while lab.left.lock().unwrap().is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(10), "never told");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(*lab.left.lock().unwrap(), [2]);
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_says_so_and_the_connection_goes_on() {
    let lab = Lab::new(200_000);
    let mut client = OperationsClient::new(lab.channel(1 << 20).await).max_decoding_message_size(32 << 20);
    let ask = |limit| v1::ListSessionsRequest { filter: None, limit, order: None };
    let status = client.list_sessions(ask(u32::MAX)).await.unwrap_err();
    assert_eq!(
        (status.code(), status.metadata().get("flumen-code").unwrap().to_str().unwrap()),
        (Code::ResourceExhausted, "answer-too-large")
    );
    assert!(status.message().contains("more than the 16777216"), "{status}");
    let answer = client.list_sessions(ask(50_000)).await.unwrap().into_inner();
    assert_eq!((answer.sessions.len(), answer.matching), (50_000, 200_000));
    let lines = lab.most_listed.load(Ordering::SeqCst);
    assert_eq!(lines, 100_000, "whatever is asked for");
}
