use super::Type;
use super::form::word;
use super::statement::{Statement, container, flag, leaf};

const SEQUENCE: &str = "sequence numbers are not checked yet";
const MSS: &str = "segment sizes are not changed yet";

/// A timeout in seconds.
const fn seconds(name: &'static str, help: &'static str, default: &'static str) -> Statement {
    leaf(name, Type::Number(1, 86_400), help).default(default)
}

pub(super) const ROWS: &[Statement] = &[
    flag("allow-dns-reply", "Lets answers of name servers in without a question")
        .reserved("an answer without a question is judged by the policies"),
    leaf(
        "syn-flood-protection-mode",
        Type::Words(&[word("syn-cookie", "Cookies"), word("syn-proxy", "Proxy")]),
        "How the gateway withstands floods of openings",
    )
    .kept("screens need the screen capability"),
    container(
        "aging",
        "Early end of sessions when the table fills",
        &[
            leaf("early-ageout", Type::Number(1, 65535), "Seconds a session may then be idle"),
            leaf("low-watermark", Type::Number(0, 100), "Percent where it ends"),
            leaf("high-watermark", Type::Number(0, 100), "Percent where it begins"),
        ],
    )
    .kept("sessions end at their timeout alone"),
    container(
        "tcp-session",
        "TCP",
        &[
            flag("no-syn-check", "A session may start with any segment"),
            flag("strict-syn-check", "Checks the whole handshake")
                .reserved("the handshake is followed, not enforced"),
            flag("no-syn-check-in-tunnel", "Not within VPNs").kept("VPNs are not part of the gateway"),
            flag("no-sequence-check", "Does not check sequence numbers")
                .doc("They are never checked so far."),
            flag("rst-sequence-check", "Checks sequence numbers of resets").reserved(SEQUENCE),
            flag("rst-invalidate-session", "A reset ends the session at once")
                .kept("after a reset a session lives for tcp-closed-timeout"),
            flag("fin-invalidate-session", "FIN ends the session at once")
                .kept("after both FINs a session lives for tcp-closed-timeout"),
            seconds("tcp-initial-timeout", "Seconds a handshake may take", "20"),
            seconds("tcp-established-timeout", "Seconds an established session may be idle", "1800")
                .doc("Flumen's own statement."),
            seconds("tcp-closing-timeout", "Seconds it may be idle after the first FIN", "150")
                .doc("Flumen's own statement."),
            container(
                "time-wait-state",
                "After both FINs",
                &[
                    flag("session-ageout", "Ends by the usual timeout")
                        .choice("ageout")
                        .kept("the session-timeout holds"),
                    leaf("session-timeout", Type::Number(1, 600), "Seconds").default("2").choice("ageout"),
                    flag("apply-to-half-close-state", "After the first FIN too")
                        .kept("tcp-closing-timeout holds after the first FIN"),
                ],
            ),
            leaf("maximum-window", Type::Text, "Largest window that is expected").kept(SEQUENCE),
        ],
    ),
    container(
        "tcp-mss",
        "Largest TCP segment",
        &[
            container("all-tcp", "In all sessions", &[leaf("mss", Type::Number(64, 65535), "Bytes")]),
            container("ipsec-vpn", "Within VPNs", &[leaf("mss", Type::Number(64, 65535), "Bytes")]),
            container("gre-in", "Out of GRE", &[leaf("mss", Type::Number(64, 65535), "Bytes")]),
            container("gre-out", "Into GRE", &[leaf("mss", Type::Number(64, 65535), "Bytes")]),
        ],
    )
    .kept(MSS),
    seconds("udp-timeout", "Seconds a UDP session may be idle", "60").doc("Flumen's own statement."),
    seconds("icmp-timeout", "Seconds an ICMP query may be idle", "60").doc("Flumen's own statement."),
    seconds("other-timeout", "Seconds a session of any other protocol may be idle", "60")
        .doc("Flumen's own statement."),
    leaf(
        "answers-per-second",
        Type::Number(0, 1_000_000),
        "ICMP errors and resets that each CPU may send per second",
    )
    .default("1000")
    .doc("Flumen's own statement."),
    container(
        "traceoptions",
        "Traces for developers",
        &[leaf("file", Type::Text, "File"), super::statement::values("flag", Type::Text, "What")],
    )
    .kept("use explain and the counters of drops"),
];
