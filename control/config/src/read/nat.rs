use super::reader::{Read, Reader, describe};
use super::security::Strict;
use crate::{
    DestinationNatMatch, DestinationNatRule, DestinationNatThen, InterfaceNat, Nat, PortRange, Problem,
    SourceNatMatch, SourceNatRule, SourceNatThen,
};
use jsonc_parser::ast::Value;
use std::net::{IpAddr, Ipv4Addr};

impl Read for Nat {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Nat {
        let mut fields = reader.object(value);
        let nat = Nat {
            source: reader.optional::<Strict<SourceNatRule>>(&mut fields, "source").unwrap_or_default().0,
            destination: reader
                .optional::<Strict<DestinationNatRule>>(&mut fields, "destination")
                .unwrap_or_default()
                .0,
        };
        reader.finish(fields);
        nat
    }
}

impl Read for SourceNatRule {
    fn read(value: &Value<'_>, reader: &mut Reader) -> SourceNatRule {
        let mut fields = reader.object(value);
        let rule = SourceNatRule {
            name: reader.required(&mut fields, "name"),
            from_zone: reader.required(&mut fields, "from-zone"),
            to_zone: reader.required(&mut fields, "to-zone"),
            r#match: reader.optional(&mut fields, "match").unwrap_or_default(),
            then: reader.required(&mut fields, "then"),
        };
        reader.finish(fields);
        rule
    }
}

impl Read for SourceNatMatch {
    fn read(value: &Value<'_>, reader: &mut Reader) -> SourceNatMatch {
        let mut fields = reader.object(value);
        let r#match = SourceNatMatch {
            source_address: reader.optional(&mut fields, "source-address").unwrap_or_default(),
            destination_address: reader.optional(&mut fields, "destination-address").unwrap_or_default(),
            application: reader.optional(&mut fields, "application").unwrap_or_default(),
        };
        reader.finish(fields);
        r#match
    }
}

impl Read for SourceNatThen {
    fn read(value: &Value<'_>, reader: &mut Reader) -> SourceNatThen {
        const WORDS: [(&str, SourceNatThen); 2] =
            [("off", SourceNatThen::Off), ("interface", SourceNatThen::Interface(InterfaceNat::DEFAULT))];
        match value {
            Value::Object(_) => {
                let mut fields = reader.object(value);
                let nat = reader.required(&mut fields, "interface");
                reader.finish(fields);
                SourceNatThen::Interface(nat)
            }
            Value::StringLit(_) => reader.word(value, "action", &WORDS).unwrap_or_default(),
            other => {
                reader.refuse(other, Problem::Type { expected: THEN_SOURCE, found: describe(other) });
                SourceNatThen::Off
            }
        }
    }
}

const THEN_SOURCE: &str = "\"interface\", \"off\" or {\"interface\": {\"port-range\": \"1024-65535\"}}";
const THEN_DESTINATION: &str = "\"off\" or {\"address\": \"192.0.2.1\", \"port\": 8080}";

impl Read for InterfaceNat {
    fn read(value: &Value<'_>, reader: &mut Reader) -> InterfaceNat {
        let mut fields = reader.object(value);
        let port_range: Option<PortRange> = reader.optional(&mut fields, "port-range");
        reader.finish(fields);
        port_range.map_or_else(InterfaceNat::default, |port_range| InterfaceNat { port_range })
    }
}

impl Read for DestinationNatRule {
    fn read(value: &Value<'_>, reader: &mut Reader) -> DestinationNatRule {
        let mut fields = reader.object(value);
        let rule = DestinationNatRule {
            name: reader.required(&mut fields, "name"),
            from_zone: reader.required(&mut fields, "from-zone"),
            r#match: reader.required(&mut fields, "match"),
            then: reader.required(&mut fields, "then"),
        };
        reader.finish(fields);
        rule
    }
}

impl Read for DestinationNatMatch {
    fn read(value: &Value<'_>, reader: &mut Reader) -> DestinationNatMatch {
        let mut fields = reader.object(value);
        let r#match = DestinationNatMatch {
            source_address: reader.optional(&mut fields, "source-address").unwrap_or_default(),
            destination_address: reader.required(&mut fields, "destination-address"),
            protocol: reader.optional(&mut fields, "protocol").unwrap_or_default(),
            destination_port: reader.optional(&mut fields, "destination-port").unwrap_or_default(),
        };
        reader.finish(fields);
        r#match
    }
}

impl Read for DestinationNatThen {
    fn read(value: &Value<'_>, reader: &mut Reader) -> DestinationNatThen {
        match value {
            Value::Object(_) => {
                let mut fields = reader.object(value);
                let address: NewAddress = reader.required(&mut fields, "address");
                let port = reader.optional::<NewPort>(&mut fields, "port").and_then(|port| port.0);
                reader.finish(fields);
                DestinationNatThen::To { address: address.0, port }
            }
            Value::StringLit(_) => {
                reader.word(value, "action", &[("off", DestinationNatThen::Off)]).unwrap_or_default()
            }
            other => {
                reader.refuse(other, Problem::Type { expected: THEN_DESTINATION, found: describe(other) });
                DestinationNatThen::Off
            }
        }
    }
}

/// A single address.
pub(super) struct NewAddress(pub(super) IpAddr);

impl Default for NewAddress {
    fn default() -> NewAddress {
        NewAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

impl Read for NewAddress {
    fn read(value: &Value<'_>, reader: &mut Reader) -> NewAddress {
        reader.parsed(value, "an address", |text| {
            let shown = || text.chars().take(100).collect();
            match text.parse() {
                Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some() => {
                    Err(Problem::MappedAddress { text: shown() })
                }
                Ok(address) => Ok(NewAddress(address)),
                Err(_) => Err(Problem::SingleAddress { text: shown() }),
            }
        })
    }
}

/// A single port.
pub(super) struct NewPort(pub(super) Option<u16>);

impl Read for NewPort {
    fn read(value: &Value<'_>, reader: &mut Reader) -> NewPort {
        NewPort(reader.number(value, 1, u64::from(u16::MAX)).map(|port| port as u16))
    }
}
