//! Clients of the gRPC doors.
#![allow(dead_code, reason = "each test file uses its own part")]

use crate::support::{Lab, Running, config};
use flumen_daemon::Options;
use tonic::Status;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};

/// A daemon with a configuration, and a connection to its gRPC socket.
pub async fn started() -> (Lab, Running, Channel) {
    let mut lab = Lab::new();
    lab.configure(&config());
    let daemon = lab.start();
    let channel = connect(&lab).await;
    (lab, daemon, channel)
}

pub async fn connect(lab: &Lab) -> Channel {
    let socket = Options::socket_in(&lab.options.run_dir);
    let endpoint = Endpoint::try_from(format!("unix://{}", socket.display())).unwrap();
    endpoint.connect().await.unwrap()
}

/// Ends the daemon; it waits, so not on a thread of the runtime.
pub async fn stop(daemon: Running) {
    tokio::task::spawn_blocking(move || daemon.stop()).await.unwrap();
}

/// Methods that end the daemon when they are allowed.
pub fn ends(path: &str) -> bool {
    path.ends_with("/Stop") || path.ends_with("/Detach")
}

/// Calls any method with an empty message, up to the headers of the answer.
pub async fn call(channel: &Channel, path: &str, token: Option<&str>) -> Result<(), Status> {
    let mut request = tonic::Request::new(());
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path: PathAndQuery = path.parse().unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    client.server_streaming(request, path, codec).await.map(drop)
}

pub fn code(status: &Status) -> &str {
    status.metadata().get("flumen-code").map_or("", |code| code.to_str().unwrap())
}
