use crate::QueueError;
use crate::message::{Message, bind, parameters};
use netlink_sys::Socket;
use netlink_sys::protocols::NETLINK_NETFILTER;
use nix::sys::socket::{MsgFlags, recv, send, setsockopt, sockopt};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// Packets that may wait; less than that fits the socket, so that the numbers of packets tell what did not fit.
const MOST: u32 = 1 << 17;

/// Bytes of packets that may wait in the socket, as the kernel counts them.
const ROOM: usize = 32 << 20;

/// A queue of the kernel, as a socket. Clones of the descriptor are the same queue, in other processes, too; when the
/// last of them is closed, the kernel drops what waits.
#[derive(Debug)]
pub struct QueueSocket {
    number: u16,
    fd: OwnedFd,
}

// === impl QueueSocket ===

impl QueueSocket {
    /// Takes a queue, whole packets in it. Those that there is no room for pass as they are.
    ///
    /// # Errors
    /// When it is somebody else's ([`io::ErrorKind::ResourceBusy`] or `EPERM`), or the kernel has no queues.
    pub fn open(number: u16) -> Result<QueueSocket, QueueError> {
        let failed = |action, source| QueueError::Queue { action, queue: number, source };
        let mut socket =
            Socket::new(NETLINK_NETFILTER).map_err(|error| failed("open a socket for", error))?;
        socket.bind_auto().map_err(|error| failed("bind the socket of", error))?;
        // An overflow must not hold up what comes after it.
        socket.set_no_enobufs(true).map_err(|error| failed("prepare", error))?;
        let fd = socket.as_fd().try_clone_to_owned().map_err(|error| failed("keep", error))?;
        drop(socket);
        setsockopt(&fd, sockopt::RcvBufForce, &ROOM)
            .map_err(|errno| failed("make room for", errno.into()))?;
        let queue = QueueSocket { number, fd };
        queue.ask(&bind(number)).map_err(|error| failed("take", error))?;
        queue.ask(&parameters(number, MOST)).map_err(|error| failed("set up", error))?;
        Ok(queue)
    }

    /// A queue that was opened by another process.
    pub fn inherited(number: u16, fd: OwnedFd) -> QueueSocket {
        QueueSocket { number, fd }
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Another descriptor of the same queue.
    ///
    /// # Errors
    /// When there is none left.
    pub fn duplicate(&self) -> Result<OwnedFd, QueueError> {
        let copied = self.fd.try_clone();
        copied.map_err(|source| QueueError::Queue { action: "hand on", queue: self.number, source })
    }

    pub(crate) fn send(&self, message: &[u8]) -> nix::Result<()> {
        send(self.fd.as_raw_fd(), message, MsgFlags::empty()).map(drop)
    }

    /// Sends a request and waits for its answer. Nothing is queued yet that could come first.
    fn ask(&self, request: &[u8]) -> io::Result<()> {
        self.send(request)?;
        let mut answer = [0; 4096];
        loop {
            let length = recv(self.fd.as_raw_fd(), &mut answer, MsgFlags::empty())?;
            match Message::parse(&answer[..length]) {
                Message::Answer(0) => return Ok(()),
                Message::Answer(errno) => return Err(io::Error::from_raw_os_error(errno)),
                // packets come from the moment that the queue is ours; their worker takes them over
                _ => {}
            }
        }
    }
}

impl AsFd for QueueSocket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
