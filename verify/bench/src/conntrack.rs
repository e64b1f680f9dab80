//! Emptying the kernel's connection table, as `conntrack -F` does.

use anyhow::{Context, Result, ensure};
use flumen_testkit::netns::Netns;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};
use std::os::fd::AsRawFd;

/// `NLM_F_REQUEST | NLM_F_ACK`.
const REQUEST_WITH_ANSWER: u16 = 1 | 4;

/// Subsystem ctnetlink (1), message `IPCTNL_MSG_CT_DELETE` (2): without attributes it deletes everything.
const DELETE: u16 = 1 << 8 | 2;

/// `NLMSG_ERROR`, which carries 0 when all went well.
const ANSWER: u16 = 2;

/// Removes every connection of a namespace.
///
/// # Errors
/// When the kernel does not speak ctnetlink or refuses.
pub(crate) fn flush(namespace: &Netns) -> Result<()> {
    namespace.run(delete_all)?.context("cannot empty the connection table")
}

fn delete_all() -> Result<()> {
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkNetFilter,
    )?;
    let mut message = Vec::new();
    message.extend(20_u32.to_ne_bytes()); // length: header and nfgenmsg
    message.extend(DELETE.to_ne_bytes());
    message.extend(REQUEST_WITH_ANSWER.to_ne_bytes());
    message.extend([0; 8]); // sequence number, port
    message.extend([0; 4]); // any family, version 0
    sendto(socket.as_raw_fd(), &message, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
    let mut answer = [0; 64];
    let length = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    ensure!(length >= 20 && answer[4..6] == ANSWER.to_ne_bytes(), "an answer of another kind");
    let error = i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]);
    ensure!(error == 0, "{}", nix::errno::Errno::from_raw(-error));
    Ok(())
}
