use super::arrays::ControlWord;
use super::clock::Now;
use super::pins::system;
use crate::EngineError;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;

/// A thread that begins a new epoch whenever the kernel says that routes, rules, neighbours, links or addresses of
/// this network namespace have changed, and vouches for the current one twice a second.
pub(crate) struct RouteWatch {
    stop: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

/// How often the epoch is vouched for, and for how long: a daemon that dies is missed after two seconds at most.
const INTERVAL_MS: u16 = 500;
const VOUCHED_MS: u32 = 2_000;

/// Groups of linux/rtnetlink.h: links, neighbours, addresses, routes, rules and settings such as forwarding of both
/// families, and next-hop objects.
const GROUPS: u32 = group(1)
    | group(3)
    | group(5)
    | group(7)
    | group(8)
    | group(9)
    | group(11)
    | group(19)
    | group(24)
    | group(25)
    | group(32);

const fn group(number: u32) -> u32 {
    1 << (number - 1)
}

// === impl RouteWatch ===

impl RouteWatch {
    pub(crate) fn start(control: Arc<ControlWord>) -> Result<RouteWatch, EngineError> {
        let failed = |errno: Errno| system("listen for changes of routes".to_owned(), errno.into());
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let netlink = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)
            .map_err(failed)?;
        bind(netlink.as_raw_fd(), &NetlinkAddr::new(0, GROUPS)).map_err(failed)?;
        let stop = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC).map_err(failed)?);
        let stopped = Arc::clone(&stop);
        // What happened before we listened belongs to an earlier epoch.
        control.advance();
        vouch(&control);
        let thread = std::thread::Builder::new()
            .name("routes".to_owned())
            .spawn(move || watch(&netlink, &stopped, &control))
            .map_err(|source| system("start a thread".to_owned(), source))?;
        Ok(RouteWatch { stop, thread: Some(thread) })
    }
}

impl Drop for RouteWatch {
    fn drop(&mut self) {
        if let (Ok(_), Some(thread)) = (self.stop.write(1), self.thread.take()) {
            let _ended = thread.join();
        }
    }
}

fn watch(netlink: &OwnedFd, stop: &EventFd, control: &ControlWord) {
    loop {
        let mut fds =
            [PollFd::new(netlink.as_fd(), PollFlags::POLLIN), PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut fds, PollTimeout::from(INTERVAL_MS));
        if matches!(ready, Err(errno) if errno != Errno::EINTR) || fds[1].any() == Some(true) {
            control.vouched_until_ms.store(0);
            return;
        }
        if fds[0].any() == Some(true) {
            drain(netlink);
            control.advance();
        }
        vouch(control);
    }
}

/// Reads what has come. What exactly changed does not matter, nor that messages were lost (`ENOBUFS`).
fn drain(netlink: &OwnedFd) {
    let mut buffer = [0_u8; 16 << 10];
    while let Ok(1..) | Err(Errno::ENOBUFS) = recv(netlink.as_raw_fd(), &mut buffer, MsgFlags::empty()) {}
}

fn vouch(control: &ControlWord) {
    if let Ok(now) = Now::read() {
        control.vouched_until_ms.store(now.ms.wrapping_add(VOUCHED_MS));
    }
}
