use super::statement::{Statement, container, flag, leaf, list};
use super::{NAME, Type};

pub(super) const ROWS: &[Statement] = &[list("ids-option", NAME, "A set of checks, named by zones", OPTIONS)
    .reserved("screens need the screen capability; malformed packets are dropped without one")];

const fn threshold(name: &'static str, help: &'static str) -> Statement {
    leaf(name, Type::Number(1, 1_000_000), help)
}

const OPTIONS: &[Statement] = &[
    leaf("description", Type::Text, "Text for people"),
    flag("alarm-without-drop", "Records, and lets pass"),
    container(
        "icmp",
        "ICMP",
        &[
            container(
                "ip-sweep",
                "Many destinations",
                &[leaf("threshold", Type::Number(1000, 1_000_000), "Microseconds for ten")],
            ),
            container("flood", "Too many", &[threshold("threshold", "Packets a second")]),
            flag("fragment", "Fragments"),
            flag("large", "Over 1024 bytes"),
            flag("ping-death", "Larger than a packet can be"),
            flag("icmpv6-malformed", "Malformed ICMPv6"),
        ],
    ),
    container(
        "ip",
        "IP",
        &[
            flag("bad-option", "Malformed options"),
            flag("record-route-option", "Option record route"),
            flag("timestamp-option", "Option timestamp"),
            flag("security-option", "Option security"),
            flag("stream-option", "Option stream"),
            flag("spoofing", "Sources that are routed elsewhere"),
            flag("source-route-option", "Either source route"),
            flag("loose-source-route-option", "Loose source route"),
            flag("strict-source-route-option", "Strict source route"),
            flag("unknown-protocol", "Protocols without a meaning"),
            flag("block-frag", "Fragments"),
            flag("tear-drop", "Overlapping fragments"),
        ],
    ),
    container(
        "tcp",
        "TCP",
        &[
            flag("syn-fin", "SYN and FIN at once"),
            flag("fin-no-ack", "FIN without ACK"),
            flag("tcp-no-flag", "No flag"),
            flag("syn-frag", "Fragments with SYN"),
            flag("land", "Source and destination the same"),
            flag("winnuke", "Urgent data for NetBIOS"),
            container(
                "port-scan",
                "Many ports",
                &[leaf("threshold", Type::Number(1000, 1_000_000), "Microseconds for ten")],
            ),
            container(
                "syn-ack-ack-proxy",
                "Logins that never finish",
                &[threshold("threshold", "Connections")],
            ),
            container(
                "syn-flood",
                "Too many openings",
                &[
                    threshold("alarm-threshold", "Openings a second before an alarm"),
                    threshold("attack-threshold", "Openings a second before cookies"),
                    threshold("source-threshold", "Openings a second of one source"),
                    threshold("destination-threshold", "Openings a second to one destination"),
                    leaf("timeout", Type::Number(1, 50), "Seconds for a handshake"),
                ],
            ),
            container(
                "tcp-sweep",
                "Many destinations",
                &[leaf("threshold", Type::Number(1000, 1_000_000), "Microseconds for ten")],
            ),
        ],
    ),
    container(
        "udp",
        "UDP",
        &[
            container("flood", "Too many", &[threshold("threshold", "Packets a second")]),
            container(
                "udp-sweep",
                "Many destinations",
                &[leaf("threshold", Type::Number(1000, 1_000_000), "Microseconds for ten")],
            ),
            container(
                "port-scan",
                "Many ports",
                &[leaf("threshold", Type::Number(1000, 1_000_000), "Microseconds for ten")],
            ),
        ],
    ),
    container(
        "limit-session",
        "Sessions at most",
        &[
            leaf("source-ip-based", Type::Number(1, 2_000_000), "Of one source"),
            leaf("destination-ip-based", Type::Number(1, 2_000_000), "To one destination"),
        ],
    ),
];
