//! Frames sent and received as they are, from a test into a namespace.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, recvmsg,
    send, sendmsg, setsockopt, socket, sockopt,
};
use nix::{setsockopt_impl, sockopt_impl};

use crate::Error;
use crate::netns::Netns;

// `struct tpacket_auxdata` of linux/if_packet.h, with each frame
sockopt_impl!(PacketAuxdata, SetOnly, libc::SOL_PACKET, libc::PACKET_AUXDATA, bool);
// a `struct virtio_net_hdr` before each frame
sockopt_impl!(PacketVnetHdr, SetOnly, libc::SOL_PACKET, libc::PACKET_VNET_HDR, bool);

/// Largest frame that can arrive: a GRO super-frame.
const MAX_FRAME: usize = 1 << 18;

/// A packet socket on one interface. It receives what arrives on the interface; VLAN tags that the kernel took out of
/// the frame are back in their place.
///
/// It sees a frame before the kernel's stack does, but only if no XDP program has taken it, and after GRO: consecutive
/// TCP segments may arrive as one frame.
#[derive(Debug)]
pub struct RawSocket {
    fd: OwnedFd,
    ifindex: usize,
    direction: Direction,
}

/// Which frames of an interface to receive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Frames that arrive.
    #[default]
    In,
    /// Frames that the namespace sends.
    Out,
    /// Both.
    Both,
}

/// A received frame with what the kernel says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The bytes from the Ethernet header on.
    pub frame: Vec<u8>,
    /// It was sent by the namespace.
    pub outgoing: bool,
    /// Its transport checksum is still to be completed.
    pub partial_checksum: bool,
}

/// Work that a sender leaves to the network card, as a virtual machine or a container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offload {
    /// Where the transport header starts, from the Ethernet header on.
    pub checksum_start: u16,
    /// Where the checksum field is, from `checksum_start` on: 16 for TCP, 6 for UDP.
    pub checksum_offset: u16,
    /// Kind and payload bytes of the segments to be cut from a frame that is larger than the MTU.
    pub segments: Option<(Gso, u16)>,
}

/// Kinds of segmentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gso {
    /// TCP over IPv4.
    TcpV4 = 1,
    /// TCP over IPv6.
    TcpV6 = 4,
    /// UDP datagrams.
    Udp = 5,
}

// === impl RawSocket ===

impl RawSocket {
    /// Opens a socket on an interface. It may be used on any thread.
    ///
    /// # Errors
    /// [`Error::NoLink`], [`Error::System`].
    pub fn open(namespace: &Netns, dev: &str) -> Result<Self, Error> {
        let open = || {
            let fd =
                socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)?;
            // its sockaddr_ll names the interface and no protocol, which leaves the socket's
            let Some(address) = link_address(dev)? else {
                return Ok(None);
            };
            bind(fd.as_raw_fd(), &address)?;
            setsockopt(&fd, PacketAuxdata, &true)?;
            setsockopt(&fd, sockopt::RcvBuf, &(4 << 20))?;
            Ok(Some((fd, address.ifindex())))
        };
        let opened =
            namespace.run(open)?.map_err(|source| Error::System { call: "a packet socket", source })?;
        let (fd, ifindex) = opened
            .ok_or_else(|| Error::NoLink { namespace: namespace.name().to_owned(), dev: dev.to_owned() })?;
        Ok(Self { fd, ifindex, direction: Direction::In })
    }

    /// Receives frames of this direction from now on.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// Sends a frame as it is.
    ///
    /// # Errors
    /// [`Error::System`], e.g. when the frame is larger than MTU, Ethernet header and one tag.
    pub fn send(&self, frame: &[u8]) -> Result<(), Error> {
        let sent = send(self.fd.as_raw_fd(), frame, MsgFlags::empty());
        sent.map(drop).map_err(|source| Error::System { call: "sending a frame", source })
    }

    /// Sends a frame that leaves checksum and segmentation to the network card. The checksum field holds the
    /// pseudo-header's sum: [`crate::packet::Checksum::Partial`].
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn send_offloaded(&self, frame: &[u8], offload: Offload) -> Result<(), Error> {
        let header = offload.virtio_header();
        let failed = |source| Error::System { call: "sending a frame with offload", source };
        let switch = |on: bool| setsockopt(&self.fd, PacketVnetHdr, &on).map_err(failed);
        switch(true)?;
        let parts = [IoSlice::new(&header), IoSlice::new(frame)];
        let sent = sendmsg::<()>(self.fd.as_raw_fd(), &parts, &[], MsgFlags::empty(), None);
        // what arrived in between has the header in front and is of no use
        switch(false)?;
        sent.map(drop).map_err(failed)
    }

    /// The next frame, or `None` when none came in time.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn recv(&self, timeout: Duration) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.recv_frame(timeout)?.map(|received| received.frame))
    }

    /// The next frame for which `wanted` is true, or `None` when none came in time. Others are thrown away.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn recv_matching(
        &self,
        timeout: Duration,
        mut wanted: impl FnMut(&[u8]) -> bool,
    ) -> Result<Option<Vec<u8>>, Error> {
        let end = Instant::now() + timeout;
        while let Some(frame) = self.recv(end.saturating_duration_since(Instant::now()))? {
            if wanted(&frame) {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    /// Throws away what has arrived so far, and returns how many frames.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn drain(&self) -> Result<usize, Error> {
        let mut frames = 0;
        while self.recv_frame(Duration::ZERO)?.is_some() {
            frames += 1;
        }
        Ok(frames)
    }

    /// Like [`RawSocket::recv`], with what the kernel says about the frame.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn recv_frame(&self, timeout: Duration) -> Result<Option<Received>, Error> {
        let end = Instant::now() + timeout;
        let failed = |source| Error::System { call: "receiving a frame", source };
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let left = PollTimeout::try_from(left.as_micros().div_ceil(1000)).unwrap_or(PollTimeout::MAX);
            let mut readable = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
            match poll(&mut readable, left) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(source) => return Err(failed(source)),
            }
            if let Some(received) = self.read().map_err(failed)? {
                return Ok(Some(received));
            }
        }
    }

    /// Reads a frame that is there; `None` when it is not of this interface and direction.
    fn read(&self) -> nix::Result<Option<Received>> {
        let mut bytes = vec![0; MAX_FRAME];
        let mut control = nix::cmsg_space!([u8; 20]);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let message =
            recvmsg::<LinkAddr>(self.fd.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::MSG_DONTWAIT);
        let message = match message {
            Ok(message) => message,
            Err(Errno::EAGAIN) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        let auxdata = message.cmsgs()?.find_map(Auxdata::read);
        let (len, address) = (message.bytes, message.address);
        bytes.truncate(len);
        let Some(address) = address.filter(|address| address.ifindex() == self.ifindex) else {
            return Ok(None);
        };
        let outgoing = address.pkttype() == libc::PACKET_OUTGOING;
        let wanted = match self.direction {
            Direction::In => !outgoing,
            Direction::Out => outgoing,
            Direction::Both => true,
        };
        if !wanted {
            return Ok(None);
        }
        if let Some((tpid, tci)) = auxdata.and_then(|auxdata| auxdata.tag()) {
            let tag = [tpid.to_be_bytes(), tci.to_be_bytes()].concat();
            bytes.splice(12..12, tag);
        }
        let partial_checksum =
            auxdata.is_some_and(|auxdata| auxdata.status & libc::TP_STATUS_CSUMNOTREADY != 0);
        Ok(Some(Received { frame: bytes, outgoing, partial_checksum }))
    }
}

/// Address of an interface of this thread's namespace.
fn link_address(dev: &str) -> nix::Result<Option<LinkAddr>> {
    let mut own = getifaddrs()?.filter(|address| address.interface_name == dev);
    Ok(own.find_map(|address| address.address?.as_link_addr().copied()))
}

/// What `PACKET_AUXDATA` says about a frame.
#[derive(Clone, Copy, Debug)]
struct Auxdata {
    status: u32,
    vlan_tci: u16,
    vlan_tpid: u16,
}

// === impl Auxdata ===

impl Auxdata {
    fn read(message: ControlMessageOwned) -> Option<Self> {
        let ControlMessageOwned::Unknown(message) = message else {
            return None;
        };
        let header = message.cmsg_header;
        if (header.cmsg_level, header.cmsg_type) != (libc::SOL_PACKET, libc::PACKET_AUXDATA) {
            return None;
        }
        let data = message.data_bytes;
        Some(Self {
            status: u32::from_ne_bytes(*data.first_chunk()?),
            vlan_tci: u16::from_ne_bytes(*data.get(16..)?.first_chunk()?),
            vlan_tpid: u16::from_ne_bytes(*data.get(18..)?.first_chunk()?),
        })
    }

    /// Type and control information of the tag that the kernel took out of the frame.
    fn tag(self) -> Option<(u16, u16)> {
        (self.status & libc::TP_STATUS_VLAN_VALID != 0).then_some((self.vlan_tpid, self.vlan_tci))
    }
}

// === impl Offload ===

impl Offload {
    /// `struct virtio_net_hdr`: flags, kind, header length, segment size, checksum start and offset.
    fn virtio_header(self) -> [u8; 10] {
        const NEEDS_CSUM: u8 = 1;
        let (kind, size) = self.segments.map_or((0, 0), |(kind, size)| (kind as u8, size));
        let [size_a, size_b] = size.to_ne_bytes();
        let [start_a, start_b] = self.checksum_start.to_ne_bytes();
        let [offset_a, offset_b] = self.checksum_offset.to_ne_bytes();
        [NEEDS_CSUM, kind, 0, 0, size_a, size_b, start_a, start_b, offset_a, offset_b]
    }
}

#[cfg(test)]
mod tests;
