use crate::ClientError;
use crate::connection::{ERROR_BYTES, channel, open};
use crate::failure::failure;
use flumen_api::wire::{Answer, Call, Rpc};
use flumen_api::{ERROR_BYTES_HEADER, MAX_MESSAGE_BYTES, Request, Response};
use std::future::Future;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::pin::Pin;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc as questions;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;

/// A connection to the daemon.
#[derive(Debug)]
pub struct Client {
    /// None only while it is dropped.
    questions: Option<questions::UnboundedSender<Question>>,
    thread: Option<JoinHandle<()>>,
}

/// What is asked, and where the answer goes.
#[derive(Debug)]
struct Question {
    request: Request,
    answer: mpsc::Sender<Result<Response, ClientError>>,
}

/// A client of any method.
struct Caller(Channel);

impl Client {
    /// Connects to the daemon at `socket`. Each answer may take `timeout`.
    ///
    /// # Errors
    /// When there is none, or it may not be talked to.
    pub fn connect(socket: &Path, timeout: Duration) -> Result<Client, ClientError> {
        let stream = open(socket)?;
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_io().enable_time().build().map_err(ClientError::Thread)?;
        let (questions, asked) = questions::unbounded_channel();
        let timeout = timeout.max(Duration::from_millis(1));
        let thread = std::thread::Builder::new().name("daemon".to_owned());
        let thread = thread
            .spawn(move || runtime.block_on(serve(stream, asked, timeout)))
            .map_err(ClientError::Thread)?;
        Ok(Client { questions: Some(questions), thread: Some(thread) })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the daemon's reason; others when there is no answer.
    pub fn ask(&mut self, request: &Request) -> Result<Response, ClientError> {
        let (answer, answered) = mpsc::channel();
        let question = Question { request: request.clone(), answer };
        let asked = self.questions.as_ref().is_some_and(|questions| questions.send(question).is_ok());
        let ended = || ClientError::Lost("it has ended".to_owned());
        if !asked {
            return Err(ended());
        }
        answered.recv().unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for Client {
    /// The connection is closed when this returns.
    fn drop(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok(); // it has said what there was to say
        }
    }
}

/// Answers questions one after the other, and keeps the connection alive in between.
async fn serve(stream: UnixStream, mut questions: questions::UnboundedReceiver<Question>, timeout: Duration) {
    let mut caller = None;
    let mut stream = Some(stream);
    while let Some(Question { request, answer }) = questions.recv().await {
        let asked = async {
            if let Some(stream) = stream.take() {
                caller = Some(Caller(channel(stream).await?));
            }
            match &caller {
                Some(caller) => request.call(caller).await,
                None => Err(ClientError::Lost("it was never made".to_owned())),
            }
        };
        let answered = tokio::time::timeout(timeout, asked).await;
        // Who asked waits for it.
        answer.send(answered.unwrap_or(Err(ClientError::TimedOut(timeout)))).ok();
    }
}

impl Call for &Caller {
    type Output = Pin<Box<dyn Future<Output = Result<Response, ClientError>> + Send>>;

    fn call<R: Rpc>(self, message: R) -> Self::Output {
        let grpc = tonic::client::Grpc::new(self.0.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES);
        Box::pin(ask(grpc, message))
    }
}

async fn ask<R: Rpc>(mut grpc: tonic::client::Grpc<Channel>, message: R) -> Result<Response, ClientError> {
    let bytes = message.encoded_len();
    if bytes > MAX_MESSAGE_BYTES {
        return Err(ClientError::TooLarge { bytes, limit: MAX_MESSAGE_BYTES });
    }
    grpc.ready().await.map_err(|error| ClientError::Lost(error.to_string()))?;
    let mut request = tonic::Request::new(message);
    request.metadata_mut().insert(ERROR_BYTES_HEADER, ERROR_BYTES.into());
    let codec = tonic_prost::ProstCodec::<R, R::Answer>::default();
    let answer = grpc.unary(request, PathAndQuery::from_static(R::METHOD), codec).await;
    let answer = answer.map_err(|status| failure(&status))?.into_inner();
    Ok(answer.read().map_err(|_| ClientError::Mismatch)??)
}

#[cfg(test)]
mod tests {
    use super::Client;
    use crate::ClientError;
    use flumen_api::Request;
    use std::os::unix::net::UnixListener;
    use std::time::Duration;

    #[test]
    fn no_daemon_and_a_stale_socket_are_both_not_running() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        for _ in 0..2 {
            let error = Client::connect(&path, Duration::from_secs(1)).unwrap_err();
            assert!(matches!(error, ClientError::NotRunning { .. }), "{error}");
            assert!(error.to_string().contains("flumen run --config"));
            drop(UnixListener::bind(&path));
        }
    }

    #[test]
    fn a_silent_daemon_is_given_up_in_time_and_one_that_hangs_up_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let mut hasty = Client::connect(&path, Duration::from_millis(20)).unwrap();
        assert!(matches!(hasty.ask(&Request::Stop), Err(ClientError::TimedOut(_))));
        drop(hasty);
        let mut client = Client::connect(&path, Duration::from_secs(5)).unwrap();
        drop(listener);
        let error = client.ask(&Request::Stop).unwrap_err();
        assert!(matches!(error, ClientError::Lost(_)), "{error}");
    }
}
