use super::frame::{FrameError, MAX_MESSAGE_BYTES, read_frame, write_frame};
use crate::{ApiError, Request, Response, VERSION};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::io::{Read, Write};

/// The version is read before the body, whose shape belongs to the version.
#[derive(Deserialize)]
struct Sealed<'a> {
    version: u32,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Serialize)]
struct Envelope<B> {
    version: u32,
    body: B,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Ok(Response),
    Error(ApiError),
}

/// Reads one request; the inner error is to be sent back.
///
/// # Errors
/// When no whole message arrives.
pub fn read_request(stream: &mut impl Read) -> Result<Result<Request, ApiError>, FrameError> {
    let message = read_frame(stream)?;
    Ok(open(&message))
}

fn open(message: &[u8]) -> Result<Request, ApiError> {
    let malformed = |error: serde_json::Error| ApiError::Malformed { reason: error.to_string() };
    let sealed: Sealed<'_> = serde_json::from_slice(message).map_err(malformed)?;
    if sealed.version != VERSION {
        return Err(ApiError::Version { theirs: sealed.version, ours: VERSION });
    }
    serde_json::from_str(sealed.body.get()).map_err(malformed)
}

/// Writes one request.
///
/// # Errors
/// When it is too large, or the other side is gone.
pub fn write_request(stream: &mut impl Write, request: &Request) -> Result<(), FrameError> {
    write_frame(stream, &serde_json::to_vec(&Envelope { version: VERSION, body: request })?)
}

/// Writes one answer. One that does not fit is replaced by [`ApiError::AnswerTooLarge`].
///
/// # Errors
/// When the other side is gone.
pub fn write_response(stream: &mut impl Write, answer: Result<Response, ApiError>) -> Result<(), FrameError> {
    let seal = |answer: Answer| serde_json::to_vec(&Envelope { version: VERSION, body: answer });
    let mut message = seal(match answer {
        Ok(response) => Answer::Ok(response),
        Err(error) => Answer::Error(error),
    })?;
    if message.len() > MAX_MESSAGE_BYTES {
        let error = ApiError::AnswerTooLarge { bytes: message.len(), limit: MAX_MESSAGE_BYTES };
        message = seal(Answer::Error(error))?;
    }
    write_frame(stream, &message)
}

/// Reads one answer.
///
/// # Errors
/// When no whole message arrives, or not an answer of this version.
pub fn read_response(stream: &mut impl Read) -> Result<Result<Response, ApiError>, FrameError> {
    let message = read_frame(stream)?;
    let sealed: Sealed<'_> = serde_json::from_slice(&message)?;
    Ok(match serde_json::from_str(sealed.body.get())? {
        Answer::Ok(response) => Ok(response),
        Answer::Error(error) => Err(error),
    })
}

#[cfg(test)]
mod tests {
    use super::super::frame::write_frame;
    use super::{read_request, read_response, write_request, write_response};
    use crate::{ApiError, Request, Response, SessionFilter, SessionsReport, VERSION};

    #[test]
    fn a_request_and_its_answer_travel_unchanged() {
        let request = Request::ShowSessions { filter: SessionFilter::default(), limit: 7 };
        let mut wire = Vec::new();
        write_request(&mut wire, &request).unwrap();
        assert_eq!(read_request(&mut wire.as_slice()).unwrap(), Ok(request));

        let response = Response::Sessions(SessionsReport { sessions: vec![], matching: 3, live: 4 });
        wire.clear();
        write_response(&mut wire, Ok(response.clone())).unwrap();
        assert_eq!(read_response(&mut wire.as_slice()).unwrap(), Ok(response));

        let error = ApiError::Busy { limit: 2 };
        wire.clear();
        write_response(&mut wire, Err(error.clone())).unwrap();
        assert_eq!(read_response(&mut wire.as_slice()).unwrap(), Err(error));
    }

    #[test]
    fn another_version_is_named_even_when_its_body_is_unknown() {
        let mut wire = Vec::new();
        write_frame(&mut wire, br#"{"version":999,"body":{"teleport":1}}"#).unwrap();
        let answer = read_request(&mut wire.as_slice()).unwrap();
        assert_eq!(answer, Err(ApiError::Version { theirs: 999, ours: VERSION }));
    }

    #[test]
    fn what_is_no_request_is_malformed_with_the_place() {
        for text in
            ["", "[]", "{}", r#"{"version":1,"body":"fly"}"#, r#"{"version":1,"body":{"check":{"txt":""}}}"#]
        {
            let mut wire = Vec::new();
            write_frame(&mut wire, text.as_bytes()).unwrap();
            let answer = read_request(&mut wire.as_slice()).unwrap();
            assert!(matches!(answer, Err(ApiError::Malformed { .. })), "{text}: {answer:?}");
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic() {
        bolero::check!().for_each(|bytes: &[u8]| {
            // Whatever it is: a request, a refusal, or no message at all.
            drop(read_request(&mut &*bytes));
            let mut framed = (bytes.len() as u32).to_be_bytes().to_vec();
            framed.extend(bytes);
            drop(read_request(&mut framed.as_slice()));
            drop(read_response(&mut framed.as_slice()));
        });
    }
}
