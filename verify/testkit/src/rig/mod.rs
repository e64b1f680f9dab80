//! The lossless benchmark rig: generator — device under test — sink, three namespaces on one CPU.
//!
//! ```text
//! generator            device under test               sink
//!  eth0 10.1.0.2 ──── lan 10.1.0.1  wan 203.0.113.1 ──── eth0 203.0.113.2
//! ```
//! The addresses are those of [`Segment`]; 100.64.0.0/10 and 2001:db8:f::/48, to which a [`Spec`] sends when nothing
//! else is said, lie behind the sink. Neighbours are permanent. XDP programs at both outer ends count what arrives and
//! drop it.
//!
//! The kernel must run softirqs on the CPU and thread that raised them: 6.12 and 6.18 do. 6.1 hands them to `ksoftirqd`
//! under load, and then the veths' queues overflow where the device is slow.
//!
//! A rate means something only when nothing was lost: every measurement compares what was sent with what arrived.

mod conntrack;
mod device;
mod measurement;

pub use conntrack::Conntrack;
pub use device::Device;
pub use measurement::{Measurement, median_ns};

use std::net::IpAddr;
use std::time::Duration;

use crate::generator::{Generator, Order, Spec};
use crate::netns::{Link, Netns, veth};
use crate::packet::{ACK, SYN};
use crate::topology::{Segment, bring_up, know, quieten, set_up};
use crate::{Error, Sink, wait_until};
use device::Installed;

/// How long the last packets of a run may take to arrive.
const SETTLE: Duration = Duration::from_millis(500);

/// Of both links. Ethernet header and one tag come on top.
const MTU: u32 = 1500;

/// Three namespaces in a row with a [`Device`] in the middle. Several rigs may stand side by side, so that the runs of
/// different devices can be interleaved; run one at a time.
#[derive(Debug)]
pub struct Rig {
    // programs go before the namespaces they are in
    _installed: Installed,
    /// At the generator.
    back: Sink,
    /// At the sink, or at the device when that drops.
    front: Sink,
    device: Device,
    generator: Netns,
    dut: Netns,
    sink: Netns,
}

/// Traffic to be sent more than once: each run goes on with the flow after the last one's.
#[derive(Clone, Debug)]
pub struct Traffic {
    spec: Spec,
    way: Way,
    next: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Forward,
    Back,
}

// === impl Rig ===

impl Rig {
    /// Sets everything up.
    ///
    /// # Errors
    /// [`Error::NotRoot`], [`Error::NoProbes`], or the command that failed.
    pub fn new(device: Device) -> Result<Self, Error> {
        let (generator, dut, sink) = (Netns::new("gen")?, Netns::new("dut")?, Netns::new("sink")?);
        quieten(&dut)?;
        for namespace in [&generator, &sink] {
            // the outer ends are programs; their kernels shall not add a packet to be counted
            namespace.sysctl("net.ipv6.conf.default.disable_ipv6", "1")?;
            namespace.sysctl("net.ipv6.conf.all.disable_ipv6", "1")?;
        }
        dut.sysctl("net.ipv4.ip_forward", "1")?;
        dut.sysctl("net.ipv6.conf.all.forwarding", "1")?;
        for (host, segment) in [(&generator, Segment::Lan), (&sink, Segment::Wan)] {
            veth((host, "eth0"), (&dut, segment.dev()))?;
            let (host, gateway) = (host.link("eth0"), dut.link(segment.dev()));
            bring_up(host, &segment.host(), MTU)?;
            set_up(gateway, &segment.gateway(), MTU)?;
            know(gateway, &segment.host())?;
        }
        let behind_sink = Segment::Wan.host();
        dut.route(&format!("100.64.0.0/10 via {}", behind_sink.v4))?;
        dut.route(&format!("2001:db8:f::/48 via {}", behind_sink.v6))?;

        let back = Sink::attach(generator.link("eth0"))?;
        let front = match device {
            Device::XdpDrop => Sink::attach(dut.link("lan"))?,
            _ => Sink::attach(sink.link("eth0"))?,
        };
        let installed = device.install(&dut)?;
        Ok(Self { _installed: installed, back, front, device, generator, dut, sink })
    }

    /// What stands in the middle.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The device's namespace, with the interfaces `lan` and `wan`.
    pub fn dut(&self) -> &Netns {
        &self.dut
    }

    /// The device's interface towards the generator.
    pub fn lan(&self) -> Link<'_> {
        self.dut.link("lan")
    }

    /// The device's interface towards the sink.
    pub fn wan(&self) -> Link<'_> {
        self.dut.link("wan")
    }

    /// Sends packets from the generator to the sink and measures them.
    ///
    /// # Errors
    /// See [`Rig::run`].
    pub fn measure(&mut self, spec: &Spec, packets: u64) -> Result<Measurement, Error> {
        self.run(&mut Traffic::forward(spec.clone()), packets)
    }

    /// Sends one packet of each flow, so that a device that keeps state knows them all. Of TCP, a SYN.
    ///
    /// The kernel looks up eight packets at a time before it enters a new connection into its table, and then drops
    /// all but the first when they are TCP segments of one connection: measure new TCP connections with one packet
    /// each, and established ones after this.
    ///
    /// # Errors
    /// See [`Rig::run`].
    pub fn warm_up(&mut self, spec: &Spec) -> Result<(), Error> {
        let first = spec.clone().order(Order::Sequential).tcp_flags(SYN);
        self.measure(&first, u64::from(spec.flows)).map(drop)
    }

    /// Makes every flow an established session, also in the kernel's eyes: a first packet, an answer to the address
    /// that the other side has seen, and for TCP the end of the handshake.
    ///
    /// `seen` is the source address that the sink sees. Where it is not the one sent, source addresses must not vary; ports
    /// must not be translated.
    ///
    /// # Errors
    /// See [`Rig::run`] and [`Spec::reply`].
    pub fn establish(&mut self, spec: &Spec, seen: IpAddr) -> Result<(), Error> {
        let packets = u64::from(spec.flows);
        self.warm_up(spec)?;
        let answers = spec.reply()?.order(Order::Sequential).tcp_flags(SYN | ACK);
        let to_seen = answers.clone().addresses(answers.source(), seen);
        self.run(&mut Traffic::back(to_seen), packets)?;
        let last = spec.clone().order(Order::Sequential).tcp_flags(ACK);
        self.measure(&last, packets).map(drop)
    }

    /// Sends the next packets of some traffic and measures them.
    ///
    /// # Errors
    /// [`Error::Loss`] when a packet did not arrive; see [`Generator::new`] and [`Generator::run`].
    pub fn run(&mut self, traffic: &mut Traffic, packets: u64) -> Result<Measurement, Error> {
        let before = self.arrived(traffic.way)?;
        let stats = {
            let (from, segment) = match traffic.way {
                Way::Forward => (&self.generator, Segment::Lan),
                Way::Back => (&self.sink, Segment::Wan),
            };
            let spec = traffic.spec.clone().default_macs(segment.host().mac, segment.gateway().mac);
            let mut generator = Generator::new(&spec, from.link("eth0"))?;
            generator.seek(traffic.next)?;
            generator.run(packets)?
        };
        traffic.advance(packets);
        let mut arrived = 0;
        let all_there = wait_until("all packets have arrived", SETTLE, || {
            arrived = self.arrived(traffic.way).unwrap_or_default() - before;
            arrived >= packets
        });
        let conntrack = if self.device.uses_conntrack() { Some(Conntrack::read(&self.dut)?) } else { None };
        if all_there.is_err() || arrived != packets {
            return Err(Error::Loss { sent: packets, arrived, hint: self.hint(conntrack)? });
        }
        Ok(Measurement { packets, elapsed: stats.elapsed, busy: stats.busy, conntrack })
    }

    /// Unicast packets counted so far where traffic of this way ends.
    fn arrived(&mut self, way: Way) -> Result<u64, Error> {
        let sink = match way {
            Way::Forward => &mut self.front,
            Way::Back => &mut self.back,
        };
        Ok(sink.counts()?.packets)
    }

    /// Counters that tell where packets went.
    fn hint(&self, conntrack: Option<Conntrack>) -> Result<String, Error> {
        let (lan, wan) = (self.lan().stats()?, self.wan().stats()?);
        Ok(format!("device {:?}: lan {lan:?}, wan {wan:?}, conntrack {conntrack:?}", self.device))
    }
}

// === impl Traffic ===

impl Traffic {
    /// From the generator to the sink, from flow 0 on.
    pub fn forward(spec: Spec) -> Self {
        Self { spec, way: Way::Forward, next: 0 }
    }

    /// From the sink to the generator, from flow 0 on; say the answers of [`Spec::reply`].
    pub fn back(spec: Spec) -> Self {
        Self { spec, way: Way::Back, next: 0 }
    }

    /// Its kind.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Goes on with this flow; in random order, with this draw.
    pub fn seek(&mut self, next: u32) {
        self.next = next;
    }

    fn advance(&mut self, packets: u64) {
        let numbers = match self.spec.order {
            Order::Sequential => u64::from(self.spec.flows),
            Order::Random => 1 << 32,
        };
        let next = (u64::from(self.next) + packets) % numbers;
        self.next = u32::try_from(next).expect("below 2^32");
    }
}

#[cfg(test)]
mod tests;
