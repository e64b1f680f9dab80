use super::grammar::{Opt, Rest, Row, Value};
use flumen_api::{LoadHow, NameKind};

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    ClearPlanned,
    ClearSessions,
    Commit,
    CommitCheck,
    Configure,
    ConfirmCommit,
    DeleteRescue,
    Explain,
    Exit,
    Help,
    Load(LoadHow),
    Ping,
    Quit,
    Rollback,
    RollbackRescue,
    Run,
    Save,
    SaveRescue,
    Show,
    ShowCommits,
    ShowConfiguration,
    ShowInterfaces,
    ShowNat,
    ShowPolicies,
    ShowSessions,
    ShowStatistics,
    ShowStatus,
    ShowVersion,
    ShowZones,
    /// A command of the configuration language.
    Statement(&'static str),
    Status,
    Traceroute,
    Update,
}

const fn group(word: &'static str, help: &'static str, rows: &'static [Row]) -> Row {
    Row { word, help, run: None, rows, options: &[], rest: Rest::Nothing }
}

const fn command(word: &'static str, help: &'static str, action: Action, options: &'static [Opt]) -> Row {
    Row { word, help, run: Some(action), rows: &[], options, rest: Rest::Nothing }
}

const fn takes(word: &'static str, help: &'static str, action: Action, rest: Rest) -> Row {
    Row { word, help, run: Some(action), rows: &[], options: &[], rest }
}

const fn flag(word: &'static str, help: &'static str) -> Opt {
    Opt { word, help, value: Value::Flag }
}

const fn value(word: &'static str, help: &'static str, form: &'static str) -> Opt {
    Opt { word, help, value: Value::Of(form) }
}

const fn name(word: &'static str, help: &'static str, kind: NameKind) -> Opt {
    Opt { word, help, value: Value::Name(kind) }
}

const FILTER: &[Opt] = &[
    value("destination-port", "Destination port of the opener's packets", "port or range"),
    value("destination-prefix", "Destination of the opener's packets", "address or prefix"),
    name("from-zone", "Zone of the opener", NameKind::Zones),
    value("host", "Source or destination", "address or prefix"),
    flag("nat", "Only translated sessions"),
    name("policy", "Policy that admitted them", NameKind::Policies),
    value("protocol", "IP protocol by name or number", "protocol"),
    value("source-port", "Source port of the opener's packets", "port or range"),
    value("source-prefix", "Source of the opener's packets", "address or prefix"),
    name("to-zone", "Zone that they leave by", NameKind::Zones),
];

const SESSIONS: &[Opt] = &[
    value("destination-port", "Destination port of the opener's packets", "port or range"),
    value("destination-prefix", "Destination of the opener's packets", "address or prefix"),
    name("from-zone", "Zone of the opener", NameKind::Zones),
    value("host", "Source or destination", "address or prefix"),
    value("limit", "Show at most so many", "number"),
    flag("nat", "Only translated sessions"),
    name("policy", "Policy that admitted them", NameKind::Policies),
    value("protocol", "IP protocol by name or number", "protocol"),
    value("source-port", "Source port of the opener's packets", "port or range"),
    value("source-prefix", "Source of the opener's packets", "address or prefix"),
    flag("summary", "Only how many there are"),
    name("to-zone", "Zone that they leave by", NameKind::Zones),
];

const SHOW_SECURITY: &[Row] = &[
    group(
        "flow",
        "Sessions and what became of packets",
        &[
            command("session", "Sessions, two lines each", Action::ShowSessions, SESSIONS),
            command(
                "statistics",
                "How every frame ended, by reason",
                Action::ShowStatistics,
                &[
                    name("interface", "Only this interface", NameKind::Interfaces),
                    flag("seen", "Only reasons that have counted something"),
                ],
            ),
        ],
    ),
    Row {
        word: "nat",
        help: "NAT rules in order of evaluation, and their hits",
        run: Some(Action::ShowNat),
        rows: &[],
        options: &[
            flag("destination", "Only destination NAT"),
            value("rule", "Only the rules with this name", "name"),
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
    command(
        "zones",
        "Zones, their interfaces and what may reach the host itself",
        Action::ShowZones,
        &[name("", "Only this zone", NameKind::Zones)],
    ),
];

const SHOW: &[Row] = &[
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
        &[name("", "Only this interface", NameKind::Interfaces), flag("terse", "Only state and addresses")],
    ),
    group("security", "Zones, policies, NAT and sessions", SHOW_SECURITY),
    group(
        "system",
        "The daemon and its configurations",
        &[
            command("commit", "Configurations that can be returned to", Action::ShowCommits, &[]),
            command("status", "The daemon, its ruleset and how full the tables are", Action::ShowStatus, &[]),
        ],
    ),
    command("version", "Release of the daemon", Action::ShowVersion, &[]),
];

/// Commands of operational mode.
pub(crate) const OPERATIONAL: &[Row] = &[
    group(
        "clear",
        "Remove state",
        &[
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
                        FILTER,
                    )],
                )],
            ),
            group(
                "system",
                "Plans",
                &[command("commit", "Cancel the commit that is planned", Action::ClearPlanned, &[])],
            ),
        ],
    ),
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
    takes(
        "explain",
        "How would a packet fare? Every stage",
        Action::Explain,
        Rest::Words("-i INTERFACE --source ADDRESS --destination ADDRESS …"),
    ),
    command("help", "The commands", Action::Help, &[]),
    takes("ping", "Is a host there?", Action::Ping, Rest::Words("host")),
    command("quit", "Leave the shell", Action::Exit, &[]),
    group(
        "request",
        "Have something done",
        &[group(
            "system",
            "The daemon and its configurations",
            &[group(
                "configuration",
                "Configurations",
                &[
                    command(
                        "confirm",
                        "Keep the commit that waits to be confirmed",
                        Action::ConfirmCommit,
                        &[],
                    ),
                    group(
                        "rescue",
                        "The configuration for emergencies",
                        &[
                            command("delete", "Forget it", Action::DeleteRescue, &[]),
                            command("save", "Keep the active configuration as it", Action::SaveRescue, &[]),
                        ],
                    ),
                ],
            )],
        )],
    ),
    group("show", "Show what the gateway is, does and has seen", SHOW),
    takes("traceroute", "Which way do packets take?", Action::Traceroute, Rest::Words("host")),
];

const fn statement(word: &'static str, help: &'static str) -> Row {
    takes(word, help, Action::Statement(word), Rest::Statement(word))
}

const LOAD: &[Opt] = &[
    value("", "Name of a file", "file"),
    flag("lenient", "Not taken here: see flumen check --lenient"),
    flag("relative", "The text stands where you edit, not at the top"),
    flag("terminal", "What is typed, up to a line with Ctrl-D"),
];

const fn load(word: &'static str, help: &'static str, how: LoadHow) -> Row {
    command(word, help, Action::Load(how), LOAD)
}

/// Commands of configuration mode.
pub(crate) const CONFIGURATION: &[Row] = &[
    statement("activate", "Make an inactive statement take effect"),
    statement("annotate", "Write a comment before a statement"),
    Row {
        word: "commit",
        help: "Make the candidate the active configuration",
        run: Some(Action::Commit),
        rows: &[command("check", "Would it be accepted?", Action::CommitCheck, &[])],
        options: &[
            flag("and-quit", "And leave configuration mode"),
            value("at", "Not now: 22:30, 2026-01-31 22:30 (UTC) or +MINUTES", "time"),
            value("comment", "Why, for the history", "text"),
            Opt {
                word: "confirmed",
                help: "Go back by itself unless it is confirmed in time",
                value: Value::Number("minutes", "10"),
            },
        ],
        rest: Rest::Nothing,
    },
    statement("copy", "Make another entry with the same content"),
    statement("deactivate", "Keep a statement without effect"),
    statement("delete", "Remove a statement"),
    statement("edit", "Go to a statement"),
    Row {
        word: "exit",
        help: "Go back to where you edited before, or leave configuration mode",
        run: Some(Action::Exit),
        rows: &[command("configuration-mode", "Leave configuration mode", Action::Quit, &[])],
        options: &[],
        rest: Rest::Nothing,
    },
    command("help", "The commands", Action::Help, &[]),
    statement("insert", "Move an entry before or after another"),
    group(
        "load",
        "Load a text into the candidate",
        &[
            load("merge", "Its statements join those that are there", LoadHow::Merge),
            load("override", "It is the whole configuration", LoadHow::Override),
            load("patch", "It is a difference", LoadHow::Patch),
            load(
                "replace",
                "As merge; what is marked replace: takes the place of what is there",
                LoadHow::Replace,
            ),
            load("set", "It is commands", LoadHow::Set),
        ],
    ),
    statement("protect", "Keep a statement from being changed"),
    command("quit", "Leave configuration mode", Action::Quit, &[]),
    statement("rename", "Give an entry another name"),
    Row {
        word: "rollback",
        help: "Take an earlier configuration as the candidate; 0 discards its changes",
        run: Some(Action::Rollback),
        rows: &[command("rescue", "The configuration for emergencies", Action::RollbackRescue, &[])],
        options: &[value("", "Which one", "0..49")],
        rest: Rest::Nothing,
    },
    takes("run", "An operational command", Action::Run, Rest::Operational),
    command("save", "Write the candidate to a file", Action::Save, &[value("", "Where", "file")]),
    statement("set", "Make a statement, or change its value"),
    takes("show", "The candidate, or a part of it", Action::Show, Rest::Statement("delete")),
    command("status", "Who edits, and what waits", Action::Status, &[]),
    statement("top", "Go to the top"),
    statement("unprotect", "Let a statement be changed"),
    statement("up", "Go up"),
    command("update", "Take what was committed since into the candidate", Action::Update, &[]),
];
