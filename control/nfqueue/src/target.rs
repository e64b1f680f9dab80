use flumen_abi::{InterfaceId, ServiceRow};
use serde::{Deserialize, Serialize};

/// A device on which DF is cleared by queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Name of the device.
    pub device: String,
    /// Its number.
    pub index: u32,
    /// Number of the interface, for counters.
    pub interface: u16,
    /// UDP destination port.
    pub port: u16,
    /// IPv4 total length above which DF is cleared.
    pub over: u16,
    /// UDP checksums become zero, too.
    pub zero_udp: bool,
    /// Percent of the flows that XDP takes care of. Their packets arrive here without DF; one that has it has been missed.
    pub share: u16,
}

// === impl Target ===

impl Target {
    /// The target of an interface with this row; none where DF is left alone.
    pub fn new(device: &str, index: u32, interface: InterfaceId, row: &ServiceRow) -> Option<Target> {
        (row.flags & ServiceRow::CLEARS_DF != 0).then(|| Target {
            device: device.to_owned(),
            index,
            interface: interface.0,
            port: row.df_port,
            over: row.df_over,
            zero_udp: row.flags & ServiceRow::ZEROES_UDP != 0,
            share: 0,
        })
    }

    /// What the pipeline does on it: all flows, whoever else has a share.
    pub(crate) fn row(&self) -> ServiceRow {
        let zeroes = if self.zero_udp { ServiceRow::ZEROES_UDP } else { 0 };
        ServiceRow {
            df_port: self.port,
            df_over: self.over,
            flags: ServiceRow::CLEARS_DF | zeroes,
            ..ServiceRow::default()
        }
    }
}
