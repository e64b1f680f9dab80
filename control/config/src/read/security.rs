use super::reader::{Read, Reader};
use crate::{
    AddressBook, Application, Applications, HostInbound, Name, Policy, PolicyMatch, PolicyThen,
    RoutingProtocol, Security, SystemService, Term, Zone,
};
use jsonc_parser::ast::Value;
use std::collections::BTreeMap;

impl Read for Security {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Security {
        let mut fields = reader.object(value);
        let security = Security {
            zones: reader.optional(&mut fields, "zones").unwrap_or_default(),
            address_book: reader.optional(&mut fields, "address-book").unwrap_or_default(),
            applications: reader.optional(&mut fields, "applications").unwrap_or_default(),
            policies: reader.optional::<Strict<Policy>>(&mut fields, "policies").unwrap_or_default().0,
            policy_rematch: reader.optional(&mut fields, "policy-rematch").unwrap_or_default(),
            nat: reader.optional(&mut fields, "nat").unwrap_or_default(),
            flow: reader.optional(&mut fields, "flow").unwrap_or_default(),
        };
        reader.finish(fields);
        security
    }
}

/// A list that must be written as one, even of one element.
pub(crate) struct Strict<T>(pub(crate) Vec<T>);

impl<T> Default for Strict<T> {
    fn default() -> Strict<T> {
        Strict(Vec::new())
    }
}

impl<T: Read> Read for Strict<T> {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Strict<T> {
        match value {
            Value::Array(_) => Strict(reader.list(value)),
            other => {
                reader.refuse_type(other, "a list");
                Strict::default()
            }
        }
    }
}

impl Read for BTreeMap<Name, Zone> {
    fn read(value: &Value<'_>, reader: &mut Reader) -> BTreeMap<Name, Zone> {
        reader.map(value, Name::new)
    }
}

impl Read for Zone {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Zone {
        let mut fields = reader.object(value);
        let zone = Zone {
            interfaces: reader.optional(&mut fields, "interfaces").unwrap_or_default(),
            host_inbound: reader.optional(&mut fields, "host-inbound").unwrap_or_default(),
        };
        reader.finish(fields);
        zone
    }
}

impl Read for HostInbound {
    fn read(value: &Value<'_>, reader: &mut Reader) -> HostInbound {
        let mut fields = reader.object(value);
        let services: Vec<Option<SystemService>> =
            reader.optional(&mut fields, "services").unwrap_or_default();
        let protocols: Vec<Option<RoutingProtocol>> =
            reader.optional(&mut fields, "protocols").unwrap_or_default();
        reader.finish(fields);
        HostInbound {
            services: services.into_iter().flatten().collect(),
            protocols: protocols.into_iter().flatten().collect(),
        }
    }
}

impl Read for Option<SystemService> {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Option<SystemService> {
        let words: Vec<_> = SystemService::ALL.iter().map(|service| (service.word(), *service)).collect();
        reader.word(value, "service", &words)
    }
}

impl Read for Option<RoutingProtocol> {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Option<RoutingProtocol> {
        let words: Vec<_> =
            RoutingProtocol::ALL.iter().map(|protocol| (protocol.word(), *protocol)).collect();
        reader.word(value, "routing protocol", &words)
    }
}

impl Read for AddressBook {
    fn read(value: &Value<'_>, reader: &mut Reader) -> AddressBook {
        AddressBook(reader.map(value, Name::new))
    }
}

impl Read for Applications {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Applications {
        Applications(reader.map(value, Name::new))
    }
}

impl Read for Application {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Application {
        match value {
            Value::Array(_) | Value::StringLit(_) => Application::Set(reader.list(value)),
            other => Application::Term(Term::read(other, reader)),
        }
    }
}

impl Read for Term {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Term {
        let mut fields = reader.object(value);
        let term = Term {
            protocol: reader.required(&mut fields, "protocol"),
            source_port: reader.optional(&mut fields, "source-port").unwrap_or_default(),
            destination_port: reader.optional(&mut fields, "destination-port").unwrap_or_default(),
            icmp_type: reader.optional(&mut fields, "icmp-type"),
            icmp_code: reader.optional(&mut fields, "icmp-code"),
        };
        reader.finish(fields);
        term
    }
}

impl Read for Policy {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Policy {
        let mut fields = reader.object(value);
        let policy = Policy {
            name: reader.required(&mut fields, "name"),
            from_zone: reader.required(&mut fields, "from-zone"),
            to_zone: reader.required(&mut fields, "to-zone"),
            r#match: reader.required(&mut fields, "match"),
            then: reader.required(&mut fields, "then"),
        };
        reader.finish(fields);
        policy
    }
}

impl Read for PolicyMatch {
    fn read(value: &Value<'_>, reader: &mut Reader) -> PolicyMatch {
        let mut fields = reader.object(value);
        let r#match = PolicyMatch {
            source_address: reader.required(&mut fields, "source-address"),
            destination_address: reader.required(&mut fields, "destination-address"),
            application: reader.required(&mut fields, "application"),
        };
        reader.finish(fields);
        r#match
    }
}

impl Read for PolicyThen {
    fn read(value: &Value<'_>, reader: &mut Reader) -> PolicyThen {
        reader.word(value, "action", &PolicyThen::ALL.map(|then| (then.word(), then))).unwrap_or_default()
    }
}
