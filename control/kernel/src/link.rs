use crate::KernelError;
use crate::netlink::{Attributes, Message, Socket, text, u32_ne};
use flumen_abi::IfIndex;

/// One link as rtnetlink describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_EXT_MASK: u16 = 29;
const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
/// `struct ifinfomsg`: family, pad, type, index, flags, change.
pub(crate) const HEADER: usize = 16;
const IFF_UP: u32 = 1;
const IFF_LOWER_UP: u32 = 1 << 16;

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
    let mask = crate::netlink::AttributeWriter::default();
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
    let kind = attributes.get(IFLA_LINKINFO).and_then(|info| Attributes::new(info).get(IFLA_INFO_KIND));
    Some(Link {
        index: IfIndex(u32_ne(&header[4..8])?),
        name: text(attributes.get(IFLA_IFNAME)?),
        mtu: attributes.get(IFLA_MTU).and_then(u32_ne).unwrap_or(0),
        running: flags & (IFF_UP | IFF_LOWER_UP) == IFF_UP | IFF_LOWER_UP,
        mac: attributes.get(IFLA_ADDRESS).and_then(|value| value.try_into().ok()).unwrap_or_default(),
        kind: kind.map(text).unwrap_or_default(),
    })
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
