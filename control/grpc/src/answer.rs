use crate::connection::Hangup;
use crate::uses::{Uses, count};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;
use tonic::body::Body;

/// Bytes that are given away at once. What lies behind them waits here until the client has made room for it.
const PIECE: usize = 64 * 1024;
/// A client that does not take a whole answer in this time loses its connection.
const PATIENCE: Duration = Duration::from_secs(60);

/// The one answer of a call, which keeps its place among the calls in work until the client has taken it: answers that nobody reads
/// are bounded, and do not stay.
pub(crate) struct Answer {
    body: Body,
    rest: Bytes,
    /// Gone with the answer.
    place: Arc<OwnedSemaphorePermit>,
    /// None once somebody watches the time.
    watch: Option<(Hangup, Arc<Uses>)>,
}

impl Answer {
    pub(crate) fn body(body: Body, place: OwnedSemaphorePermit, hangup: Hangup, uses: Arc<Uses>) -> Body {
        Body::new(Answer { body, rest: Bytes::new(), place: Arc::new(place), watch: Some((hangup, uses)) })
    }

    /// The next piece of what is left.
    fn piece(&mut self) -> Frame<Bytes> {
        if self.rest.len() > PIECE
            && let Some((hangup, uses)) = self.watch.take()
        {
            let place = Arc::downgrade(&self.place);
            tokio::spawn(async move {
                tokio::time::sleep(PATIENCE).await;
                if place.strong_count() > 0 {
                    count(&uses.connections_hung_up);
                    tracing::warn!("a gRPC client does not read its answer: its connection is closed");
                    hangup.now();
                }
            });
        }
        let end = self.rest.len().min(PIECE);
        Frame::data(self.rest.split_to(end))
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(self.piece())));
        }
        Pin::new(&mut self.body).poll_frame(context).map(|frame| {
            frame.map(|frame| match frame?.into_data() {
                Ok(data) => {
                    self.rest = data;
                    Ok(self.piece())
                }
                Err(trailers) => Ok(trailers),
            })
        })
    }

    /// An error without a message has no body: unless that is said, an empty frame of data follows the status, and
    /// clients of the C library read that as a broken stream.
    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let behind = self.body.size_hint();
        let rest = self.rest.len() as u64;
        let mut hint = SizeHint::new();
        hint.set_lower(behind.lower() + rest);
        if let Some(upper) = behind.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, PATIENCE, PIECE};
    use crate::connection::{Hangup, Socket};
    use crate::uses::Uses;
    use bytes::{Buf, Bytes};
    use http_body::{Body as _, Frame};
    use std::convert::Infallible;
    use std::io::{ErrorKind, Read};
    use std::os::unix::net::UnixStream;
    use std::pin::{Pin, pin};
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::task::{Context, Poll};
    use tokio::sync::Semaphore;
    use tonic::body::Body;

    /// A body of one large frame.
    struct Large(Option<Bytes>);

    impl http_body::Body for Large {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
        }
    }

    /// The answer, its connection as the client has it, and the only place for a call.
    fn large() -> (Body, UnixStream, Arc<Semaphore>, Arc<Uses>) {
        let (near, far) = UnixStream::pair().unwrap();
        far.set_nonblocking(true).unwrap();
        let (places, uses) = (Arc::new(Semaphore::new(1)), Arc::<Uses>::default());
        let place = Arc::clone(&places).try_acquire_owned().unwrap();
        let body = Body::new(Large(Some(Bytes::from(vec![0; 1 << 20]))));
        let answer = Answer::body(body, place, Hangup::new(Socket::Unix(near)), Arc::clone(&uses));
        (answer, far, places, uses)
    }

    async fn next(body: &mut Body) -> Option<usize> {
        let mut body = pin!(body);
        let frame = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await;
        frame.map(|frame| frame.unwrap().into_data().unwrap().remaining())
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_taken_keeps_its_place_and_costs_the_connection() {
        let (mut answer, mut far, places, uses) = large();
        assert_eq!(next(&mut answer).await, Some(PIECE));
        tokio::time::sleep(PATIENCE / 2).await;
        assert_eq!(far.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(places.available_permits(), 0);
        tokio::time::sleep(PATIENCE).await;
        assert_eq!(far.read(&mut [0]).unwrap(), 0, "hung up");
        assert_eq!(uses.connections_hung_up.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_taken_is_whole_and_gives_its_place_back() {
        let (mut answer, _far, places, uses) = large();
        let mut taken = 0;
        while let Some(bytes) = next(&mut answer).await {
            assert!(bytes <= PIECE);
            taken += bytes;
        }
        assert_eq!(taken, 1 << 20);
        drop(answer);
        assert_eq!(places.available_permits(), 1);
        tokio::time::sleep(2 * PATIENCE).await;
        assert_eq!(uses.connections_hung_up.load(Ordering::Relaxed), 0);
    }
}
