use crate::ethtool::{Ethtool, Feature, Quantity, Span};
use crate::link::{HEADER, IFF_LOWER_UP, IFF_UP, each_link};
use crate::netdev::{BASIC, NDO_XMIT, Netdev, RX_SG};
use crate::netlink::{Attributes, Message, Protocol, Socket, text, u32_ne};
use crate::{KernelError, interrupt};
use flumen_abi::IfIndex;
use nix::libc::{IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, IFLA_MAX_MTU, IFLA_MTU, IFLA_XDP};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A network device: what it is, what its driver can do, and how it is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFacts {
    /// Kernel number.
    pub index: IfIndex,
    /// Kernel name.
    pub name: String,
    /// Driver of the hardware, or kind of a virtual link (`veth`, `bridge`); empty when neither is known.
    pub driver: String,
    /// Made by software: a veth, a bridge, a VLAN.
    pub is_virtual: bool,
    /// Administratively up and carrier present.
    pub running: bool,
    /// Largest IP packet, bytes.
    pub mtu: u32,
    /// Largest MTU that the driver takes; none when it does not say.
    pub max_mtu: Option<u32>,
    /// What the driver does for XDP; none where the kernel does not tell (before Linux 6.3).
    pub xdp: Option<XdpFeatures>,
    /// The XDP program that is attached now.
    pub attached: Option<AttachedXdp>,
    /// Features that are on or can be changed, as `ethtool -k` names them.
    pub features: BTreeMap<String, Feature>,
    /// Numbers that the driver has.
    pub quantities: BTreeMap<Quantity, Span>,
    /// Interrupts of its queues.
    pub interrupts: Vec<Interrupt>,
}

/// What a driver does for XDP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct XdpFeatures {
    /// Runs programs itself: driver mode.
    pub driver_mode: bool,
    /// Takes frames that are redirected to it.
    pub transmit: bool,
    /// Runs programs on frames of several buffers: jumbo frames.
    pub multi_buffer: bool,
}

/// An XDP program on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachedXdp {
    /// Where it runs.
    pub mode: XdpMode,
    /// Its number; none when there are several.
    pub program: Option<u32>,
}

/// Where an XDP program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XdpMode {
    /// In the driver.
    Driver,
    /// In the kernel, after the frame became a packet buffer.
    Generic,
    /// In the device.
    Hardware,
    /// Several programs.
    Several,
}

/// An interrupt of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupt {
    /// Its number, as in `/proc/irq`.
    pub irq: u32,
    /// Its name: `eth0-TxRx-0`.
    pub name: String,
    /// Number of the queue, from 0.
    pub queue: u32,
}

/// What rtnetlink says beyond `Link`.
struct Row {
    index: IfIndex,
    name: String,
    kind: String,
    running: bool,
    mtu: u32,
    max_mtu: Option<u32>,
    attached: Option<AttachedXdp>,
}

const IFLA_XDP_ATTACHED: u16 = 2;
const IFLA_XDP_PROG_ID: u16 = 4;
const RUNNING: u32 = IFF_UP | IFF_LOWER_UP;

const QUANTITIES: [Quantity; 9] = [
    Quantity::RxRing,
    Quantity::TxRing,
    Quantity::CombinedChannels,
    Quantity::RxChannels,
    Quantity::AdaptiveRx,
    Quantity::RxUsecs,
    Quantity::RxFrames,
    Quantity::TxUsecs,
    Quantity::TxFrames,
];

impl DeviceFacts {
    /// One end of a pair of virtual links.
    pub fn is_veth(&self) -> bool {
        self.is_virtual && self.driver == "veth"
    }

    /// Whether a feature is on; false when the device does not have it.
    pub fn has(&self, feature: &str) -> bool {
        self.features.get(feature).is_some_and(|feature| feature.on)
    }
}

/// Reads a device over netlink; its driver and interrupts from sysfs and procfs.
pub(crate) fn read_device(name: &str) -> Result<Option<DeviceFacts>, KernelError> {
    let rows = each_link(&mut Socket::open(Protocol::Route, 0)?, row)?;
    let Some(row) = rows.into_iter().find(|row| row.name == name) else {
        return Ok(None);
    };
    let xdp = match Netdev::open()? {
        Some(mut netdev) => netdev.features()?.and_then(|links| links.get(&row.index).copied()),
        None => None,
    };
    let mut facts = DeviceFacts {
        index: row.index,
        name: row.name,
        is_virtual: !row.kind.is_empty(),
        driver: row.kind,
        running: row.running,
        mtu: row.mtu,
        max_mtu: row.max_mtu,
        xdp: xdp.map(XdpFeatures::of),
        attached: row.attached,
        ..DeviceFacts::default()
    };
    if let Some(mut ethtool) = Ethtool::open()? {
        facts.features = ethtool.features(name)?.unwrap_or_default();
        for quantity in QUANTITIES {
            if let Some(span) = ethtool.quantity(name, quantity)? {
                facts.quantities.insert(quantity, span);
            }
        }
    }
    if let Some(place) = hardware(name, facts.index) {
        facts.driver = driver(&place).unwrap_or(facts.driver);
        facts.interrupts = interrupt::of_device(&place, name)?;
    }
    Ok(Some(facts))
}

fn row(message: &Message<'_>) -> Option<Row> {
    let header = message.payload.get(..HEADER)?;
    let attributes = Attributes::new(&message.payload[HEADER..]);
    let info = Attributes::new(attributes.get(IFLA_LINKINFO).unwrap_or_default());
    let xdp = Attributes::new(attributes.get(IFLA_XDP).unwrap_or_default());
    let mode = match xdp.get(IFLA_XDP_ATTACHED) {
        Some([1]) => Some(XdpMode::Driver),
        Some([2]) => Some(XdpMode::Generic),
        Some([3]) => Some(XdpMode::Hardware),
        Some([4]) => Some(XdpMode::Several),
        _ => None,
    };
    let program = xdp.get(IFLA_XDP_PROG_ID).and_then(u32_ne).filter(|program| *program != 0);
    Some(Row {
        index: IfIndex(u32_ne(&header[4..8])?),
        name: text(attributes.get(IFLA_IFNAME)?),
        kind: info.get(IFLA_INFO_KIND).map(text).unwrap_or_default(),
        running: u32_ne(&header[8..12])? & RUNNING == RUNNING,
        mtu: attributes.get(IFLA_MTU).and_then(u32_ne).unwrap_or(0),
        max_mtu: attributes.get(IFLA_MAX_MTU).and_then(u32_ne).filter(|most| *most != 0),
        attached: mode.map(|mode| AttachedXdp { mode, program }),
    })
}

/// Where sysfs has the hardware; none for virtual links, and where sysfs shows another network namespace.
fn hardware(name: &str, index: IfIndex) -> Option<PathBuf> {
    let class = Path::new("/sys/class/net").join(name);
    let shown = std::fs::read_to_string(class.join("ifindex")).ok()?;
    let same = shown.trim().parse() == Ok(index.0);
    same.then(|| class.join("device").canonicalize().ok()).flatten()
}

fn driver(place: &Path) -> Option<String> {
    let driver = std::fs::read_link(place.join("driver")).ok()?;
    Some(driver.file_name()?.to_string_lossy().into_owned())
}

impl XdpFeatures {
    fn of(mask: u64) -> XdpFeatures {
        XdpFeatures {
            driver_mode: mask & BASIC != 0,
            transmit: mask & NDO_XMIT != 0,
            multi_buffer: mask & RX_SG != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AttachedXdp, XdpMode, row};
    use crate::netlink::{AttributeWriter, Message};

    #[test]
    fn an_attached_program_comes_with_its_mode() {
        let read = |mode: u8| {
            let xdp = AttributeWriter::default()
                .put(super::IFLA_XDP_ATTACHED, &[mode])
                .put(super::IFLA_XDP_PROG_ID, &77_u32.to_ne_bytes());
            let attributes = AttributeWriter::default()
                .put_text(super::IFLA_IFNAME, "wan")
                .put(super::IFLA_MAX_MTU, &9216_u32.to_ne_bytes())
                .put_nested(super::IFLA_XDP, xdp);
            let payload = [vec![0; super::HEADER], attributes.into_bytes()].concat();
            row(&Message { kind: 16, flags: 0, sequence: 0, payload: &payload }).unwrap()
        };
        let generic = read(2);
        assert_eq!(generic.attached, Some(AttachedXdp { mode: XdpMode::Generic, program: Some(77) }));
        assert_eq!(generic.max_mtu, Some(9216));
        assert_eq!(read(0).attached, None);
    }

    #[test]
    fn no_payload_makes_the_parser_panic() {
        bolero::check!().for_each(|payload: &[u8]| {
            let read = row(&Message { kind: 16, flags: 0, sequence: 0, payload });
            assert!(read.is_none() || payload.len() >= super::HEADER);
        });
    }
}
