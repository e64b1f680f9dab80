use crate::DaemonError;
use crate::audit::Who;
use crate::gateway::{Client, Gateway, lock};
use crate::stop::Stop;
use flumen_api::transport::{FrameError, read_request, write_response};
use flumen_api::{ApiError, Request};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::{Uid, User};
use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Clients at once.
const MAX_CLIENTS: usize = 64;
/// A client that asks nothing for so long is disconnected, unless it edits.
const IDLE: Duration = Duration::from_secs(60);
/// Requests in work get so long to be answered when the daemon ends.
const GRACE: Duration = Duration::from_secs(5);

/// A socket that clients can connect to; they wait until it is served. Gone when dropped.
pub(crate) struct Door {
    listener: UnixListener,
    socket: PathBuf,
}

/// Serves requests.
pub(crate) struct Server {
    acceptor: JoinHandle<()>,
    clients: Arc<Clients>,
}

/// How many clients there are, and how many of their requests are in work.
#[derive(Default)]
struct Clients {
    counts: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Default)]
struct Counts {
    connected: usize,
    working: usize,
}

/// One count up, until dropped.
struct Counted<'a> {
    clients: &'a Clients,
    count: fn(&mut Counts) -> &mut usize,
}

impl Door {
    /// Listens at `socket`, which only root may open. A file left there by a dead daemon is removed: the
    /// caller holds the lock of the directory.
    pub(crate) fn open(socket: &Path) -> Result<Door, DaemonError> {
        let failed = |error| DaemonError::file(format!("listen at {}", socket.display()), error);
        match std::fs::remove_file(socket) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let door = Door { listener: UnixListener::bind(socket).map_err(failed)?, socket: socket.to_owned() };
        std::fs::set_permissions(socket, Permissions::from_mode(0o600)).map_err(failed)?;
        door.listener.set_nonblocking(true).map_err(failed)?;
        Ok(door)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.socket) {
            tracing::warn!("cannot remove {}: {error}", self.socket.display());
        }
    }
}

impl Server {
    /// Lets clients in until told to stop.
    pub(crate) fn start(door: Door, gateway: Arc<Gateway>, stop: Stop) -> std::io::Result<Server> {
        let clients = Arc::new(Clients::default());
        let counted = Arc::clone(&clients);
        let thread = std::thread::Builder::new().name("accept".to_owned());
        let acceptor = thread.spawn(move || accept(&door.listener, &gateway, &stop, &counted))?;
        Ok(Server { acceptor, clients })
    }

    /// Takes no more clients, and gives requests in work time to be answered. Stop must have been ordered.
    pub(crate) fn close(self) {
        if self.acceptor.join().is_err() {
            tracing::error!("the thread that accepts clients had died");
        }
        let counts = lock(&self.clients.counts);
        let waited = self.clients.changed.wait_timeout_while(counts, GRACE, |counts| counts.working > 0);
        if waited.is_ok_and(|(_, timeout)| timeout.timed_out()) {
            tracing::warn!("ending while a request is still in work");
        }
    }
}

fn accept(listener: &UnixListener, gateway: &Arc<Gateway>, stop: &Stop, clients: &Arc<Clients>) {
    while !stop.is_given() {
        let mut fds =
            [PollFd::new(listener.as_fd(), PollFlags::POLLIN), PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
        if let Err(errno) = poll(&mut fds, PollTimeout::NONE) {
            tracing::debug!("waiting for clients: {errno}");
            continue;
        }
        match listener.accept() {
            Ok((stream, _)) => welcome(stream, gateway, stop, clients),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => {
                // Out of descriptors, most likely: the client waits in the queue.
                tracing::error!("cannot accept a client: {error}");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// Gives a client its thread, or tells it why not.
fn welcome(mut stream: UnixStream, gateway: &Arc<Gateway>, stop: &Stop, clients: &Arc<Clients>) {
    let Ok(peer) = getsockopt(&stream, PeerCredentials) else { return };
    if peer.uid() != 0 && peer.uid() != nix::unistd::geteuid().as_raw() {
        return;
    }
    let limited = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_read_timeout(Some(IDLE)))
        .and_then(|()| stream.set_write_timeout(Some(IDLE)));
    if let Err(error) = limited {
        tracing::warn!("a client could not be served: {error}");
        return;
    }
    if lock(&clients.counts).connected >= MAX_CLIENTS {
        if let Err(error) = write_response(&mut stream, Err(ApiError::Busy { limit: MAX_CLIENTS })) {
            tracing::debug!("a client too many went away: {error}");
        }
        return;
    }
    let (gateway, stop, clients) = (Arc::clone(gateway), stop.clone(), Arc::clone(clients));
    lock(&clients.counts).connected += 1; // here and not in the thread: the next client is counted at once
    let client = gateway.welcome(user_name(peer.uid()), format!("cli (pid {})", peer.pid()));
    let thread = std::thread::Builder::new().name("client".to_owned());
    let counted = Arc::clone(&clients);
    let spawned = thread.spawn(move || {
        let _connected = Counted { clients: &clients, count: |counts| &mut counts.connected };
        serve(stream, &client, &gateway, &stop, &clients);
        gateway.leave(&client);
    });
    if let Err(error) = spawned {
        lock(&counted.counts).connected -= 1;
        tracing::warn!("a client could not be served: {error}");
    }
}

/// The name of a user, or the number of one that has none.
fn user_name(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}

/// Answers requests until the client goes away.
fn serve(mut stream: UnixStream, client: &Client, gateway: &Gateway, stop: &Stop, clients: &Clients) {
    let who = Who::at_socket(client, &stream);
    loop {
        if gateway.edits(client) && !wait(&stream, stop) {
            return;
        }
        let request = match read_request(&mut stream) {
            Ok(request) => request,
            Err(FrameError::Closed | FrameError::TimedOut) => return,
            Err(error @ FrameError::TooLarge { .. }) => {
                let refusal = ApiError::Malformed { reason: error.to_string() };
                if let Err(error) = write_response(&mut stream, Err(refusal)) {
                    tracing::debug!("the client went away: {error}");
                }
                return;
            }
            Err(error) => return tracing::debug!("a client sent no request: {error}"),
        };
        lock(&clients.counts).working += 1;
        let working = Counted { clients, count: |counts| &mut counts.working };
        let ends = matches!(request, Ok(Request::Stop | Request::Detach));
        let answer = request.and_then(|request| gateway.audited(request, client, &who));
        let ends = ends && answer.is_ok();
        if let Err(error) = write_response(&mut stream, answer) {
            tracing::debug!("an answer could not be sent: {error}");
        }
        drop(working);
        if ends {
            tracing::info!("stopping on request");
            stop.give();
            return;
        }
    }
}

/// Waits until the client says something or goes away; false when the daemon ends.
fn wait(stream: &UnixStream, stop: &Stop) -> bool {
    while !stop.is_given() {
        let mut fds =
            [PollFd::new(stream.as_fd(), PollFlags::POLLIN), PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            _ => return !stop.is_given(),
        }
    }
    false
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        *(self.count)(&mut lock(&self.clients.counts)) -= 1;
        self.clients.changed.notify_all();
    }
}
