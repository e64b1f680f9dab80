use crate::ethtool::Ethtool;
use crate::facts::read_facts;
use crate::link::links;
use crate::netlink::{Protocol, Socket};
use crate::route::look_up;
use crate::socket_table::{ConnectedSocket, connected_sockets};
use crate::watch::LinuxWatch;
use crate::{Host, HostWatch, KernelError, Route, RouteQuery, Setting};
use flumen_engine::HostFacts;
use std::io::ErrorKind;
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

    fn link_kinds(&self) -> Result<Vec<(String, String)>, KernelError> {
        let links = links(&mut Socket::open(Protocol::Route, 0)?)?;
        Ok(links
            .into_iter()
            .filter(|link| !link.kind.is_empty())
            .map(|link| (link.name, link.kind))
            .collect())
    }

    fn read_setting(&self, setting: &Setting) -> Result<Option<String>, KernelError> {
        match setting {
            Setting::Sysctl(path) => match std::fs::read_to_string(sysctl(path)) {
                Ok(value) => Ok(Some(value.trim().to_owned())),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(KernelError::system(format!("read {setting}"), error)),
            },
            Setting::Feature { device, feature } => {
                let Some(mut ethtool) = Ethtool::open()? else {
                    return Ok(None);
                };
                Ok(ethtool.feature(device, feature)?.map(|on| if on { "on" } else { "off" }.to_owned()))
            }
        }
    }

    fn write_setting(&self, setting: &Setting, value: &str) -> Result<(), KernelError> {
        match setting {
            Setting::Sysctl(path) => std::fs::write(sysctl(path), value)
                .map_err(|error| KernelError::system(format!("set {setting} to {value}"), error)),
            Setting::Feature { device, feature } => {
                if let Some(mut ethtool) = Ethtool::open()? {
                    ethtool.set_feature(device, feature, value == "on")?;
                }
                let refused = std::io::Error::other("the driver does not allow it");
                match self.read_setting(setting)? {
                    Some(now) if now == value => Ok(()),
                    _ => Err(KernelError::system(format!("turn {setting} {value}"), refused)),
                }
            }
        }
    }
}

fn sysctl(path: &str) -> PathBuf {
    Path::new("/proc/sys").join(path)
}
