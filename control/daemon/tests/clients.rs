//! Clients of the Unix socket: the one of the commands, and those that anybody writes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/grpc.rs"]
mod grpc;
mod support;

use flumen_api::v1::operations_client::OperationsClient;
use flumen_api::{ERROR_TRAILER, Request, Response, SessionFilter, v1};
use flumen_client::{ClientError, Events};
use grpc::{code, stop};
use std::time::{Duration, Instant};
use support::{Lab, config};
use tonic::Code;
use tonic::transport::Endpoint;

const SECOND: Duration = Duration::from_secs(1);

/// A daemon with 200 zones of long names.
fn with_many_zones() -> (Lab, support::Running) {
    let mut lab = Lab::new();
    let zones: String = (0..200).map(|number| format!("\"z{number:03}{}\": {{}},", "x".repeat(50))).collect();
    lab.configure(&config().replace("\"lan\": {", &format!("{zones} \"lan\": {{")));
    let daemon = lab.start();
    (lab, daemon)
}

#[test]
fn the_command_gets_an_error_whole_however_long_it_is() {
    let (_lab, daemon) = with_many_zones();
    let filter = SessionFilter { from_zone: Some("lam".into()), ..SessionFilter::default() };
    let error = daemon.ask(Request::ShowSessions { filter, limit: 1, order: None }).unwrap_err();
    assert!(matches!(error, ClientError::Refused(_)), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with("there is no zone lam in the configuration; there are lan, "), "{text}");
    assert!(text.contains(&format!("z199{}", "x".repeat(50))) && text.len() > 10_000, "{}", text.len());
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn others_get_as_much_of_an_error_as_they_ask_for() {
    let (lab, daemon) = with_many_zones();
    let socket = flumen_daemon::Options::socket_in(&lab.options.run_dir);
    let endpoint = Endpoint::try_from(format!("unix://{}", socket.display())).unwrap();
    let endpoint = endpoint.http2_max_header_list_size(1 << 20); // most libraries take 8 or 16 KiB
    let mut client = OperationsClient::new(endpoint.connect().await.unwrap());
    let filter = v1::SessionFilter { from_zone: Some("lam".into()), ..v1::SessionFilter::default() };
    let mut sizes = Vec::new();
    for most in [None, Some("4096"), Some("65536"), Some("many")] {
        let listed = v1::ListSessionsRequest { filter: Some(filter.clone()), limit: 1, order: None };
        let mut request = tonic::Request::new(listed);
        if let Some(most) = most {
            request.metadata_mut().insert(flumen_api::ERROR_BYTES_HEADER, most.parse().unwrap());
        }
        let status = client.list_sessions(request).await.unwrap_err();
        assert_eq!((status.code(), code(&status)), (Code::NotFound, "unknown"));
        assert!(status.message().len() < 2_100, "{}", status.message().len());
        sizes.push(status.metadata().get_bin(ERROR_TRAILER).unwrap().to_bytes().unwrap().len());
    }
    assert!(sizes[0] <= 1_024 && (1_025..=4_096).contains(&sizes[1]), "{sizes:?}");
    assert!(sizes[2] > 10_000 && sizes[3] == sizes[0], "{sizes:?}");
    stop(daemon).await;
}

#[test]
fn a_daemon_ends_at_once_while_a_client_waits_at_its_prompt() {
    let mut lab = Lab::new();
    lab.configure(&config());
    let daemon = lab.start();
    let mut idle = daemon.client();
    assert!(matches!(idle.ask(&Request::Status), Ok(Response::Status(_))));
    let begin = Instant::now();
    daemon.stop();
    assert!(begin.elapsed() < 3 * SECOND, "{:?}", begin.elapsed());
    let lost = idle.ask(&Request::Status).unwrap_err();
    assert!(matches!(lost, ClientError::Lost(_)), "{lost:?}");
}

#[test]
fn a_program_that_is_not_async_hears_of_events() {
    let mut lab = Lab::new();
    lab.configure(&config());
    let daemon = lab.start();
    let socket = flumen_daemon::Options::socket_in(&lab.options.run_dir);
    let kinds = v1::SubscribeRequest { commits: true, ..v1::SubscribeRequest::default() };
    let mut events = Events::listen(&socket, kinds, 10 * SECOND).unwrap();
    assert!(events.next_within(SECOND / 10).unwrap().is_none());
    let text = config().replace("\"lan\": {", "\"more\": {}, \"lan\": {");
    daemon.ask(Request::apply(&text, "test", None)).unwrap();
    let event = events.next_within(10 * SECOND).unwrap().unwrap();
    assert!(matches!(event.what, Some(v1::event::What::CommitMade(_))), "{event:?}");
    daemon.stop();
    let ended = events.next_within(10 * SECOND).unwrap_err();
    assert!(matches!(&ended, ClientError::Turned { code, .. } if code == "stopping"), "{ended:?}");
}

#[test]
fn a_question_that_is_too_large_is_not_sent_and_one_that_fits_is_answered() {
    let mut lab = Lab::new();
    lab.configure(&config());
    let daemon = lab.start();
    let mut client = daemon.client();
    let error = client.ask(&Request::Check { text: " ".repeat(16 << 20) }).unwrap_err();
    assert_eq!(error.to_string(), "a message of 16777221 bytes is more than the 16777216 that are allowed");
    let error = client.ask(&Request::Check { text: " ".repeat((16 << 20) - 5) }).unwrap_err();
    assert!(matches!(error, ClientError::Refused(_)), "{error}");
    daemon.stop();
}
