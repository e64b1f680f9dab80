use crate::ClientError;
use hyper_util::rt::TokioIo;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Mutex;
use tonic::transport::{Channel, Endpoint};

/// Bytes of an error that we take; the daemon cuts off the rest.
pub(crate) const ERROR_BYTES: u32 = 256 * 1024;
/// What headers and trailers take beside it, encoded.
const HEADER_BYTES: u32 = 2 * ERROR_BYTES;

/// Connects to the socket at `path`.
pub(crate) fn open(path: &Path) -> Result<UnixStream, ClientError> {
    let own = || path.to_owned();
    let failed = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => ClientError::NotRunning { path: own() },
        ErrorKind::PermissionDenied => ClientError::Permission { path: own() },
        _ => ClientError::Connect { path: own(), source },
    };
    let stream = UnixStream::connect(path).map_err(failed)?;
    stream.set_nonblocking(true).map_err(|source| ClientError::Connect { path: own(), source })?;
    Ok(stream)
}

/// HTTP/2 over a stream that is connected. One that is lost is not replaced: its editor is lost, too.
pub(crate) async fn channel(stream: UnixStream) -> Result<Channel, ClientError> {
    let lost = |error: tonic::transport::Error| ClientError::Lost(error.to_string());
    let agent = concat!("flumen/", env!("CARGO_PKG_VERSION"));
    let endpoint = Endpoint::from_static("http://localhost").user_agent(agent).map_err(lost)?;
    let endpoint = endpoint.http2_max_header_list_size(HEADER_BYTES);
    let stream = Mutex::new(Some(stream));
    let connector = tower::service_fn(move |_| {
        let stream = stream.lock().ok().and_then(|mut stream| stream.take());
        async move {
            let stream = stream.ok_or_else(|| std::io::Error::from(ErrorKind::ConnectionAborted))?;
            tokio::net::UnixStream::from_std(stream).map(TokioIo::new)
        }
    });
    endpoint.connect_with_connector(connector).await.map_err(lost)
}
