use flumen_abi::{Addr, IfIndex};
use flumen_pipeline::{Route, RouteKind};

/// Where a prefix leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// First address of the prefix.
    pub prefix: Addr,
    /// Prefix length over the 128-bit form: 96 more than that of an IPv4 prefix.
    pub length: u8,
    /// Route of its packets.
    pub route: Route,
}

/// Routes by longest prefix.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    /// Longest first.
    destinations: Vec<Destination>,
}

impl RouteTable {
    /// Adds a route; one with the same prefix is replaced.
    pub fn add(&mut self, destination: Destination) {
        self.destinations.retain(|old| (old.prefix, old.length) != (destination.prefix, destination.length));
        let place = self.destinations.partition_point(|old| old.length >= destination.length);
        self.destinations.insert(place, destination);
    }

    /// Adds a route to a next hop whose link addresses are known.
    pub fn forward(&mut self, prefix: Addr, length: u8, link: IfIndex, src_mac: [u8; 6], dst_mac: [u8; 6]) {
        self.add(Destination {
            prefix,
            length,
            route: Route { link, src_mac, dst_mac, kind: RouteKind::Forward },
        });
    }

    /// The route to `addr`.
    pub fn find(&self, addr: Addr) -> Route {
        let number = number(addr);
        self.destinations
            .iter()
            .find(|candidate| {
                let mask = u128::MAX.checked_shl(128 - u32::from(candidate.length)).unwrap_or(0);
                (number ^ self::number(candidate.prefix)) & mask == 0
            })
            .map_or(Route::without_hop(RouteKind::None, IfIndex(0)), |found| found.route)
    }
}

fn number(addr: Addr) -> u128 {
    let [high, low] = addr.number();
    u128::from(high) << 64 | u128::from(low)
}

#[cfg(test)]
mod tests {
    use super::RouteTable;
    use flumen_abi::{Addr, IfIndex};
    use flumen_pipeline::RouteKind;

    #[test]
    fn the_longest_prefix_wins_and_families_stay_apart() {
        let mut routes = RouteTable::default();
        routes.forward(Addr::v4([0; 4]), 96, IfIndex(1), [1; 6], [2; 6]);
        routes.forward(Addr::v4([192, 0, 2, 0]), 96 + 24, IfIndex(2), [1; 6], [2; 6]);
        assert_eq!(routes.find(Addr::v4([192, 0, 2, 9])).link, IfIndex(2));
        assert_eq!(routes.find(Addr::v4([198, 51, 100, 9])).link, IfIndex(1));
        assert_eq!(routes.find(Addr::v6([0x20; 16])).kind, RouteKind::None);
    }
}
