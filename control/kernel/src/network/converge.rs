use super::{Network, NetworkFacts, Step, plan};
use crate::{Host, KernelError, Ledger, Setting};
use nix::errno::Errno;
use std::collections::BTreeSet;
use std::fmt;

/// What happens when the kernel refuses a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// That is the end of it; what was done stays for the caller to take back.
    All,
    /// It waits, and the rest is done.
    AsFarAsPossible,
}

/// Something that is wanted and cannot be had now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    /// `interface eth1`, `route 10.0.0.0/8 …`.
    pub what: String,
    /// Why, and so what it waits for.
    pub why: String,
}

/// Makes the sub-interfaces that are wanted and whose parents are there. They are down, and in the ledger first.
///
/// # Errors
/// With [`Effort::All`]: the first that the kernel does not make, or whose name another link has.
pub fn make_links(
    host: &dyn Host,
    ledger: &mut Ledger,
    wanted: &Network,
    effort: Effort,
) -> Result<(Vec<Step>, Vec<Waiting>), KernelError> {
    if !wanted.links.values().any(|link| link.vlan.is_some()) {
        return Ok(Default::default());
    }
    let facts = host.network()?;
    let made: BTreeSet<String> = ledger.links().map(str::to_owned).collect();
    let (steps, taken) = plan::links_to_make(wanted, &facts, &made);
    let waiting: Vec<Waiting> = taken.iter().map(|(link, why)| Waiting::link(link, why)).collect();
    if let (Effort::All, Some(Waiting { what, why })) = (effort, waiting.first()) {
        return Err(KernelError::Taken { what: what.clone(), why: why.clone() });
    }
    for step in &steps {
        if let Step::AddLink { name, .. } = step {
            ledger.record_link(name, effort)?;
        }
    }
    run(host, steps, waiting, effort)
}

/// Brings addresses and routes of the links that are there, and whether they are up, to what is wanted.
///
/// `set_up`: also links that somebody else has set down or up meanwhile.
///
/// # Errors
/// With [`Effort::All`]: the first step that the kernel refuses. A route whose gateway is on no network of the host,
/// and a link that is not there, are waited for in any case.
pub fn converge(
    host: &dyn Host,
    wanted: &Network,
    set_up: bool,
    effort: Effort,
) -> Result<(Vec<Step>, Vec<Waiting>), KernelError> {
    let (steps, waiting) = plan::steps(wanted, &host.network()?, set_up);
    run(host, steps, waiting, effort)
}

/// Removes the links that we made and that are not wanted any more.
///
/// # Errors
/// When the kernel does not remove one; the others are removed.
pub fn remove_links(
    host: &dyn Host,
    ledger: &mut Ledger,
    wanted: &Network,
) -> Result<Vec<Step>, KernelError> {
    let made: BTreeSet<String> = ledger.links().map(str::to_owned).collect();
    if made.is_empty() {
        return Ok(Vec::new());
    }
    let facts = host.network()?;
    let steps = plan::links_to_remove(wanted, &facts, &made);
    let mut failed = None;
    let mut done = Vec::new();
    for step in steps {
        match carry_out(host, &step) {
            Ok(()) => done.push(step),
            Err(error) => failed = Some(error),
        }
    }
    let left: BTreeSet<&str> = wanted.links.keys().map(String::as_str).collect();
    let gone = |name: &&String| {
        let removed = done.iter().any(|step| matches!(step, Step::RemoveLink { name: own } if own == *name));
        !left.contains(&***name) && (removed || facts.link(name).is_none())
    };
    ledger.strike_links(&made.iter().filter(gone).cloned().collect())?;
    failed.map_or(Ok(done), Err)
}

/// Removes every address, route and link of ours.
///
/// # Errors
/// When the kernel does not remove one; the others are removed.
pub fn remove_all(host: &dyn Host, ledger: &mut Ledger) -> Result<Vec<Step>, KernelError> {
    let nothing = Network::default();
    let (steps, _) = plan::steps(&nothing, &host.network()?, false);
    let (mut done, mut failed) = (Vec::new(), None);
    for step in steps {
        match carry_out(host, &step) {
            Ok(()) => done.push(step),
            Err(error) => failed = Some(error),
        }
    }
    done.extend(remove_links(host, ledger, &nothing)?);
    failed.map_or(Ok(done), Err)
}

/// Carries the steps out; says which were, and what waits.
fn run(
    host: &dyn Host,
    steps: Vec<Step>,
    mut waiting: Vec<Waiting>,
    effort: Effort,
) -> Result<(Vec<Step>, Vec<Waiting>), KernelError> {
    let mut done = Vec::new();
    for step in steps {
        match carry_out(host, &step) {
            Ok(()) => done.push(step),
            Err(error) => match waits(&step, &error) {
                Some(route) => {
                    waiting.push(route);
                    // What was there before is not what is wanted now.
                    if let Step::ReplaceRoute(route) = step {
                        let old = Step::RemoveRoute(route);
                        carry_out(host, &old)?;
                        done.push(old);
                    }
                }
                None if effort == Effort::All => return Err(error),
                None => waiting.push(Waiting { what: step.to_string(), why: error.to_string() }),
            },
        }
    }
    Ok((done, waiting))
}

/// One step. That its outcome is there already, by somebody else, is as good.
fn carry_out(host: &dyn Host, step: &Step) -> Result<(), KernelError> {
    let outcome = match step {
        Step::Set { setting, value } => host.write_setting(setting, value),
        other => host.change(other),
    };
    let Err(error) = outcome else { return Ok(()) };
    match (step, error.errno()) {
        (Step::RemoveLink { .. }, Some(Errno::ENODEV))
        | (Step::RemoveAddress { .. }, Some(Errno::EADDRNOTAVAIL | Errno::ENODEV))
        | (Step::RemoveRoute(_), Some(Errno::ESRCH | Errno::ENODEV)) => Ok(()),
        (Step::AddAddress { link, address }, Some(Errno::EEXIST)) => {
            let there = |facts: NetworkFacts| {
                facts.addresses.iter().any(|own| own.link == *link && own.address == *address)
            };
            if host.network().is_ok_and(there) { Ok(()) } else { Err(error) }
        }
        (Step::AddRoute(route), Some(Errno::EEXIST)) => {
            let others = host.routes_to(route.to)?;
            if others.iter().any(|other| route.is_served_by(other)) {
                return Ok(());
            }
            let why =
                "there is another route of the same metric that the configuration did not make".to_owned();
            Err(KernelError::Taken { what: route.to_string(), why })
        }
        (Step::AddLink { .. }, Some(Errno::EOPNOTSUPP)) => {
            let why = "this kernel has no 802.1Q sub-interfaces (module 8021q)".to_owned();
            Err(KernelError::Taken { what: step.to_string(), why })
        }
        _ => Err(error),
    }
}

/// A route that the kernel does not take because of what is not there yet.
fn waits(step: &Step, error: &KernelError) -> Option<Waiting> {
    let (Step::AddRoute(route) | Step::ReplaceRoute(route)) = step else { return None };
    let why = match error.errno()? {
        Errno::ENETUNREACH | Errno::EHOSTUNREACH => "its gateway is on no network of the host",
        Errno::ENETDOWN => "its link is down",
        Errno::ENODEV => "its link is not there",
        _ => return None,
    };
    Some(Waiting { what: route.to_string(), why: why.to_owned() })
}

// === impl Waiting ===

impl Waiting {
    pub(super) fn link(name: &str, why: &str) -> Waiting {
        Waiting { what: format!("interface {name}"), why: why.to_owned() }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits: {}", self.what, self.why)
    }
}

/// What is set once the gateway is on a link.
pub(super) fn late(setting: &Setting) -> bool {
    matches!(setting, Setting::Link { property: crate::LinkProperty::Up, .. })
}

#[cfg(test)]
mod tests {
    use super::{Effort, converge, make_links, remove_all, remove_links};
    use crate::network::{Network, NetworkLink, VlanLink, settings};
    use crate::{FakeHost, Host, Ledger};

    fn vlan(parent: &str, id: u16, service: bool) -> NetworkLink {
        let vlan = Some(VlanLink { parent: parent.into(), id, service });
        NetworkLink { up: true, vlan, ..NetworkLink::default() }
    }

    fn network(links: &[(&str, NetworkLink)]) -> Network {
        let links = links.iter().map(|(name, link)| ((*name).to_owned(), link.clone()));
        Network { links: links.collect(), routes: Vec::new() }
    }

    /// A host with `eth0`, and an empty ledger.
    fn bench() -> (FakeHost, Ledger, tempfile::TempDir) {
        let (host, dir) = (FakeHost::default(), tempfile::tempdir().unwrap());
        host.add_link("eth0", &[]);
        let ledger = Ledger::open(&dir.path().join("ledger"), "boot").unwrap();
        (host, ledger, dir)
    }

    fn links(host: &FakeHost) -> Vec<String> {
        host.facts().unwrap().links.into_iter().map(|link| link.name).collect()
    }

    #[test]
    fn a_sub_interface_of_a_sub_interface_is_made_after_it_and_removed_before_it() {
        let (host, mut ledger, _dir) = bench();
        // in the order of names, the inner one comes first
        let wanted = network(&[("a", vlan("b", 5, false)), ("b", vlan("eth0", 9, true))]);
        let (steps, waiting) = make_links(&host, &mut ledger, &wanted, Effort::All).unwrap();
        let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
        assert_eq!(steps, ["make b, VLAN 9 of eth0 (802.1ad)", "make a, VLAN 5 of b"]);
        assert!(waiting.is_empty());
        assert_eq!(ledger.links().count(), 2);
        remove_links(&host, &mut ledger, &Network::default()).unwrap();
        assert_eq!(links(&host), ["eth0"]);
        assert_eq!(ledger.links().count(), 0);
    }

    #[test]
    fn a_parent_that_is_not_there_is_waited_for() {
        let (host, mut ledger, _dir) = bench();
        let wanted = network(&[("eth9.5", vlan("eth9", 5, false))]);
        assert_eq!(make_links(&host, &mut ledger, &wanted, Effort::All).unwrap().0, []);
        let (_, waiting) = converge(&host, &wanted, true, Effort::All).unwrap();
        assert_eq!(waiting[0].to_string(), "interface eth9.5 waits: there is no such device");
        host.add_link("eth9", &[]);
        assert_eq!(make_links(&host, &mut ledger, &wanted, Effort::All).unwrap().0.len(), 1);
    }

    #[test]
    fn a_link_of_others_is_neither_taken_for_ours_nor_removed() {
        let (host, mut ledger, _dir) = bench();
        host.add_link("eth0.5", &[]);
        let wanted = network(&[("eth0.5", vlan("eth0", 5, false))]);
        let impossible = settings(&host, &ledger, &wanted).unwrap().impossible;
        assert!(impossible[0].1.contains("another link of this name"), "{impossible:?}");
        make_links(&host, &mut ledger, &wanted, Effort::All).unwrap_err();
        let (steps, waiting) = make_links(&host, &mut ledger, &wanted, Effort::AsFarAsPossible).unwrap();
        assert_eq!((steps.len(), waiting.len()), (0, 1));
        remove_all(&host, &mut ledger).unwrap();
        assert_eq!(links(&host), ["eth0", "eth0.5"]);
    }

    #[test]
    fn a_link_of_ours_that_has_another_tag_now_is_made_anew() {
        let (host, mut ledger, _dir) = bench();
        make_links(&host, &mut ledger, &network(&[("v", vlan("eth0", 5, false))]), Effort::All).unwrap();
        let (steps, _) =
            make_links(&host, &mut ledger, &network(&[("v", vlan("eth0", 6, false))]), Effort::All).unwrap();
        let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
        assert_eq!(steps, ["remove v", "make v, VLAN 6 of eth0"]);
    }

    #[test]
    fn a_link_is_in_the_ledger_before_the_kernel_is_asked_for_it() {
        let (host, mut ledger, _dir) = bench();
        host.refuse("make v");
        make_links(&host, &mut ledger, &network(&[("v", vlan("eth0", 5, false))]), Effort::All).unwrap_err();
        assert_eq!(ledger.links().collect::<Vec<_>>(), ["v"]);
        remove_links(&host, &mut ledger, &Network::default()).unwrap();
        assert_eq!(ledger.links().count(), 0, "it is not there");
    }
}
