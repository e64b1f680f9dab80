use super::form::word;
use super::statement::{NAME, Statement, anything, bare, container, entries, flag, key, leaf, list, values};
use super::{Layout, Source, Type, Word};

const HOST: &str = "the host's own name, users and services are not configured by the gateway yet";
const SYSLOG: &str = "the log goes to the journal; no other destination is served yet";
const API: &str = "the API listens on its Unix socket alone so far";

pub(super) const ROWS: &[Statement] = &[
    leaf("host-name", Type::Name, "Name of the host").kept(HOST),
    leaf("domain-name", Type::Name, "Domain of the host").kept(HOST),
    values("domain-search", Type::Name, "Domains in which names are looked up").kept(HOST).ordered(),
    leaf("time-zone", Type::Text, "Time zone, as Europe/Berlin").kept(HOST),
    container(
        "root-authentication",
        "How root logs in",
        &[
            leaf("encrypted-password", Type::Secret, "Password, encrypted"),
            list("ssh-rsa", &[key(Type::Text)], "RSA key that may log in", &[]),
            list("ssh-ed25519", &[key(Type::Text)], "Ed25519 key that may log in", &[]),
        ],
    )
    .kept(HOST),
    container(
        "name-server",
        "Name servers of the host",
        &[entries(&[key(Type::Address)], "Name server", &[]).ordered()],
    )
    .kept(HOST),
    container("login", "Users and what they may do", LOGIN),
    container("services", "Services of the host", SERVICES),
    container("syslog", "Where log messages go", SYSLOG_ROWS).kept(SYSLOG),
    container(
        "ntp",
        "Network time",
        &[
            list(
                "server",
                &[key(Type::Text)],
                "Time server",
                &[flag("prefer", "Believe it rather than the others")],
            )
            .layout(Layout::Line),
            leaf("boot-server", Type::Text, "Server asked once, at boot"),
        ],
    )
    .kept(HOST),
    leaf("max-configurations-on-flash", Type::Number(0, 49), "Old configurations kept beside the active one")
        .kept("how many are kept is not configured yet"),
    leaf("max-configuration-rollbacks", Type::Number(0, 49), "Old configurations that can be rolled back to")
        .kept("how many are kept is not configured yet"),
    container(
        "archival",
        "Copies of the configuration elsewhere",
        &[container(
            "configuration",
            "The active configuration",
            &[
                flag("transfer-on-commit", "After each commit"),
                leaf("transfer-interval", Type::Number(15, 2880), "Minutes between copies"),
                container("archive-sites", "Where to", &[entries(&[key(Type::Text)], "URL", &[])]),
            ],
        )],
    )
    .kept("configurations are not copied elsewhere yet"),
    anything("license", "Licence keys").kept("there are no licence keys"),
    anything("authentication-order", "Ways to log in, in order").kept(HOST),
    anything("radius-server", "Servers that know users").kept(HOST),
    anything("tacplus-server", "Servers that know users").kept(HOST),
    anything("autoinstallation", "Fetches a configuration").kept(HOST),
    anything("phone-home", "Fetches a configuration").kept(HOST),
    anything("ports", "Consoles").kept(HOST),
    anything("processes", "Software of the host").kept(HOST),
    anything("internet-options", "The host's own connections").kept(HOST),
    anything("management-instance", "A routing table for management").kept(HOST),
    container("dataplane", "The engine that forwards packets", DATAPLANE).doc("Flumen's own hierarchy."),
];

const MODES: &[Word] = &[
    word("auto", "In the driver where it can, else in the kernel's generic path"),
    word("driver", "In the driver, or not at all"),
    word("generic", "In the kernel's generic path"),
];

const DATAPLANE: &[Statement] = &[
    leaf("mode", Type::Words(MODES), "How programs are attached to devices").default("auto"),
    container(
        "sessions",
        "The session table",
        &[
            leaf("maximum", Type::Number(1024, 16_777_216), "Sessions at most")
                .default("131072")
                .doc("The table is laid out when the gateway starts; a change needs a restart."),
            leaf("ipv6-maximum", Type::Number(1024, 16_777_216), "Sessions of IPv6 among them at most")
                .doc("A quarter of the maximum if it is not set. Likewise laid out when the gateway starts."),
        ],
    ),
    container(
        "power",
        "How the engine waits for packets",
        &[leaf(
            "mode",
            Type::Words(&[
                word("polling", "Always awake"),
                word("interrupt", "Sleeps until a packet arrives"),
                word("adaptive", "Changes between the two with the load"),
            ]),
            "How it waits",
        )],
    )
    .reserved("the XDP engine waits as the driver does; modes come with the polling engines"),
];

const PERMISSIONS: &[Word] = &[
    word("all", "Everything"),
    word("clear", "Clear counters and sessions"),
    word("configure", "Change the configuration"),
    word("interface", "See interfaces"),
    word("network", "Ping and trace"),
    word("reset", "Restart software"),
    word("security", "See security configuration"),
    word("view", "See state"),
    word("view-configuration", "See the configuration"),
];

const LOGIN: &[Statement] = &[
    leaf("message", Type::Text, "Text shown before login").kept(HOST),
    leaf("announcement", Type::Text, "Text shown after login").kept(HOST),
    list(
        "class",
        NAME,
        "A role",
        &[
            values("permissions", Type::Words(PERMISSIONS), "What it may do"),
            leaf("idle-timeout", Type::Number(1, 4_294_967_295), "Minutes before an idle session ends"),
            leaf("allow-commands", Type::Text, "Further commands, as a pattern"),
            leaf("deny-commands", Type::Text, "Forbidden commands, as a pattern"),
        ],
    )
    .kept("classes of one's own may do nothing yet: a user needs super-user, operator or read-only"),
    list(
        "user",
        NAME,
        "A user",
        &[
            leaf("full-name", Type::Text, "Whole name").kept(HOST),
            leaf("uid", Type::Number(100, 64000), "Number of the user").kept(HOST),
            leaf("class", Type::Name, "Role: super-user, operator, read-only, or a class")
                .from(Source::Classes)
                .doc(
                    "What a user of the host may do with the gateway. `read-only` looks; `operator` also clears sessions, explains and \
                     sees the configuration; `super-user` also changes it. Root may do everything, and a user without a class \
                     nothing. It counts from the commit on, also for those who are connected.",
                ),
            container(
                "authentication",
                "How the user logs in",
                &[
                    leaf("encrypted-password", Type::Secret, "Password, encrypted"),
                    list("ssh-rsa", &[key(Type::Text)], "RSA key", &[]),
                    list("ssh-ecdsa", &[key(Type::Text)], "ECDSA key", &[]),
                    list("ssh-ed25519", &[key(Type::Text)], "Ed25519 key", &[]),
                ],
            )
            .kept(HOST),
        ],
    ),
    container(
        "retry-options",
        "Failed logins",
        &[
            leaf("tries-before-disconnect", Type::Number(1, 10), "Tries"),
            leaf("backoff-threshold", Type::Number(1, 3), "Tries before answers become slow"),
            leaf("backoff-factor", Type::Number(5, 10), "Seconds that are added"),
            leaf("minimum-time", Type::Number(20, 60), "Seconds a connection stays open"),
            leaf("lockout-period", Type::Number(1, 43200), "Minutes a user is locked out"),
        ],
    )
    .kept(HOST),
];

const SERVICES: &[Statement] = &[
    container(
        "ssh",
        "Secure shell",
        &[
            leaf(
                "root-login",
                Type::Words(&[
                    word("allow", "Yes"),
                    word("deny", "No"),
                    word("deny-password", "By key only"),
                ]),
                "Whether root may log in",
            ),
            values(
                "protocol-version",
                Type::Words(&[word("v2", "Version 2"), word("v1", "Version 1")]),
                "Versions",
            ),
            leaf("connection-limit", Type::Number(1, 250), "Connections at most"),
            leaf("rate-limit", Type::Number(1, 250), "Connections a minute"),
            leaf("max-sessions-per-connection", Type::Number(1, 65535), "Sessions in a connection"),
            leaf("port", Type::Number(1, 65535), "Port"),
        ],
    )
    .kept(HOST),
    flag("telnet", "Telnet").kept(HOST),
    flag("ftp", "File transfer").kept(HOST),
    container(
        "netconf",
        "NETCONF",
        &[flag("ssh", "Over secure shell"), flag("rfc-compliant", "Strictly by RFC 4741")],
    )
    .kept(HOST),
    container(
        "web-management",
        "Web console",
        &[
            container(
                "http",
                "Without TLS",
                &[values("interface", Type::Interface, "Where").from(Source::Interfaces)],
            ),
            container(
                "https",
                "With TLS",
                &[
                    flag("system-generated-certificate", "Certificate that the host makes"),
                    leaf("local-certificate", Type::Name, "Certificate"),
                    values("interface", Type::Interface, "Where").from(Source::Interfaces),
                ],
            ),
        ],
    )
    .kept("there is no web console yet"),
    container(
        "extension-service",
        "The API",
        &[container(
            "request-response",
            "Requests",
            &[container(
                "grpc",
                "gRPC",
                &[
                    leaf("max-connections", Type::Number(1, 100), "Connections at most"),
                    container(
                        "ssl",
                        "With TLS",
                        &[
                            leaf("address", Type::Address, "Address to listen on"),
                            leaf("port", Type::Number(1, 65535), "Port to listen on"),
                            leaf("local-certificate", Type::Text, "Certificate"),
                        ],
                    ),
                ],
            )],
        )],
    )
    .kept(API),
    anything("dhcp-local-server", "DHCP server")
        .reserved("services for networks need the per-VLAN services capability"),
];

const FACILITIES: &[Word] = &[
    word("any", "All of them"),
    word("authorization", "Logins"),
    word("change-log", "Changes of the configuration"),
    word("conflict-log", "Conflicts of the configuration"),
    word("daemon", "Daemons"),
    word("dfc", "Flow capture"),
    word("external", "Other applications"),
    word("firewall", "Filters"),
    word("ftp", "File transfer"),
    word("interactive-commands", "Commands of users"),
    word("kernel", "Kernel"),
    word("ntp", "Network time"),
    word("pfe", "Engine"),
    word("security", "Security"),
    word("user", "User processes"),
];

const SEVERITIES: &[Word] = &[
    word("any", "All of them"),
    word("emergency", "The system cannot be used"),
    word("alert", "To be corrected at once"),
    word("critical", "Critical conditions"),
    word("error", "Errors"),
    word("warning", "Warnings"),
    word("notice", "Unusual, not wrong"),
    word("info", "For information"),
    word("none", "Nothing"),
];

const CONTENTS: &[Statement] = &[entries(
    &[key(Type::Words(FACILITIES))],
    "Kind of message",
    &[bare(Type::Words(SEVERITIES), "Least severity").json("level")],
)
.layout(Layout::Line)
.json("contents")];

const SYSLOG_ROWS: &[Statement] = &[
    container(
        "archive",
        "Old log files",
        &[
            leaf("size", Type::Amount(65_536, 1_073_741_824), "Bytes of a file"),
            leaf("files", Type::Number(1, 1000), "Files that are kept"),
            flag("world-readable", "Everyone may read").choice("readable"),
            flag("no-world-readable", "Not everyone may read").choice("readable"),
        ],
    )
    .layout(Layout::Line),
    list("user", &[key(Type::Text)], "Users whose terminals show messages", CONTENTS),
    list("host", &[key(Type::Text)], "Host that gets messages", HOST_ROWS),
    list("file", &[key(Type::Text)], "File for messages", FILE_ROWS),
    leaf("source-address", Type::Address, "Source address of messages"),
    container(
        "time-format",
        "Further parts of times",
        &[flag("millisecond", "Milliseconds"), flag("year", "Year")],
    )
    .layout(Layout::Line),
];

const HOST_ROWS: &[Statement] = &[
    CONTENTS[0],
    leaf("port", Type::Number(1, 65535), "Port"),
    leaf("match", Type::Text, "Only messages that match this pattern"),
    leaf("facility-override", Type::Text, "Facility to use"),
    leaf("log-prefix", Type::Text, "Text before each message"),
    leaf("source-address", Type::Address, "Source address"),
    container("structured-data", "RFC 5424 format", &[flag("brief", "Without the text")]),
];

const FILE_ROWS: &[Statement] = &[
    CONTENTS[0],
    leaf("match", Type::Text, "Only messages that match this pattern"),
    container(
        "archive",
        "Old files",
        &[
            leaf("size", Type::Amount(65_536, 1_073_741_824), "Bytes of a file"),
            leaf("files", Type::Number(1, 1000), "Files that are kept"),
            flag("world-readable", "Everyone may read").choice("readable"),
            flag("no-world-readable", "Not everyone may read").choice("readable"),
        ],
    )
    .layout(Layout::Line),
    container("structured-data", "RFC 5424 format", &[flag("brief", "Without the text")]),
    flag("explicit-priority", "With the priority"),
];
