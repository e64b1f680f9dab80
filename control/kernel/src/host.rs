use crate::network::{NetworkFacts, StaticRoute, Step};
use crate::{
    ConnectedSocket, ConnectionState, DeviceFacts, KernelError, KernelTables, MachineFacts, Route,
    RouteQuery, Setting, Target,
};
use flumen_engine::HostFacts;
use ipnet::IpNet;
use std::net::SocketAddr;
use std::time::Duration;

/// The kernel of one network namespace.
pub trait Host: KernelTables + Send + Sync {
    /// Links, addresses and XDP features, now.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn facts(&self) -> Result<HostFacts, KernelError>;

    /// Starts to listen for changes.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn watch(&self) -> Result<Box<dyn HostWatch>, KernelError>;

    /// How a packet would be forwarded.
    ///
    /// # Errors
    /// When the kernel cannot be asked; that there is no route is an answer.
    fn route(&self, query: &RouteQuery) -> Result<Route, KernelError>;

    /// Sockets that wait for packets of one remote end.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn connected_sockets(&self) -> Result<Vec<ConnectedSocket>, KernelError>;

    /// Why somebody does not answer within a second; none when they do. It may take that long.
    ///
    /// # Errors
    /// When nobody can be asked.
    fn reach(&self, target: &Target) -> Result<Option<String>, KernelError>;

    /// How a TCP connection of the host itself stands, from the other end to its own.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn connection(&self, from: SocketAddr, to: SocketAddr) -> Result<ConnectionState, KernelError>;

    /// The kind of each virtual link (`veth`, `vlan`); hardware is not listed.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn link_kinds(&self) -> Result<Vec<(String, String)>, KernelError>;

    /// The value of a setting; none when the kernel or the device has no such thing.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read_setting(&self, setting: &Setting) -> Result<Option<String>, KernelError>;

    /// Changes a setting.
    ///
    /// # Errors
    /// When it cannot be written, or did not take the value.
    fn write_setting(&self, setting: &Setting, value: &str) -> Result<(), KernelError>;

    /// What a network device is and can do; none when there is no such device.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn device(&self, name: &str) -> Result<Option<DeviceFacts>, KernelError>;

    /// What the machine is.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn machine(&self) -> Result<MachineFacts, KernelError>;

    /// Links, addresses and our routes, now.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn network(&self) -> Result<NetworkFacts, KernelError>;

    /// Routes of the main table to exactly this destination, whoever made them.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn routes_to(&self, to: IpNet) -> Result<Vec<StaticRoute>, KernelError>;

    /// Changes the network; [`Step::Set`] is [`Host::write_setting`].
    ///
    /// # Errors
    /// When the kernel refuses, with its words; nothing has changed then.
    fn change(&self, step: &Step) -> Result<(), KernelError>;
}

/// Changes of links, addresses and XDP features.
pub trait HostWatch: Send {
    /// Waits up to `timeout` for a change, then until a burst of changes is over. The first call returns at
    /// once; later ones only facts that differ from the last, or none.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn next(&mut self, timeout: Duration) -> Result<Option<HostFacts>, KernelError>;
}
