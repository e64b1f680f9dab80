use crate::GrpcError;
use crate::Logins;
use crate::caller::{LocalPeer, Peer, PeerKind, Presence, is_super_user};
use crate::connection::{Connection, Counted, Hangup, Socket};
use crate::uses::Uses;
use nix::sys::socket::{UnixCredentials, getsockopt, sockopt::PeerCredentials};
use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::mpsc;

/// Connections at once by the Unix socket of those who may do everything.
pub(crate) const MAX_LOCAL: u64 = 256;
/// Of other users who have a role.
pub(crate) const MAX_USERS: u64 = 192;
/// Of those who have none, and are there to be told so.
pub(crate) const MAX_STRANGERS: u64 = 16;
/// Connections at once by TCP, on top of those: whoever fills one door does not close the other.
pub(crate) const MAX_NETWORK: u64 = 128;
/// Connections of the network are counted from here, so that no two have the same number.
const FIRST_NETWORK: u64 = 1 << 31;
/// After a failure to accept, which is most likely one for want of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// A Unix socket; gone when dropped.
#[derive(Debug)]
pub(crate) struct LocalDoor {
    pub(crate) listener: std::os::unix::net::UnixListener,
    path: PathBuf,
}

impl LocalDoor {
    /// Listens at `path`. Everybody may connect; what they may do is asked with each call. A file left there by a dead daemon
    /// is removed: the caller holds the lock of the directory.
    pub(crate) fn open(path: &Path) -> Result<LocalDoor, GrpcError> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(GrpcError::file("remove", path, error));
            }
            _ => {}
        }
        let failed = |error| GrpcError::file("listen at", path, error);
        let listener = std::os::unix::net::UnixListener::bind(path).map_err(failed)?;
        let door = LocalDoor { listener, path: path.to_owned() };
        std::fs::set_permissions(path, Permissions::from_mode(0o666)).map_err(failed)?;
        door.listener.set_nonblocking(true).map_err(failed)?;
        Ok(door)
    }
}

impl Drop for LocalDoor {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!("cannot remove {}: {error}", self.path.display());
        }
    }
}

/// Lets local clients in, up to the limit of their kind.
pub(crate) async fn accept_local(
    listener: UnixListener,
    uses: Arc<Uses>,
    logins: Logins,
    left: mpsc::UnboundedSender<u64>,
    let_in: mpsc::Sender<std::io::Result<Connection<UnixStream>>>,
) {
    let ids = AtomicU64::new(1);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::error!("cannot accept a gRPC client: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(credentials) = getsockopt(&stream, PeerCredentials) else { continue };
        // Who they are is not known yet: until then a stranger takes the place of a user.
        let counted = if is_super_user(credentials.uid()) {
            Counted::new(&uses, |uses| &uses.local, MAX_LOCAL)
        } else {
            Counted::new(&uses, |uses| &uses.users, MAX_USERS)
        };
        let Some(mut counted) = counted else { continue };
        let presence = Presence::new(ids.fetch_add(1, Ordering::Relaxed), &left);
        let (uses, logins, let_in) = (Arc::clone(&uses), logins.clone(), let_in.clone());
        tokio::spawn(async move {
            let (stream, peer) = match local_peer(stream, credentials, presence).await {
                Ok(known) => known,
                Err(error) => return tracing::debug!("a gRPC client went away: {error}"),
            };
            if let PeerKind::Local(local) = &peer.kind
                && !local.is_super_user()
                && logins.role(&local.user).is_none()
            {
                match Counted::new(&uses, |uses| &uses.strangers, MAX_STRANGERS) {
                    Some(stranger) => counted = stranger,
                    None => return,
                }
            }
            if let_in.send(Ok(Connection::new(stream, peer, counted))).await.is_err() {
                tracing::debug!("a gRPC client came when the daemon was ending");
            }
        });
    }
}

async fn local_peer(
    stream: UnixStream,
    credentials: UnixCredentials,
    presence: Arc<Presence>,
) -> std::io::Result<(UnixStream, Peer)> {
    let stream = stream.into_std()?;
    let hangup = Hangup::new(Socket::Unix(stream.try_clone()?));
    let look_up = move || LocalPeer::look_up(credentials.uid(), credentials.pid());
    let local = tokio::task::spawn_blocking(look_up).await.map_err(std::io::Error::other)?;
    Ok((UnixStream::from_std(stream)?, Peer { kind: PeerKind::Local(local), hangup, presence }))
}

/// Lets clients of the network in, up to the limit. Who they are is seen with their first call.
pub(crate) async fn accept_network(
    listener: TcpListener,
    uses: Arc<Uses>,
    left: mpsc::UnboundedSender<u64>,
    let_in: mpsc::Sender<std::io::Result<Connection<TcpStream>>>,
) {
    let mut connection = FIRST_NETWORK;
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::error!("cannot accept a gRPC client: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Some(counted) = Counted::new(&uses, |uses| &uses.network, MAX_NETWORK) else { continue };
        connection += 1;
        match network_peer(stream, from, Presence::new(connection, &left)) {
            Ok((stream, peer)) => {
                if let_in.send(Ok(Connection::new(stream, peer, counted))).await.is_err() {
                    return;
                }
            }
            Err(error) => tracing::debug!("a gRPC client went away: {error}"),
        }
    }
}

fn network_peer(
    stream: TcpStream,
    from: std::net::SocketAddr,
    presence: Arc<Presence>,
) -> std::io::Result<(TcpStream, Peer)> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let hangup = Hangup::new(Socket::Tcp(stream.try_clone()?));
    Ok((TcpStream::from_std(stream)?, Peer { kind: PeerKind::Network(from), hangup, presence }))
}
