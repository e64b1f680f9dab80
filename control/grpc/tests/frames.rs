//! What lies on the wire, frame by frame: clients of the C library are strict about it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use flumen_api::{ApiError, ReasonsReport, Request, Response, SessionFilter};
use flumen_grpc::{Backend, Caller, Doors, Hub, Logins, PageLimits, Server, SessionsPage, v1};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A gateway that can do nothing but clear sessions.
struct Stub;

impl Backend for Stub {
    fn answer(&self, request: Request, _: &Caller) -> Result<Response, ApiError> {
        match request {
            Request::ClearSessions { .. } => {
                Ok(Response::Cleared(flumen_api::Cleared { removed: 0, left: 0 }))
            }
            other => Err(ApiError::Impossible { reason: format!("{other:?}") }),
        }
    }

    fn active(&self) -> Result<v1::ShowActiveResponse, ApiError> {
        Err(ApiError::Impossible { reason: "none".into() })
    }

    fn sessions(&self, _: &SessionFilter, _: u32, _: PageLimits) -> Result<SessionsPage, ApiError> {
        Ok(SessionsPage { sessions: vec![], next: None })
    }

    fn left(&self, _: u64) {}

    fn reasons(&self) -> Result<ReasonsReport, ApiError> {
        Ok(ReasonsReport { interfaces: vec![] })
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header as RFC 7541, 6.2.2 has it, without an index and without compression.
fn header(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}

/// Type, flags and length of each frame of the answer to a call with an empty message.
fn frames_of(path: &str) -> Vec<(u8, u8, usize)> {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("grpc.sock");
    let doors = Doors::open(&socket, None).unwrap();
    let server = Server::start(doors, Arc::new(Stub), Hub::default(), Logins::default()).unwrap();
    let mut client = UnixStream::connect(&socket).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let headers = [
        header(":method", "POST"),
        header(":scheme", "http"),
        header(":path", path),
        header(":authority", "localhost"),
        header("content-type", "application/grpc"),
        header("te", "trailers"),
    ];
    let call = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(SETTINGS, 0, 0, &[]),
        frame(HEADERS, END_HEADERS, 1, &headers.concat()),
        frame(DATA, END_STREAM, 1, &[0; 5]),
    ];
    client.write_all(&call.concat()).unwrap();
    let mut frames = Vec::new();
    while frames.last().is_none_or(|&(_, flags, _)| flags & END_STREAM == 0) {
        let mut head = [0; 9];
        client.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        client.read_exact(&mut vec![0; length]).unwrap();
        if head[5..] == [0, 0, 0, 1] && [DATA, HEADERS].contains(&head[3]) {
            frames.push((head[3], head[4], length));
        }
    }
    drop(client);
    server.close();
    frames
}

#[test]
fn an_error_is_headers_that_end_the_stream_and_no_data() {
    let unary = ["Configuration/Confirm", "Operations/Explain", "Operations/GetStatus", "Host/Detach"];
    for path in unary.into_iter().chain(["Operations/NoSuchMethod"]) {
        let frames = frames_of(&format!("/flumen.v1.{path}"));
        let [(HEADERS, flags, _)] = frames[..] else { panic!("{path}: {frames:?}") };
        assert_eq!(flags, END_STREAM | END_HEADERS, "{path}");
    }
}

#[test]
fn a_message_is_followed_by_headers_that_end_the_stream() {
    let frames = frames_of("/flumen.v1.Operations/ClearSessions");
    let kinds: Vec<(u8, u8)> = frames.iter().map(|&(kind, flags, _)| (kind, flags & END_STREAM)).collect();
    assert_eq!(kinds, [(HEADERS, 0), (DATA, 0), (HEADERS, END_STREAM)]);
}
