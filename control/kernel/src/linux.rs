use crate::device::read_device;
use crate::ethtool::Ethtool;
use crate::facts::read_facts;
use crate::link::links;
use crate::machine::read_machine;
use crate::netlink::{Protocol, Socket};
use crate::route::look_up;
use crate::socket_table::{ConnectedSocket, connected_sockets};
use crate::watch::LinuxWatch;
use crate::{
    ConnectionState, DeviceFacts, Host, HostWatch, KernelError, MachineFacts, Route, RouteQuery, Setting,
    Target, reach,
};
use flumen_engine::HostFacts;
use std::io::ErrorKind;
use std::net::SocketAddr;
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
}

/// The file that a setting is.
fn file(setting: &Setting) -> Option<PathBuf> {
    match setting {
        Setting::Sysctl(path) => Some(Path::new("/proc/sys").join(path)),
        Setting::IrqAffinity(irq) => Some(format!("/proc/irq/{irq}/smp_affinity_list").into()),
        Setting::Governor(cpu) => {
            Some(format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor").into())
        }
        Setting::Feature { .. } | Setting::Quantity { .. } => None,
    }
}

fn read_file(path: &Path, setting: &Setting) -> Result<Option<String>, KernelError> {
    match std::fs::read_to_string(path) {
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KernelError::system(format!("read {setting}"), error)),
    }
}
