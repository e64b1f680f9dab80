//! The rows of the table.

use flumen_abi::limits::SESSIONS_DEFAULT;
use flumen_testkit::generator::{Order, Spec, TransportChecksum};
use flumen_testkit::packet::Packet;
use flumen_testkit::rig::Device;
use flumen_testkit::topology::Segment;

use crate::bed::Middle;
use crate::configuration::{MIRRORED_PORT, Rules, nft_rules};

/// What the device knows of the flows when a run starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flows {
    /// Each of them, from before.
    Known,
    /// None: every packet opens a session.
    New,
}

/// One row: traffic through a device.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// As the report calls it.
    pub(crate) name: &'static str,
    pub(crate) middle: Middle,
    pub(crate) traffic: Spec,
    /// The traffic is TCP.
    pub(crate) tcp: bool,
    pub(crate) flows: Flows,
    /// The row whose time is taken away.
    pub(crate) floor: &'static str,
    /// The bare redirect to compare with; none for what has no forwarding in it.
    pub(crate) redirect: Option<&'static str>,
    /// The peer to compare with.
    pub(crate) nft: Option<&'static str>,
}

/// The floor under everything.
pub(crate) const DROP: &str = "floor/xdp-drop";
/// The least that a forwarder can cost.
pub(crate) const REDIRECT: &str = "floor/xdp-redirect";
const DROP6: &str = "floor/xdp-drop-udp6";
const REDIRECT6: &str = "floor/xdp-redirect-udp6";
/// Floors of mirrored traffic: the same frames, outer headers and all.
const DROP_1450: &str = "floor/xdp-drop-vxlan-1450";
const REDIRECT_1450: &str = "floor/xdp-redirect-vxlan-1450";
const DROP_128: &str = "floor/xdp-drop-vxlan-128";
const REDIRECT_128: &str = "floor/xdp-redirect-vxlan-128";
const STATEFUL: &str = "peer/nft-stateful";
const MASQUERADE: &str = "peer/nft-masquerade";
const STATEFUL_NEW: &str = "peer/nft-stateful-new";
const POLICIES_NEW: &str = "peer/nft-stateful-new/policies-10";
const MASQUERADE_NEW: &str = "peer/nft-masquerade-new";

/// Flows that new sessions are made of, one after the other: many more than a run has packets.
const FRESH: u32 = 4_000_000;

/// Room for the rows with a million sessions.
pub(crate) const MILLION: u32 = 1 << 20;

/// Every row, floors and peers first.
pub(crate) fn rows() -> Vec<Row> {
    let (udp4, udp6, tcp4) = (Spec::udp4(), Spec::udp6(), Spec::tcp4());
    let kernel = Middle::Kernel;
    let snat = Middle::Flumen(Rules::SourceNat, SESSIONS_DEFAULT);
    let plain = Middle::Flumen(Rules::Plain, SESSIONS_DEFAULT);
    let large = Middle::Flumen(Rules::SourceNat, MILLION);
    let mirror = Middle::Flumen(Rules::Mirror, SESSIONS_DEFAULT);
    let mut rows = floors();
    rows.extend(mirror_floors());
    rows.extend([
        Row::known("peer/kernel-forward", kernel(Device::KernelForward), udp4.clone()),
        Row::known(STATEFUL, kernel(Device::NftStateful), udp4.clone()),
        Row::known(MASQUERADE, kernel(Device::NftMasquerade), udp4.clone()),
        Row::new(STATEFUL_NEW, Middle::KernelFresh(Device::NftStateful)),
        Row::new(POLICIES_NEW, Middle::KernelFresh(Device::NftRules(nft_rules(10).leak()))),
        Row::new(MASQUERADE_NEW, Middle::KernelFresh(Device::NftMasquerade)),
        Row::known("flumen/udp4-snat/1", snat, udp4.clone()).beside(MASQUERADE),
        Row::known("flumen/udp4-snat/10k", snat, among(10_000)).beside(MASQUERADE),
        Row::known("flumen/udp4-snat/1m", large, among(1_000_000)).beside(MASQUERADE),
        Row::known("flumen/udp4-plain/1", plain, udp4).beside(STATEFUL),
        Row { tcp: true, ..Row::known("flumen/tcp4-snat/1", snat, tcp4).beside(MASQUERADE) },
        Row::known("flumen/udp6-plain/1", plain, udp6).ipv6().beside(STATEFUL),
        Row::new("flumen/udp4-snat-new", Middle::FlumenFresh(Rules::SourceNat)).beside(MASQUERADE_NEW),
        Row::new("flumen/udp4-plain-new", Middle::FlumenFresh(Rules::Plain)).beside(STATEFUL_NEW),
        Row::new("flumen/udp4-new/policies-10", Middle::FlumenFresh(Rules::Policies(10)))
            .beside(POLICIES_NEW),
        Row::new("flumen/udp4-new/policies-10k", Middle::FlumenFresh(Rules::Policies(10_000)))
            .beside(POLICIES_NEW),
        Row::known("flumen/mirror-vxlan/1450", mirror, vxlan(1450)).above(DROP_1450, REDIRECT_1450),
        Row::known("flumen/mirror-vxlan/128", mirror, vxlan(128)).above(DROP_128, REDIRECT_128),
    ]);
    rows
}

/// The rows of somebody else's device.
pub(crate) fn external() -> Vec<Row> {
    let device = Middle::Kernel(Device::External);
    let mut rows = floors();
    rows.extend([
        Row::known("external/udp4/1", device, Spec::udp4()),
        Row::known("external/udp4/10k", device, among(10_000)),
        Row::known("external/udp6/1", device, Spec::udp6()).ipv6(),
        Row::new("external/udp4-new", device),
    ]);
    rows
}

fn floors() -> Vec<Row> {
    let (drop, redirect) = (Middle::Kernel(Device::XdpDrop), Middle::Kernel(Device::XdpRedirect));
    vec![
        Row { redirect: None, ..Row::known(DROP, drop, Spec::udp4()) },
        Row { redirect: None, ..Row::known(DROP6, drop, Spec::udp6()).ipv6() },
        Row::known(REDIRECT, redirect, Spec::udp4()),
        Row::known(REDIRECT6, redirect, Spec::udp6()).ipv6(),
    ]
}

fn mirror_floors() -> impl Iterator<Item = Row> {
    let (drop, redirect) = (Middle::Kernel(Device::XdpDrop), Middle::Kernel(Device::XdpRedirect));
    let of = [(DROP_1450, REDIRECT_1450, 1450), (DROP_128, REDIRECT_128, 128)];
    of.into_iter().flat_map(move |(on_drop, on_redirect, bytes)| {
        let floor = |name, device| Row::known(name, device, vxlan(bytes)).above(on_drop, on_redirect);
        [Row { redirect: None, ..floor(on_drop, drop) }, floor(on_redirect, redirect)]
    })
}

/// So many flows to as many destinations, in pseudo-random order.
fn among(flows: u32) -> Spec {
    Spec::udp4().flows(flows).order(Order::Random)
}

/// UDP in frames of so many bytes, mirrored in VXLAN to the gateway.
fn vxlan(bytes: usize) -> Spec {
    const HEADERS: usize = 14 + 20 + 8;
    let inner = Packet::eth()
        .macs([2, 7, 0, 0, 0, 1], [2, 7, 0, 0, 0, 2])
        .ipv4("192.0.2.7", "198.51.100.9")
        .df()
        .udp(MIRRORED_PORT, 9000)
        .payload_len(bytes - HEADERS);
    let (mirrored, gateway) = (Segment::Lan.host().v4, Segment::Lan.gateway().v4);
    Spec::udp4()
        .addresses(mirrored.into(), gateway.into())
        .ports(50_000, 4789)
        .checksum(TransportChecksum::Zero)
        .vxlan(1, inner)
}

/// The rows whose names `patterns` have a part of, and the rows that their numbers are made of.
pub(crate) fn select(rows: Vec<Row>, patterns: &[String]) -> Vec<Row> {
    if patterns.is_empty() {
        return rows;
    }
    let mut wanted: Vec<&str> = Vec::new();
    for row in &rows {
        if patterns.iter().any(|pattern| row.name.contains(pattern.as_str())) {
            wanted.extend(row.needs());
        }
    }
    // a peer has floors too
    let needed: Vec<&str> =
        rows.iter().filter(|row| wanted.contains(&row.name)).flat_map(Row::needs).collect();
    rows.into_iter().filter(|row| wanted.contains(&row.name) || needed.contains(&row.name)).collect()
}

// === impl Flows ===

impl Flows {
    /// As the report says it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::New => "new",
        }
    }
}

// === impl Row ===

impl Row {
    fn known(name: &'static str, middle: Middle, traffic: Spec) -> Self {
        Self {
            name,
            middle,
            traffic,
            tcp: false,
            flows: Flows::Known,
            floor: DROP,
            redirect: Some(REDIRECT),
            nft: None,
        }
    }

    fn new(name: &'static str, middle: Middle) -> Self {
        Self { flows: Flows::New, ..Self::known(name, middle, Spec::udp4().flows(FRESH)) }
    }

    /// The generator writes its frames at another cost: they have floors of their own.
    fn ipv6(self) -> Self {
        self.above(DROP6, REDIRECT6)
    }

    fn above(self, floor: &'static str, redirect: &'static str) -> Self {
        Self { floor, redirect: self.redirect.map(|_| redirect), ..self }
    }

    fn beside(self, nft: &'static str) -> Self {
        Self { nft: Some(nft), ..self }
    }

    /// Itself and the rows that its numbers are made of.
    fn needs(&self) -> Vec<&'static str> {
        [Some(self.name), Some(self.floor), self.redirect, self.nft].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{DROP, MASQUERADE, REDIRECT, rows, select};

    fn names(pattern: &str) -> Vec<&'static str> {
        select(rows(), &[pattern.to_owned()]).iter().map(|row| row.name).collect()
    }

    #[test]
    fn every_row_that_another_is_compared_with_is_there() {
        let rows = rows();
        for need in rows.iter().flat_map(|row| row.needs()) {
            assert_eq!(rows.iter().filter(|row| row.name == need).count(), 1, "{need}");
        }
    }

    #[test]
    fn a_selected_row_brings_what_it_is_compared_with() {
        assert_eq!(names("udp4-snat/10k"), [DROP, REDIRECT, MASQUERADE, "flumen/udp4-snat/10k"]);
    }
}
