//! The client of AWS against a stand-in on this host, which speaks no TLS and keeps what it was sent.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use flumen_metrics::{CloudWatchError, Datum, Place, Publisher};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

/// A request: its first line, its headers in lower case, its body.
struct Request {
    line: String,
    headers: String,
    body: Vec<u8>,
}

/// Answers every request with this status, in the protocol that the client speaks (Smithy RPC v2 with CBOR).
fn stand_in(status: &'static str, body: &'static [u8]) -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (requests, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Some(request) = read(stream.as_ref().unwrap()) else { continue };
            let head = format!(
                "HTTP/1.1 {status}\r\nsmithy-protocol: rpc-v2-cbor\r\ncontent-type: application/cbor\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.unwrap().write_all(&[head.as_bytes(), body].concat()).unwrap();
            if requests.send(request).is_err() {
                return;
            }
        }
    });
    (address, received)
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut headers, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        if header.trim().is_empty() {
            break;
        }
        let header = header.to_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        headers += &header;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Some(Request { line, headers, body })
}

fn place(endpoint: &str) -> Place {
    Place {
        namespace: "VXLAN/Pipeline".into(),
        dimensions: vec![("AutoScalingGroupName".into(), "mirror-1".into())],
        region: Some("eu-central-1".into()),
        endpoint: Some(endpoint.into()),
    }
}

const DATA: [Datum; 2] = [
    Datum { name: "PacketsPerSecond", value: 85_000.0, unit: "Count/Second" },
    Datum { name: "Errors", value: 0.0, unit: "Count" },
];

/// Credentials come from the environment, which a test may not change while others run: so it runs itself again.
fn with_credentials(test: &str, inside: impl FnOnce()) {
    const MARK: &str = "FLUMEN_TEST_INSIDE";
    if std::env::var(MARK).is_ok_and(|inside| inside == test) {
        return inside();
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", test, "--nocapture"]).env_clear();
    again.envs([("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", "no-secret"), (MARK, test)]);
    again.env("AWS_EC2_METADATA_DISABLED", "true");
    let output = again.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn values_arrive_signed_with_namespace_unit_and_dimension() {
    with_credentials("values_arrive_signed_with_namespace_unit_and_dimension", || {
        let (endpoint, received) = stand_in("200 OK", &[0xa0]);
        Publisher::new(place(&endpoint)).unwrap().publish(1_700_000_000_000, &DATA).unwrap();
        let request = received.recv().unwrap();
        assert!(
            request.line.starts_with("POST /service/") && request.line.contains("/PutMetricData "),
            "{}",
            request.line
        );
        assert!(request.headers.contains("aws4-hmac-sha256 credential=akidtest/"), "{}", request.headers);
        assert!(request.headers.contains("/eu-central-1/monitoring/aws4_request"), "{}", request.headers);
        let body = String::from_utf8_lossy(&request.body).into_owned();
        for text in [
            "VXLAN/Pipeline",
            "PacketsPerSecond",
            "Count/Second",
            "Errors",
            "AutoScalingGroupName",
            "mirror-1",
        ] {
            assert!(body.contains(text), "{text}: {body:?}");
        }
        // 85000 as a double
        assert!(request.body.windows(8).any(|bytes| bytes == 85_000_f64.to_be_bytes()), "{:?}", request.body);
    });
}

#[test]
fn a_refusal_is_told_with_its_reason() {
    with_credentials("a_refusal_is_told_with_its_reason", || {
        // {"__type": "com.amazonaws#AccessDenied", "message": "no"}
        const DENIED: &[u8] = b"\xa2\x66__type\x78\x1acom.amazonaws#AccessDenied\x67message\x62no";
        let (endpoint, _received) = stand_in("403 Forbidden", DENIED);
        let error = Publisher::new(place(&endpoint)).unwrap().publish(0, &DATA).unwrap_err();
        assert!(matches!(error, CloudWatchError::Refused(_)));
        assert!(error.to_string().contains("AccessDenied"), "{error}");
    });
}

#[test]
fn without_values_nothing_is_sent() {
    with_credentials("without_values_nothing_is_sent", || {
        let publisher = Publisher::new(place("http://127.0.0.1:9")).unwrap();
        publisher.publish(0, &[]).unwrap();
    });
}
