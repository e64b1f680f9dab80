//! From bytes to a [`Packet`]: every length checked, every refusal with its own reason.

mod ipv4;
mod ipv6;
mod link;
mod sum;
mod transport;

pub(crate) use ipv6::{MAX_EXTENSIONS, extension_length, is_extension};
pub(crate) use link::link;
pub(crate) use sum::sum_words;
pub(crate) use transport::{kind_of_later, quoted_ports};

use crate::environment::Environment;
use crate::packet::Packet;
use crate::run::End;
use flumen_abi::Reason;
use flumen_frame::Frame;
use flumen_wire::tcp::Tcp;
use flumen_wire::{ethernet, proto};

/// True for a later fragment that would write over the TCP header of its first one, which must have all of it.
#[inline(always)]
fn overlaps(protocol: u8, offset: u32) -> bool {
    protocol == proto::TCP && offset < size_of::<Tcp>() as u32
}

/// Decodes the IP packet at `packet.l3` into the rest of `packet`; false, and `end` says why, when it cannot.
///
/// # Drops
/// [`Reason::NotIp`], and the reasons of IPv4, IPv6 and the transport headers.
///
/// Not inlined: in eBPF it has a stack of its own, and what the verifier knows of one packet's headers does not
/// multiply the paths behind it.
#[inline(never)]
pub(crate) fn ip<F: Frame, E: Environment>(frame: &F, packet: &mut Packet, end: &mut End) -> bool {
    let read = match packet.ethertype {
        ethernet::IPV4 => ipv4::decode::<F, E>(frame, packet),
        ethernet::IPV6 => ipv6::decode::<F, E>(frame, packet),
        _ => Err(Reason::NotIp),
    };
    match read.and_then(|()| transport::transport(frame, packet)) {
        Ok(()) => true,
        Err(reason) => {
            *end = reason.into();
            false
        }
    }
}
