//! Any bytes as a message of `flumen.v1`: a request or an answer, or an error that can be sent back; never a panic.

use bolero::check;
use flumen_api::wire::{Answer, Call, Rpc, Wire};
use flumen_api::{ApiError, PortRange, Protocol, Request, Response, SessionFilter, v1};
use prost::Message;

/// What arrives when a request is sent.
struct Arrives;

impl Call for Arrives {
    type Output = Request;

    fn call<R: Rpc>(self, message: R) -> Request {
        let read = R::decode(&*message.encode_to_vec()).expect("what was encoded is decoded");
        read.into_request().expect("a request that was read can be sent")
    }
}

/// Reads the bytes as this message; what is a request is the same one when it is sent on.
fn request<R: Rpc>(bytes: &[u8]) {
    let Ok(message) = R::decode(bytes) else { return };
    match message.into_request() {
        Ok(request) => assert_eq!(request.clone().call(Arrives), request),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn answer<A: Answer>(bytes: &[u8]) {
    let Ok(message) = A::decode(bytes) else { return };
    if let Ok(Ok(response)) = message.read() {
        let _: Response = response;
    }
}

#[test]
fn any_bytes_are_a_request_or_refused() {
    check!().for_each(|bytes: &[u8]| {
        request::<v1::ListSessionsRequest>(bytes);
        request::<v1::ClearSessionsRequest>(bytes);
        request::<v1::ExplainRequest>(bytes);
        request::<v1::ApplyRequest>(bytes);
        request::<v1::LoadRequest>(bytes);
        request::<v1::CompareRequest>(bytes);
        request::<v1::CommitRequest>(bytes);
    });
}

#[test]
fn any_bytes_are_an_answer_or_none() {
    check!().for_each(|bytes: &[u8]| {
        answer::<v1::ListSessionsResponse>(bytes);
        answer::<v1::ListInterfacesResponse>(bytes);
        answer::<v1::CommitResponse>(bytes);
        answer::<v1::ListCommitsResponse>(bytes);
        if let Ok(error) = v1::Error::decode(bytes)
            && let Ok(error) = ApiError::from_wire(error)
        {
            assert_eq!(ApiError::from_wire(error.clone().into_wire()), Ok(error));
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
            let request = Request::ShowSessions { filter, limit: 1, order: None };
            assert_eq!(request.clone().call(Arrives), request);
        }
    });
}
