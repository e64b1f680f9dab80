use crate::ClientError;
use crate::connection::{channel, open};
use crate::failure::failure;
use flumen_api::v1;
use flumen_api::v1::events_client::EventsClient;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Runtime;
use tonic::Streaming;

/// What happens from now on, until the daemon ends.
#[derive(Debug)]
pub struct Events {
    runtime: Runtime,
    stream: Streaming<v1::Event>,
}

impl Events {
    /// Listens for events of these kinds at `socket`; the daemon has `timeout` to begin.
    ///
    /// # Errors
    /// When there is no daemon, or it refuses.
    pub fn listen(
        socket: &Path,
        kinds: v1::SubscribeRequest,
        timeout: Duration,
    ) -> Result<Events, ClientError> {
        let stream = open(socket)?;
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_io().enable_time().build().map_err(ClientError::Thread)?;
        let listening = async {
            let mut client = EventsClient::new(channel(stream).await?);
            Ok(client.subscribe(kinds).await.map_err(|status| failure(&status))?.into_inner())
        };
        let begun = runtime.block_on(async { tokio::time::timeout(timeout, listening).await });
        let stream = begun.unwrap_or(Err(ClientError::TimedOut(timeout)))?;
        Ok(Events { runtime, stream })
    }

    /// The next event; none when there was none for so long.
    ///
    /// # Errors
    /// When the stream has ended; its error says why.
    pub fn next_within(&mut self, patience: Duration) -> Result<Option<v1::Event>, ClientError> {
        let Events { runtime, stream } = self;
        let next = runtime.block_on(async { tokio::time::timeout(patience, stream.message()).await });
        match next {
            Err(_) => Ok(None),
            Ok(Ok(Some(event))) => Ok(Some(event)),
            Ok(Ok(None)) => Err(ClientError::Lost("the stream of events has ended".to_owned())),
            Ok(Err(status)) => Err(failure(&status)),
        }
    }
}
