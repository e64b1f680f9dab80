use crate::netlink::{AttributeWriter, Attributes, Message, Socket, text, u16_ne, u32_ne};
use crate::network::{VlanLink, VlanTag};
use crate::{KernelError, LinkProperty};
use flumen_abi::IfIndex;
use nix::libc::{
    IFLA_ADDRESS, IFLA_EXT_MASK, IFLA_IFALIAS, IFLA_IFNAME, IFLA_INFO_DATA, IFLA_INFO_KIND, IFLA_LINK,
    IFLA_LINKINFO, IFLA_MAX_MTU, IFLA_MIN_MTU, IFLA_MTU, RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK, RTM_SETLINK,
};

/// One link as rtnetlink describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) index: IfIndex,
    pub(crate) name: String,
    pub(crate) mtu: u32,
    /// Administratively up and carrier present.
    pub(crate) running: bool,
    /// Ethernet address; zero for links that have none.
    pub(crate) mac: [u8; 6],
    /// Kind of a virtual link: `veth`, `vlan`, `bridge`; empty for hardware.
    pub(crate) kind: String,
    /// Administratively up.
    pub(crate) up: bool,
    /// Least and greatest MTU; 0 where the driver does not say.
    pub(crate) mtu_limits: (u32, u32),
    /// A text for people.
    pub(crate) alias: String,
    /// Of a sub-interface, which frames it has.
    pub(crate) vlan: Option<VlanTag>,
}

const IFLA_VLAN_ID: u16 = 1;
const IFLA_VLAN_PROTOCOL: u16 = 5;
const CUSTOMER_TAG: u16 = 0x8100;
const SERVICE_TAG: u16 = 0x88a8;
const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
/// `struct ifinfomsg`: family, pad, type, index, flags, change.
pub(crate) const HEADER: usize = 16;
/// Administratively up.
pub(crate) const IFF_UP: u32 = 1;
/// Has a carrier.
pub(crate) const IFF_LOWER_UP: u32 = 1 << 16;

/// Every link of the namespace, in the kernel's order.
pub(crate) fn links(socket: &mut Socket) -> Result<Vec<Link>, KernelError> {
    each_link(socket, parse)
}

/// What `parse` makes of the message of each link.
pub(crate) fn each_link<T>(
    socket: &mut Socket,
    parse: impl Fn(&Message<'_>) -> Option<T>,
) -> Result<Vec<T>, KernelError> {
    let mut request = vec![0; HEADER];
    let mask = AttributeWriter::default();
    request.extend(mask.put(IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes()).into_bytes());
    socket.dump("read the links", RTM_GETLINK, &request, parse)
}

fn parse(message: &Message<'_>) -> Option<Link> {
    if message.kind != RTM_NEWLINK {
        return None;
    }
    let header = message.payload.get(..HEADER)?;
    let attributes = Attributes::new(&message.payload[HEADER..]);
    let flags = u32_ne(&header[8..12])?;
    let info = attributes.get(IFLA_LINKINFO).map(Attributes::new);
    let kind = info.and_then(|info| info.get(IFLA_INFO_KIND));
    let number = |kind| attributes.get(kind).and_then(u32_ne);
    Some(Link {
        index: IfIndex(u32_ne(&header[4..8])?),
        name: text(attributes.get(IFLA_IFNAME)?),
        mtu: attributes.get(IFLA_MTU).and_then(u32_ne).unwrap_or(0),
        running: flags & (IFF_UP | IFF_LOWER_UP) == IFF_UP | IFF_LOWER_UP,
        mac: attributes.get(IFLA_ADDRESS).and_then(|value| value.try_into().ok()).unwrap_or_default(),
        kind: kind.map(text).unwrap_or_default(),
        up: flags & IFF_UP != 0,
        mtu_limits: (number(IFLA_MIN_MTU).unwrap_or(0), number(IFLA_MAX_MTU).unwrap_or(0)),
        alias: attributes.get(IFLA_IFALIAS).map(text).unwrap_or_default(),
        vlan: number(IFLA_LINK).map(IfIndex).and_then(|parent| vlan(parent, info?)),
    })
}

fn vlan(parent: IfIndex, info: Attributes<'_>) -> Option<VlanTag> {
    if text(info.get(IFLA_INFO_KIND)?) != "vlan" {
        return None;
    }
    let data = Attributes::new(info.get(IFLA_INFO_DATA)?);
    let protocol: [u8; 2] = data.get(IFLA_VLAN_PROTOCOL)?.try_into().ok()?;
    let service = u16::from_be_bytes(protocol) == SERVICE_TAG;
    Some(VlanTag { parent, id: data.get(IFLA_VLAN_ID).and_then(u16_ne)?, service })
}

/// Sets a property of a link; `alias` may be empty.
pub(crate) fn set_link(
    socket: &mut Socket,
    action: &str,
    link: IfIndex,
    property: LinkProperty,
    value: &str,
) -> Result<(), KernelError> {
    let (mut flags, mut change) = (0, 0);
    let mut attributes = AttributeWriter::default();
    match property {
        LinkProperty::Up => (flags, change) = (if value == "up" { IFF_UP } else { 0 }, IFF_UP),
        LinkProperty::Mtu => {
            attributes = attributes.put(IFLA_MTU, &value.parse::<u32>().unwrap_or(0).to_ne_bytes());
        }
        LinkProperty::Alias => attributes = attributes.put(IFLA_IFALIAS, value.as_bytes()),
    }
    let request = [header(link, flags, change), attributes.into_bytes()].concat();
    socket.change(action, RTM_SETLINK, 0, &request)
}

/// Makes a sub-interface, down.
pub(crate) fn add_vlan(
    socket: &mut Socket,
    action: &str,
    name: &str,
    parent: IfIndex,
    vlan: &VlanLink,
) -> Result<(), KernelError> {
    let protocol: u16 = if vlan.service { SERVICE_TAG } else { CUSTOMER_TAG };
    let data = AttributeWriter::default()
        .put(IFLA_VLAN_ID, &vlan.id.to_ne_bytes())
        .put(IFLA_VLAN_PROTOCOL, &protocol.to_be_bytes());
    let info = AttributeWriter::default().put_text(IFLA_INFO_KIND, "vlan").put_nested(IFLA_INFO_DATA, data);
    let attributes = AttributeWriter::default()
        .put_text(IFLA_IFNAME, name)
        .put(IFLA_LINK, &parent.0.to_ne_bytes())
        .put_nested(IFLA_LINKINFO, info);
    let request = [header(IfIndex(0), 0, 0), attributes.into_bytes()].concat();
    socket.change(action, RTM_NEWLINK, Message::CREATE | Message::EXCLUSIVE, &request)
}

pub(crate) fn remove_link(socket: &mut Socket, action: &str, link: IfIndex) -> Result<(), KernelError> {
    socket.change(action, RTM_DELLINK, 0, &header(link, 0, 0))
}

fn header(link: IfIndex, flags: u32, change: u32) -> Vec<u8> {
    let mut header = vec![0; 4];
    header.extend(link.0.to_ne_bytes());
    header.extend(flags.to_ne_bytes());
    header.extend(change.to_ne_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::{
        HEADER, IFF_LOWER_UP, IFF_UP, IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, IFLA_MTU, Link,
        RTM_NEWLINK, parse,
    };
    use crate::netlink::{AttributeWriter, Message};
    use flumen_abi::IfIndex;

    fn payload(flags: u32) -> Vec<u8> {
        let mut bytes = vec![0, 0, 1, 0];
        bytes.extend(7_i32.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend([0; 4]);
        let info = AttributeWriter::default().put_text(IFLA_INFO_KIND, "veth");
        let attributes = AttributeWriter::default()
            .put(super::IFLA_ADDRESS, &[2, 0, 0, 0, 0, 7])
            .put_text(IFLA_IFNAME, "wan")
            .put(IFLA_MTU, &1500_u32.to_ne_bytes())
            .put(999, &[1, 2, 3])
            .put_nested(IFLA_LINKINFO, info);
        bytes.extend(attributes.into_bytes());
        bytes
    }

    #[test]
    fn a_link_runs_when_it_is_up_and_has_carrier() {
        let read = |flags| {
            let payload = payload(flags);
            parse(&Message { kind: RTM_NEWLINK, flags: 0, sequence: 0, payload: &payload }).unwrap()
        };
        let wan = Link {
            index: IfIndex(7),
            name: "wan".into(),
            mtu: 1500,
            running: true,
            mac: [2, 0, 0, 0, 0, 7],
            kind: "veth".into(),
            up: true,
            ..Link::default()
        };
        assert_eq!(read(IFF_UP | IFF_LOWER_UP), wan);
        assert!(!read(IFF_UP).running);
        assert!(!read(IFF_LOWER_UP).running);
    }

    #[test]
    fn no_payload_makes_the_parser_panic() {
        bolero::check!().for_each(|payload: &[u8]| {
            let read = parse(&Message { kind: RTM_NEWLINK, flags: 0, sequence: 0, payload });
            assert!(read.is_none() || payload.len() >= HEADER);
        });
    }
}
