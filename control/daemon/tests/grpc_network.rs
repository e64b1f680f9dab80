//! The TCP door: TLS, certificates, tokens, and what each role may do.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/grpc.rs"]
mod grpc;
mod support;

use flumen_grpc::{METHODS, Role};
use grpc::{call, code, ends, stop};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use support::{Lab, Running, config};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Error, Identity};
use tonic::{Code, Status};

/// Tokens, and the SHA-256 of each (`printf %s TOKEN | sha256sum`).
const TOKENS: [(&str, &str, Role); 3] = [
    ("read-token", "READ", Role::ReadOnly),
    ("operator-token", "OPERATOR", Role::Operator),
    ("super-token", "SUPER", Role::SuperUser),
];

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    /// Certificate and key, PEM.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// A daemon with a TCP door; who signs its certificate, and who its clients'.
struct Network {
    lab: Lab,
    daemon: Running,
    address: SocketAddr,
    gateway: Authority,
    clients: Authority,
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// With certificates, tokens, or both.
fn started(certificates: bool, tokens: bool) -> Network {
    let mut lab = Lab::new();
    lab.configure(&config());
    let folder = lab.options.run_dir.parent().unwrap().to_owned();
    let (gateway, clients) = (Authority::new(), Authority::new());
    let (certificate, key) = gateway.sign("gateway.test");
    let address = free_port();
    let mut access = serde_json::json!({
        "listen": address,
        "certificate": write(&folder, "gateway.pem", &certificate),
        "key": write(&folder, "gateway.key", &key),
    });
    if certificates {
        access["client-authority"] = write(&folder, "clients.pem", &clients.pem).into();
        access["certificates"] = serde_json::json!([
            {"name": "reader.test", "role": "read-only"},
            {"name": "operator.test", "role": "operator"},
            {"name": "root.test", "role": "super-user"},
        ]);
    }
    if tokens {
        access["tokens"] = TOKENS
            .iter()
            .map(|(name, token, role)| serde_json::json!({"name": name, "sha256": digest(token), "role": role}))
            .collect();
    }
    lab.options.grpc = Some(write(&folder, "grpc.json", &access.to_string()).into());
    let daemon = lab.start();
    Network { lab, daemon, address, gateway, clients }
}

fn digest(token: &str) -> String {
    match token {
        "READ" => "3f5637410846d545fb4f35d3a5d201f494216e9c68da12f21357c15d6e5f25e7",
        "OPERATOR" => "b4da21734593fc93dc34923a2ee7297ba2a02517e475f81c2ed95cce4aa66c18",
        _ => "f3c820ad5f0023060294c935b086856248a953cfc11b2cdef8d3c214c25cb237",
    }
    .to_owned()
}

impl Network {
    async fn connect(&self, identity: Option<(String, String)>) -> Result<Channel, Error> {
        let mut tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&self.gateway.pem))
            .domain_name("gateway.test");
        if let Some((certificate, key)) = identity {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        let endpoint = Endpoint::try_from(format!("https://{}", self.address)).unwrap();
        endpoint.tls_config(tls).unwrap().connect().await
    }

    /// Who has no certificate, or one that we do not want, is told so during the first call at the latest.
    async fn fails(&self, identity: Option<(String, String)>) {
        if let Ok(channel) = self.connect(identity).await {
            let status = call_once(&channel).await.unwrap_err();
            assert!(![Code::PermissionDenied, Code::Unauthenticated].contains(&status.code()), "{status}");
        }
    }
}

async fn call_once(channel: &Channel) -> Result<(), Status> {
    let mut client = flumen_grpc::v1::operations_client::OperationsClient::new(channel.clone());
    client.get_status(flumen_grpc::v1::GetStatusRequest {}).await.map(drop)
}

/// Calls every method, and compares what is refused with what the role may not do.
async fn may_do_what_its_role_may(channel: &Channel, role: Role, token: Option<&str>) {
    // What ends the daemon is only asked for where it is refused.
    for method in METHODS.iter().filter(|method| role < method.role || !ends(method.path)) {
        let refused = match call(channel, method.path, token).await {
            Ok(()) => false,
            Err(status) => {
                assert_ne!(status.code(), Code::Unauthenticated, "{}: {status}", method.path);
                status.code() == Code::PermissionDenied && code(&status) == "role"
            }
        };
        assert_eq!(refused, role < method.role, "{role} and {}", method.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_our_authority_gives_the_role_of_its_name() {
    let network = started(true, false);
    for (name, role) in
        [("reader.test", Role::ReadOnly), ("operator.test", Role::Operator), ("root.test", Role::SuperUser)]
    {
        let channel = network.connect(Some(network.clients.sign(name))).await.unwrap();
        may_do_what_its_role_may(&channel, role, None).await;
    }
    let unknown = network.connect(Some(network.clients.sign("stranger.test"))).await.unwrap();
    let status = call_once(&unknown).await.unwrap_err();
    assert_eq!((status.code(), code(&status)), (Code::Unauthenticated, "identity"));
    let audit = std::fs::read_to_string(network.lab.options.state_dir.join("audit.log")).unwrap();
    assert!(
        audit.contains(r#""door":"tls","user":"root.test","role":"super-user","client":"grpc (127.0.0.1:"#),
        "{audit}"
    );
    stop(network.daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_certificate_or_one_of_another_authority_is_refused_in_the_handshake() {
    let network = started(true, false);
    network.fails(None).await;
    network.fails(Some(Authority::new().sign("root.test"))).await;
    network.fails(Some(network.gateway.sign("root.test"))).await;
    // A token is not asked for here, and opens nothing.
    let channel = network.connect(Some(network.clients.sign("reader.test"))).await.unwrap();
    let status = call(&channel, "/flumen.v1.Operations/GetStatus", Some("SUPER")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    // Neither does a client that does not want TLS at all.
    let plain = Endpoint::try_from(format!("http://{}", network.address)).unwrap().connect().await;
    if let Ok(channel) = plain {
        call_once(&channel).await.unwrap_err();
    }
    stop(network.daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_gives_its_role_and_a_wrong_or_no_token_none() {
    let network = started(false, true);
    let channel = network.connect(None).await.unwrap();
    for (_, token, role) in TOKENS {
        may_do_what_its_role_may(&channel, role, Some(token)).await;
    }
    for token in [None, Some("wrong"), Some("")] {
        let status = call(&channel, "/flumen.v1.Operations/GetStatus", token).await.unwrap_err();
        assert_eq!((status.code(), code(&status)), (Code::Unauthenticated, "identity"), "{token:?}");
    }
    let audit = std::fs::read_to_string(network.lab.options.state_dir.join("audit.log")).unwrap();
    assert!(audit.contains(r#""user":"super-token","role":"super-user""#), "{audit}");
    assert!(!audit.contains("SUPER"), "a token is written down: {audit}");
    stop(network.daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_and_never_ends_a_message_does_not_keep_a_super_user_out() {
    let network = started(false, true);
    let channel = network.connect(None).await.unwrap();
    let mut stalled = Vec::new();
    for _ in 0..40 {
        let channel = channel.clone();
        stalled.push(tokio::spawn(async move {
            let mut request = tonic::Request::new(tokio_stream::pending::<()>());
            request.metadata_mut().insert("authorization", "Bearer READ".parse().unwrap());
            let mut client = tonic::client::Grpc::new(channel);
            client.ready().await.unwrap();
            let path = "/flumen.v1.Configuration/Check".parse().unwrap();
            client.streaming(request, path, tonic_prost::ProstCodec::<(), ()>::default()).await.map(drop)
        }));
    }
    let path = "/flumen.v1.Operations/GetStatus";
    let wait = std::time::Duration::from_secs(5);
    // Another reader waits for a place: the door is as full as it gets.
    for tries in 0.. {
        let reader = tokio::time::timeout(wait / 10, call(&channel, path, Some("READ"))).await;
        if reader.is_err() {
            break;
        }
        assert!(tries < 100, "the messages are not stalled");
    }
    let answer = tokio::time::timeout(wait, call(&channel, path, Some("SUPER"))).await;
    answer.expect("a super-user waits for nobody").unwrap();
    for call in stalled {
        assert!(!call.is_finished());
        call.abort();
    }
    stop(network.daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_for_both_takes_either() {
    let network = started(true, true);
    let channel = network.connect(None).await.unwrap();
    may_do_what_its_role_may(&channel, Role::Operator, Some("OPERATOR")).await;
    assert_eq!(call_once(&channel).await.unwrap_err().code(), Code::Unauthenticated);
    let channel = network.connect(Some(network.clients.sign("reader.test"))).await.unwrap();
    may_do_what_its_role_may(&channel, Role::ReadOnly, None).await;
    stop(network.daemon).await;
}

#[test]
fn a_daemon_does_not_start_with_a_tcp_door_that_is_not_safe() {
    let mut lab = Lab::new();
    lab.configure(&config());
    let folder = lab.options.run_dir.parent().unwrap().to_owned();
    let authority = Authority::new();
    let (certificate, key) = authority.sign("gateway.test");
    let (certificate, key) = (write(&folder, "c.pem", &certificate), write(&folder, "k.pem", &key));
    let nonsense = write(&folder, "nonsense.pem", "nonsense");
    let token = serde_json::json!([{"name": "t", "sha256": "0".repeat(64), "role": "operator"}]);
    let listen = free_port();
    for (access, said) in [
        (serde_json::json!({"listen": listen}), "certificate"),
        (serde_json::json!({"listen": listen, "certificate": certificate, "key": key}), "nobody may come in"),
        (
            serde_json::json!({"listen": listen, "certificate": "/no/such", "key": key, "tokens": token}),
            "/no/such",
        ),
        (
            serde_json::json!({"listen": listen, "certificate": nonsense, "key": key, "tokens": token}),
            "no TLS",
        ),
        (
            serde_json::json!({"listen": listen, "certificate": certificate, "key": nonsense, "tokens": token}),
            "no TLS",
        ),
    ] {
        lab.options.grpc = Some(write(&folder, "grpc.json", &access.to_string()).into());
        match lab.try_start() {
            Err(error) => assert!(error.to_string().contains(said), "{error}"),
            Ok(_) => panic!("it started with {access}"),
        }
        assert_eq!(lab.engines.kernel().installs, 0, "the engine was touched");
        assert!(!flumen_daemon::Options::socket_in(&lab.options.run_dir).exists());
    }
}
