use crate::args::FilterArguments;
use crate::ask::ask;
use crate::explain::{self, ExplainArguments};
use crate::failure::Failure;
use crate::mirror;
use crate::shell::commands::Action;
use crate::shell::grammar::{ARGUMENTS, Matched, Row};
use crate::shell::operational::OPERATIONAL;
use crate::shell::printed::Printed;
use crate::shell::programs;
use crate::shell::session::{Session, View};
use crate::shell::when;
use crate::show;
use crate::table::Table;
use crate::words::{list, plural, told, traffic};
use clap::Parser;
use flumen_api::{
    ConfigurationAction, ConfigurationAnswer, Form, HistoryReport, InterfacesReport, PoliciesReport, Request,
    Response, SessionFilter, SessionOrder, StatusReport, Translation, Which,
};
use flumen_client::ClientError;

type Told = Result<Printed, Failure>;

/// Sessions that are shown without `limit`.
const SHOWN: u32 = 1000;

/// Whether a word begins a command of operational mode.
pub(crate) fn is_operational(word: &str) -> bool {
    !word.is_empty() && OPERATIONAL.iter().any(|row| row.word.starts_with(word))
}

/// `explain` with the arguments of `flumen explain`.
#[derive(Debug, Parser)]
#[command(name = "explain")]
struct Explain {
    #[command(flatten)]
    arguments: ExplainArguments,
}

impl Action {
    /// Whether `| display` and `| compare` are the daemon's to do.
    pub(super) fn is_configuration(self) -> bool {
        matches!(self, Action::Show | Action::ShowConfiguration | Action::ShowRollback)
    }
}

impl Session {
    /// A command of operational mode.
    pub(super) fn operate(&mut self, matched: &Matched<'_>, view: &View) -> Told {
        match matched.action {
            Action::Configure if self.editing.is_none() => self.begin(matched),
            Action::Configure => Err(Failure::Usage("you are in configuration mode already".to_owned())),
            Action::Exit => {
                self.ended = true;
                Ok(Printed::default())
            }
            Action::Help => Ok(help(OPERATIONAL).into()),
            Action::Ping => programs::ping(matched),
            Action::Traceroute => programs::traceroute(matched),
            Action::NotOurs(command) => Err(Failure::Failed(format!(
                "Flumen is not the host's master: use `{command}` there. Sessions live in the kernel: they outlive the \
                 daemon, and end with the host"
            ))),
            Action::SupportInformation => self.support_information(),
            Action::Explain => self.explain(matched),
            Action::ShowConfiguration => self.shown_from_top(Which::Active, matched.rest, view),
            Action::ShowRoutes => self.routes(matched),
            Action::ShowArp | Action::ShowNeighbours => self.neighbours(matched),
            Action::ShowLog(log) => self.log(log, matched),
            Action::ShowAlarms | Action::ShowMemory | Action::ShowProcesses | Action::ShowUptime => {
                self.system(matched.action)
            }
            Action::ShowInterfaces if matched.has("extensive") || matched.has("statistics") => {
                self.whole_interfaces(matched)
            }
            Action::ShowConnections => Printed::report(&show::read_connections()?, show::connections),
            Action::MatchPolicy => self.match_policy(matched),
            Action::ShowRollback => self.rollback(matched, view),
            Action::ShowCommits => match self.ask(ConfigurationAction::History)? {
                ConfigurationAnswer::History(report) => Printed::report(&report, history),
                _ => Err(ClientError::Mismatch.into()),
            },
            Action::SaveRescue => {
                self.done(ConfigurationAction::SaveRescue, "The rescue configuration is saved\n")
            }
            Action::DeleteRescue => {
                self.done(ConfigurationAction::DeleteRescue, "The rescue configuration is deleted\n")
            }
            Action::ClearPlanned => {
                self.done(ConfigurationAction::CancelPlanned, "The planned commit is cancelled\n")
            }
            Action::ConfirmCommit => match ask(&self.connection, &Request::Confirm)? {
                Response::Confirmed { commit } => {
                    Printed::report(&serde_json::json!({ "commit": commit }), |_| {
                        format!("commit {commit} is confirmed\n")
                    })
                }
                _ => Err(ClientError::Mismatch.into()),
            },
            _ => self.report(matched),
        }
    }

    /// What the gateway is, does and has seen.
    fn report(&mut self, matched: &Matched<'_>) -> Told {
        let request = match matched.action {
            Action::ShowSessions => Request::ShowSessions {
                filter: filter(matched)?,
                limit: limit(matched)?,
                order: order(matched),
            },
            Action::ClearSessions => Request::ClearSessions { filter: filter(matched)? },
            Action::ShowZones => Request::ShowZones,
            Action::ShowPolicies => Request::ShowPolicies,
            Action::ShowNat => Request::ShowNat,
            Action::ShowServices => Request::ShowServices,
            Action::ShowInterfaces => Request::ShowInterfaces,
            Action::ShowStatistics | Action::ShowScreen => Request::ShowReasons { zeroes: true },
            Action::ShowStatus | Action::ShowVersion => Request::Status,
            other => return Err(Failure::Usage(format!("{other:?} belongs to configuration mode"))),
        };
        let known = |kind: &str, name: &str| Failure::Failed(format!("there is no {kind} {name}"));
        match ask(&self.connection, &request)? {
            Response::Sessions(report) if matched.has("summary") => Printed::report(&report, |report| {
                format!("{} of {}\n", report.matching, plural(report.live, "session", "sessions"))
            }),
            Response::Sessions(report) if matched.has("extensive") => {
                Printed::report(&report, show::sessions_in_full)
            }
            Response::Sessions(report) => Printed::report(&report, show::sessions),
            Response::Cleared(cleared) => Printed::report(&cleared, |cleared| {
                format!("{} cleared, {} left\n", plural(cleared.removed, "session", "sessions"), cleared.left)
            }),
            Response::Zones(mut report) => {
                if let Some(wanted) = matched.value("") {
                    report.zones.retain(|zone| zone.name == wanted);
                    report.zones.first().ok_or_else(|| known("zone", wanted))?;
                }
                Printed::report(&report, show::zones)
            }
            Response::Policies(mut report) => {
                let is = |option: &str, names: &[String]| {
                    matched
                        .value(option)
                        .is_none_or(|own| names.is_empty() || names.iter().any(|name| name == own))
                };
                report.policies.retain(|policy| {
                    is("from-zone", &policy.from_zones)
                        && is("to-zone", &policy.to_zones)
                        && matched.value("policy-name").is_none_or(|name| policy.name == name)
                });
                Printed::report(&report, if matched.has("hit-count") { hits } else { show::policies })
            }
            Response::Nat(mut report) => {
                let both = matched.has("source") == matched.has("destination");
                report.rules.retain(|rule| {
                    let wanted =
                        if rule.translation == Translation::Source { "source" } else { "destination" };
                    (both || matched.has(wanted))
                        && matched.value("rule").is_none_or(|name| rule.name == name)
                });
                Printed::report(&report, show::nat)
            }
            Response::Interfaces(mut report) => {
                if let Some(wanted) = matched.value("") {
                    report.interfaces.retain(|own| own.name == wanted || own.device == wanted);
                    report.interfaces.first().ok_or_else(|| known("interface", wanted))?;
                }
                Printed::report(&report, if matched.has("terse") { terse } else { show::interfaces })
            }
            Response::Reasons(report) if matched.action == Action::ShowScreen => {
                Printed::report(&show::screen_of(&report), show::screen)
            }
            Response::Reasons(mut report) => {
                let (interface, seen) = (matched.value("interface"), matched.has("seen"));
                show::select(&mut report, interface, seen).map_err(Failure::Failed)?;
                Printed::report(&report, show::reasons)
            }
            Response::Services(report) => Printed::report(&report, mirror::services),
            Response::Status(report) if matched.action == Action::ShowVersion => {
                Printed::report(&report, |report: &StatusReport| {
                    format!("flumen {} on the {} engine\n", report.release, report.engine)
                })
            }
            Response::Status(report) => Printed::report(&report, show::status),
            _ => Err(ClientError::Mismatch.into()),
        }
    }

    fn done(&mut self, action: ConfigurationAction, text: &str) -> Told {
        self.ask(action)?;
        Printed::report(&serde_json::json!({ "done": text.trim_end() }), |_| text.to_owned())
    }

    /// A configuration that was committed, seen from the top wherever somebody edits.
    fn shown_from_top(&mut self, which: Which, path: &str, view: &View) -> Told {
        let before = self.editing.as_mut().map(|editing| std::mem::take(&mut editing.at));
        let told = match view.compare {
            Some(from) => self.compare(from, which, path),
            None => self.configuration(which, path, view.form),
        };
        if let (Some(editing), Some(before)) = (&mut self.editing, before) {
            editing.at = before;
        }
        told
    }

    /// The candidate that is edited; the shared one when none is.
    pub(super) fn candidate_text(&mut self) -> Result<String, Failure> {
        let view = View { form: Form::Curly, compare: None };
        Ok(self.shown_from_top(Which::Candidate, "", &view)?.text)
    }

    /// `show system rollback`.
    fn rollback(&mut self, matched: &Matched<'_>, view: &View) -> Told {
        let slot = |word: &str| match matched.value(word) {
            None => Ok(None),
            Some(text) => match text.parse() {
                Ok(slot) => Ok(Some(slot)),
                Err(_) => Err(Failure::Usage(format!("{text:?} is no rollback: use 0 to 49"))),
            },
        };
        let which =
            slot("")?.ok_or_else(|| Failure::Usage("which one? show system commit lists them".to_owned()))?;
        let compare = slot("compare")?.map(Which::Rollback).or(view.compare);
        self.shown_from_top(Which::Rollback(which), "", &View { form: view.form, compare })
    }

    fn explain(&mut self, matched: &Matched<'_>) -> Told {
        let options = matched.values.iter().flat_map(|(word, value)| match (*word, value.as_str()) {
            (ARGUMENTS, value) => vec![value.to_owned()],
            ("candidate", _) => Vec::new(),
            (word, value) => vec![format!("--{word}={value}")],
        });
        let wanted = Explain::try_parse_from(std::iter::once("explain".to_owned()).chain(options))
            .map_err(|error| Failure::Usage(told(&error)))?;
        let mut request = wanted.arguments.request()?;
        if matched.has("candidate") {
            request.candidate = Some(self.candidate_text()?);
        }
        match ask(&self.connection, &Request::Explain(request))
            .map_err(|error| Failure::about("candidate", error))?
        {
            Response::Explained(report) => Printed::report(&report, explain::render),
            _ => Err(ClientError::Mismatch.into()),
        }
    }
}

/// Sessions that are shown at most.
fn limit(matched: &Matched<'_>) -> Result<u32, Failure> {
    match matched.value("limit") {
        None if matched.has("summary") => Ok(0),
        None => Ok(SHOWN),
        Some(text) => {
            text.parse().map_err(|_| Failure::Usage(format!("limit: {text:?} is no number of sessions")))
        }
    }
}

/// What the greatest of come first.
fn order(matched: &Matched<'_>) -> Option<SessionOrder> {
    Some(match matched.value("sort-by")? {
        "age" => SessionOrder::Age,
        "bytes" => SessionOrder::Bytes,
        "idle" => SessionOrder::Idle,
        _ => SessionOrder::Packets,
    })
}

fn filter(matched: &Matched<'_>) -> Result<SessionFilter, Failure> {
    /// The same words as those of `flumen show sessions`.
    #[derive(Debug, Parser)]
    struct Words {
        #[command(flatten)]
        filter: FilterArguments,
    }
    const NAMES: [(&str, &str); 10] = [
        ("destination-port", "--destination-port"),
        ("destination-prefix", "--destination"),
        ("from-zone", "--from-zone"),
        ("host", "--host"),
        ("nat", "--nat"),
        ("policy", "--policy"),
        ("protocol", "--protocol"),
        ("source-port", "--source-port"),
        ("source-prefix", "--source"),
        ("to-zone", "--to-zone"),
    ];
    let mut words = vec!["session".to_owned()];
    for (word, argument) in NAMES {
        match matched.value(word) {
            Some("") => words.push(argument.to_owned()),
            Some(value) => words.push(format!("{argument}={value}")),
            None => {}
        }
    }
    let read = Words::try_parse_from(words).map_err(|error| Failure::Usage(told(&error)))?;
    Ok(read.filter.into())
}

/// Every command with its help.
pub(super) fn help(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.word.len()).max().unwrap_or(0);
    let line = |row: &Row| format!("  {:width$}  {}\n", row.word, row.help);
    let rows: String = rows.iter().map(line).collect();
    format!("{rows}Words may be abbreviated; ? shows what may come next, Tab completes it.\n")
}

fn history(report: &HistoryReport) -> String {
    let mut text = String::new();
    for commit in &report.commits {
        let number = format!("{:<3} commit {}", commit.slot, commit.commit);
        if let Some(damage) = &commit.damage {
            text.push_str(&format!("{number}: cannot be used: {damage}\n"));
            continue;
        }
        let time = when::show(commit.unix_s);
        text.push_str(&format!("{number}  {time} by {} via {}\n", commit.user, commit.client));
        for said in commit.note.iter().chain(&commit.comment) {
            text.push_str(&format!("      {said}\n"));
        }
    }
    if let Some(pending) = &report.pending {
        let left = crate::words::duration(pending.left_s * 1000);
        text.push_str(&format!("commit {} is to be confirmed within {left}\n", pending.commit));
    }
    if let Some(planned) = &report.planned {
        text.push_str(&format!("{} planned a commit for {}\n", planned.user, when::show(planned.at_unix_s)));
    }
    text
}

fn hits(report: &PoliciesReport) -> String {
    let mut table =
        Table::new([">INDEX", "FROM", "TO", "POLICY", ">PACKETS", ">BYTES", "LAST HIT", "ACTION"]);
    for (index, policy) in report.policies.iter().enumerate() {
        let [packets, bytes] = traffic(policy.hits);
        let (from, to) = (list(&policy.from_zones), list(&policy.to_zones));
        let index = (index + 1).to_string();
        let last = policy.last_hit_unix_s.map_or_else(|| "-".to_owned(), when::show);
        let (name, action) = (policy.name.clone(), policy.action.name().to_owned());
        table.row([index, from, to, name, packets, bytes, last, action]);
    }
    table.print()
}

fn terse(report: &InterfacesReport) -> String {
    let mut table = Table::new(["INTERFACE", "STATE", "ZONE", "ADDRESSES"]);
    for interface in &report.interfaces {
        let addresses: Vec<String> =
            interface.v4.iter().chain(&interface.v6).map(ToString::to_string).collect();
        let (state, zone) = (interface.state.name().to_owned(), interface.zone.clone());
        table.row([interface.name.clone(), state, zone, addresses.join(",")]);
    }
    table.print()
}
