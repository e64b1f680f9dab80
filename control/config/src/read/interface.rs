use super::reader::{Read, Reader};
use crate::{Interface, Name};
use jsonc_parser::ast::Value;
use std::collections::BTreeMap;

impl Read for BTreeMap<Name, Interface> {
    fn read(value: &Value<'_>, reader: &mut Reader) -> BTreeMap<Name, Interface> {
        reader.map(value, Name::new)
    }
}

impl Read for Interface {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Interface {
        let mut fields = reader.object(value);
        let interface = Interface {
            device: reader.optional(&mut fields, "device"),
            vlan: reader.optional(&mut fields, "vlan").flatten(),
            inner_vlan: reader.optional(&mut fields, "inner-vlan").flatten(),
            link: reader.optional(&mut fields, "link"),
        };
        reader.finish(fields);
        interface
    }
}
