use crate::address::{add_address, addresses, remove_address};
use crate::device::read_device;
use crate::ethtool::Ethtool;
use crate::facts::read_facts;
use crate::link::{Link, add_vlan, links, remove_link, set_link};
use crate::machine::read_machine;
use crate::netlink::{Protocol, Socket};
use crate::network::{LinkAddress, LinkState, NetworkFacts, OURS, StaticRoute, Step};
use crate::route::look_up;
use crate::socket_table::{ConnectedSocket, connected_sockets};
use crate::static_route::{Place, add_route, remove_route, routes};
use crate::watch::LinuxWatch;
use crate::{
    ConnectionState, DeviceFacts, Host, HostWatch, KernelError, LinkProperty, MachineFacts, Route,
    RouteQuery, Setting, Target, reach,
};
use flumen_abi::IfIndex;
use flumen_engine::HostFacts;
use ipnet::IpNet;
use nix::errno::Errno;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// The kernel itself, in the network namespace of the calling thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinuxHost;

impl Host for LinuxHost {
    fn facts(&self) -> Result<HostFacts, KernelError> {
        read_facts()
    }

    fn watch(&self) -> Result<Box<dyn HostWatch>, KernelError> {
        Ok(Box::new(LinuxWatch::open()?))
    }

    fn route(&self, query: &RouteQuery) -> Result<Route, KernelError> {
        look_up(query)
    }

    fn connected_sockets(&self) -> Result<Vec<ConnectedSocket>, KernelError> {
        connected_sockets()
    }

    fn reach(&self, target: &Target) -> Result<Option<String>, KernelError> {
        reach::reach(target)
    }

    fn connection(&self, from: SocketAddr, to: SocketAddr) -> Result<ConnectionState, KernelError> {
        reach::connection(from, to)
    }

    fn link_kinds(&self) -> Result<Vec<(String, String)>, KernelError> {
        let links = links(&mut Socket::open(Protocol::Route, 0)?)?;
        Ok(links
            .into_iter()
            .filter(|link| !link.kind.is_empty())
            .map(|link| (link.name, link.kind))
            .collect())
    }

    fn read_setting(&self, setting: &Setting) -> Result<Option<String>, KernelError> {
        let mut ethtool = match setting {
            Setting::Feature { .. } | Setting::Quantity { .. } => Ethtool::open()?,
            _ => None,
        };
        match (setting, &mut ethtool) {
            (Setting::Feature { device, feature }, Some(ethtool)) => {
                Ok(ethtool.feature(device, feature)?.map(|on| if on { "on" } else { "off" }.to_owned()))
            }
            (Setting::Quantity { device, quantity }, Some(ethtool)) => {
                Ok(ethtool.quantity(device, *quantity)?.map(|span| span.now.to_string()))
            }
            (Setting::Link { device, property }, _) => {
                let link = find(&mut Socket::open(Protocol::Route, 0)?, device)?;
                Ok(link.map(|link| match property {
                    LinkProperty::Up => if link.up { "up" } else { "down" }.to_owned(),
                    LinkProperty::Mtu => link.mtu.to_string(),
                    LinkProperty::Alias => link.alias,
                }))
            }
            _ => file(setting).map_or(Ok(None), |path| read_file(&path, setting)),
        }
    }

    fn write_setting(&self, setting: &Setting, value: &str) -> Result<(), KernelError> {
        let refused = |why: String| {
            KernelError::system(format!("set {setting} to {value}"), std::io::Error::other(why))
        };
        let mut ethtool = match setting {
            Setting::Feature { .. } | Setting::Quantity { .. } => Ethtool::open()?,
            _ => None,
        };
        match (setting, &mut ethtool) {
            (Setting::Feature { device, feature }, Some(ethtool)) => {
                ethtool.set_feature(device, feature, value == "on")?
            }
            (Setting::Quantity { device, quantity }, Some(ethtool)) => {
                let number = value.parse().map_err(|_| refused("it is no number".to_owned()))?;
                ethtool.set_quantity(device, *quantity, number)?;
            }
            (Setting::Link { device, property }, _) => {
                let mut socket = Socket::open(Protocol::Route, 0)?;
                let action = format!("set {setting} to {value}");
                let link = index(&mut socket, &action, device)?;
                return set_link(&mut socket, &action, link, *property, value);
            }
            _ => {
                if let Some(path) = file(setting) {
                    return std::fs::write(path, value)
                        .map_err(|error| KernelError::system(format!("set {setting} to {value}"), error));
                }
            }
        }
        match self.read_setting(setting)? {
            Some(now) if now == value => Ok(()),
            Some(now) => Err(refused(format!("the driver keeps {now}"))),
            None => Err(refused("the device has no such thing".to_owned())),
        }
    }

    fn device(&self, name: &str) -> Result<Option<DeviceFacts>, KernelError> {
        read_device(name)
    }

    fn machine(&self) -> Result<MachineFacts, KernelError> {
        read_machine()
    }

    fn network(&self) -> Result<NetworkFacts, KernelError> {
        let mut socket = Socket::open(Protocol::Route, 0)?;
        let (links, addresses) = (links(&mut socket)?, addresses(&mut socket)?);
        let name = |index: IfIndex| links.iter().find(|link| link.index == index).map(|link| &link.name);
        let address = |own: crate::address::Address| {
            let address = IpNet::new(IpAddr::from(own.addr), own.prefix_length).ok()?;
            Some(LinkAddress { link: name(own.link)?.clone(), address, ours: own.protocol == OURS })
        };
        let addresses = addresses.into_iter().filter_map(address).collect();
        let routes = routes(&mut socket, Some(OURS), &links)?;
        let state = |link: Link| LinkState {
            index: link.index,
            name: link.name,
            up: link.up,
            mtu_limits: link.mtu_limits,
            vlan: link.vlan,
        };
        Ok(NetworkFacts { links: links.into_iter().map(state).collect(), addresses, routes })
    }

    fn routes_to(&self, to: IpNet) -> Result<Vec<StaticRoute>, KernelError> {
        let mut socket = Socket::open(Protocol::Route, 0)?;
        let links = links(&mut socket)?;
        let mut routes = routes(&mut socket, None, &links)?;
        routes.retain(|route| route.to == to);
        Ok(routes)
    }

    fn change(&self, step: &Step) -> Result<(), KernelError> {
        let action = step.to_string();
        let mut socket = Socket::open(Protocol::Route, 0)?;
        match step {
            Step::AddLink { name, vlan } => {
                let parent = index(&mut socket, &action, &vlan.parent)?;
                add_vlan(&mut socket, &action, name, parent, vlan)
            }
            Step::RemoveLink { name } => {
                let link = index(&mut socket, &action, name)?;
                remove_link(&mut socket, &action, link)
            }
            Step::Set { setting, value } => self.write_setting(setting, value),
            Step::AddAddress { link, address } => {
                let link = index(&mut socket, &action, link)?;
                add_address(&mut socket, &action, link, *address)
            }
            Step::RemoveAddress { link, address } => {
                let number = index(&mut socket, &action, link)?;
                let shared = addresses(&mut socket)?.iter().filter(|own| own.link == number).any(|own| {
                    let addr = IpAddr::from(own.addr);
                    addr != address.addr() && addr.is_ipv4() && address.contains(&addr)
                });
                let mut remove = || remove_address(&mut socket, &action, number, *address);
                if shared { self.with_promotion(link, remove) } else { remove() }
            }
            Step::AddRoute(route) | Step::ReplaceRoute(route) => {
                let place = if matches!(step, Step::AddRoute(_)) { Place::Free } else { Place::Taken };
                let links = links(&mut socket)?;
                add_route(&mut socket, &action, route, place, &links)
            }
            Step::RemoveRoute(route) => remove_route(&mut socket, &action, route),
        }
    }
}

impl LinuxHost {
    /// Removes an IPv4 address so that the others of its network stay: without `promote_secondaries` the kernel removes
    /// them with the first one, whoever added them.
    fn with_promotion(
        &self,
        link: &str,
        remove: impl FnOnce() -> Result<(), KernelError>,
    ) -> Result<(), KernelError> {
        let promote = Setting::conf("ipv4", link, "promote_secondaries");
        let before = self.read_setting(&promote)?;
        let Some(before) = before.filter(|before| before == "0") else { return remove() };
        self.write_setting(&promote, "1")?;
        let removed = remove();
        self.write_setting(&promote, &before)?;
        removed
    }
}

fn find(socket: &mut Socket, name: &str) -> Result<Option<Link>, KernelError> {
    Ok(links(socket)?.into_iter().find(|link| link.name == name))
}

fn index(socket: &mut Socket, action: &str, name: &str) -> Result<IfIndex, KernelError> {
    let link = find(socket, name)?;
    link.map(|link| link.index).ok_or_else(|| KernelError::system(action, Errno::ENODEV))
}

/// The file that a setting is.
fn file(setting: &Setting) -> Option<PathBuf> {
    match setting {
        Setting::Sysctl(path) => Some(Path::new("/proc/sys").join(path)),
        Setting::IrqAffinity(irq) => Some(format!("/proc/irq/{irq}/smp_affinity_list").into()),
        Setting::Governor(cpu) => {
            Some(format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor").into())
        }
        Setting::Feature { .. } | Setting::Quantity { .. } | Setting::Link { .. } => None,
    }
}

fn read_file(path: &Path, setting: &Setting) -> Result<Option<String>, KernelError> {
    match std::fs::read_to_string(path) {
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KernelError::system(format!("read {setting}"), error)),
    }
}
