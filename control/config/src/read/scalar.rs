use super::reader::{Read, Reader};
use crate::{AddressRef, ApplicationRef, DeviceName, IpProtocol, Name, PortRange, VlanId, ZoneRef};
use jsonc_parser::ast::Value;

impl<T: Read> Read for Vec<T> {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Vec<T> {
        reader.list(value)
    }
}

impl Read for bool {
    fn read(value: &Value<'_>, reader: &mut Reader) -> bool {
        match value {
            Value::BooleanLit(boolean) => boolean.value,
            other => {
                reader.refuse_type(other, "true or false");
                false
            }
        }
    }
}

impl Read for u8 {
    fn read(value: &Value<'_>, reader: &mut Reader) -> u8 {
        reader.number(value, 0, u64::from(u8::MAX)).unwrap_or_default() as u8
    }
}

impl Read for Name {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Name {
        reader.parsed(value, "a name", Name::new)
    }
}

impl Read for DeviceName {
    fn read(value: &Value<'_>, reader: &mut Reader) -> DeviceName {
        reader.parsed(value, "a device name", DeviceName::new)
    }
}

impl Read for ZoneRef {
    fn read(value: &Value<'_>, reader: &mut Reader) -> ZoneRef {
        reader.parsed(value, "the name of a zone, or \"any\"", ZoneRef::parse)
    }
}

impl Read for AddressRef {
    fn read(value: &Value<'_>, reader: &mut Reader) -> AddressRef {
        reader.parsed(value, "an address or the name of one", AddressRef::parse)
    }
}

impl Read for ApplicationRef {
    fn read(value: &Value<'_>, reader: &mut Reader) -> ApplicationRef {
        reader.parsed(value, "the name of an application", ApplicationRef::parse)
    }
}

impl Read for PortRange {
    fn read(value: &Value<'_>, reader: &mut Reader) -> PortRange {
        match value {
            Value::NumberLit(number) => PortRange::parse(number.value).unwrap_or_else(|problem| {
                reader.refuse(value, problem);
                PortRange::default()
            }),
            other => reader.parsed(other, "a port, or a range of ports", PortRange::parse),
        }
    }
}

impl Read for IpProtocol {
    fn read(value: &Value<'_>, reader: &mut Reader) -> IpProtocol {
        match value {
            Value::NumberLit(_) => IpProtocol(u8::read(value, reader)),
            other => {
                let words = IpProtocol::NAMED.map(|(name, number)| (name, IpProtocol(number)));
                reader.word(other, "protocol", &words).unwrap_or_default()
            }
        }
    }
}

impl Read for Option<VlanId> {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Option<VlanId> {
        let number = reader.number(value, VlanId::LEAST.into(), VlanId::GREATEST.into())?;
        VlanId::new(number as u16)
    }
}
