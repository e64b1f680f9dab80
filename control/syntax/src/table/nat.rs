use super::statement::{Statement, bare, container, entries, flag, key, key_from, leaf, list, values};
use super::{Layout, NAME, Source, Type};

const POOLS: &str = "source pools need the NAT pool capability; use source-nat interface";
const STATIC: &str = "static NAT needs the NAT pool capability; use destination NAT for what comes in";
const CONTEXT: &str = "rule sets are chosen by zones; name zones here";
const CONTEXT_CHOICE: &str = "context";

pub(super) const ROWS: &[Statement] = &[
    container("source", "Translation of sources", SOURCE),
    container("destination", "Translation of destinations", DESTINATION),
    container(
        "static",
        "Translation of both, one to one",
        &[list(
            "rule-set",
            NAME,
            "Rules of one origin",
            &[
                leaf("description", Type::Text, "Text for people"),
                FROM,
                list("rule", NAME, "A rule", STATIC_RULE).ordered(),
            ],
        )
        .ordered()],
    )
    .reserved(STATIC),
    container(
        "proxy-arp",
        "Answers ARP for pool addresses",
        &[list(
            "interface",
            &[key_from(Type::Interface, Source::Interfaces)],
            "Where",
            &[container("address", "Addresses", ADDRESSES)],
        )],
    )
    .kept("the host answers for its own addresses; add others to its interface"),
    container(
        "proxy-ndp",
        "Answers neighbour solicitations for pool addresses",
        &[list(
            "interface",
            &[key_from(Type::Interface, Source::Interfaces)],
            "Where",
            &[container("address", "Addresses", ADDRESSES)],
        )],
    )
    .kept("the host answers for its own addresses; add others to its interface"),
];

/// Addresses or ranges of them.
const ADDRESSES: &[Statement] = &[entries(
    &[key(Type::Prefix)],
    "Address, prefix, or the least of a range",
    &[container("to", "The greatest of a range", &[bare(Type::Prefix, "Address").json("ipaddr")])
        .layout(Layout::Line)],
)
.layout(Layout::Line)
.json("address")];

const FROM: Statement = container(
    "from",
    "Where sessions are opened from",
    &[
        values("zone", Type::Name, "Zones").from(Source::Zones).choice(CONTEXT_CHOICE),
        values("interface", Type::Interface, "Interfaces")
            .from(Source::Interfaces)
            .choice(CONTEXT_CHOICE)
            .reserved(CONTEXT),
        values("routing-instance", Type::Name, "Routing instances")
            .from(Source::Instances)
            .choice(CONTEXT_CHOICE)
            .reserved(CONTEXT),
    ],
)
.layout(Layout::Alone);

const TO: Statement = container(
    "to",
    "Where sessions are opened to",
    &[
        values("zone", Type::Name, "Zones").from(Source::Zones).choice(CONTEXT_CHOICE),
        values("interface", Type::Interface, "Interfaces")
            .from(Source::Interfaces)
            .choice(CONTEXT_CHOICE)
            .reserved(CONTEXT),
        values("routing-instance", Type::Name, "Routing instances")
            .from(Source::Instances)
            .choice(CONTEXT_CHOICE)
            .reserved(CONTEXT),
    ],
)
.layout(Layout::Alone);

pub(super) const SOURCE_ADDRESS: Statement = values("source-address", Type::Prefix, "Source prefixes");
pub(super) const SOURCE_NAME: Statement =
    values("source-address-name", Type::Name, "Source addresses of the address book").from(Source::Addresses);
pub(super) const DESTINATION_ADDRESS: Statement =
    values("destination-address", Type::Prefix, "Destination prefixes");
pub(super) const DESTINATION_NAME: Statement =
    values("destination-address-name", Type::Name, "Destination addresses of the address book")
        .from(Source::Addresses);
const APPLICATION: Statement =
    values("application", Type::Name, "Applications, own or predefined").from(Source::Applications);
pub(super) const PROTOCOL: Statement =
    values("protocol", Type::WordsOrNumber(super::applications::PROTOCOLS, 0, 255), "IP protocols");

/// Ports or ranges of them: `80`, `8000 to 8010`.
const PORTS: &[Statement] = &[entries(
    &[key(Type::Ports)],
    "Port, or the least of a range",
    &[container("to", "The greatest of a range", &[bare(Type::Number(0, 65535), "Port").json("high")])
        .layout(Layout::Line)],
)
.layout(Layout::Line)];

pub(super) const DESTINATION_PORT: Statement =
    container("destination-port", "Destination ports", PORTS).layout(Layout::Alone);
pub(super) const SOURCE_PORT: Statement =
    container("source-port", "Source ports", PORTS).layout(Layout::Alone);

const SOURCE: &[Statement] = &[
    list(
        "pool",
        NAME,
        "Addresses to translate to",
        &[
            leaf("description", Type::Text, "Text for people"),
            container("address", "Addresses", ADDRESSES),
            container(
                "port",
                "Ports",
                &[
                    flag("no-translation", "Leaves ports as they are").choice("ports"),
                    container(
                        "range",
                        "Ports to use",
                        &[
                            bare(Type::Number(1024, 65535), "The least").json("low"),
                            container(
                                "to",
                                "The greatest",
                                &[bare(Type::Number(1024, 65535), "Port").json("high")],
                            )
                            .layout(Layout::Line),
                        ],
                    )
                    .choice("ports"),
                    leaf("port-overloading-factor", Type::Number(2, 32), "Uses of one port").choice("ports"),
                ],
            ),
            leaf("overflow-pool", Type::Text, "Pool to use when this one is used up"),
            flag("address-pooling", "Same address for all sessions of a source"),
        ],
    )
    .reserved(POOLS),
    flag("address-persistent", "Same address for all sessions of a source")
        .kept("there is one address for each egress interface"),
    container(
        "interface",
        "Translation to the address of the egress interface",
        &[container("port-overloading", "Uses a port more than once", &[flag("off", "Never")])],
    )
    .kept("a port is used again for another destination"),
    container(
        "port-range",
        "Ports of source-nat interface",
        &[
            bare(Type::Number(1, 65535), "The least").json("low"),
            container("to", "The greatest", &[bare(Type::Number(1, 65535), "Port").json("high")])
                .layout(Layout::Line),
        ],
    )
    .layout(Layout::Line)
    .default("1024 to 65535")
    .doc("Flumen's own statement: holds for all rules with `source-nat interface`."),
    list(
        "rule-set",
        NAME,
        "Rules of one pair of origins",
        &[
            leaf("description", Type::Text, "Text for people"),
            FROM,
            TO,
            list("rule", NAME, "A rule", SOURCE_RULE).ordered(),
        ],
    )
    .ordered(),
];

const SOURCE_RULE: &[Statement] = &[
    leaf("description", Type::Text, "Text for people"),
    container(
        "match",
        "What it matches",
        &[
            SOURCE_ADDRESS,
            SOURCE_NAME,
            SOURCE_PORT,
            DESTINATION_ADDRESS,
            DESTINATION_NAME,
            DESTINATION_PORT,
            PROTOCOL,
            APPLICATION,
        ],
    ),
    container(
        "then",
        "What happens",
        &[container(
            "source-nat",
            "To the source",
            &[
                flag("off", "Leaves it as it is").choice("to"),
                container("interface", "The address of the egress interface", &[PERSISTENT]).choice("to"),
                container(
                    "pool",
                    "An address of a pool",
                    &[bare(Type::Name, "Pool").from(Source::SourcePools).json("pool-name"), PERSISTENT],
                )
                .choice("to")
                .reserved(POOLS),
            ],
        )],
    ),
];

const PERSISTENT: Statement = container(
    "persistent-nat",
    "Keeps a translation for other destinations",
    &[
        container(
            "permit",
            "Who may answer",
            &[
                flag("any-remote-host", "Everyone").choice("who"),
                flag("target-host", "The destination").choice("who"),
                flag("target-host-port", "The destination's port").choice("who"),
            ],
        ),
        leaf("inactivity-timeout", Type::Number(60, 7200), "Seconds"),
        leaf("max-session-number", Type::Number(8, 65536), "Sessions"),
    ],
)
.reserved("persistent NAT needs the NAT pool capability");

const DESTINATION: &[Statement] = &[
    list(
        "pool",
        NAME,
        "Address to translate to",
        &[
            leaf("description", Type::Text, "Text for people"),
            leaf("routing-instance", Type::Name, "Where it is")
                .from(Source::Instances)
                .reserved("routing instances need the multi-WAN capability"),
            container(
                "address",
                "Address",
                &[
                    bare(Type::Prefix, "Address").json("ipaddr"),
                    leaf("port", Type::Number(0, 65535), "New port").choice("how"),
                    container(
                        "to",
                        "The greatest of a range",
                        &[bare(Type::Prefix, "Address").json("ipaddr")],
                    )
                    .choice("how")
                    .reserved(
                        "a destination pool has one address; load balancing needs the server capability",
                    ),
                ],
            )
            .layout(Layout::Line),
        ],
    ),
    list(
        "rule-set",
        NAME,
        "Rules of one origin",
        &[
            leaf("description", Type::Text, "Text for people"),
            FROM,
            list("rule", NAME, "A rule", DESTINATION_RULE).ordered(),
        ],
    )
    .ordered(),
];

const DESTINATION_RULE: &[Statement] = &[
    leaf("description", Type::Text, "Text for people"),
    container(
        "match",
        "What it matches",
        &[
            SOURCE_ADDRESS,
            SOURCE_NAME,
            DESTINATION_ADDRESS,
            DESTINATION_NAME,
            DESTINATION_PORT,
            PROTOCOL,
            APPLICATION,
        ],
    ),
    container(
        "then",
        "What happens",
        &[container(
            "destination-nat",
            "To the destination",
            &[
                flag("off", "Leaves it as it is").choice("to"),
                container(
                    "pool",
                    "The address of a pool",
                    &[bare(Type::Name, "Pool").from(Source::DestinationPools).json("pool-name")],
                )
                .choice("to"),
            ],
        )],
    ),
];

const STATIC_RULE: &[Statement] = &[
    leaf("description", Type::Text, "Text for people"),
    container(
        "match",
        "What it matches",
        &[SOURCE_ADDRESS, SOURCE_NAME, DESTINATION_ADDRESS, DESTINATION_NAME, DESTINATION_PORT],
    ),
    container(
        "then",
        "What happens",
        &[container(
            "static-nat",
            "To both",
            &[
                container(
                    "prefix",
                    "New prefix",
                    &[
                        bare(Type::Prefix, "Prefix").json("addr-prefix"),
                        container("mapped-port", "New port", PORTS),
                        leaf("routing-instance", Type::Name, "Where it is").from(Source::Instances),
                    ],
                )
                .choice("to"),
                container(
                    "prefix-name",
                    "New prefix of the address book",
                    &[bare(Type::Name, "Name").json("addr-prefix-name")],
                )
                .choice("to"),
                container("inet", "From IPv6 to IPv4", &[]).choice("to"),
                container(
                    "nptv6-prefix",
                    "Prefix translation of RFC 6296",
                    &[bare(Type::Prefix6, "Prefix").json("addr-prefix")],
                )
                .choice("to"),
            ],
        )],
    ),
];
