use super::message::{HEADER, Message, Messages};
use crate::KernelError;
use netlink_sys::SocketAddr;
use netlink_sys::protocols::{NETLINK_GENERIC, NETLINK_ROUTE};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, recv, send};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

/// Which part of the kernel is talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Route,
    Generic,
}

/// A netlink socket in the network namespace of the thread that opened it.
#[derive(Debug)]
pub(crate) struct Socket {
    fd: netlink_sys::Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

/// Dumps that a changing table may spoil before it is given up.
const ATTEMPTS: u32 = 8;
/// The kernel answers within microseconds; a lost answer must not hang the daemon.
const ANSWER: Duration = Duration::from_secs(5);

impl Socket {
    /// Opens a socket that asks, or hears `groups` (a mask of the legacy multicast groups; 0 for none).
    pub(crate) fn open(protocol: Protocol, groups: u32) -> Result<Socket, KernelError> {
        let number = match protocol {
            Protocol::Route => NETLINK_ROUTE,
            Protocol::Generic => NETLINK_GENERIC,
        };
        let failed = |error: std::io::Error| KernelError::system("open a netlink socket", error);
        let mut fd = netlink_sys::Socket::new(number).map_err(failed)?;
        fd.bind(&SocketAddr::new(0, groups)).map_err(failed)?;
        if groups == 0 {
            fd.connect(&SocketAddr::new(0, 0)).map_err(failed)?;
            fd.set_ext_ack(true).map_err(failed)?;
        }
        Ok(Socket { fd, sequence: 0, buffer: vec![0; 32 << 10] })
    }

    /// From now on the kernel looks at what a dump asks for, and gives that alone.
    pub(crate) fn be_strict(&self) -> Result<(), KernelError> {
        let strict = self.fd.set_netlink_get_strict_chk(true);
        strict.map_err(|error| KernelError::system("ask for a part of a table", error))
    }

    /// Reads a whole table; `visit` gets each entry. Read again when the table changed meanwhile, so `visit`
    /// is a factory of collectors.
    pub(crate) fn dump<T>(
        &mut self,
        action: &str,
        kind: u16,
        payload: &[u8],
        parse: impl Fn(&Message<'_>) -> Option<T>,
    ) -> Result<Vec<T>, KernelError> {
        for _ in 0..ATTEMPTS {
            let mut rows = Vec::new();
            let steady =
                self.exchange(action, kind, Message::DUMP, payload, |message| rows.extend(parse(message)))?;
            if steady {
                return Ok(rows);
            }
        }
        Err(KernelError::Unsteady { action: action.to_owned(), attempts: ATTEMPTS })
    }

    /// Sends one request and returns what `parse` makes of the answers, the last that it accepts.
    pub(crate) fn ask<T>(
        &mut self,
        action: &str,
        kind: u16,
        payload: &[u8],
        parse: impl Fn(&Message<'_>) -> Option<T>,
    ) -> Result<Option<T>, KernelError> {
        let mut answer = None;
        self.exchange(action, kind, Message::ACK, payload, |message| {
            answer = parse(message).or(answer.take())
        })?;
        Ok(answer)
    }

    /// Sends a request that changes something; `flags` say how.
    pub(crate) fn change(
        &mut self,
        action: &str,
        kind: u16,
        flags: u16,
        payload: &[u8],
    ) -> Result<(), KernelError> {
        self.exchange(action, kind, Message::ACK | flags, payload, |_| ()).map(drop)
    }

    /// Sends a request and hands over its answers until the kernel says that there are no more. False when
    /// the table changed while it was read.
    fn exchange(
        &mut self,
        action: &str,
        kind: u16,
        flags: u16,
        payload: &[u8],
        mut visit: impl FnMut(&Message<'_>),
    ) -> Result<bool, KernelError> {
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        let request = Message { kind, flags: Message::REQUEST | flags, sequence, payload };
        let failed = |errno: Errno| KernelError::system(action, errno);
        send(self.fd.as_raw_fd(), &request.encode(), MsgFlags::empty()).map_err(failed)?;
        let mut steady = true;
        loop {
            if !self.readable(Some(ANSWER)).map_err(failed)? {
                return Err(failed(Errno::ETIMEDOUT));
            }
            let bytes = self.receive().map_err(failed)?;
            for message in Messages(&self.buffer[..bytes]) {
                let malformed =
                    || KernelError::Malformed { action: action.to_owned(), problem: "it ends too early" };
                let message = message.ok_or_else(malformed)?;
                if message.sequence != sequence {
                    continue;
                }
                steady &= message.flags & Message::DUMP_INTERRUPTED == 0;
                match message.kind {
                    Message::ERROR | Message::DONE => match message.error_number() {
                        0 => return Ok(steady),
                        number => {
                            let source = Errno::from_raw(number).into();
                            return Err(KernelError::answered(action, message.error_text(), source));
                        }
                    },
                    _ => visit(&message),
                }
            }
        }
    }

    /// Waits until something can be read; false when `timeout` passed. No timeout waits for ever.
    pub(crate) fn readable(&self, timeout: Option<Duration>) -> Result<bool, Errno> {
        any_readable([self], timeout)
    }

    /// Reads and discards what has come in on a listening socket: only that something changed is of interest.
    ///
    /// True when there was something; an overrun counts, for it means that changes were missed.
    pub(crate) fn drain(&mut self) -> Result<bool, Errno> {
        let mut any = false;
        while self.readable(Some(Duration::ZERO))? {
            match self.receive() {
                Ok(_) | Err(Errno::ENOBUFS) => any = true,
                Err(errno) => return Err(errno),
            }
        }
        Ok(any)
    }

    /// Reads one datagram into the buffer, which grows to hold it.
    fn receive(&mut self) -> Result<usize, Errno> {
        let peek = MsgFlags::MSG_PEEK | MsgFlags::MSG_TRUNC;
        let needed = retry(|| recv(self.fd.as_raw_fd(), &mut self.buffer[..HEADER], peek))?;
        if needed > self.buffer.len() {
            self.buffer.resize(needed, 0);
        }
        retry(|| recv(self.fd.as_raw_fd(), &mut self.buffer, MsgFlags::empty()))
    }
}

/// Waits until something can be read from one of these; false when `timeout` passed. No timeout waits for ever.
pub(crate) fn any_readable<'a>(
    sockets: impl IntoIterator<Item = &'a Socket>,
    timeout: Option<Duration>,
) -> Result<bool, Errno> {
    let limit = match timeout {
        Some(timeout) => PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX),
        None => PollTimeout::NONE,
    };
    let poll_fd = |socket: &'a Socket| PollFd::new(socket.fd.as_fd(), PollFlags::POLLIN);
    match poll(&mut sockets.into_iter().map(poll_fd).collect::<Vec<_>>(), limit) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno),
    }
}

fn retry(mut call: impl FnMut() -> Result<usize, Errno>) -> Result<usize, Errno> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
}
