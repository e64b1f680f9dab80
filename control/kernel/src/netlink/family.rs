use super::{AttributeWriter, Attributes, Message, Protocol, Socket, text, u16_ne, u32_ne};
use crate::KernelError;
use nix::errno::Errno;

/// A family of generic netlink, found by its name, and a socket to talk to it.
pub(crate) struct Family {
    socket: Socket,
    row: Row,
}

/// What the kernel says of a family: its number, and name and number of each multicast group.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    id: u16,
    groups: Vec<(String, u32)>,
}

const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const CTRL_ATTR_MCAST_GROUPS: u16 = 7;
const CTRL_ATTR_MCAST_GRP_NAME: u16 = 1;
const CTRL_ATTR_MCAST_GRP_ID: u16 = 2;
/// `struct genlmsghdr`: command, version, two reserved.
const HEADER: usize = 4;

// === impl Family ===

impl Family {
    /// None when the kernel has no family of this name.
    pub(crate) fn open(name: &str) -> Result<Option<Family>, KernelError> {
        let mut socket = Socket::open(Protocol::Generic, 0)?;
        let wanted = AttributeWriter::default().put_text(CTRL_ATTR_FAMILY_NAME, name);
        let payload = request(CTRL_CMD_GETFAMILY, wanted);
        let found = socket.ask(&format!("look up {name}"), GENL_ID_CTRL, &payload, Row::parse);
        match found {
            Ok(row) => Ok(row.map(|row| Family { socket, row })),
            Err(error) if error.is(Errno::ENOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a command and returns what `parse` makes of the attributes of the answer.
    pub(crate) fn ask<T>(
        &mut self,
        action: &str,
        command: u8,
        attributes: AttributeWriter,
        parse: impl Fn(Attributes<'_>) -> Option<T>,
    ) -> Result<Option<T>, KernelError> {
        self.socket.ask(action, self.row.id, &request(command, attributes), |message| parse(answer(message)?))
    }

    /// Reads a whole table; `parse` gets the attributes of each entry.
    pub(crate) fn dump<T>(
        &mut self,
        action: &str,
        command: u8,
        parse: impl Fn(Attributes<'_>) -> Option<T>,
    ) -> Result<Vec<T>, KernelError> {
        let payload = request(command, AttributeWriter::default());
        self.socket.dump(action, self.row.id, &payload, |message| parse(answer(message)?))
    }

    /// A socket that hears a multicast group; none when there is no such group, or its number is beyond the 32
    /// that fit the address of a socket.
    pub(crate) fn listen(&self, group: &str) -> Result<Option<Socket>, KernelError> {
        let number = self.row.groups.iter().find(|(name, _)| name == group).map(|(_, number)| *number);
        number.and_then(mask).map(|mask| Socket::open(Protocol::Generic, mask)).transpose()
    }
}

// === impl Row ===

impl Row {
    fn parse(message: &Message<'_>) -> Option<Row> {
        let attributes = answer(message)?;
        let groups = Attributes::new(attributes.get(CTRL_ATTR_MCAST_GROUPS).unwrap_or_default());
        let groups = groups.filter_map(|(_, group)| {
            let group = Attributes::new(group);
            let number = group.get(CTRL_ATTR_MCAST_GRP_ID).and_then(u32_ne)?;
            Some((text(group.get(CTRL_ATTR_MCAST_GRP_NAME)?), number))
        });
        let id = attributes.get(CTRL_ATTR_FAMILY_ID).and_then(u16_ne)?;
        Some(Row { id, groups: groups.collect() })
    }
}

fn request(command: u8, attributes: AttributeWriter) -> Vec<u8> {
    let mut bytes = vec![command, 1, 0, 0];
    bytes.extend(attributes.into_bytes());
    bytes
}

fn answer<'a>(message: &Message<'a>) -> Option<Attributes<'a>> {
    message.payload.get(HEADER..).map(Attributes::new)
}

/// Groups count from 1, bits from 0.
fn mask(group: u32) -> Option<u32> {
    1_u32.checked_shl(group.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::{
        CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_MCAST_GROUPS, CTRL_ATTR_MCAST_GRP_ID,
        CTRL_ATTR_MCAST_GRP_NAME, GENL_ID_CTRL, Row, mask,
    };
    use crate::netlink::{AttributeWriter, Message};

    #[test]
    fn a_family_comes_with_its_number_and_its_groups() {
        let group = |name, number: u32| {
            AttributeWriter::default()
                .put(CTRL_ATTR_MCAST_GRP_ID, &number.to_ne_bytes())
                .put_text(CTRL_ATTR_MCAST_GRP_NAME, name)
        };
        let groups =
            AttributeWriter::default().put_nested(1, group("mgmt", 4)).put_nested(2, group("page-pool", 5));
        let attributes = AttributeWriter::default()
            .put_text(CTRL_ATTR_FAMILY_NAME, "netdev")
            .put(CTRL_ATTR_FAMILY_ID, &20_u16.to_ne_bytes())
            .put_nested(CTRL_ATTR_MCAST_GROUPS, groups);
        let payload = [vec![1, 2, 0, 0], attributes.into_bytes()].concat();
        let message = Message { kind: GENL_ID_CTRL, flags: 0, sequence: 1, payload: &payload };
        let groups = vec![("mgmt".to_owned(), 4), ("page-pool".to_owned(), 5)];
        assert_eq!(Row::parse(&message), Some(Row { id: 20, groups }));
    }

    #[test]
    fn no_payload_makes_the_parser_panic() {
        bolero::check!().for_each(|payload: &[u8]| {
            let row = Row::parse(&Message { kind: GENL_ID_CTRL, flags: 0, sequence: 0, payload });
            assert!(row.is_none() || payload.len() >= super::HEADER);
        });
    }

    #[test]
    fn groups_beyond_32_have_no_place_in_the_mask() {
        assert_eq!([mask(0), mask(1), mask(32), mask(33)], [None, Some(1), Some(1 << 31), None]);
    }
}
