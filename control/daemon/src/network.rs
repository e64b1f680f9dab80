use flumen_api::ConfigMessage;
use flumen_config::{Model, OffloadFeature, OffloadSize, RouteThen, VlanId};
use flumen_engine::HostFacts;
use flumen_kernel::Quantity;
use flumen_kernel::network::{Hop, Network, NetworkLink, Offload, RouteTarget, StaticRoute, VlanLink};

/// What a configuration wants of the host's network.
pub(crate) fn wanted(model: &Model) -> Network {
    let links = model.network.links.iter().map(|(name, link)| {
        let vlan = link.vlan.as_ref().map(|vlan| VlanLink {
            parent: vlan.parent.to_string(),
            id: vlan.id.map_or(0, VlanId::number),
            service: vlan.service,
        });
        let addresses = if link.disable { Vec::new() } else { link.addresses.clone() };
        let own = NetworkLink {
            up: !link.disable,
            vlan,
            addresses: addresses.into_iter().map(|address| address.0).collect(),
            mtu: link.mtu,
            ipv6_mtu: link.ipv6_mtu,
            alias: link.description.clone(),
            offloads: link.offload.features.iter().map(|(feature, on)| (offload(*feature), *on)).collect(),
            quantities: link.offload.sizes.iter().map(|(size, count)| (quantity(*size), *count)).collect(),
        };
        (name.to_string(), own)
    });
    let routes = model.network.routes.iter().map(|route| StaticRoute {
        to: route.destination,
        metric: route.metric,
        target: match &route.then {
            RouteThen::Discard => RouteTarget::Discard,
            RouteThen::Reject => RouteTarget::Reject,
            RouteThen::NextHop(hops) => {
                let hop = |hop: &flumen_config::NextHop| Hop {
                    gateway: hop.address,
                    link: hop.link.as_ref().map(ToString::to_string),
                };
                RouteTarget::Via(hops.iter().map(hop).collect())
            }
        },
    });
    Network { links: links.collect(), routes: routes.collect() }
}

/// Links and devices of a configuration that this host does not have, and that nobody makes: they are waited for.
pub(crate) fn absent(model: &Model, host: &HostFacts) -> Vec<String> {
    let network = wanted(model);
    let mut names: Vec<String> = Vec::new();
    for (name, interface) in &model.interfaces {
        names.extend([interface.device(name).to_owned(), interface.link(name)]);
    }
    names.extend(network.links.iter().filter(|(_, link)| link.up).map(|(name, _)| name.clone()));
    let made = |name: &String| network.links.get(name).is_some_and(|link| link.vlan.is_some());
    names.retain(|name| host.link(name).is_none() && !made(name));
    names.sort_unstable();
    names.dedup();
    names
}

/// What a device cannot do that the configuration asks of it.
pub(crate) fn impossible(link: &str, why: &str) -> ConfigMessage {
    ConfigMessage { line: 0, column: 0, path: format!("interfaces {link}"), text: why.to_owned() }
}

const fn offload(feature: OffloadFeature) -> Offload {
    match feature {
        OffloadFeature::RxChecksum => Offload::RxChecksum,
        OffloadFeature::TxChecksum => Offload::TxChecksum,
        OffloadFeature::Tso => Offload::Tso,
        OffloadFeature::Gso => Offload::Gso,
        OffloadFeature::Gro => Offload::Gro,
        OffloadFeature::Lro => Offload::Lro,
    }
}

const fn quantity(size: OffloadSize) -> Quantity {
    match size {
        OffloadSize::RxRing => Quantity::RxRing,
        OffloadSize::TxRing => Quantity::TxRing,
        OffloadSize::Channels => Quantity::CombinedChannels,
    }
}
