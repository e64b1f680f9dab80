/// Where completion finds values that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Nowhere.
    None,
    /// Zones of the configuration.
    Zones,
    /// Network devices of the host, and interfaces of the configuration.
    Devices,
    /// Logical interfaces of the configuration: `eth1.0`.
    Interfaces,
    /// Addresses and sets of all address books.
    Addresses,
    /// Applications and sets, with the predefined ones.
    Applications,
    /// Groups.
    Groups,
    /// Pools of source NAT.
    SourcePools,
    /// Pools of destination NAT.
    DestinationPools,
    /// Screens.
    Screens,
    /// Login classes.
    Classes,
    /// Filters of `firewall`.
    Filters,
    /// Policers of `firewall`.
    Policers,
    /// Schedulers.
    Schedulers,
    /// Routing instances.
    Instances,
}

impl Source {
    /// Where the configuration defines such names: the path of the lists, without keys.
    pub const fn places(self) -> &'static [&'static [&'static str]] {
        match self {
            Source::None => &[],
            Source::Zones => &[&["security", "zones", "security-zone"]],
            Source::Devices => &[&["interfaces", ""]],
            Source::Interfaces => &[&["interfaces", "", "unit"]],
            Source::Addresses => &[
                &["security", "address-book", "address"],
                &["security", "address-book", "address-set"],
                &["security", "zones", "security-zone", "address-book", "address"],
                &["security", "zones", "security-zone", "address-book", "address-set"],
            ],
            Source::Applications => &[&["applications", "application"], &["applications", "application-set"]],
            Source::Groups => &[&["groups"]],
            Source::SourcePools => &[&["security", "nat", "source", "pool"]],
            Source::DestinationPools => &[&["security", "nat", "destination", "pool"]],
            Source::Screens => &[&["security", "screen", "ids-option"]],
            Source::Classes => &[&["system", "login", "class"]],
            Source::Filters => {
                &[&["firewall", "family", "inet", "filter"], &["firewall", "family", "inet6", "filter"]]
            }
            Source::Policers => &[&["firewall", "policer"]],
            Source::Schedulers => &[&["schedulers", "scheduler"]],
            Source::Instances => &[&["routing-instances", ""]],
        }
    }
}
