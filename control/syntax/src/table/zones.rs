use super::form::word;
use super::statement::{NAME, Statement, container, entries, flag, key, key_from, leaf, list};
use super::{Source, Type, Word, address_book};

pub(super) const ROWS: &[Statement] = &[
    container(
        "functional-zone",
        "Zones for the gateway itself",
        &[container(
            "management",
            "Management",
            &[
                container("interfaces", "Interfaces", INTERFACES),
                HOST_INBOUND,
                leaf("description", Type::Text, "Text for people"),
            ],
        )],
    )
    .reserved("there is no functional zone; use a security zone with host-inbound-traffic, and no policies"),
    list(
        "security-zone",
        NAME,
        "A zone",
        &[
            leaf("description", Type::Text, "Text for people"),
            flag("tcp-rst", "Answers TCP segments of no session with a reset")
                .reserved("segments of no session are judged by the policies; use reject there"),
            container("address-book", "Names for addresses in this zone", address_book::OF_ZONE),
            leaf("screen", Type::Name, "Protection against attacks")
                .from(Source::Screens)
                .reserved("screens need the screen capability"),
            HOST_INBOUND,
            container("interfaces", "Interfaces of the zone", INTERFACES),
            flag("application-tracking", "Records applications").kept("applications are not recognised yet"),
        ],
    ),
];

const INTERFACES: &[Statement] = &[entries(
    &[key_from(Type::Interface, Source::Interfaces)],
    "A logical interface; without a unit, unit 0",
    &[HOST_INBOUND],
)
.json("interfaces")];

const HOST_INBOUND: Statement = container(
    "host-inbound-traffic",
    "What may reach the gateway itself",
    &[
        container(
            "system-services",
            "Services",
            &[entries(&[key(Type::Words(SERVICES))], "Service", &[flag("except", "Not this one")])
                .layout(super::Layout::Block)
                .json("system-services")],
        ),
        container(
            "protocols",
            "Routing protocols",
            &[entries(&[key(Type::Words(PROTOCOLS))], "Protocol", &[flag("except", "Not this one")])
                .json("protocols")],
        ),
    ],
)
.doc("What stands at an interface replaces what stands at its zone.");

const SERVICES: &[Word] = &[
    word("all", "Every service of this list"),
    word("any-service", "Everything, of every protocol"),
    word("bootp", "BOOTP and DHCP relay"),
    word("dhcp", "DHCP for IPv4"),
    word("dhcpv6", "DHCP for IPv6"),
    word("dns", "Name service"),
    word("finger", "Finger"),
    word("ftp", "File transfer"),
    word("http", "Web"),
    word("https", "Web over TLS"),
    word("ident-reset", "Resets of ident queries"),
    word("ike", "Key exchange for VPNs"),
    word("lsping", "Ping of label-switched paths"),
    word("netconf", "NETCONF over SSH"),
    word("ntp", "Network time"),
    word("ping", "Echo requests"),
    word("r2cp", "Radio-router control"),
    word("reverse-ssh", "Reverse secure shell"),
    word("reverse-telnet", "Reverse telnet"),
    word("rlogin", "Remote login"),
    word("rpm", "Probes"),
    word("rsh", "Remote shell"),
    word("snmp", "SNMP queries"),
    word("snmp-trap", "SNMP traps"),
    word("ssh", "Secure shell"),
    word("telnet", "Telnet"),
    word("tftp", "Trivial file transfer"),
    word("traceroute", "Probes of traceroute"),
    word("xnm-clear-text", "Junos XML without TLS"),
    word("xnm-ssl", "Junos XML over TLS"),
];

const PROTOCOLS: &[Word] = &[
    word("all", "Every protocol of this list"),
    word("bfd", "Forwarding detection"),
    word("bgp", "BGP"),
    word("dvmrp", "DVMRP"),
    word("igmp", "Group membership"),
    word("ldp", "Label distribution"),
    word("msdp", "Multicast source discovery"),
    word("ndp", "Neighbour discovery, which needs no rule"),
    word("nhrp", "Next hop resolution"),
    word("ospf", "OSPF"),
    word("ospf3", "OSPF for IPv6"),
    word("pgm", "Reliable multicast"),
    word("pim", "PIM"),
    word("rip", "RIP"),
    word("ripng", "RIP for IPv6"),
    word("router-discovery", "Router discovery"),
    word("rsvp", "Resource reservation"),
    word("sap", "Session announcements"),
    word("vrrp", "Router redundancy"),
];
