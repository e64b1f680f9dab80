use super::statement::{Statement, anything, container, entries, flag, key, leaf, list};
use super::{NAME, Type, address_book, flow, log, nat, policies, screen, zones};

const VPN: &str = "VPNs are not part of the gateway; run them on the host and put their device in a zone";

pub(super) const ROWS: &[Statement] = &[
    container("log", "Where records of sessions go", log::ROWS).kept("sessions are not recorded yet"),
    anything("ike", "Key exchange for VPNs").reserved(VPN),
    anything("ipsec", "Encryption for VPNs").reserved(VPN),
    list("address-book", NAME, "Names for addresses", address_book::ATTACHED)
        .layout(super::Layout::Group)
        .doc("The book `global` holds for all zones; any other for the zones it is attached to, and before the global one."),
    container("alg", "Protocols whose payload names ports", &[
        entries(&[key(Type::Name)], "Protocol", &[flag("disable", "Does not look into it")]).json("protocol"),
    ])
    .kept("payloads are never looked into: every gateway of this kind is off"),
    container("forwarding-options", "How packets are forwarded", &[container("family", "By protocol", &[
        container("inet6", "IPv6", &[leaf("mode", Type::Words(FORWARDING), "How").default("flow-based")]),
        container("mpls", "MPLS", &[leaf("mode", Type::Words(FORWARDING), "How")]),
        container("iso", "ISO", &[leaf("mode", Type::Words(FORWARDING), "How")]),
    ])
    .layout(super::Layout::Prefix)])
    .kept("IPv4 and IPv6 are always forwarded by flow, and nothing else is"),
    container("flow", "Sessions: times and checks", flow::ROWS),
    container("screen", "Protection against attacks", screen::ROWS),
    container("nat", "Translation of addresses", nat::ROWS),
    container("policies", "Which sessions may be opened", policies::ROWS),
    container("zones", "Zones: interfaces that are trusted alike", zones::ROWS),
    anything("dynamic-address", "Addresses of feeds").reserved("names and feeds need the dynamic address capability"),
    anything("advance-policy-based-routing", "Routes by application").reserved("routes by policy need the multi-WAN capability"),
    anything("application-firewall", "Rules for recognised applications")
        .reserved("applications are known by their ports alone"),
    anything("application-tracking", "Records of recognised applications").kept("applications are not recognised yet"),
    anything("user-identification", "Users behind addresses").reserved("users are not known to the gateway"),
    anything("pki", "Certificates").kept("certificates are the host's"),
    anything("ssh-known-hosts", "Keys of other hosts").kept("keys are the host's"),
    anything("certificates", "Certificates of the API").kept("certificates are the host's"),
    anything("utm", "Inspection of content").reserved("content is not inspected"),
    anything("idp", "Intrusion detection").reserved("content is not inspected"),
];

const FORWARDING: &[super::Word] = &[
    super::form::word("flow-based", "With sessions"),
    super::form::word("packet-based", "Without sessions"),
    super::form::word("drop", "Not at all"),
];
