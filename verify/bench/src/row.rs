//! The rows of the table.

use flumen_testkit::generator::{Order, Spec};
use flumen_testkit::rig::Device;

use crate::bed::Middle;
use crate::configuration::Rules;

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
    pub(crate) flow_count: u32,
    /// The traffic is TCP.
    pub(crate) tcp: bool,
    pub(crate) flows: Flows,
    /// The row whose time is taken away.
    pub(crate) floor: &'static str,
    /// The bare redirect to compare with.
    pub(crate) redirect: Option<&'static str>,
    /// The peer to compare with.
    pub(crate) nft: Option<&'static str>,
}

const DROP: &str = "floor/xdp-drop";
const DROP6: &str = "floor/xdp-drop-udp6";
const REDIRECT: &str = "floor/xdp-redirect";
const REDIRECT6: &str = "floor/xdp-redirect-udp6";
const STATEFUL: &str = "peer/nft-stateful";
const MASQUERADE: &str = "peer/nft-masquerade";
const STATEFUL_NEW: &str = "peer/nft-stateful-new";
const MASQUERADE_NEW: &str = "peer/nft-masquerade-new";

/// Flows that new sessions are drawn from, one after the other: more than a run has packets.
const FRESH: u32 = 4_000_000;

/// Every row, floors and peers first.
pub(crate) fn rows() -> Vec<Row> {
    let (udp4, udp6, tcp4) = (Spec::udp4(), Spec::udp6(), Spec::tcp4());
    let (drop, redirect) = (Middle::Kernel(Device::XdpDrop), Middle::Kernel(Device::XdpRedirect));
    let (snat, plain) = (Middle::Flumen(Rules::SourceNat), Middle::Flumen(Rules::Plain));
    vec![
        Row::known(DROP, drop, udp4.clone()),
        Row::known(REDIRECT, redirect, udp4.clone()),
        Row::known(DROP6, drop, udp6.clone()),
        Row::known(REDIRECT6, redirect, udp6.clone()).ipv6(),
        Row::known("peer/kernel-forward", Middle::Kernel(Device::KernelForward), udp4.clone()),
        Row::known(STATEFUL, Middle::Kernel(Device::NftStateful), udp4.clone()),
        Row::known(MASQUERADE, Middle::Kernel(Device::NftMasquerade), udp4.clone()),
        Row::new(STATEFUL_NEW, Middle::KernelFresh(Device::NftStateful)),
        Row::new(MASQUERADE_NEW, Middle::KernelFresh(Device::NftMasquerade)),
        Row::known("flumen/udp4-snat/1", snat, udp4.clone()).beside(MASQUERADE),
        Row::known("flumen/udp4-snat/10k", snat, udp4.clone()).among(10_000).beside(MASQUERADE),
        Row::known("flumen/udp4-snat/1m", snat, udp4.clone()).among(1_000_000).beside(MASQUERADE),
        Row::known("flumen/udp4-plain/1", plain, udp4).beside(STATEFUL),
        Row { tcp: true, ..Row::known("flumen/tcp4-snat/1", snat, tcp4).beside(MASQUERADE) },
        Row::known("flumen/udp6-plain/1", plain, udp6).ipv6().beside(STATEFUL),
        Row::new("flumen/udp4-snat-new", Middle::FlumenFresh(Rules::SourceNat)).beside(MASQUERADE_NEW),
        Row::new("flumen/udp4-new/policies-10", Middle::FlumenFresh(Rules::Policies(10)))
            .beside(STATEFUL_NEW),
        Row::new("flumen/udp4-new/policies-10k", Middle::FlumenFresh(Rules::Policies(10_000)))
            .beside(STATEFUL_NEW),
    ]
}

// === impl Row ===

impl Row {
    fn known(name: &'static str, middle: Middle, traffic: Spec) -> Self {
        let (floor, redirect) = (DROP, Some(REDIRECT));
        let (flow_count, flows, tcp, nft) = (1, Flows::Known, false, None);
        Self { name, middle, traffic, flow_count, tcp, flows, floor, redirect, nft }
    }

    fn new(name: &'static str, middle: Middle) -> Self {
        let known = Self::known(name, middle, Spec::udp4().flows(FRESH));
        Self { flows: Flows::New, redirect: Some(REDIRECT), ..known }
    }

    /// So many flows, hit in pseudo-random order.
    fn among(self, flow_count: u32) -> Self {
        let traffic = self.traffic.flows(flow_count).order(Order::Random);
        Self { traffic, flow_count, ..self }
    }

    /// Its frames are longer: they have floors of their own.
    fn ipv6(self) -> Self {
        Self { floor: DROP6, redirect: Some(REDIRECT6), ..self }
    }

    fn beside(self, nft: &'static str) -> Self {
        Self { nft: Some(nft), ..self }
    }

    /// It is a floor itself: nothing is taken away that it could be compared with.
    pub(crate) fn is_drop(&self) -> bool {
        self.middle == Middle::Kernel(Device::XdpDrop)
    }

    /// Rows that this one's numbers are made of.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &'static str> {
        [Some(self.floor), self.redirect, self.nft].into_iter().flatten()
    }
}
