use super::grammar::{Opt, Rest, Row, Value};
use flumen_api::{LoadHow, LogKind, NameKind};

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
    MatchPolicy,
    MonitorDrops,
    MonitorInterface,
    MonitorTraffic,
    /// Belongs to the host, where this does it.
    NotOurs(&'static str),
    Ping,
    Quit,
    Rollback,
    RollbackRescue,
    Run,
    Save,
    SaveRescue,
    Show,
    ShowAlarms,
    ShowArp,
    ShowCommits,
    ShowConfiguration,
    ShowConnections,
    ShowInterfaces,
    ShowLog(LogKind),
    ShowMemory,
    ShowNat,
    ShowNeighbours,
    ShowPolicies,
    ShowProcesses,
    ShowRollback,
    ShowRoutes,
    ShowScreen,
    ShowServices,
    ShowSessions,
    ShowStatistics,
    ShowStatus,
    ShowUptime,
    ShowVersion,
    ShowZones,
    /// A command of the configuration language.
    Statement(&'static str),
    Status,
    SupportInformation,
    Traceroute,
    Update,
}

pub(super) const fn group(word: &'static str, help: &'static str, rows: &'static [Row]) -> Row {
    Row { word, help, run: None, rows, options: &[], rest: Rest::Nothing }
}

pub(super) const fn command(
    word: &'static str,
    help: &'static str,
    action: Action,
    options: &'static [Opt],
) -> Row {
    Row { word, help, run: Some(action), rows: &[], options, rest: Rest::Nothing }
}

pub(super) const fn takes(word: &'static str, help: &'static str, action: Action, rest: Rest) -> Row {
    Row { word, help, run: Some(action), rows: &[], options: &[], rest }
}

pub(super) const fn flag(word: &'static str, help: &'static str) -> Opt {
    Opt { word, help, value: Value::Flag }
}

pub(super) const fn value(word: &'static str, help: &'static str, form: &'static str) -> Opt {
    Opt { word, help, value: Value::Of(form) }
}

pub(super) const fn name(word: &'static str, help: &'static str, kind: NameKind) -> Opt {
    Opt { word, help, value: Value::Name(kind) }
}

const fn statement(word: &'static str, help: &'static str) -> Row {
    takes(word, help, Action::Statement(word), Rest::Statement(word))
}

const LOAD: &[Opt] = &[
    value("", "Name of a file", "file"),
    flag("lenient", "What the gateway cannot do is kept without effect, marked unsupported:"),
    flag("relative", "The text stands where you edit, not at the top"),
    flag("terminal", "What is typed, up to a line with Ctrl-D"),
];

const fn load(word: &'static str, help: &'static str, how: LoadHow) -> Row {
    command(word, help, Action::Load(how), LOAD)
}

const SESSIONS_AT_COMMIT: Opt = Opt {
    word: "sessions",
    help: "What becomes of live sessions; else as security policies policy-rematch says",
    value: Value::Choice(&[
        ("keep", "They go on until they end"),
        ("rematch", "Those that the new rules deny or translate otherwise end"),
    ]),
};

/// Commands of configuration mode.
pub(crate) const CONFIGURATION: &[Row] = &[
    statement("activate", "Make an inactive statement take effect"),
    statement("annotate", "Write a comment before a statement"),
    Row {
        word: "commit",
        help: "Make the candidate the active configuration",
        run: Some(Action::Commit),
        rows: &[command(
            "check",
            "Would it be accepted, and what would change?",
            Action::CommitCheck,
            &[
                SESSIONS_AT_COMMIT,
                value("unused", "Tell rules that were not hit for so many days; else 30", "days"),
            ],
        )],
        options: &[
            flag("and-quit", "And leave configuration mode"),
            value("at", "Not now: 22:30, 2026-01-31 22:30 (UTC) or +MINUTES", "time"),
            value("comment", "Why, for the history", "text"),
            Opt {
                word: "confirmed",
                help: "Go back by itself unless it is confirmed in time",
                value: Value::Number("minutes", "10"),
            },
            Opt {
                word: "probe",
                help: "Go back earlier when this fails, as ping:192.0.2.1, tcp:192.0.2.1:22, drops:100, management",
                value: Value::Each("what"),
            },
            SESSIONS_AT_COMMIT,
            value("tolerance", "Failed looks in a row, one a second, that end the commit; else 3", "looks"),
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
    statement("replace", "Replace a pattern in names and values"),
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
    statement("unsupported", "Keep a statement that the gateway cannot do, without effect"),
    statement("up", "Go up"),
    command("update", "Take what was committed since into the candidate", Action::Update, &[]),
    statement("wildcard", "Remove what a pattern matches, or make statements for a range of numbers"),
];
