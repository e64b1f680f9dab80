use super::Type;
use super::form::word;
use super::statement::{NAME, Statement, container, leaf, list};

pub(super) const ROWS: &[Statement] = &[
    leaf(
        "mode",
        Type::Words(&[word("stream", "From the engine"), word("event", "Through the host's log")]),
        "How",
    )
    .default("stream"),
    leaf("format", Type::Words(FORMATS), "Format"),
    leaf("source-address", Type::Address, "Source address of records"),
    leaf("source-interface", Type::Interface, "Interface whose address is the source"),
    leaf("event-rate", Type::Number(0, 1500), "Records a second in mode event"),
    leaf("rate-cap", Type::Number(0, 5000), "Records a second at most"),
    super::statement::flag("report", "Keeps records for reports"),
    container("transport", "How records travel", TRANSPORT),
    list(
        "stream",
        NAME,
        "A destination",
        &[
            leaf("severity", Type::Text, "Least severity"),
            leaf("format", Type::Words(FORMATS), "Format"),
            leaf("category", Type::Text, "Kind of record"),
            list(
                "host",
                &[super::statement::key(Type::Text)],
                "Host that gets records",
                &[leaf("port", Type::Number(1, 65535), "Port")],
            ),
            container("transport", "How records travel", TRANSPORT),
        ],
    ),
];

const FORMATS: &[super::Word] = &[
    word("syslog", "RFC 3164"),
    word("sd-syslog", "RFC 5424 with structured data"),
    word("welf", "WebTrends"),
    word("binary", "Binary"),
];

const TRANSPORT: &[Statement] = &[
    leaf("protocol", Type::Words(&[word("udp", "UDP"), word("tcp", "TCP"), word("tls", "TLS")]), "Protocol"),
    leaf("tcp-connections", Type::Number(1, 5), "Connections"),
    leaf("tls-profile", Type::Name, "Profile of TLS"),
];
