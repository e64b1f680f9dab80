//! The gRPC socket from the outside: each method, what is refused, what is told, what is written down.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/grpc.rs"]
mod grpc;
mod support;

use flumen_api::{Request, Response};
use flumen_engine::{Counter, CounterIndex, InterfaceId, Reason};
use flumen_grpc::v1::apply_response::Result as ApplyResult;
use flumen_grpc::v1::check_response::Result as CheckResult;
use flumen_grpc::v1::configuration_client::ConfigurationClient;
use flumen_grpc::v1::event::What;
use flumen_grpc::v1::events_client::EventsClient;
use flumen_grpc::v1::explain_request::Input;
use flumen_grpc::v1::operations_client::OperationsClient;
use flumen_grpc::{METHODS, Role, v1};
use flumen_store::FakeClock;
use grpc::{call, code, connect, ends, started, stop};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use support::{Lab, config, counters, session};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

fn apply(text: String, confirm_minutes: Option<u32>) -> v1::ApplyRequest {
    v1::ApplyRequest { text, source: "test.conf".into(), confirm_minutes, ..Default::default() }
}

/// The configuration with one more zone.
fn with_zone(name: &str) -> String {
    config().replace("\"lan\": {", &format!("\"{name}\": {{}}, \"lan\": {{"))
}

fn audit(lab: &Lab) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(lab.options.state_dir.join("audit.log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn next(stream: &mut tonic::Streaming<v1::Event>) -> What {
    let event = tokio::time::timeout(Duration::from_secs(10), stream.message()).await;
    let event = event.expect("something happens").unwrap().unwrap();
    assert!(event.time.is_some());
    event.what.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_answers_root_at_a_socket_that_all_may_connect_to() {
    let (lab, daemon, channel) = started().await;
    let socket = flumen_daemon::Options::socket_in(&lab.options.run_dir);
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o666);
    for method in METHODS.iter().filter(|method| !ends(method.path)) {
        if let Err(status) = call(&channel, method.path, None).await {
            let refusals =
                [Code::PermissionDenied, Code::Unauthenticated, Code::Unimplemented, Code::Internal];
            assert!(!refusals.contains(&status.code()), "{}: {status}", method.path);
        }
    }
    let status = call(&channel, "/flumen.v1.Operations/Reboot", None).await.unwrap_err();
    assert_eq!((status.code(), code(&status)), (Code::Unimplemented, "no-such-method"));
    stop(daemon).await;
    assert!(!socket.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_checked_applied_and_shown() {
    let (lab, daemon, channel) = started().await;
    let mut client = ConfigurationClient::new(channel).max_encoding_message_size(64 << 20);
    let check = |text: String| v1::CheckRequest { text };
    let CheckResult::Accepted(accepted) =
        client.check(check(with_zone("aaa"))).await.unwrap().into_inner().result.unwrap()
    else {
        panic!("refused")
    };
    assert!(accepted.warnings.iter().any(|warning| warning.text.contains("aaa")), "{accepted:?}");
    assert_eq!(accepted.rows["interfaces"], 2);

    let bad = config().replace("\"permit\"", "\"permitt\"");
    let CheckResult::Refused(refused) =
        client.check(check(bad.clone())).await.unwrap().into_inner().result.unwrap()
    else {
        panic!("accepted")
    };
    assert!(refused.messages.iter().any(|message| message.line > 0 && message.column > 0), "{refused:?}");
    let ApplyResult::Refused(_) = client.apply(apply(bad, None)).await.unwrap().into_inner().result.unwrap()
    else {
        panic!("applied")
    };
    assert_eq!(lab.engines.generation(), 1);

    let ApplyResult::Applied(applied) =
        client.apply(apply(with_zone("aaa"), None)).await.unwrap().into_inner().result.unwrap()
    else {
        panic!("refused")
    };
    assert_eq!((applied.generation, lab.engines.generation()), (2, 2));
    let active = client.show_active(v1::ShowActiveRequest {}).await.unwrap().into_inner();
    assert_eq!(active.text, with_zone("aaa"));
    let commit = active.commit.unwrap();
    assert_eq!((commit.user.as_str(), commit.client.as_str()), ("root", "test.conf"));
    assert!(commit.number > 0 && commit.time_unix_s > 1_600_000_000 && commit.confirm_until_unix_s == 0);

    let status = client.confirm(v1::ConfirmRequest {}).await.unwrap_err();
    assert_eq!((status.code(), code(&status)), (Code::FailedPrecondition, "impossible"));
    let long = v1::ApplyRequest { source: "x".repeat(257), ..apply(config(), None) };
    assert_eq!(client.apply(long).await.unwrap_err().code(), Code::InvalidArgument);
    let zero = client.apply(apply(config(), Some(0))).await.unwrap_err();
    assert_eq!(zero.code(), Code::FailedPrecondition, "{zero}");
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_message_is_refused_and_the_connection_goes_on() {
    let (lab, daemon, channel) = started().await;
    let mut client = ConfigurationClient::new(channel).max_encoding_message_size(64 << 20);
    let status = client.apply(apply(" ".repeat(17 << 20), None)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    // What is as large as allowed is read, and refused for what it says.
    let large = v1::CheckRequest { text: " ".repeat(15 << 20) };
    client.check(large).await.unwrap();
    assert_eq!(lab.engines.generation(), 1);
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_counts_is_shown_as_by_the_other_door() {
    let (lab, daemon, channel) = started().await;
    lab.engines.kernel().counters = counters(1);
    let mut client = OperationsClient::new(channel);
    let status = client.get_status(v1::GetStatusRequest {}).await.unwrap().into_inner();
    assert_eq!((status.engine.as_str(), status.generation, status.interfaces), ("fake", 1, 2));
    assert_eq!(status.received.unwrap().packets, 100);
    assert_eq!(status.doors.unwrap().connections, 1);
    let zones = client.list_zones(v1::ListZonesRequest {}).await.unwrap().into_inner().zones;
    let names: Vec<_> = zones.iter().map(|zone| zone.name.as_str()).collect();
    assert_eq!(names, ["lan", "wan"]);
    assert_eq!(zones[0].host_inbound, ["ping", "ssh"]);
    let policies = client.list_policies(v1::ListPoliciesRequest {}).await.unwrap().into_inner().policies;
    assert_eq!((policies[0].name.as_str(), policies[0].action()), ("lan-out", v1::PolicyAction::Permit));
    let rules = client.list_nat(v1::ListNatRequest {}).await.unwrap().into_inner().rules;
    assert_eq!((rules[0].name.as_str(), rules[0].translation()), ("masquerade", v1::Translation::Source));
    let interfaces =
        client.list_interfaces(v1::ListInterfacesRequest {}).await.unwrap().into_inner().interfaces;
    assert_eq!((interfaces[0].state(), interfaces[0].v4()), (v1::LinkState::Up, "192.168.1.1"));
    let few = client.list_reasons(v1::ListReasonsRequest { zeroes: false }).await.unwrap().into_inner();
    let all = client.list_reasons(v1::ListReasonsRequest { zeroes: true }).await.unwrap().into_inner();
    assert_eq!(few.interfaces[0].reasons.len(), 3);
    assert!(all.interfaces[0].reasons.len() > 50);
    assert_eq!(few.interfaces[0].difference, 0);
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_streamed_by_filter_and_cleared() {
    let (lab, daemon, channel) = started().await;
    for slot in 0..1_300 {
        let proto = if slot % 2 == 0 { 6 } else { 17 };
        let one = session(slot, proto, "192.168.1.9", "198.51.100.7", (5000 + slot as u16, 443), (1, 2));
        lab.engines.kernel().sessions.push(one);
    }
    let mut client = OperationsClient::new(channel);
    let all = v1::StreamSessionsRequest::default();
    let mut stream = client.stream_sessions(all).await.unwrap().into_inner();
    let mut ids = Vec::new();
    while let Some(chunk) = stream.message().await.unwrap() {
        assert!(chunk.sessions.len() <= 512);
        ids.extend(chunk.sessions.iter().map(|session| session.id));
    }
    assert!(ids.into_iter().eq(0..1_300));

    let filter = v1::SessionFilter { protocol: Some(17), nat: true, ..v1::SessionFilter::default() };
    let request = v1::StreamSessionsRequest { filter: Some(filter.clone()), limit: 3 };
    let mut stream = client.stream_sessions(request).await.unwrap().into_inner();
    let chunk = stream.message().await.unwrap().unwrap();
    assert_eq!(chunk.sessions.iter().map(|session| session.id).collect::<Vec<_>>(), [1, 3, 5]);
    let first = &chunk.sessions[0];
    assert_eq!(first.arrives.as_ref().unwrap().source, "192.168.1.9");
    assert_eq!(first.departs.as_ref().unwrap().source, "203.0.113.5");
    assert!(stream.message().await.unwrap().is_none());

    let unknown = v1::SessionFilter { from_zone: Some("lam".into()), ..v1::SessionFilter::default() };
    let status = client
        .stream_sessions(v1::StreamSessionsRequest { filter: Some(unknown), limit: 0 })
        .await
        .unwrap_err();
    assert_eq!((status.code(), code(&status)), (Code::NotFound, "unknown"));
    assert!(status.message().contains("lan"), "{status}");

    let cleared = client.clear_sessions(v1::ClearSessionsRequest { filter: Some(filter) }).await.unwrap();
    let cleared = cleared.into_inner();
    assert_eq!((cleared.removed, cleared.left), (650, 650));
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_is_explained_on_the_active_configuration_and_on_a_candidate() {
    let (_lab, daemon, channel) = started().await;
    let mut client = OperationsClient::new(channel);
    let probe = v1::Probe {
        interface: "wan0".into(),
        source: "198.51.100.7".into(),
        destination: "203.0.113.5".into(),
        protocol: 1,
        ..v1::Probe::default()
    };
    let ask = |candidate| v1::ExplainRequest { input: Some(Input::Probe(probe.clone())), candidate };
    let explained = |answer: v1::ExplainResponse| match answer.result.unwrap() {
        v1::explain_response::Result::Explained(explained) => explained,
        refused => panic!("{refused:?}"),
    };
    let answer = explained(client.explain(ask(None)).await.unwrap().into_inner());
    assert_eq!(answer.packets.len(), 1);
    assert_eq!(answer.packets[0].outcome, "drop", "{answer:?}");
    assert!(!answer.packets[0].steps.is_empty());
    let open = config().replace(
        "\"interfaces\": [\"wan0\"]",
        "\"interfaces\": [\"wan0\"], \"host-inbound\": { \"services\": [\"ping\"] }",
    );
    let answer = explained(client.explain(ask(Some(open))).await.unwrap().into_inner());
    assert_eq!(answer.packets[0].outcome, "deliver", "{answer:?}");
    let refused = client.explain(ask(Some("{".into()))).await.unwrap().into_inner().result.unwrap();
    assert!(matches!(refused, v1::explain_response::Result::Refused(_)), "{refused:?}");
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_are_told_in_order_through_whatever_door_they_came() {
    let clock = FakeClock::default();
    let mut lab = Lab::new();
    lab.configure(&config());
    let daemon = lab.start_by(clock.clone());
    let channel = connect(&lab).await;
    let mut events = EventsClient::new(channel.clone());
    let kinds = v1::SubscribeRequest { commits: true, ..v1::SubscribeRequest::default() };
    let mut stream = events.subscribe(kinds).await.unwrap().into_inner();
    let mut client = ConfigurationClient::new(channel);
    client.apply(apply(with_zone("one"), Some(5))).await.unwrap();
    let What::CommitMade(made) = next(&mut stream).await else { panic!("not made") };
    let first = made.commit.unwrap();
    assert_eq!((first.user.as_str(), first.client.as_str()), ("root", "test.conf"));
    assert_eq!(first.confirm_until_unix_s, first.time_unix_s + 300);
    client.confirm(v1::ConfirmRequest {}).await.unwrap();
    let What::CommitConfirmed(confirmed) = next(&mut stream).await else { panic!("not confirmed") };
    assert_eq!(confirmed.number, first.number);

    // By another client.
    let text = with_zone("two");
    let other = Request::apply(&text, "other", Some(1));
    let applied = tokio::task::spawn_blocking(move || (daemon.ask(other).unwrap(), daemon)).await.unwrap();
    let (Response::Applied(_), daemon) = applied else { panic!("not applied") };
    let What::CommitMade(made) = next(&mut stream).await else { panic!("not made") };
    assert_eq!(made.commit.as_ref().unwrap().client, "other");
    clock.advance(Duration::from_secs(61));
    let What::CommitReverted(reverted) = next(&mut stream).await else { panic!("not reverted") };
    assert_eq!(reverted.commit.unwrap().undid, made.commit.unwrap().number);
    let said: Vec<_> = audit(&lab).iter().map(|line| line["change"].as_str().unwrap().to_owned()).collect();
    assert!(said.contains(&"return".to_owned()), "{said:?}");
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_told_as_the_daemon_sees_them() {
    let (lab, daemon, channel) = started().await;
    let mut events = EventsClient::new(channel);
    let kinds = v1::SubscribeRequest { links: true, ..v1::SubscribeRequest::default() };
    let mut stream = events.subscribe(kinds).await.unwrap().into_inner();
    tokio::time::sleep(Duration::from_millis(300)).await; // the first look tells nothing
    for (happens, state) in [(0, v1::LinkState::Absent), (1, v1::LinkState::Up)] {
        if happens == 0 {
            lab.host.remove_link("wan0");
        } else {
            lab.host.add_link("wan0", &[]);
        }
        let What::LinkChanges(changes) = next(&mut stream).await else { panic!("no link changed") };
        let told: Vec<_> = changes.links.iter().map(|link| (link.link.as_str(), link.state())).collect();
        assert_eq!(told, [("wan0", state)]);
    }
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drops_and_sessions_are_sampled_while_somebody_listens() {
    let (lab, daemon, channel) = started().await;
    lab.engines.kernel().counters = counters(1);
    lab.engines.kernel().sessions = vec![session(7, 6, "192.168.1.9", "198.51.100.7", (5000, 443), (1, 2))];
    let mut events = EventsClient::new(channel);
    let kinds = v1::SubscribeRequest { drops: true, sessions: true, ..v1::SubscribeRequest::default() };
    let mut stream = events.subscribe(kinds).await.unwrap().into_inner();
    tokio::time::sleep(Duration::from_millis(1_300)).await; // the first look tells nothing
    {
        let mut kernel = lab.engines.kernel();
        kernel.sessions = vec![session(8, 17, "192.168.1.9", "198.51.100.7", (5001, 53), (1, 2))];
        let dropped = CounterIndex::reason(InterfaceId(1), Reason::PolicyDefault);
        kernel.counters.push((dropped, Counter { packets: 9, bytes: 900 }));
    }
    let (mut drops, mut sessions) = (None, None);
    while drops.is_none() || sessions.is_none() {
        match next(&mut stream).await {
            What::Drops(told) => drops = Some(told),
            What::SessionChanges(told) => sessions = Some(told),
            other => panic!("{other:?}"),
        }
    }
    let (drops, sessions) = (drops.unwrap(), sessions.unwrap());
    assert_eq!(drops.counts.len(), 1);
    assert_eq!(
        (drops.counts[0].reason.as_str(), drops.counts[0].frames.unwrap().packets),
        ("policy-default", 3)
    );
    assert_eq!((sessions.opened[0].id, sessions.closed[0].id), (8, 7));
    assert_eq!((sessions.opened_count, sessions.closed_count, sessions.partial), (1, 1, false));
    let nothing = events.subscribe(v1::SubscribeRequest::default()).await.unwrap_err();
    assert_eq!(nothing.code(), Code::InvalidArgument);
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_streams_hear_of_one_commit() {
    const CONNECTIONS: usize = 10;
    const STREAMS: usize = 100;
    let (lab, daemon, channel) = started().await;
    let kinds = v1::SubscribeRequest { commits: true, ..v1::SubscribeRequest::default() };
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut events = EventsClient::new(connect(&lab).await);
        for _ in 0..STREAMS {
            streams.push(events.subscribe(kinds).await.unwrap().into_inner());
        }
    }
    let mut client = ConfigurationClient::new(channel.clone());
    let ApplyResult::Applied(_) =
        client.apply(apply(with_zone("one"), None)).await.unwrap().into_inner().result.unwrap()
    else {
        panic!("refused")
    };
    for stream in &mut streams {
        assert!(matches!(next(stream).await, What::CommitMade(_)));
    }
    let mut operations = OperationsClient::new(channel);
    let doors = operations.get_status(v1::GetStatusRequest {}).await.unwrap().into_inner().doors.unwrap();
    assert_eq!((doors.listeners, doors.listeners_lagging), (1_000, 0));
    drop(streams);
    for tries in 0.. {
        let doors = operations.get_status(v1::GetStatusRequest {}).await.unwrap().into_inner().doors.unwrap();
        if doors.listeners == 0 {
            break;
        }
        assert!(tries < 500, "{doors:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop(daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_written_down_with_who_what_when_and_its_result() {
    let (lab, daemon, channel) = started().await;
    let mut client = ConfigurationClient::new(channel.clone());
    client.apply(apply(with_zone("one"), None)).await.unwrap();
    client.apply(apply("{".into(), None)).await.unwrap();
    client.check(v1::CheckRequest { text: config() }).await.unwrap();
    OperationsClient::new(channel).clear_sessions(v1::ClearSessionsRequest::default()).await.unwrap();
    let lines = audit(&lab);
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let word = |key: &str| line[key].as_str().unwrap();
            (word("door"), word("change"), word("result"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("unix", "apply", "begun"),
            ("unix", "apply", "done"),
            ("unix", "apply", "begun"),
            ("unix", "apply", "refused"),
            ("unix", "clear-sessions", "done"),
        ]
    );
    for line in &lines {
        assert_eq!((&line["user"], &line["identity"]), (&"root".into(), &"peer".into()), "{line}");
        assert_eq!(line["role"], "super-user", "{line}");
        assert_eq!(line["client"], format!("grpc (pid {})", std::process::id()), "{line}");
        assert!(line["time"].as_str().unwrap().starts_with("20"), "{line}");
    }
    assert_eq!(lines[1]["outcome"], "generation 2");
    let mode = lab.options.state_dir.join("audit.log").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    stop(daemon).await;
    assert_eq!(audit(&lab).last().unwrap()["change"], "stop");
}

/// Runs this test file again as another user: who is at the other end is what the kernel says.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_may_do_what_the_active_configuration_says_from_the_commit_on() {
    const SOCKET: &str = "FLUMEN_TEST_GRPC_SOCKET";
    const ROLE: &str = "FLUMEN_TEST_GRPC_ROLE";
    if let Some(socket) = std::env::var_os(SOCKET) {
        let said = std::env::var(ROLE).unwrap();
        let role = Role::ALL.into_iter().find(|role| role.name() == said);
        return as_another_user(Path::new(&socket), role).await;
    }
    if !nix::unistd::geteuid().is_root() {
        return; // only root can be somebody else
    }
    use std::os::unix::process::CommandExt;
    let (lab, daemon, channel) = started().await;
    let socket = flumen_daemon::Options::socket_in(&lab.options.run_dir);
    let folder = lab.options.run_dir.parent().unwrap().to_owned();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("again");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut client = ConfigurationClient::new(channel.clone());
    for role in ["none", "read-only", "operator", "super-user", "none"] {
        let login = format!("{{ \"system\": {{ \"login\": {{ \"nobody\": \"{role}\" }} }},");
        let text = if role == "none" { config() } else { config().replacen('{', &login, 1) };
        let result = client.apply(apply(text, None)).await.unwrap().into_inner().result.unwrap();
        assert!(matches!(result, ApplyResult::Applied(_)), "{result:?}");
        let mut again = std::process::Command::new(&program);
        again.args(["--exact", "a_user_may_do_what_the_active_configuration_says_from_the_commit_on"]);
        again.env(SOCKET, &socket).env(ROLE, role).current_dir("/").uid(65_534).gid(65_534);
        let output = tokio::task::spawn_blocking(move || again.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("1 passed"), "{role}: {said}{complained}");
    }
    let lines = audit(&lab);
    let by_nobody = lines.iter().find(|line| line["user"] == "nobody" && line["role"] == "operator");
    assert_eq!(by_nobody.unwrap()["change"], "clear-sessions");
    stop(daemon).await;
}

/// Calls every method that the role may not call, and those that it may and that leave the daemon as it is.
async fn as_another_user(socket: &Path, role: Option<Role>) {
    let endpoint = format!("unix://{}", socket.display());
    let channel = tonic::transport::Endpoint::try_from(endpoint).unwrap().connect().await.unwrap();
    for method in METHODS.iter().filter(|method| role < Some(method.role) || !ends(method.path)) {
        let refused = match call(&channel, method.path, None).await {
            Ok(()) => None,
            Err(status) => Some((status.code(), code(&status).to_owned(), status.message().to_owned())),
        };
        let may = role >= Some(method.role);
        match refused {
            Some((Code::PermissionDenied, code, text)) => {
                assert!(!may && code == "role", "{}: {text}", method.path);
                assert!(text.contains("set system login user nobody class"), "{text}");
            }
            _ => assert!(may, "{}: {refused:?}", method.path),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_tells_the_services_and_health_says_that_they_serve() {
    let (_lab, daemon, channel) = started().await;
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let symbol = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::FileContainingSymbol("flumen.v1.Events".into())),
    };
    let mut client = ServerReflectionClient::new(channel.clone());
    let mut answers =
        client.server_reflection_info(tokio_stream::iter([ask, symbol])).await.unwrap().into_inner();
    let answer = |answer: ServerReflectionResponse| answer.message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer(answers.message().await.unwrap().unwrap())
    else {
        panic!("no list")
    };
    let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    for service in
        ["flumen.v1.Configuration", "flumen.v1.Operations", "flumen.v1.Events", "grpc.health.v1.Health"]
    {
        assert!(names.iter().any(|name| name == service), "{service} is not in {names:?}");
    }
    let MessageResponse::FileDescriptorResponse(files) = answer(answers.message().await.unwrap().unwrap())
    else {
        panic!("no file")
    };
    assert!(!files.file_descriptor_proto.is_empty());

    let mut health = HealthClient::new(channel);
    for service in ["", "flumen.v1.Configuration", "flumen.v1.Operations", "flumen.v1.Events"] {
        let answer = health.check(HealthCheckRequest { service: service.into() }).await.unwrap().into_inner();
        assert_eq!(answer.status(), tonic_health::pb::health_check_response::ServingStatus::Serving);
    }
    stop(daemon).await;
}
