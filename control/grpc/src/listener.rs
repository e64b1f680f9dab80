use crate::uses::{Uses, count};
use crate::v1;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tonic::Status;
use tonic::metadata::{MetadataMap, MetadataValue};

/// The far end of a queue of events, as the stream of one client.
#[derive(Debug)]
pub(crate) struct Listener {
    events: mpsc::Receiver<Arc<v1::Event>>,
    ending: Arc<Ending>,
    ended: bool,
    uses: Arc<Uses>,
}

/// Why a stream ends. It lives as long as the stream.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// Its queue was full.
    pub(crate) lags: AtomicBool,
    /// Its user has no class any more.
    pub(crate) shut_out: AtomicBool,
}

impl Listener {
    pub(crate) fn new(events: mpsc::Receiver<Arc<v1::Event>>, uses: Arc<Uses>) -> Listener {
        count(&uses.listeners);
        Listener { events, ending: Arc::default(), ended: false, uses }
    }

    pub(crate) fn ending(&self) -> &Arc<Ending> {
        &self.ending
    }

    fn last_word(&self) -> Status {
        if self.ending.lags.load(Ordering::Acquire) {
            let text = format!("{} events waited, and the client did not read them", crate::QUEUE);
            coded(tonic::Code::ResourceExhausted, "events-queue-full", text)
        } else if self.ending.shut_out.load(Ordering::Acquire) {
            coded(tonic::Code::PermissionDenied, "role", "the user has no class any more".to_owned())
        } else {
            coded(tonic::Code::Unavailable, "stopping", "the daemon ends".to_owned())
        }
    }
}

/// A status with its short name under `flumen-code`.
pub(crate) fn coded(code: tonic::Code, name: &'static str, text: String) -> Status {
    let mut metadata = MetadataMap::new();
    metadata.insert("flumen-code", MetadataValue::from_static(name));
    Status::with_metadata(code, text, metadata)
}

impl Stream for Listener {
    type Item = Result<v1::Event, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.events.poll_recv(context).map(|event| match event {
            Some(event) => Some(Ok(Arc::unwrap_or_clone(event))),
            None => {
                self.ended = true;
                Some(Err(self.last_word()))
            }
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.uses.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}
