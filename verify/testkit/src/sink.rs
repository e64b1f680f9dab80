//! The end of the road for test traffic: an XDP program that counts and drops.

use aya::maps::{Array, MapData, PerCpuArray};
use zerocopy::transmute;

use crate::Error;
use crate::netns::Link;
use crate::probes::layout::{CAPTURE_SLOTS, Captured, SinkCounters};
use crate::probes::{Probes, map_failed};

const COUNTERS: &str = "SINK_COUNTERS";
const LIMIT: &str = "SINK_LIMIT";
const FRAMES: &str = "SINK_FRAMES";

/// Counts all frames that arrive on an interface and drops them, until it is dropped itself.
#[derive(Debug)]
pub struct Sink {
    probes: Probes,
}

/// What a sink has counted, over all CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SinkCounts {
    /// Unicast frames.
    pub packets: u64,
    /// Their bytes, from the Ethernet header on.
    pub bytes: u64,
    /// Multicast and broadcast frames, which are not in `packets`: hosts send ARP and neighbour discovery unasked.
    pub multicast: u64,
}

/// A unicast frame that a sink has kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedFrame {
    /// Length of the frame on the wire.
    pub len: usize,
    /// Its first bytes, at most 256.
    pub bytes: Vec<u8>,
}

// === impl Sink ===

impl Sink {
    /// Attaches a sink in driver mode.
    ///
    /// # Errors
    /// [`Error::NoProbes`], or what kept the program from being attached, another XDP program say.
    pub fn attach(link: Link<'_>) -> Result<Self, Error> {
        Self::capturing(link, 0)
    }

    /// Attaches a sink that also keeps the first frames: up to `frames` of each CPU, at most 64.
    ///
    /// # Errors
    /// See [`Sink::attach`].
    pub fn capturing(link: Link<'_>, frames: u32) -> Result<Self, Error> {
        let mut probes = Probes::load()?;
        let mut limit: Array<&mut MapData, u32> = probes.map(LIMIT)?;
        limit.set(0, frames.min(CAPTURE_SLOTS), 0).map_err(|source| map_failed(LIMIT, source))?;
        probes.attach_xdp("sink", link)?;
        Ok(Self { probes })
    }

    /// What has been counted since the sink was attached.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn counts(&mut self) -> Result<SinkCounts, Error> {
        let mut counts = SinkCounts::default();
        for cpu in self.counters()? {
            counts.packets += cpu.packets;
            counts.bytes += cpu.bytes;
            counts.multicast += cpu.multicast;
        }
        Ok(counts)
    }

    /// The frames kept, in order of arrival if one CPU received them all.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn frames(&mut self) -> Result<Vec<CapturedFrame>, Error> {
        let kept: Vec<u64> = self.counters()?.iter().map(|cpu| cpu.captured).collect();
        let map: PerCpuArray<&mut MapData, [u8; size_of::<Captured>()]> = self.probes.map(FRAMES)?;
        let mut frames = Vec::new();
        for slot in 0..CAPTURE_SLOTS {
            let values = map.get(&slot, 0).map_err(|source| map_failed(FRAMES, source))?;
            for (value, kept) in values.iter().zip(&kept) {
                if u64::from(slot) < *kept {
                    let captured: Captured = transmute!(*value);
                    frames.push(captured.into());
                }
            }
        }
        Ok(frames)
    }

    fn counters(&mut self) -> Result<Vec<SinkCounters>, Error> {
        let map: PerCpuArray<&mut MapData, [u8; size_of::<SinkCounters>()]> = self.probes.map(COUNTERS)?;
        let values = map.get(&0, 0).map_err(|source| map_failed(COUNTERS, source))?;
        Ok(values.iter().map(|value| transmute!(*value)).collect())
    }
}

// === impl CapturedFrame ===

impl From<Captured> for CapturedFrame {
    fn from(captured: Captured) -> Self {
        let as_len = |len: u32| usize::try_from(len).expect("a frame's length fits");
        Self { len: as_len(captured.len), bytes: captured.bytes[..as_len(captured.kept)].to_vec() }
    }
}
