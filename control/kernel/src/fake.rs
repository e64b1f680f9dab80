mod tables;

use crate::{
    ConnectedSocket, ConnectionState, DeviceFacts, Host, HostWatch, KernelError, MachineFacts, Route,
    RouteOutcome, RouteQuery, Setting, Target,
};
use flumen_abi::{Addr, IfIndex};
use flumen_engine::{HostFacts, LinkFacts, LocalFacts};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// A host made of plain values. Clones are the same host.
#[derive(Clone, Debug, Default)]
pub struct FakeHost(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    tables: tables::Tables,
}

#[derive(Debug, Default)]
struct State {
    facts: HostFacts,
    kinds: BTreeMap<String, String>,
    settings: BTreeMap<Setting, String>,
    routes: Vec<(IpAddr, Route)>,
    sockets: Vec<ConnectedSocket>,
    silent: BTreeSet<Target>,
    connections: BTreeMap<(SocketAddr, SocketAddr), ConnectionState>,
    read_only: bool,
    refused: BTreeSet<Setting>,
    devices: BTreeMap<String, DeviceFacts>,
    machine: MachineFacts,
}

struct FakeWatch {
    host: FakeHost,
    last: Option<HostFacts>,
}

impl FakeHost {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no test panics while it holds the fake host")
    }

    /// Adds a running link with these addresses, MTU 1500; its index counts up from 1.
    pub fn add_link(&self, name: &str, addresses: &[IpAddr]) -> IfIndex {
        let mut state = self.state();
        let index = IfIndex(1 + state.facts.links.iter().map(|link| link.index.0).max().unwrap_or(0));
        let first = |wanted: fn(&IpAddr) -> bool| addresses.iter().copied().find(wanted).map(Addr::from);
        state.facts.links.push(LinkFacts {
            index,
            name: name.to_owned(),
            mac: [2, 0, 0, 0, 0, 1],
            mtu: 1500,
            v4: first(IpAddr::is_ipv4),
            v6: first(IpAddr::is_ipv6),
            running: true,
            xdp_transmit: true,
        });
        let local = |addr: &IpAddr| LocalFacts { addr: Addr::from(*addr), link: index, broadcast: false };
        state.facts.locals.extend(addresses.iter().map(local));
        self.0.changed.notify_all();
        index
    }

    /// Adds a socket that waits for packets of one remote end.
    pub fn add_socket(&self, socket: ConnectedSocket) {
        self.state().sockets.push(socket);
    }

    /// Says whether somebody answers; all do until then.
    pub fn set_answers(&self, target: Target, answers: bool) {
        let mut state = self.state();
        if answers {
            state.silent.remove(&target)
        } else {
            state.silent.insert(target)
        };
    }

    /// Says how a connection stands; there is none until then.
    pub fn set_connection(&self, from: SocketAddr, to: SocketAddr, now: ConnectionState) {
        self.state().connections.insert((from, to), now);
    }

    /// Removes a link and its addresses.
    pub fn remove_link(&self, name: &str) {
        let mut state = self.state();
        if let Some(index) = state.facts.link(name).map(|link| link.index) {
            state.facts.links.retain(|link| link.index != index);
            state.facts.locals.retain(|local| local.link != index);
        }
        self.0.changed.notify_all();
    }

    /// Says whether a link takes frames that XDP redirects to it; a new one does.
    pub fn set_xdp_transmit(&self, link: &str, takes: bool) {
        let mut state = self.state();
        if let Some(link) = state.facts.links.iter_mut().find(|facts| facts.name == link) {
            link.xdp_transmit = takes;
        }
        self.0.changed.notify_all();
    }

    /// Says of which kind a link is.
    pub fn set_kind(&self, link: &str, kind: &str) {
        self.state().kinds.insert(link.to_owned(), kind.to_owned());
    }

    /// Makes a setting exist, with this value.
    pub fn set(&self, setting: Setting, value: &str) {
        self.state().settings.insert(setting, value.to_owned());
    }

    /// The value of a setting; empty when there is none.
    pub fn get(&self, setting: &Setting) -> String {
        self.state().settings.get(setting).cloned().unwrap_or_default()
    }

    /// From now on no setting can be changed, as in a container without privileges.
    pub fn make_read_only(&self) {
        self.state().read_only = true;
    }

    /// From now on this setting alone keeps its value, as where a driver refuses.
    pub fn refuse(&self, setting: Setting) {
        self.state().refused.insert(setting);
    }

    /// Makes a device exist, with its features and numbers as settings.
    pub fn set_device(&self, facts: DeviceFacts) {
        for (name, feature) in &facts.features {
            let setting = Setting::Feature { device: facts.name.clone(), feature: name.clone() };
            self.set(setting, if feature.on { "on" } else { "off" });
        }
        for (quantity, span) in &facts.quantities {
            let setting = Setting::Quantity { device: facts.name.clone(), quantity: *quantity };
            self.set(setting, &span.now.to_string());
        }
        self.state().devices.insert(facts.name.clone(), facts);
    }

    /// Says what the machine is.
    pub fn set_machine(&self, facts: MachineFacts) {
        self.state().machine = facts;
    }

    /// Answers look-ups of `destination` with `route`.
    pub fn add_route(&self, destination: IpAddr, route: Route) {
        self.state().routes.push((destination, route));
    }
}

impl Host for FakeHost {
    fn facts(&self) -> Result<HostFacts, KernelError> {
        Ok(self.state().facts.clone())
    }

    fn watch(&self) -> Result<Box<dyn HostWatch>, KernelError> {
        Ok(Box::new(FakeWatch { host: self.clone(), last: None }))
    }

    fn route(&self, query: &RouteQuery) -> Result<Route, KernelError> {
        let state = self.state();
        let known = state.routes.iter().find(|(to, _)| Addr::from(*to) == query.destination);
        let none = Route {
            outcome: RouteOutcome::None,
            egress: None,
            egress_mac: [0; 6],
            next_hop: None,
            neighbour: None,
        };
        Ok(known.map_or(none, |(_, route)| *route))
    }

    fn connected_sockets(&self) -> Result<Vec<ConnectedSocket>, KernelError> {
        Ok(self.state().sockets.clone())
    }

    fn reach(&self, target: &Target) -> Result<Option<String>, KernelError> {
        Ok(self.state().silent.contains(target).then(|| "no answer within a second".to_owned()))
    }

    fn connection(&self, from: SocketAddr, to: SocketAddr) -> Result<ConnectionState, KernelError> {
        Ok(self.state().connections.get(&(from, to)).copied().unwrap_or(ConnectionState::Gone))
    }

    fn link_kinds(&self) -> Result<Vec<(String, String)>, KernelError> {
        Ok(self.state().kinds.clone().into_iter().collect())
    }

    fn read_setting(&self, setting: &Setting) -> Result<Option<String>, KernelError> {
        Ok(self.state().settings.get(setting).cloned())
    }

    fn write_setting(&self, setting: &Setting, value: &str) -> Result<(), KernelError> {
        let mut state = self.state();
        if state.read_only {
            let refused = std::io::Error::from(std::io::ErrorKind::ReadOnlyFilesystem);
            return Err(KernelError::system(format!("set {setting} to {value}"), refused));
        }
        if state.refused.contains(setting) {
            let refused = std::io::Error::from(std::io::ErrorKind::Unsupported);
            return Err(KernelError::system(format!("set {setting} to {value}"), refused));
        }
        // As the kernel does: the IPv6 role of `all` is given to every device.
        if *setting == Setting::conf("ipv6", "all", "forwarding") {
            for (other, now) in &mut state.settings {
                if matches!(other, Setting::Sysctl(path) if path.starts_with("net/ipv6/") && path.ends_with("/forwarding"))
                {
                    value.clone_into(now);
                }
            }
        }
        state.settings.insert(setting.clone(), value.to_owned());
        Ok(())
    }

    fn device(&self, name: &str) -> Result<Option<DeviceFacts>, KernelError> {
        let state = self.state();
        let Some(mut facts) = state.devices.get(name).cloned() else {
            return Ok(None);
        };
        let device = || name.to_owned();
        for (feature, now) in &mut facts.features {
            let setting = Setting::Feature { device: device(), feature: feature.clone() };
            now.on = state.settings.get(&setting).is_some_and(|value| value == "on");
        }
        for (quantity, span) in &mut facts.quantities {
            let setting = Setting::Quantity { device: device(), quantity: *quantity };
            span.now = state.settings.get(&setting).and_then(|value| value.parse().ok()).unwrap_or(span.now);
        }
        Ok(Some(facts))
    }

    fn machine(&self) -> Result<MachineFacts, KernelError> {
        Ok(self.state().machine.clone())
    }
}

impl HostWatch for FakeWatch {
    fn next(&mut self, timeout: Duration) -> Result<Option<HostFacts>, KernelError> {
        let state = self.host.state();
        let same = |state: &mut State| self.last.as_ref() == Some(&state.facts);
        let (state, _) = self
            .host
            .0
            .changed
            .wait_timeout_while(state, timeout, same)
            .expect("no test panics while it holds the fake host");
        if self.last.as_ref() == Some(&state.facts) {
            return Ok(None);
        }
        self.last = Some(state.facts.clone());
        Ok(self.last.clone())
    }
}
