use crate::caller::Peer;
use crate::uses::{Uses, count};
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

/// A connection that was let in; counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    stream: S,
    peer: Peer,
    _counted: Counted,
}

/// Ends a connection from outside, whatever its client does or does not do.
#[derive(Clone, Debug)]
pub(crate) struct Hangup(Arc<Socket>);

#[derive(Debug)]
pub(crate) enum Socket {
    Unix(std::os::unix::net::UnixStream),
    Tcp(std::net::TcpStream),
}

/// One connection, until dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    uses: Arc<Uses>,
    door: fn(&Uses) -> &AtomicU64,
}

impl Counted {
    /// None when there are `limit` already by this door.
    pub(crate) fn new(uses: &Arc<Uses>, door: fn(&Uses) -> &AtomicU64, limit: u64) -> Option<Counted> {
        let taken = door(uses).fetch_update(Ordering::Relaxed, Ordering::Relaxed, |connections| {
            (connections < limit).then_some(connections + 1)
        });
        if taken.is_err() {
            count(&uses.connections_refused);
        }
        taken.is_ok().then(|| Counted { uses: Arc::clone(uses), door })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.door)(&self.uses).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hangup {
    pub(crate) fn new(socket: Socket) -> Hangup {
        Hangup(Arc::new(socket))
    }

    /// Closes both directions. Whoever reads or writes there is woken, and finds it closed.
    pub(crate) fn now(&self) {
        let closed = match &*self.0 {
            Socket::Unix(stream) => stream.shutdown(Shutdown::Both),
            Socket::Tcp(stream) => stream.shutdown(Shutdown::Both),
        };
        if let Err(error) = closed {
            tracing::debug!("a gRPC connection was closed already: {error}");
        }
    }
}

impl<S> Connection<S> {
    pub(crate) fn new(stream: S, peer: Peer, counted: Counted) -> Connection<S> {
        Connection { stream, peer, _counted: counted }
    }
}

impl<S> Connected for Connection<S> {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
