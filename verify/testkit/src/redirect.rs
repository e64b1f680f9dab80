//! The barest forwarder there can be: the floor under every speed.

use aya::maps::xdp::XdpMapError;
use aya::maps::{Array, DevMap, MapData};

use crate::Error;
use crate::netns::Link;
use crate::packet::Mac;
use crate::probes::{Probes, map_failed};

const PORT: &str = "REDIRECT_PORT";
const MACS: &str = "REDIRECT_MACS";

/// Sends every frame that arrives on one interface out of another one of the same namespace, with new MAC addresses and
/// no other change, until it is dropped. One direction.
#[derive(Debug)]
pub struct Redirect {
    _probes: Probes,
}

// === impl Redirect ===

impl Redirect {
    /// Attaches the program to `from`, in driver mode. Frames leave through `to` from `src` to `dst`.
    ///
    /// # Errors
    /// [`Error::NoProbes`], [`Error::NoLink`], or what kept the program from being attached.
    pub fn attach(from: Link<'_>, to: Link<'_>, src: Mac, dst: Mac) -> Result<Self, Error> {
        let mut probes = Probes::load()?;
        let mut macs: Array<&mut MapData, [u8; 12]> = probes.map(MACS)?;
        let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (dst.0, src.0);
        let words = [a, b, c, d, e, f, g, h, i, j, k, l];
        macs.set(0, words, 0).map_err(|source| map_failed(MACS, source))?;

        let ifindex = to.ifindex()?;
        let mut port: DevMap<&mut MapData> = probes.map(PORT)?;
        // the kernel looks the index up in the namespace of the thread that asks
        let set = to.namespace().run(|| port.set(0, ifindex, None, 0))?;
        set.map_err(|error| match error {
            XdpMapError::MapError(source) => map_failed(PORT, source),
            XdpMapError::ChainedProgramNotSupported => unreachable!("no program is chained"),
        })?;
        probes.attach_xdp("redirect", from)?;
        Ok(Self { _probes: probes })
    }
}
