//! Every request, answer and error through `flumen.v1` and back.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod random;

use flumen_api::wire::{Answer, Call, Refusal, Rpc, Wire};
use flumen_api::{ApiError, ConfigurationAction, ConfigurationRequest, Request, Response, v1};
use prost::Message;
use random::Random;
use std::collections::{BTreeMap, BTreeSet};

/// Enough that every variant of every type is met many times.
const VALUES: usize = 3_000;
/// The same for requests: an action in a request in an enumeration is rarer.
const REQUESTS: usize = 30_000;

/// What a request is when it has arrived, and the method that it came by.
struct Travel;

impl Call for Travel {
    type Output = (Request, &'static str);

    fn call<R: Rpc>(self, message: R) -> Self::Output {
        let arrived = R::decode(&*message.encode_to_vec()).unwrap();
        assert_eq!(arrived.encode_to_vec(), message.encode_to_vec());
        (arrived.into_request().unwrap(), R::METHOD)
    }
}

/// The answer as it arrives; the refusal when the message has no place for it.
struct Back(Result<Response, ApiError>);

impl Call for Back {
    type Output = Result<Result<Response, ApiError>, Refusal>;

    fn call<R: Rpc>(self, _: R) -> Self::Output {
        let message = R::Answer::of(self.0)?;
        Ok(R::Answer::decode(&*message.encode_to_vec()).unwrap().read().unwrap())
    }
}

/// Without what means nothing to an action.
fn plain(request: Request) -> Request {
    use ConfigurationAction as Do;
    match request {
        Request::Configuration(ConfigurationRequest {
            action: action @ (Do::Close | Do::CancelPlanned | Do::History | Do::SaveRescue | Do::DeleteRescue),
            ..
        }) => {
            let (candidate, at) = Default::default();
            Request::Configuration(ConfigurationRequest { candidate, at, action })
        }
        other => other,
    }
}

#[test]
fn every_request_arrives_as_it_was_sent_by_a_method_of_its_own() {
    let mut random = Random::new(1);
    let mut methods = BTreeSet::new();
    for _ in 0..REQUESTS {
        let request = plain(random.value());
        let (arrived, method) = request.clone().call(Travel);
        assert_eq!(arrived, request);
        methods.insert(method);
    }
    assert_eq!(random.chosen, random.known, "every variant of every type was sent");
    let variants = |name: &str| random.known.iter().filter(|known| known.starts_with(name)).count();
    assert_eq!(methods.len(), variants("Request::") + variants("ConfigurationAction::") - 1);
}

#[test]
fn every_answer_arrives_as_it_was_sent() {
    let mut random = Random::new(2);
    let mut carried = BTreeSet::new();
    let mut questions = BTreeMap::new();
    for _ in 0..REQUESTS {
        let question: Request = random.value();
        let (_, method) = question.clone().call(Travel);
        questions.entry(method).or_insert(question);
    }
    for _ in 0..VALUES {
        let response: Response = random.value();
        for question in questions.values() {
            match question.clone().call(Back(Ok(response.clone()))) {
                Ok(arrived) => {
                    assert_eq!(arrived.as_ref(), Ok(&response));
                    carried.insert(variant(&response));
                }
                Err(refusal) => assert_eq!(refusal, Refusal::Mismatch),
            }
        }
    }
    assert_eq!(random.chosen, random.known);
    let mut all = BTreeSet::new();
    for _ in 0..VALUES {
        all.insert(variant(&random.value()));
    }
    assert_eq!(carried, all, "every kind of answer belongs to a question");
}

/// Its name, with that of the answer inside.
fn variant(response: &Response) -> String {
    let name =
        |text: String| text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
    match response {
        Response::Configuration(answer) => format!("Configuration {}", name(format!("{answer:?}"))),
        other => name(format!("{other:?}")),
    }
}

#[test]
fn every_error_arrives_with_its_text_as_an_answer_or_as_a_trailer() {
    let (mut random, mut questions) = (Random::new(3), Random::new(4));
    for _ in 0..VALUES {
        let error: ApiError = random.value();
        let sent = v1::Error::decode(&*error.clone().into_wire().encode_to_vec()).unwrap();
        assert_eq!(ApiError::from_wire(sent).unwrap(), error);
        let question: Request = questions.value();
        match question.call(Back(Err(error.clone()))) {
            Ok(arrived) => assert_eq!(arrived, Err(error)),
            Err(refusal) => assert_eq!(refusal, Refusal::Error(error)),
        }
    }
    assert_eq!(random.chosen, random.known);
}

#[test]
fn no_bytes_make_the_reader_of_a_message_panic() {
    bolero::check!().for_each(|bytes: &[u8]| {
        if let Ok(message) = v1::LoadRequest::decode(bytes) {
            drop(message.into_request());
        }
        if let Ok(message) = v1::ExplainRequest::decode(bytes) {
            drop(message.into_request());
        }
        if let Ok(message) = v1::ListSessionsResponse::decode(bytes) {
            drop(message.read());
        }
        if let Ok(message) = v1::Error::decode(bytes) {
            drop(ApiError::from_wire(message));
        }
    });
}
