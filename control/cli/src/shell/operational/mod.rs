//! Commands of operational mode, as a table.

mod show;

use super::commands::{Action, command, flag, group, name, value};
use super::grammar::{ARGUMENTS, Opt, Row, Value};
use flumen_api::NameKind;

const DESTINATION_PORT: Opt =
    value("destination-port", "Destination port of the opener's packets", "port or range");
const DESTINATION: Opt =
    value("destination-prefix", "Destination of the opener's packets", "address or prefix");
const FROM_ZONE: Opt = name("from-zone", "Zone of the opener", NameKind::Zones);
const HOST: Opt = value("host", "Source or destination", "address or prefix");
const NAT: Opt = flag("nat", "Only translated sessions");
const POLICY: Opt = name("policy", "Policy that admitted them", NameKind::Policies);
const PROTOCOL: Opt = value("protocol", "IP protocol by name or number", "protocol");
const SOURCE_PORT: Opt = value("source-port", "Source port of the opener's packets", "port or range");
const SOURCE: Opt = value("source-prefix", "Source of the opener's packets", "address or prefix");
const TO_ZONE: Opt = name("to-zone", "Zone that they leave by", NameKind::Zones);

/// Which sessions; every one that is given must hold.
const SESSION_FILTER: &[Opt] =
    &[DESTINATION_PORT, DESTINATION, FROM_ZONE, HOST, NAT, POLICY, PROTOCOL, SOURCE_PORT, SOURCE, TO_ZONE];

const fn arguments(help: &'static str, form: &'static str) -> Opt {
    Opt { word: ARGUMENTS, help, value: Value::Arguments(form) }
}

const CLEAR: &[Row] = &[
    group(
        "security",
        "Sessions",
        &[group(
            "flow",
            "Sessions",
            &[command(
                "session",
                "End the sessions that match; all without a filter",
                Action::ClearSessions,
                SESSION_FILTER,
            )],
        )],
    ),
    group(
        "system",
        "Plans",
        &[command("commit", "Cancel the commit that is planned", Action::ClearPlanned, &[])],
    ),
];

const EXPLAIN: &[Opt] = &[
    flag("candidate", "Ask the candidate instead of the active configuration"),
    value("destination", "Destination address", "address"),
    value("destination-port", "Destination port", "port"),
    value("icmp-type", "ICMP type, without it an echo request", "0..255"),
    name("interface", "Interface that the packet arrives on", NameKind::Interfaces),
    value("protocol", "IP protocol by name or number, without it tcp", "protocol"),
    value("source", "Source address", "address"),
    value("source-port", "Source port", "port"),
    arguments("Options of flumen explain: -i, --hex, --pcap, …", "-option …"),
];

const MATCH_POLICY: &[Opt] = &[
    flag("candidate", "Ask the candidate instead of the active configuration"),
    value("destination-ip", "Destination, after destination NAT", "address"),
    value("destination-port", "Destination port", "port"),
    name("from-zone", "Zone that it comes from", NameKind::Zones),
    value("icmp-type", "ICMP type, without it an echo request", "0..255"),
    value("protocol", "IP protocol by name or number, without it tcp", "protocol"),
    value("source-ip", "Source, before source NAT", "address"),
    value("source-port", "Source port", "port"),
    name("to-zone", "Zone that it leaves by", NameKind::Zones),
];

const MONITOR: &[Row] = &[
    command(
        "interface",
        "Rates of interfaces, as they are",
        Action::MonitorInterface,
        &[
            name("", "Only this interface", NameKind::Interfaces),
            value("count", "End after so many looks", "number"),
            value("interval", "Seconds between two looks", "seconds"),
        ],
    ),
    group(
        "security",
        "Drops",
        &[command(
            "packet-drop",
            "What is dropped, where and why, as it happens",
            Action::MonitorDrops,
            &[
                value("count", "End after so many looks", "number"),
                name("interface", "Only this interface", NameKind::Interfaces),
                value("interval", "Seconds between two looks", "seconds"),
                name("reason", "Only this reason", NameKind::Reasons),
            ],
        )],
    ),
    command(
        "traffic",
        "Packets of an interface that the kernel sees (tcpdump)",
        Action::MonitorTraffic,
        &[
            value("count", "End after so many packets", "number"),
            name("interface", "This interface, or device of the host", NameKind::Interfaces),
            value("matching", "Only packets that match", "expression"),
            value("write", "Into a file for other programs, not on the screen", "file"),
            arguments("Options of tcpdump", "-option …"),
        ],
    ),
];

const PING: &[Opt] = &[
    value("", "Name or address", "host"),
    value("count", "End after so many", "number"),
    flag("do-not-fragment", "Not to be fragmented on the way"),
    value("interface", "Leave by this device, or with this source", "device or address"),
    value("interval", "Seconds between two", "seconds"),
    flag("rapid", "Five of them, one right after the other"),
    value("size", "Bytes of content", "bytes"),
    value("source", "Source address", "address"),
    value("ttl", "Routers it may pass", "1..255"),
    arguments("Options of the ping of this host", "-option …"),
];

const TRACEROUTE: &[Opt] = &[
    value("", "Name or address", "host"),
    value("interface", "Leave by this device", "device"),
    flag("no-resolve", "Addresses, not names"),
    value("source", "Source address", "address"),
    value("ttl", "Routers at most", "1..255"),
    value("wait", "Seconds for each answer", "seconds"),
    arguments("Options of the traceroute of this host", "-option …"),
];

const REQUEST_SYSTEM: &[Row] = &[
    group(
        "configuration",
        "Configurations",
        &[
            command("confirm", "Keep the commit that waits to be confirmed", Action::ConfirmCommit, &[]),
            group(
                "rescue",
                "The configuration for emergencies",
                &[
                    command("delete", "Forget it", Action::DeleteRescue, &[]),
                    command("save", "Keep the active configuration as it", Action::SaveRescue, &[]),
                ],
            ),
        ],
    ),
    command("halt", "Not done here: the host is not ours", Action::NotOurs("systemctl halt"), &[]),
    command("power-off", "Not done here: the host is not ours", Action::NotOurs("systemctl poweroff"), &[]),
    command("reboot", "Not done here: the host is not ours", Action::NotOurs("systemctl reboot"), &[]),
    command(
        "software",
        "Not done here: packages are the host's",
        Action::NotOurs("apt, or make install"),
        &[],
    ),
];

/// Commands of operational mode.
pub(crate) const OPERATIONAL: &[Row] = &[
    group("clear", "Remove state", CLEAR),
    command(
        "configure",
        "Edit the configuration",
        Action::Configure,
        &[
            flag("exclusive", "Keep others from editing and committing"),
            flag("private", "Edit a candidate of your own"),
        ],
    ),
    command("exit", "Leave the shell", Action::Exit, &[]),
    command("explain", "How would a packet fare? Every stage", Action::Explain, EXPLAIN),
    command("help", "The commands", Action::Help, &[]),
    group("monitor", "Look on, until Ctrl-C", MONITOR),
    command("ping", "Is a host there?", Action::Ping, PING),
    command("quit", "Leave the shell", Action::Exit, &[]),
    group(
        "request",
        "Have something done",
        &[
            group(
                "support",
                "For those who help",
                &[command(
                    "information",
                    "What every show command says, in one text",
                    Action::SupportInformation,
                    &[],
                )],
            ),
            group("system", "The daemon and its configurations", REQUEST_SYSTEM),
        ],
    ),
    group("show", "Show what the gateway is, does and has seen", show::SHOW),
    group(
        "test",
        "What would be decided",
        &[command("policy", "Which policy decides on a first packet?", Action::MatchPolicy, MATCH_POLICY)],
    ),
    command("traceroute", "Which way do packets take?", Action::Traceroute, TRACEROUTE),
];
