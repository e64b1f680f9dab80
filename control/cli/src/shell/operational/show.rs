//! What follows `show`.

use super::{
    DESTINATION, DESTINATION_PORT, FROM_ZONE, HOST, NAT, POLICY, PROTOCOL, SOURCE, SOURCE_PORT, TO_ZONE,
};
use crate::shell::commands::{Action, command, flag, group, name, takes, value};
use crate::shell::grammar::{Opt, Rest, Row, Value};
use flumen_api::{LogKind, NameKind};

const SESSIONS: &[Opt] = &[
    DESTINATION_PORT,
    DESTINATION,
    flag("extensive", "Everything that is known of each"),
    FROM_ZONE,
    HOST,
    value("limit", "Show at most so many", "number"),
    NAT,
    POLICY,
    PROTOCOL,
    Opt {
        word: "sort-by",
        help: "The greatest first",
        value: Value::Choice(&[
            ("age", "Time since they began"),
            ("bytes", "Bytes of both directions"),
            ("idle", "Time since the last packet"),
            ("packets", "Packets of both directions"),
        ]),
    },
    SOURCE_PORT,
    SOURCE,
    flag("summary", "Only how many there are"),
    TO_ZONE,
];

const STATISTICS: &[Opt] = &[
    name("interface", "Only this interface", NameKind::Interfaces),
    flag("seen", "Only reasons that have counted something"),
];

const SECURITY: &[Row] = &[
    group(
        "flow",
        "Sessions and what became of packets",
        &[
            command("session", "Sessions, two lines each", Action::ShowSessions, SESSIONS),
            command("statistics", "How every frame ended, by reason", Action::ShowStatistics, STATISTICS),
        ],
    ),
    command(
        "match-policies",
        "Which policy decides on a first packet?",
        Action::MatchPolicy,
        super::MATCH_POLICY,
    ),
    Row {
        word: "nat",
        help: "NAT rules in order of evaluation, and their hits",
        run: Some(Action::ShowNat),
        rows: &[],
        options: &[
            flag("destination", "Only destination NAT"),
            name("rule", "Only the rules with this name", NameKind::NatRules),
            flag("source", "Only source NAT"),
        ],
        rest: Rest::Nothing,
    },
    command(
        "policies",
        "Policies in order of evaluation, and their hits",
        Action::ShowPolicies,
        &[
            name("from-zone", "Only those from this zone", NameKind::Zones),
            flag("hit-count", "Only how often each was hit"),
            name("policy-name", "Only those with this name", NameKind::Policies),
            name("to-zone", "Only those to this zone", NameKind::Zones),
        ],
    ),
    command("screen", "Checks against attacks, and what they dropped", Action::ShowScreen, &[]),
    command("statistics", "How every frame ended, by reason", Action::ShowStatistics, STATISTICS),
    command(
        "zones",
        "Zones, their interfaces and what may reach the host itself",
        Action::ShowZones,
        &[name("", "Only this zone", NameKind::Zones)],
    ),
];

const SYSTEM: &[Row] = &[
    command("alarms", "What somebody should look after", Action::ShowAlarms, &[]),
    command("commit", "Configurations that can be returned to", Action::ShowCommits, &[]),
    command("connections", "Sockets of the host itself", Action::ShowConnections, &[]),
    command("memory", "Memory of the host and of the daemon", Action::ShowMemory, &[]),
    command("processes", "The daemon's process", Action::ShowProcesses, &[]),
    command(
        "rollback",
        "A configuration of before, or what changed since",
        Action::ShowRollback,
        &[
            value("", "Which one", "0..49"),
            value("compare", "Only what changes from this one to it", "0..49"),
        ],
    ),
    command("status", "The daemon, its ruleset and how full the tables are", Action::ShowStatus, &[]),
    command("uptime", "Since when host, daemon and configuration are as they are", Action::ShowUptime, &[]),
];

const LAST: &[Opt] = &[value("last", "Only the last lines", "number")];

const NEIGHBOURS: &[Opt] = &[name("interface", "Only on this interface", NameKind::Interfaces)];

pub(super) const SHOW: &[Row] = &[
    command("arp", "IPv4 neighbours of the kernel", Action::ShowArp, NEIGHBOURS),
    takes(
        "configuration",
        "The active configuration, or a part of it",
        Action::ShowConfiguration,
        Rest::Statement("delete"),
    ),
    command(
        "interfaces",
        "Interfaces, their state, mode and traffic",
        Action::ShowInterfaces,
        &[
            name("", "Only this interface", NameKind::Interfaces),
            flag("extensive", "Everything that is known of each"),
            flag("statistics", "Only counters"),
            flag("terse", "Only state and addresses"),
        ],
    ),
    group(
        "ipv6",
        "IPv6",
        &[command("neighbors", "IPv6 neighbours of the kernel", Action::ShowNeighbours, NEIGHBOURS)],
    ),
    Row {
        word: "log",
        help: "What the daemon says of itself",
        run: Some(Action::ShowLog(LogKind::Messages)),
        rows: &[
            command("audit", "Who changed what, with which result", Action::ShowLog(LogKind::Audit), LAST),
            command("messages", "What the daemon says of itself", Action::ShowLog(LogKind::Messages), LAST),
        ],
        options: LAST,
        rest: Rest::Nothing,
    },
    command(
        "route",
        "Routes of the kernel",
        Action::ShowRoutes,
        &[
            value("", "Only those for this destination", "address or prefix"),
            value("limit", "Show at most so many", "number"),
            value("protocol", "Only those made by: kernel, static, dhcp, bgp, …", "name or number"),
            value("table", "Of this table instead of the main one: local, all, …", "name or number"),
        ],
    ),
    group("security", "Zones, policies, NAT and sessions", SECURITY),
    group(
        "services",
        "What is done in front of zones",
        &[command(
            "traffic-mirror",
            "Counters of interfaces with a traffic mirror or df-clear, and the hits of rules",
            Action::ShowServices,
            &[],
        )],
    ),
    group("system", "The daemon and its configurations", SYSTEM),
    command("version", "Release of the daemon", Action::ShowVersion, &[]),
];
