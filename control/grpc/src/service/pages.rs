use super::Asker;
use crate::connection::Hangup;
use crate::listener::coded;
use crate::refusal::{USUAL_ERROR_BYTES, refusal};
use crate::uses::{Uses, count};
use crate::{PageLimits, v1};
use flumen_api::SessionFilter;
use flumen_api::wire::Wire;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tonic::{Code, Status};

/// Answers in work at once.
const MAX_ANSWERS: usize = 32;
/// Chunks that wait for the client.
const AHEAD: usize = 2;
/// A client that takes no chunk for so long loses its connection.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads sessions page by page, as fast as the client takes them. The gateway's lock is held for one page at a time, and
/// never while a client is waited for.
pub(crate) struct Pages(Arc<Semaphore>);

pub(crate) mod stream {
    use crate::v1;
    use tokio_stream::wrappers::ReceiverStream;
    use tonic::Status;

    pub(crate) type SessionsStream = ReceiverStream<Result<v1::SessionsChunk, Status>>;
}

impl Default for Pages {
    fn default() -> Pages {
        Pages(Arc::new(Semaphore::new(MAX_ANSWERS)))
    }
}

impl Pages {
    /// Reads the first page, so that a filter that means nothing is refused at once, and goes on as the client reads.
    pub(crate) async fn begin(
        &self,
        asker: Asker,
        filter: SessionFilter,
        limit: u64,
        hangup: Hangup,
        uses: &Arc<Uses>,
    ) -> Result<stream::SessionsStream, Status> {
        let Ok(answer) = Arc::clone(&self.0).try_acquire_owned() else {
            let text = format!("{MAX_ANSWERS} clients read sessions already: try again");
            return Err(coded(Code::ResourceExhausted, "busy", text));
        };
        let mut left = if limit == 0 { u64::MAX } else { limit };
        let mut page = read(&asker, &filter, 0, left).await?;
        let (chunks, stream) = mpsc::channel(AHEAD);
        let uses = Arc::clone(uses);
        tokio::spawn(async move {
            let _answer = answer;
            loop {
                left = left.saturating_sub(page.0.sessions.len() as u64);
                let sent = chunks.send_timeout(Ok(page.0), PATIENCE).await;
                match sent {
                    Ok(()) => {}
                    Err(mpsc::error::SendTimeoutError::Closed(_)) => return,
                    Err(mpsc::error::SendTimeoutError::Timeout(_)) => {
                        count(&uses.connections_hung_up);
                        tracing::warn!("a gRPC client does not read its sessions: its connection is closed");
                        return hangup.now();
                    }
                }
                let Some(next) = page.1.filter(|_| left > 0) else { return };
                page = match read(&asker, &filter, next, left).await {
                    Ok(page) => page,
                    Err(status) => {
                        if chunks.send_timeout(Err(status), PATIENCE).await.is_err() {
                            tracing::debug!("a gRPC client went away before it was told of a failure");
                        }
                        return;
                    }
                };
            }
        });
        Ok(stream::SessionsStream::new(stream))
    }
}

/// A page, and where the next one begins.
async fn read(
    asker: &Asker,
    filter: &SessionFilter,
    first: u32,
    left: u64,
) -> Result<(v1::SessionsChunk, Option<u32>), Status> {
    let filter = filter.clone();
    let found = usize::try_from(left).unwrap_or(usize::MAX).min(PageLimits::PAGE.found);
    let limits = PageLimits { found, ..PageLimits::PAGE };
    let page = asker.ask(move |backend| backend.sessions(&filter, first, limits)).await?;
    let page = page.map_err(|error| refusal(error, USUAL_ERROR_BYTES))?;
    Ok((v1::SessionsChunk { sessions: page.sessions.into_wire() }, page.next))
}
