use super::reader::{Read, Reader, describe};
use crate::{
    DeviceName, InterfaceAddress, Link, Network, NextHop, Offload, OffloadFeature, OffloadSize, Problem,
    RouteThen, StaticRoute, SubInterface, network,
};
use ipnet::IpNet;
use jsonc_parser::ast::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;

impl Read for Network {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Network {
        let mut fields = reader.object(value);
        let network = Network {
            links: reader.optional(&mut fields, "links").unwrap_or_default(),
            routes: reader.optional(&mut fields, "routes").unwrap_or_default(),
        };
        reader.finish(fields);
        network
    }
}

impl Read for BTreeMap<DeviceName, Link> {
    fn read(value: &Value<'_>, reader: &mut Reader) -> BTreeMap<DeviceName, Link> {
        reader.map(value, DeviceName::new)
    }
}

impl Read for Link {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Link {
        let mut fields = reader.object(value);
        let link = Link {
            description: reader.optional::<Text>(&mut fields, "description").map(|text| text.0),
            disable: reader.optional(&mut fields, "disable").unwrap_or_default(),
            mtu: reader.optional::<Size>(&mut fields, "mtu").map(|size| size.0),
            ipv6_mtu: reader.optional::<Size>(&mut fields, "ipv6-mtu").map(|size| size.0),
            vlan: reader.optional(&mut fields, "vlan"),
            addresses: reader.optional(&mut fields, "addresses").unwrap_or_default(),
            offload: reader.optional(&mut fields, "offload").unwrap_or_default(),
        };
        reader.finish(fields);
        link
    }
}

impl Read for SubInterface {
    fn read(value: &Value<'_>, reader: &mut Reader) -> SubInterface {
        let mut fields = reader.object(value);
        let vlan = SubInterface {
            parent: reader.required(&mut fields, "parent"),
            id: reader.required(&mut fields, "id"),
            service: reader.optional(&mut fields, "service").unwrap_or_default(),
        };
        reader.finish(fields);
        vlan
    }
}

impl Read for InterfaceAddress {
    fn read(value: &Value<'_>, reader: &mut Reader) -> InterfaceAddress {
        reader.parsed(value, "an address with the length of its network", InterfaceAddress::parse)
    }
}

impl Read for Offload {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Offload {
        let mut fields = reader.object(value);
        let mut offload = Offload::default();
        for (name, feature) in OffloadFeature::ALL {
            if let Some(on) = reader.optional(&mut fields, name) {
                offload.features.insert(feature, on);
            }
        }
        for (name, size) in OffloadSize::ALL {
            if let Some(count) = reader.optional::<Size>(&mut fields, name) {
                offload.sizes.insert(size, count.0);
            }
        }
        reader.finish(fields);
        offload
    }
}

impl Read for StaticRoute {
    fn read(value: &Value<'_>, reader: &mut Reader) -> StaticRoute {
        let mut fields = reader.object(value);
        let route = StaticRoute {
            destination: reader.required::<Destination>(&mut fields, "destination").0,
            metric: reader.optional::<Metric>(&mut fields, "metric").unwrap_or_default().0,
            then: reader.required(&mut fields, "then"),
        };
        reader.finish(fields);
        route
    }
}

impl Read for RouteThen {
    fn read(value: &Value<'_>, reader: &mut Reader) -> RouteThen {
        match value {
            Value::Object(_) => {
                let mut fields = reader.object(value);
                let hops = reader.required(&mut fields, "next-hop");
                reader.finish(fields);
                RouteThen::NextHop(hops)
            }
            Value::StringLit(_) => {
                let words = [("discard", false), ("reject", true)];
                match reader.word(value, "action", &words) {
                    Some(true) => RouteThen::Reject,
                    _ => RouteThen::Discard,
                }
            }
            other => {
                let expected = "\"discard\", \"reject\" or {\"next-hop\": …}";
                reader.refuse(other, Problem::Type { expected, found: describe(other) });
                RouteThen::Discard
            }
        }
    }
}

impl Read for NextHop {
    fn read(value: &Value<'_>, reader: &mut Reader) -> NextHop {
        let mut fields = reader.object(value);
        let hop = NextHop {
            address: reader.optional::<Gateway>(&mut fields, "address").map(|gateway| gateway.0),
            link: reader.optional(&mut fields, "link"),
        };
        reader.finish(fields);
        hop
    }
}

/// Any text.
struct Text(String);

impl Read for Text {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Text {
        Text(reader.string(value, "a text").unwrap_or_default().to_owned())
    }
}

/// Bytes, descriptors or queues.
struct Size(u32);

impl Read for Size {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Size {
        let number = reader.number(value, 1, OffloadSize::GREATEST.into());
        Size(number.map_or(1, |number| number as u32))
    }
}

struct Metric(u32);

impl Default for Metric {
    fn default() -> Metric {
        Metric(StaticRoute::METRIC)
    }
}

impl Read for Metric {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Metric {
        let number = reader.number(value, 1, u32::MAX.into());
        Metric(number.map_or(StaticRoute::METRIC, |number| number as u32))
    }
}

#[derive(Default)]
struct Destination(IpNet);

impl Read for Destination {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Destination {
        reader.parsed(value, "a prefix", |text| network::destination(text).map(Destination))
    }
}

struct Gateway(IpAddr);

impl Default for Gateway {
    fn default() -> Gateway {
        Gateway(IpAddr::from([192, 0, 2, 1]))
    }
}

impl Read for Gateway {
    fn read(value: &Value<'_>, reader: &mut Reader) -> Gateway {
        reader.parsed(value, "an address", |text| {
            let shown = text.chars().take(100).collect();
            text.parse().map(Gateway).map_err(|_| Problem::SingleAddress { text: shown })
        })
    }
}
