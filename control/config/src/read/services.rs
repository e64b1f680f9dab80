use super::nat::{NewAddress, NewPort};
use super::reader::{Read, Reader, describe};
use super::security::Strict;
use super::system::Bounded;
use crate::{
    DfClear, DfLimit, MirrorMatch, MirrorOutput, MirrorRule, MirrorThen, Name, Problem, Services,
    TrafficMirror, UdpChecksum,
};
use jsonc_parser::ast::Value;
use std::collections::BTreeMap;

type Port = Bounded<1, 65_535>;

impl Read for Services {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Services {
        let mut fields = reader.object(value);
        let services = Services {
            traffic_mirror: reader.optional(&mut fields, "traffic-mirror").unwrap_or_default(),
            df_clear: reader.optional(&mut fields, "df-clear").unwrap_or_default(),
        };
        reader.finish(fields);
        services
    }
}

impl Read for BTreeMap<Name, TrafficMirror> {
    fn read(value: &Value<'_>, reader: &mut Reader) -> BTreeMap<Name, TrafficMirror> {
        reader.map(value, Name::new)
    }
}

impl Read for BTreeMap<Name, DfClear> {
    fn read(value: &Value<'_>, reader: &mut Reader) -> BTreeMap<Name, DfClear> {
        reader.map(value, Name::new)
    }
}

impl Read for TrafficMirror {
    fn read(value: &Value<'_>, reader: &mut Reader) -> TrafficMirror {
        type Vni = Bounded<0, { TrafficMirror::GREATEST_VNI }>;
        let default = TrafficMirror::default();
        let mut fields = reader.object(value);
        let mirror = TrafficMirror {
            interface: reader.required(&mut fields, "interface"),
            port: reader
                .optional::<Port>(&mut fields, "port")
                .map_or(default.port, |Bounded(port)| port as u16),
            vni: reader.optional::<Vni>(&mut fields, "vni").map_or(default.vni, |Bounded(vni)| vni),
            output: reader.optional(&mut fields, "output"),
            df_clear: reader.optional(&mut fields, "df-clear"),
            rules: reader.optional::<Strict<MirrorRule>>(&mut fields, "rules").unwrap_or_default().0,
        };
        reader.finish(fields);
        mirror
    }
}

impl Read for MirrorOutput {
    fn read(value: &Value<'_>, reader: &mut Reader) -> MirrorOutput {
        let mut fields = reader.object(value);
        let output = MirrorOutput {
            interface: reader.required(&mut fields, "interface"),
            keep_link_addresses: reader.optional(&mut fields, "keep-link-addresses").unwrap_or_default(),
        };
        reader.finish(fields);
        output
    }
}

/// The fields of a limit, among others.
macro_rules! limit {
    ($reader:expr, $fields:expr) => {{
        let default = DfLimit::default();
        let over = $reader.optional::<Bounded<0, 65_535>>($fields, "over");
        DfLimit {
            over: over.map_or(default.over, |Bounded(over)| over as u16),
            udp_checksum: $reader.optional($fields, "udp-checksum").unwrap_or_default(),
        }
    }};
}

impl Read for DfLimit {
    fn read(value: &Value<'_>, reader: &mut Reader) -> DfLimit {
        let mut fields = reader.object(value);
        let limit = limit!(reader, &mut fields);
        reader.finish(fields);
        limit
    }
}

impl Read for DfClear {
    fn read(value: &Value<'_>, reader: &mut Reader) -> DfClear {
        let mut fields = reader.object(value);
        let port = reader.optional::<Port>(&mut fields, "destination-port");
        let clear = DfClear {
            destination_port: port.map_or(DfClear::DEFAULT_PORT, |Bounded(port)| port as u16),
            limit: limit!(reader, &mut fields),
        };
        reader.finish(fields);
        clear
    }
}

impl Read for UdpChecksum {
    fn read(value: &Value<'_>, reader: &mut Reader) -> UdpChecksum {
        reader.word(value, "what becomes of a checksum", &UdpChecksum::WORDS).unwrap_or_default()
    }
}

impl Read for MirrorRule {
    fn read(value: &Value<'_>, reader: &mut Reader) -> MirrorRule {
        let mut fields = reader.object(value);
        let rule = MirrorRule {
            name: reader.required(&mut fields, "name"),
            r#match: reader.optional(&mut fields, "match").unwrap_or_default(),
            then: reader.required(&mut fields, "then"),
        };
        reader.finish(fields);
        rule
    }
}

impl Read for MirrorMatch {
    fn read(value: &Value<'_>, reader: &mut Reader) -> MirrorMatch {
        let mut fields = reader.object(value);
        let r#match = MirrorMatch {
            source_address: reader.optional(&mut fields, "source-address").unwrap_or_default(),
            destination_address: reader.optional(&mut fields, "destination-address").unwrap_or_default(),
            protocol: reader.optional(&mut fields, "protocol").unwrap_or_default(),
            source_port: reader.optional(&mut fields, "source-port").unwrap_or_default(),
            destination_port: reader.optional(&mut fields, "destination-port").unwrap_or_default(),
        };
        reader.finish(fields);
        r#match
    }
}

impl Read for MirrorThen {
    fn read(value: &Value<'_>, reader: &mut Reader) -> MirrorThen {
        const WORDS: [(&str, MirrorThen); 2] =
            [("accept", MirrorThen::Accept), ("discard", MirrorThen::Discard)];
        const EXPECTED: &str = "\"accept\", \"discard\" or {\"address\": \"192.0.2.1\", \"port\": 8080}";
        match value {
            Value::Object(_) => {
                let mut fields = reader.object(value);
                let NewAddress(address) = reader.required(&mut fields, "address");
                let port = reader.optional::<NewPort>(&mut fields, "port").and_then(|port| port.0);
                reader.finish(fields);
                MirrorThen::To { address, port }
            }
            Value::StringLit(_) => reader.word(value, "action", &WORDS).unwrap_or_default(),
            other => {
                reader.refuse(other, Problem::Type { expected: EXPECTED, found: describe(other) });
                MirrorThen::Accept
            }
        }
    }
}
