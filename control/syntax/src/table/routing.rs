use super::statement::{Key, Statement, anything, container, entries, flag, key, leaf, list, values};
use super::{Layout, NAME, Type};

const BESIDE: &str =
    "routing protocols run beside the gateway (FRR), and are told by their own configuration";
const PROTOCOL: &str = "routing protocols run beside the gateway (FRR); it follows the host's routing table";

const SWITCH: &str = "switching is the bridge of the host";

const ROUTE: &[Statement] = &[
    values("next-hop", Type::Text, "Gateways: addresses or interfaces").ordered().choice("where"),
    flag("discard", "Drops silently").choice("where"),
    flag("reject", "Drops and answers").choice("where"),
    leaf("next-table", Type::Name, "Table to look in")
        .choice("where")
        .reserved("routing tables beside the main one need the multi-WAN capability"),
    leaf("preference", Type::Number(0, 4_294_967_295), "Preference; the least wins").default("5"),
    leaf("metric", Type::Number(0, 4_294_967_295), "Metric; the least wins").doc(
        "The kernel has one number for both: the metric where there is one, else the preference, at least 1.",
    ),
    flag("no-readvertise", "Not for routing protocols").kept(BESIDE),
    list(
        "qualified-next-hop",
        &[key(Type::Text)],
        "Gateway with a preference of its own",
        &[
            leaf("preference", Type::Number(0, 4_294_967_295), "Preference"),
            leaf("metric", Type::Number(0, 4_294_967_295), "Metric"),
        ],
    )
    .ordered(),
];

const STATIC: Statement =
    container("static", "Static routes", &[list("route", &[PREFIX], "A route", ROUTE).layout(Layout::Alone)]).doc(
        "In the kernel's main table, with the protocol number 70. A route whose gateway is on no network of the gateway \
         waits until it is.",
    );

const PREFIX: Key = key(Type::Prefix);

pub(super) const OPTIONS: &[Statement] = &[
    STATIC,
    list("rib", NAME, "A routing table: inet.0 or inet6.0", &[STATIC]),
    leaf("router-id", Type::Address4, "Number of the router").kept(BESIDE),
    leaf("autonomous-system", Type::Text, "Number of the autonomous system").kept(BESIDE),
];

pub(super) const PROTOCOLS: &[Statement] = &[
    container("lldp", "Link discovery", &[list("interface", &[key(Type::Name)], "Where", &[])])
        .kept(PROTOCOL),
    container(
        "router-advertisement",
        "IPv6 router advertisements",
        &[list(
            "interface",
            &[key(Type::Interface)],
            "Where",
            &[
                list("prefix", &[key(Type::Prefix6)], "Prefix", &[]),
                flag("managed-configuration", "Addresses come by DHCPv6"),
                flag("other-stateful-configuration", "The rest comes by DHCPv6"),
            ],
        )],
    )
    .kept("router advertisements are not sent yet"),
    anything("bgp", "BGP").kept(PROTOCOL),
    anything("ospf", "OSPF").kept(PROTOCOL),
    anything("ospf3", "OSPF for IPv6").kept(PROTOCOL),
    anything("isis", "IS-IS").kept(PROTOCOL),
    anything("rip", "RIP").kept(PROTOCOL),
    anything("ripng", "RIP for IPv6").kept(PROTOCOL),
    anything("bfd", "Forwarding detection").kept(PROTOCOL),
    anything("igmp", "Group membership").kept(PROTOCOL),
    anything("mld", "Group membership for IPv6").kept(PROTOCOL),
    anything("pim", "PIM").kept(PROTOCOL),
    anything("mpls", "Label switching").reserved("labels are not switched"),
    anything("ldp", "Label distribution").reserved("labels are not switched"),
    anything("rsvp", "Resource reservation").reserved("labels are not switched"),
    anything("stp", "Spanning tree").kept(SWITCH),
    anything("rstp", "Rapid spanning tree").kept(SWITCH),
    anything("l2-learning", "Switching").kept(SWITCH),
];

pub(super) const INSTANCES: &[Statement] = &[entries(
    NAME,
    "A routing instance",
    &[
        leaf("instance-type", Type::Text, "Kind"),
        list("interface", &[key(Type::Interface)], "Interface", &[]),
        container("routing-options", "Routes of the instance", OPTIONS),
    ],
)
.json("instance")];
