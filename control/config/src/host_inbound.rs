use crate::{IpProtocol, Term};
use serde::Serialize;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $word:literal => $terms:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum $name {
            $(
                #[doc = concat!("`", $word, "`.")]
                $(#[$variant_doc])*
                #[serde(rename = $word)]
                $variant,
            )*
        }

        impl $name {
            /// Every one, in the order of the manual.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// As configured.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }

            fn own_terms(self) -> Vec<Term> {
                match self { $($name::$variant => $terms),* }
            }
        }
    };
}

words! {
    /// A service of the host that a zone may reach.
    SystemService {
        /// Everything, of every protocol.
        All "all" => vec![];
        /// Echo requests of both families.
        Ping "ping" => vec![Term::icmp(IpProtocol::ICMP, 8), Term::icmp(IpProtocol::ICMP6, 128)];
        /// UDP probes of traceroute.
        Traceroute "traceroute" => vec![udp(33434, 33534)];
        /// Secure shell.
        Ssh "ssh" => vec![tcp(22)];
        /// Telnet.
        Telnet "telnet" => vec![tcp(23)];
        /// File transfer, control connection.
        Ftp "ftp" => vec![tcp(21)];
        /// Trivial file transfer.
        Tftp "tftp" => vec![udp(69, 69)];
        /// Name service over UDP and TCP.
        Dns "dns" => vec![udp(53, 53), tcp(53)];
        /// DHCP for IPv4, server and client.
        Dhcp "dhcp" => vec![udp(67, 68)];
        /// DHCP for IPv6, client and server.
        Dhcpv6 "dhcpv6" => vec![udp(546, 547)];
        /// Network time.
        Ntp "ntp" => vec![udp(123, 123)];
        /// Web over TCP.
        Http "http" => vec![tcp(80)];
        /// Web over TLS.
        Https "https" => vec![tcp(443)];
        /// SNMP queries.
        Snmp "snmp" => vec![udp(161, 161)];
        /// SNMP traps.
        SnmpTrap "snmp-trap" => vec![udp(162, 162)];
        /// NETCONF over SSH.
        Netconf "netconf" => vec![tcp(830)];
        /// IKE with and without NAT traversal, and the ESP and AH that follow.
        Ike "ike" => vec![udp(500, 500), udp(4500, 4500), Term::protocol(IpProtocol(50)), Term::protocol(IpProtocol(51))];
    }
}

words! {
    /// A protocol between routers that a zone may speak with the host.
    RoutingProtocol {
        /// All the others of this list.
        All "all" => vec![];
        /// OSPFv2, over IPv4.
        Ospf "ospf" => vec![Term::protocol(IpProtocol(89))];
        /// OSPFv3; the same IP protocol number, so the same as `ospf`.
        Ospf3 "ospf3" => vec![Term::protocol(IpProtocol(89))];
        /// BGP.
        Bgp "bgp" => vec![tcp(179)];
        /// Bidirectional forwarding detection: single hop, echo and multihop.
        Bfd "bfd" => vec![udp(3784, 3785), udp(4784, 4784)];
        /// Virtual router redundancy.
        Vrrp "vrrp" => vec![Term::protocol(IpProtocol(112))];
        /// RIP.
        Rip "rip" => vec![udp(520, 520)];
        /// RIP for IPv6.
        Ripng "ripng" => vec![udp(521, 521)];
        /// PIM.
        Pim "pim" => vec![Term::protocol(IpProtocol(103))];
        /// IGMP.
        Igmp "igmp" => vec![Term::protocol(IpProtocol(2))];
        /// Multicast listener discovery, all versions.
        Mld "mld" => [130, 131, 132, 143].map(|icmp_type| Term::icmp(IpProtocol::ICMP6, icmp_type)).into();
        /// Label distribution.
        Ldp "ldp" => vec![udp(646, 646), tcp(646)];
        /// Resource reservation.
        Rsvp "rsvp" => vec![Term::protocol(IpProtocol(46))];
        /// Multicast source discovery.
        Msdp "msdp" => vec![tcp(639)];
        /// Router discovery of IPv4 (RFC 1256); that of IPv6 needs no rule.
        RouterDiscovery "router-discovery" => vec![Term::icmp(IpProtocol::ICMP, 9), Term::icmp(IpProtocol::ICMP, 10)];
    }
}

/// What a zone may send to the host itself. ARP and IPv6 neighbour discovery need no rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostInbound {
    /// Services.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<SystemService>,
    /// Routing protocols.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protocols: Vec<RoutingProtocol>,
}

impl SystemService {
    /// What it lets in; none: everything.
    pub fn terms(self) -> Option<Vec<Term>> {
        if self == SystemService::All { None } else { Some(self.own_terms()) }
    }
}

impl RoutingProtocol {
    /// What it lets in.
    pub fn terms(self) -> Vec<Term> {
        if self == RoutingProtocol::All {
            RoutingProtocol::ALL.iter().flat_map(|protocol| protocol.own_terms()).collect()
        } else {
            self.own_terms()
        }
    }
}

impl HostInbound {
    /// True when nothing is let in.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.protocols.is_empty()
    }
}

fn tcp(port: u16) -> Term {
    Term::ports(IpProtocol::TCP, port, port)
}

fn udp(low: u16, high: u16) -> Term {
    Term::ports(IpProtocol::UDP, low, high)
}
