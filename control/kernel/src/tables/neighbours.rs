use super::{LinkNames, ip, name};
use crate::KernelError;
use crate::address::addr;
use crate::neighbour::HEADER;
use crate::netlink::{Attributes, Message, Socket, u16_ne, u32_ne};
use flumen_abi::IfIndex;
use nix::libc::{NDA_DST, NDA_LLADDR, NTF_ROUTER, NUD_NOARP, RTM_GETNEIGH, RTM_NEWNEIGH};
use std::net::IpAddr;

/// What the kernel knows of one neighbour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeighbourEntry {
    /// Its address.
    pub address: IpAddr,
    /// Name of the link that it is on.
    pub link: String,
    /// Its Ethernet address; none as long as it has not answered, or on a link that has none.
    pub mac: Option<[u8; 6]>,
    /// How sure the kernel is of it.
    pub state: NeighbourState,
    /// It calls itself a router (IPv6).
    pub router: bool,
}

/// How sure the kernel is of a neighbour (RFC 4861 §7.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeighbourState {
    /// Asked for, has not answered yet.
    Incomplete,
    /// Has answered lately.
    Reachable,
    /// Has answered once; asked again when needed.
    Stale,
    /// Used, and asked again soon.
    Delay,
    /// Is being asked again.
    Probe,
    /// Does not answer.
    Failed,
    /// Was set by hand.
    Permanent,
    /// Anything else, by its bits (`ndm_state`).
    Other(u16),
}

pub(super) fn read(socket: &mut Socket, names: &LinkNames) -> Result<Vec<NeighbourEntry>, KernelError> {
    socket.dump("read the neighbours", RTM_GETNEIGH, &[0; HEADER], |message| parse(message, names))
}

fn parse(message: &Message<'_>, names: &LinkNames) -> Option<NeighbourEntry> {
    if message.kind != RTM_NEWNEIGH {
        return None;
    }
    let header = message.payload.get(..HEADER)?;
    let state = u16_ne(&header[8..10])?;
    // Groups, and links without link-layer addresses: nobody is asked.
    if state == 0 || state & NUD_NOARP != 0 {
        return None;
    }
    let attributes = Attributes::new(&message.payload[HEADER..]);
    Some(NeighbourEntry {
        address: ip(addr(header[0], attributes.get(NDA_DST)?)?),
        link: name(names, IfIndex(u32_ne(&header[4..8])?)),
        mac: attributes.get(NDA_LLADDR).and_then(|value| value.try_into().ok()),
        state: NeighbourState::from(state),
        router: header[10] & NTF_ROUTER != 0,
    })
}

impl From<u16> for NeighbourState {
    fn from(bits: u16) -> NeighbourState {
        match bits {
            0x01 => NeighbourState::Incomplete,
            0x02 => NeighbourState::Reachable,
            0x04 => NeighbourState::Stale,
            0x08 => NeighbourState::Delay,
            0x10 => NeighbourState::Probe,
            0x20 => NeighbourState::Failed,
            0x80 => NeighbourState::Permanent,
            other => NeighbourState::Other(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HEADER, RTM_NEWNEIGH, parse};
    use crate::netlink::Message;
    use crate::tables::LinkNames;

    #[test]
    fn no_payload_makes_the_parser_panic() {
        bolero::check!().for_each(|payload: &[u8]| {
            let message = Message { kind: RTM_NEWNEIGH, flags: 0, sequence: 0, payload };
            let read = parse(&message, &LinkNames::new());
            assert!(read.is_none() || payload.len() >= HEADER);
        });
    }
}
