//! Commands that show what the kernel, the host and the rules have, by questions of their own.

use crate::args::prefix;
use crate::ask::ask;
use crate::failure::Failure;
use crate::shell::commands::Action;
use crate::shell::grammar::Matched;
use crate::shell::printed::Printed;
use crate::shell::session::Session;
use crate::show;
use crate::show::{WholeInterface, WholeInterfaces};
use flumen_api::{
    LogKind, NeighboursReport, PolicyQuery, Protocol, Request, Response, RouteQuery, SystemReport,
};
use flumen_client::ClientError;
use std::net::IpAddr;
use std::str::FromStr;

type Told = Result<Printed, Failure>;

/// Routes that are shown without `limit`.
const ROUTES: u32 = 10_000;
/// Lines of a log that are shown without `last`.
const LINES: u32 = 2000;

impl Session {
    /// `show route`.
    pub(super) fn routes(&self, matched: &Matched<'_>) -> Told {
        let query = RouteQuery {
            destination: matched.value("").map(prefix).transpose().map_err(Failure::Usage)?,
            table: matched.value("table").map(str::to_owned),
            protocol: matched.value("protocol").map(str::to_owned),
            limit: read(matched, "limit", "number of routes")?.unwrap_or(ROUTES),
        };
        match ask(&self.connection, &Request::ShowRoutes(query))? {
            Response::Routes(report) => Printed::report(&report, show::routes),
            _ => Err(ClientError::Mismatch.into()),
        }
    }

    /// `show arp` and `show ipv6 neighbors`.
    pub(super) fn neighbours(&self, matched: &Matched<'_>) -> Told {
        let wanted = |address: &IpAddr| address.is_ipv4() == (matched.action == Action::ShowArp);
        let device = match matched.value("interface") {
            Some(name) => Some(self.device_of(name)?),
            None => None,
        };
        match ask(&self.connection, &Request::ShowNeighbours)? {
            Response::Neighbours(NeighboursReport { mut neighbours }) => {
                neighbours.retain(|own| {
                    wanted(&own.address) && device.as_deref().is_none_or(|device| own.link == device)
                });
                Printed::report(&NeighboursReport { neighbours }, show::neighbours)
            }
            _ => Err(ClientError::Mismatch.into()),
        }
    }

    /// `show interfaces extensive` and `statistics`.
    pub(super) fn whole_interfaces(&self, matched: &Matched<'_>) -> Told {
        let links = match ask(&self.connection, &Request::ShowLinks)? {
            Response::Links(report) => report.links,
            _ => return Err(ClientError::Mismatch.into()),
        };
        let frames = self.reasons()?.interfaces;
        let mut interfaces = self.interfaces()?.interfaces;
        if let Some(wanted) = matched.value("") {
            interfaces.retain(|own| own.name == wanted || own.device == wanted);
            if interfaces.is_empty() {
                return Err(Failure::Failed(format!("there is no interface {wanted}")));
            }
        }
        let whole = interfaces.into_iter().map(|interface| WholeInterface {
            frames: frames.iter().find(|own| own.interface == interface.name).cloned(),
            link: links.iter().find(|own| own.name == interface.link).cloned(),
            interface,
        });
        let report = WholeInterfaces { interfaces: whole.collect() };
        Printed::report(
            &report,
            if matched.has("extensive") { show::interfaces_in_full } else { show::interface_statistics },
        )
    }

    /// `show system uptime` and its like.
    pub(super) fn system(&self, action: Action) -> Told {
        let render: fn(&SystemReport) -> String = match action {
            Action::ShowAlarms => show::alarms,
            Action::ShowMemory => show::memory,
            Action::ShowProcesses => show::processes,
            _ => show::uptime,
        };
        match ask(&self.connection, &Request::ShowSystem)? {
            Response::System(report) => Printed::report(&report, render),
            _ => Err(ClientError::Mismatch.into()),
        }
    }

    /// `show log`.
    pub(super) fn log(&self, log: LogKind, matched: &Matched<'_>) -> Told {
        let lines = read(matched, "last", "number of lines")?.unwrap_or(LINES);
        match ask(&self.connection, &Request::ShowLog { log, lines })? {
            Response::Log(report) => Printed::report(&report, show::log),
            _ => Err(ClientError::Mismatch.into()),
        }
    }

    /// `show security match-policies` and `test policy`.
    pub(super) fn match_policy(&mut self, matched: &Matched<'_>) -> Told {
        let source: IpAddr = needed(matched, "source-ip", "address")?;
        let protocol = match read::<Protocol>(matched, "protocol", "IP protocol")?.unwrap_or(Protocol::TCP) {
            Protocol::ICMP if source.is_ipv6() => Protocol::ICMP6, // what was meant is clear
            protocol => protocol,
        };
        let icmp: Option<u8> = read(matched, "icmp-type", "ICMP type")?;
        let echo = if source.is_ipv6() { 128 } else { 8 };
        let port = match protocol.is_icmp() {
            true => u16::from(icmp.unwrap_or(echo)) << 8,
            false => read(matched, "destination-port", "port")?.unwrap_or(0),
        };
        let query = PolicyQuery {
            from_zone: needed(matched, "from-zone", "zone")?,
            to_zone: needed(matched, "to-zone", "zone")?,
            source,
            destination: needed(matched, "destination-ip", "address")?,
            protocol,
            source_port: read(matched, "source-port", "port")?.unwrap_or(49_152),
            destination_port: port,
            candidate: if matched.has("candidate") { Some(self.candidate_text()?) } else { None },
        };
        let asked = ask(&self.connection, &Request::MatchPolicy(query));
        match asked.map_err(|error| Failure::about("candidate", error))? {
            Response::PolicyMatch(found) => Printed::report(&found, show::policy_match),
            _ => Err(ClientError::Mismatch.into()),
        }
    }

    /// The link of an interface of the configuration; any other name is itself.
    fn device_of(&self, name: &str) -> Result<String, Failure> {
        let known = self.interfaces()?.interfaces;
        let own = known.into_iter().find(|own| own.name == name);
        Ok(own.map_or_else(|| name.to_owned(), |own| own.link))
    }
}

fn read<T: FromStr>(matched: &Matched<'_>, option: &str, kind: &str) -> Result<Option<T>, Failure> {
    let Some(text) = matched.value(option) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Failure::Usage(format!("{option}: {text:?} is no {kind}")))
}

fn needed<T: FromStr>(matched: &Matched<'_>, option: &str, kind: &str) -> Result<T, Failure> {
    read(matched, option, kind)?.ok_or_else(|| Failure::Usage(format!("{option} is missing")))
}
