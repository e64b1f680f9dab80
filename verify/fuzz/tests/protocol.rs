//! Any bytes on the daemon's socket: a request, or an error that can be sent back; never a panic or memory without bound.

use bolero::check;
use flumen_api::transport::{read_request, read_response, write_request};
use flumen_api::{PortRange, Protocol, Request, SessionFilter};

#[test]
fn any_bytes_on_the_socket_are_a_request_or_refused() {
    check!().for_each(|bytes: &[u8]| {
        let mut stream = bytes;
        while let Ok(answer) = read_request(&mut stream) {
            if let Err(error) = answer {
                assert!(!error.to_string().is_empty());
            }
        }
        let mut stream = bytes;
        while read_response(&mut stream).is_ok() {}
    });
}

/// With the length and the version right, the body is reached.
#[test]
fn any_body_is_a_request_or_malformed() {
    check!().for_each(|bytes: &[u8]| {
        let body = String::from_utf8_lossy(bytes);
        let message = format!("{{\"version\":{},\"body\":{body}}}", flumen_api::VERSION);
        let mut stream = (message.len() as u32).to_be_bytes().to_vec();
        stream.extend(message.as_bytes());
        if let Ok(request) = read_request(&mut stream.as_slice()).expect("the message is whole") {
            let mut wire = Vec::new();
            write_request(&mut wire, &request).expect("a request that was read is small enough");
            assert_eq!(read_request(&mut wire.as_slice()).expect("whole"), Ok(request));
        }
    });
}

#[test]
fn any_text_is_a_filter_or_refused() {
    check!().for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(range) = text.parse::<PortRange>() {
            assert_eq!(range.to_string().parse::<PortRange>(), Ok(range));
        }
        if let Ok(protocol) = text.parse::<Protocol>() {
            assert_eq!(protocol.to_string().parse::<Protocol>().ok(), Some(protocol));
        }
        if let Ok(filter) = serde_json::from_str::<SessionFilter>(&text) {
            let again = serde_json::to_string(&filter).expect("a filter is JSON");
            assert_eq!(serde_json::from_str::<SessionFilter>(&again).ok(), Some(filter.clone()));
            let request = Request::ShowSessions { filter, limit: 1 };
            assert!(write_request(&mut Vec::new(), &request).is_ok());
        }
    });
}
