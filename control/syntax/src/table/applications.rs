use super::form::word;
use super::statement::{NAME, Statement, key_from, leaf, list};
use super::{Layout, Source, Type, Word};

const TIMES: &str =
    "sessions have the timeouts of security flow; those of an application need the session capability";
const ALG: &str = "payloads are never looked into";

pub(super) const PROTOCOLS: &[Word] = &[
    word("ah", "Authentication header"),
    word("egp", "EGP"),
    word("eigrp", "EIGRP"),
    word("esp", "Encapsulated payload"),
    word("gre", "GRE"),
    word("icmp", "ICMP"),
    word("icmp6", "ICMPv6"),
    word("igmp", "IGMP"),
    word("ipip", "IP in IP"),
    word("ipv6", "IPv6 in IP"),
    word("ospf", "OSPF"),
    word("pim", "PIM"),
    word("rsvp", "RSVP"),
    word("sctp", "SCTP"),
    word("tcp", "TCP"),
    word("udp", "UDP"),
    word("vrrp", "VRRP"),
];

const PROTOCOL: Statement = leaf("protocol", Type::WordsOrNumber(PROTOCOLS, 0, 255), "IP protocol");
const SOURCE_PORT: Statement = leaf("source-port", Type::Ports, "Source port or range");
const DESTINATION_PORT: Statement = leaf("destination-port", Type::Ports, "Destination port or range");
const ICMP_TYPE: Statement = leaf("icmp-type", Type::WordsOrNumber(ICMP_TYPES, 0, 255), "ICMP type");
const ICMP_CODE: Statement = leaf("icmp-code", Type::Number(0, 255), "ICMP code");
const ICMP6_TYPE: Statement = leaf("icmp6-type", Type::WordsOrNumber(ICMP6_TYPES, 0, 255), "ICMPv6 type");
const ICMP6_CODE: Statement = leaf("icmp6-code", Type::Number(0, 255), "ICMPv6 code");
const TIMEOUT: Statement = leaf(
    "inactivity-timeout",
    Type::WordsOrNumber(&[word("never", "No timeout")], 4, 86400),
    "Seconds a session may be idle",
)
.kept(TIMES);
const GATEWAY: Statement = leaf("alg", Type::Name, "Protocol of the payload").kept(ALG);
const RPC: Statement = leaf("rpc-program-number", Type::Text, "RPC programs").reserved(ALG);
const UUID: Statement = leaf("uuid", Type::Text, "DCE RPC interface").reserved(ALG);

pub(super) const ROWS: &[Statement] = &[
    list(
        "application",
        NAME,
        "An application",
        &[
            leaf("description", Type::Text, "Text for people"),
            leaf("application-protocol", Type::Name, "Protocol of the payload").kept(ALG),
            PROTOCOL,
            SOURCE_PORT,
            DESTINATION_PORT,
            ICMP_TYPE,
            ICMP_CODE,
            ICMP6_TYPE,
            ICMP6_CODE,
            TIMEOUT,
            RPC,
            UUID,
            list(
                "term",
                NAME,
                "One of several forms",
                &[
                    GATEWAY,
                    PROTOCOL,
                    SOURCE_PORT,
                    DESTINATION_PORT,
                    ICMP_TYPE,
                    ICMP_CODE,
                    ICMP6_TYPE,
                    ICMP6_CODE,
                    TIMEOUT,
                    RPC,
                    UUID,
                ],
            )
            .layout(Layout::Line)
            .ordered(),
        ],
    ),
    list(
        "application-set",
        NAME,
        "A name for several applications",
        &[
            leaf("description", Type::Text, "Text for people"),
            list("application", &[key_from(Type::Name, Source::Applications)], "Application", &[]),
            list("application-set", &[key_from(Type::Name, Source::Applications)], "Set", &[]),
        ],
    ),
];

/// The number of an ICMP type, or of an ICMPv6 type, by its name; its help is the number.
pub fn icmp_type(name: &str, v6: bool) -> Option<u8> {
    let words = if v6 { ICMP6_TYPES } else { ICMP_TYPES };
    words.iter().find(|word| word.word == name).and_then(|word| word.help.parse().ok())
}

const ICMP_TYPES: &[Word] = &[
    word("echo-reply", "0"),
    word("unreachable", "3"),
    word("source-quench", "4"),
    word("redirect", "5"),
    word("echo-request", "8"),
    word("router-advertisement", "9"),
    word("router-solicit", "10"),
    word("time-exceeded", "11"),
    word("parameter-problem", "12"),
    word("timestamp", "13"),
    word("timestamp-reply", "14"),
    word("info-request", "15"),
    word("info-reply", "16"),
    word("mask-request", "17"),
    word("mask-reply", "18"),
];

const ICMP6_TYPES: &[Word] = &[
    word("destination-unreachable", "1"),
    word("packet-too-big", "2"),
    word("time-exceeded", "3"),
    word("parameter-problem", "4"),
    word("echo-request", "128"),
    word("echo-reply", "129"),
    word("membership-query", "130"),
    word("membership-report", "131"),
    word("membership-termination", "132"),
    word("router-solicit", "133"),
    word("router-advertisement", "134"),
    word("neighbor-solicit", "135"),
    word("neighbor-advertisement", "136"),
    word("redirect", "137"),
];
