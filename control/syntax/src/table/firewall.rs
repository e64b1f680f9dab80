use super::statement::{NAME, Statement, container, entries, flag, key, leaf, list, values};
use super::{Layout, Source, Type};

const FILTERS: &str = "stateless filters need the filter capability";
const POLICERS: &str = "policers need the filter capability";

pub(super) const ROWS: &[Statement] = &[
    container(
        "family",
        "By protocol",
        &[
            container("inet", "IPv4", &[list("filter", NAME, "A filter", FILTER)]),
            container("inet6", "IPv6", &[list("filter", NAME, "A filter", FILTER)]),
        ],
    )
    .layout(Layout::Prefix)
    .reserved(FILTERS),
    list("filter", NAME, "A filter for IPv4", FILTER).reserved(FILTERS),
    list(
        "policer",
        NAME,
        "A rate that is allowed",
        &[
            container(
                "if-exceeding",
                "The rate",
                &[
                    leaf("bandwidth-limit", Type::Amount(8_000, 100_000_000_000), "Bits a second"),
                    leaf("bandwidth-percent", Type::Number(1, 100), "Percent of the interface"),
                    leaf("burst-size-limit", Type::Amount(1_500, 100_000_000_000), "Bytes at once"),
                ],
            ),
            container(
                "then",
                "What happens to the rest",
                &[
                    flag("discard", "Drops it"),
                    leaf("loss-priority", Type::Name, "Drops it first"),
                    leaf("forwarding-class", Type::Name, "Puts it in a class"),
                ],
            ),
        ],
    )
    .reserved(POLICERS),
];

const FILTER: &[Statement] =
    &[flag("interface-specific", "Counts for each interface"), list("term", NAME, "A term", TERM).ordered()];

const PREFIXES: &[Statement] =
    &[entries(&[key(Type::Prefix)], "Prefix", &[flag("except", "Not this one")]).layout(Layout::Line)];

const TERM: &[Statement] = &[
    container(
        "from",
        "What it matches",
        &[
            container("source-address", "Source", PREFIXES),
            container("destination-address", "Destination", PREFIXES),
            container("address", "Source or destination", PREFIXES),
            values("protocol", Type::Text, "IP protocols"),
            values("next-header", Type::Text, "IPv6 next headers"),
            values("payload-protocol", Type::Text, "IPv6 protocols"),
            values("source-port", Type::Ports, "Source ports"),
            values("destination-port", Type::Ports, "Destination ports"),
            values("port", Type::Ports, "Source or destination ports"),
            values("icmp-type", Type::Text, "ICMP types"),
            values("icmp-code", Type::Text, "ICMP codes"),
            values("dscp", Type::Text, "DSCP"),
            leaf("tcp-flags", Type::Text, "TCP flags"),
            flag("tcp-established", "Segments of a connection"),
            flag("tcp-initial", "First segments"),
            flag("is-fragment", "Later fragments"),
            flag("first-fragment", "First fragments"),
            values("packet-length", Type::Text, "Bytes"),
            values("ttl", Type::Text, "TTL"),
        ],
    ),
    container(
        "then",
        "What happens",
        &[
            flag("accept", "Lets it pass").choice("action"),
            container("discard", "Drops it", &[]).choice("action"),
            container("reject", "Drops it and answers", &[]).choice("action"),
            leaf("count", Type::Name, "Counter"),
            flag("log", "Records it"),
            flag("syslog", "Sends it to the log"),
            leaf("policer", Type::Name, "Rate that is allowed").from(Source::Policers),
            leaf("forwarding-class", Type::Name, "Class"),
            leaf("loss-priority", Type::Name, "Order of dropping"),
            leaf("dscp", Type::Text, "New DSCP"),
            container("next", "Goes on", &[flag("term", "With the next term")]),
            leaf("routing-instance", Type::Name, "Table to route by").from(Source::Instances),
        ],
    ),
];
