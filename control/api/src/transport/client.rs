use super::envelope::{read_response, write_request};
use super::frame::FrameError;
use crate::{ApiError, Request, Response};
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A connection to the daemon.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    timeout: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens at the socket.
    #[error(
        "no daemon is running (nothing listens at {path}); start it with `systemctl start flumen` or `flumen run --config FILE`"
    )]
    NotRunning {
        /// Path of the socket.
        path: PathBuf,
    },
    /// The socket may not be opened.
    #[error("permission denied at {path}: only root may talk to the daemon; try again with sudo")]
    Permission {
        /// Path of the socket.
        path: PathBuf,
    },
    /// The socket cannot be connected to.
    #[error("cannot connect to {path}: {source}")]
    Connect {
        /// Path of the socket.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The daemon took longer than allowed.
    #[error("the daemon did not answer within {} s; it may be busy (try --timeout), or stuck (see its log)", .0.as_secs())]
    TimedOut(Duration),
    /// The connection failed.
    #[error("the connection to the daemon failed: {0}")]
    Frame(#[source] FrameError),
    /// The daemon refused.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// The daemon answered something else than was asked.
    #[error(
        "the daemon's answer does not belong to the question; use the flumen command of the same release"
    )]
    Mismatch,
}

impl Client {
    /// Connects to the daemon at `socket`. Each answer may take `timeout`.
    ///
    /// # Errors
    /// When there is none, or it may not be talked to.
    pub fn connect(socket: &Path, timeout: Duration) -> Result<Client, ClientError> {
        let path = || socket.to_owned();
        let stream = UnixStream::connect(socket).map_err(|source| match source.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => ClientError::NotRunning { path: path() },
            ErrorKind::PermissionDenied => ClientError::Permission { path: path() },
            _ => ClientError::Connect { path: path(), source },
        })?;
        let limit = Some(timeout.max(Duration::from_millis(1)));
        let limited = stream.set_read_timeout(limit).and_then(|()| stream.set_write_timeout(limit));
        limited.map_err(|source| ClientError::Connect { path: path(), source })?;
        Ok(Client { stream, timeout })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the daemon's reason; others when there is no answer.
    pub fn ask(&mut self, request: &Request) -> Result<Response, ClientError> {
        let lost = |error| match error {
            FrameError::TimedOut => ClientError::TimedOut(self.timeout),
            other => ClientError::Frame(other),
        };
        if let Err(error) = write_request(&mut self.stream, request) {
            // A daemon that is full answers before it reads, and closes: its reason is worth more than ours.
            return match read_response(&mut self.stream) {
                Ok(Err(refusal)) => Err(refusal.into()),
                _ => Err(lost(error)),
            };
        }
        Ok(read_response(&mut self.stream).map_err(lost)??)
    }
}

#[cfg(test)]
mod tests {
    use super::{Client, ClientError};
    use crate::transport::{read_request, write_response};
    use crate::{Request, Response};
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
    fn a_silent_daemon_is_given_up_in_time_and_an_answering_one_is_heard() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let mut hasty = Client::connect(&path, Duration::from_millis(20)).unwrap();
        assert!(matches!(hasty.ask(&Request::Stop), Err(ClientError::TimedOut(_))));

        let server = std::thread::spawn(move || {
            listener.accept().unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            assert_eq!(read_request(&mut stream).unwrap(), Ok(Request::Stop));
            write_response(&mut stream, Ok(Response::Stopping)).unwrap();
        });
        let mut client = Client::connect(&path, Duration::from_secs(5)).unwrap();
        assert_eq!(client.ask(&Request::Stop).unwrap(), Response::Stopping);
        server.join().unwrap();
    }
}
