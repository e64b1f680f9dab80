use crate::KernelError;
use crate::address::{bytes, family};
use crate::netlink::{AttributeWriter, Attributes, Message, Socket, u16_ne, u32_ne};
use flumen_abi::{Addr, IfIndex};
use nix::errno::Errno;
use nix::libc::{
    NDA_DST, NDA_LLADDR, NUD_DELAY, NUD_NOARP, NUD_PERMANENT, NUD_PROBE, NUD_REACHABLE, NUD_STALE,
    RTM_GETNEIGH, RTM_NEWNEIGH,
};

/// What the kernel knows of a next hop on its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbour {
    /// Its link-layer address may be used.
    Known([u8; 6]),
    /// Not resolved; the kernel asks when it has a packet for it.
    Unknown,
    /// The link has no link-layer addresses.
    NotNeeded,
}

/// What the kernel's own look-up accepts; not among its public names.
const NUD_VALID: u16 = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;
/// `struct ndmsg`: family, three of padding, index, state, flags, type.
pub(crate) const HEADER: usize = 12;

/// Asks for one neighbour.
pub(crate) fn neighbour(socket: &mut Socket, link: IfIndex, addr: Addr) -> Result<Neighbour, KernelError> {
    let mut request = vec![family(addr), 0, 0, 0];
    request.extend(link.0.to_ne_bytes());
    request.extend([0; 4]);
    request.extend(AttributeWriter::default().put(NDA_DST, &bytes(addr)).into_bytes());
    match socket.ask(&format!("look up neighbour {addr}"), RTM_GETNEIGH, &request, parse) {
        Ok(found) => Ok(found.unwrap_or(Neighbour::Unknown)),
        Err(error) if error.is(Errno::ENOENT) => Ok(Neighbour::Unknown),
        Err(error) => Err(error),
    }
}

fn parse(message: &Message<'_>) -> Option<Neighbour> {
    if message.kind != RTM_NEWNEIGH {
        return None;
    }
    let header = message.payload.get(..HEADER)?;
    u32_ne(&header[4..8])?;
    let state = u16_ne(&header[8..10])?;
    let address = Attributes::new(&message.payload[HEADER..]).get(NDA_LLADDR);
    Some(match address.and_then(|value| <[u8; 6]>::try_from(value).ok()) {
        Some(mac) if state & NUD_VALID != 0 => Neighbour::Known(mac),
        None if state & NUD_NOARP != 0 => Neighbour::NotNeeded,
        _ => Neighbour::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::{HEADER, RTM_NEWNEIGH, parse};
    use crate::netlink::Message;

    #[test]
    fn no_payload_makes_the_parser_panic() {
        bolero::check!().for_each(|payload: &[u8]| {
            let read = parse(&Message { kind: RTM_NEWNEIGH, flags: 0, sequence: 0, payload });
            assert!(read.is_none() || payload.len() >= HEADER);
        });
    }
}
