//! What stands in the middle of the rig while a row is measured.

use anyhow::{Error, Result, bail};
use flumen_testkit::generator::Spec;
use flumen_testkit::netns::Netns;
use flumen_testkit::rig::{Device, Measurement, Rig, Traffic};
use flumen_testkit::topology::Segment;

use crate::configuration::{Configuration, LONG_TIMEOUT_S, Rules};
use crate::conntrack;
use crate::gateway::Gateway;
use crate::row::MILLION;

/// A device under test. Rows with the same one share its rig and its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Middle {
    /// A floor, a peer, or somebody else's device.
    Kernel(Device),
    /// A peer whose connections are forgotten before each run.
    KernelFresh(Device),
    /// Flumen with room for this many sessions.
    Flumen(Rules, u32),
    /// Flumen with room for a million sessions, emptied before each run.
    FlumenFresh(Rules),
}

/// A rig with its device.
pub(crate) struct Bed {
    pub(crate) middle: Middle,
    // before the rig: it must leave the interfaces before they go
    gateway: Option<Gateway>,
    rig: Rig,
}

// === impl Bed ===

impl Bed {
    /// Sets it up.
    ///
    /// # Errors
    /// What the host lacks.
    pub(crate) fn new(middle: Middle) -> Result<Self> {
        let (device, flumen) = match middle {
            Middle::Kernel(device) | Middle::KernelFresh(device) => (device, None),
            Middle::Flumen(rules, sessions) => (Device::External, Some((rules, sessions))),
            Middle::FlumenFresh(rules) => (Device::External, Some((rules, MILLION))),
        };
        let rig = Rig::new(device)?;
        let gateway = match flumen {
            Some((rules, sessions)) => {
                prepare_host(rig.dut())?;
                let configuration = Configuration { rules, sessions, timeout_s: LONG_TIMEOUT_S };
                Some(Gateway::open(rig.dut(), &configuration)?)
            }
            None => None,
        };
        Ok(Self { middle, gateway, rig })
    }

    /// Makes every flow of `spec` known to the device.
    ///
    /// # Errors
    /// When a packet is lost.
    pub(crate) fn establish(&mut self, spec: &Spec, tcp: bool) -> Result<()> {
        let translated = Segment::Wan.gateway().v4.into();
        let established = match self.middle {
            Middle::Kernel(Device::NftMasquerade) => self.rig.establish(spec, translated),
            Middle::Kernel(Device::NftStateful) => self.rig.establish(spec, spec.source()),
            Middle::Flumen(Rules::SourceNat, _) if tcp => self.rig.establish(spec, translated),
            Middle::Flumen(..) if tcp => self.rig.establish(spec, spec.source()),
            _ => self.rig.warm_up(spec),
        };
        established.map_err(|error| self.explain(error))
    }

    /// Empties the device's tables when its kind asks for it.
    ///
    /// # Errors
    /// When they cannot be emptied.
    pub(crate) fn forget(&mut self) -> Result<()> {
        match (self.middle, &mut self.gateway) {
            (Middle::FlumenFresh(_), Some(gateway)) => gateway.forget_sessions(),
            (Middle::KernelFresh(_), _) => conntrack::flush(self.rig.dut()),
            _ => Ok(()),
        }
    }

    /// One run.
    ///
    /// # Errors
    /// When a packet is lost, with what the device has counted; when a table of the device was too small.
    pub(crate) fn run(&mut self, traffic: &mut Traffic, packets: u64) -> Result<Measurement> {
        let measured = self.rig.run(traffic, packets).map_err(|error| self.explain(error))?;
        if measured.conntrack.is_some_and(|conntrack| conntrack.overflowed()) {
            bail!("the kernel's connection table overflowed: {:?}", measured.conntrack);
        }
        Ok(measured)
    }

    /// The rig around the device.
    pub(crate) fn rig(&self) -> &Rig {
        &self.rig
    }

    /// Both, where Flumen is the device.
    pub(crate) fn parts(&mut self) -> Option<(&mut Gateway, &mut Rig)> {
        Some((self.gateway.as_mut()?, &mut self.rig))
    }

    fn explain(&self, error: flumen_testkit::Error) -> Error {
        match &self.gateway {
            Some(gateway) => Error::new(error).context(format!("Flumen counted {}", gateway.reasons())),
            None => error.into(),
        }
    }
}

/// What the daemon would set: a packet that is handed up translated has an address of the host as its source.
fn prepare_host(dut: &Netns) -> Result<()> {
    for scope in ["all", "default", "lan", "wan"] {
        dut.sysctl(&format!("net.ipv4.conf.{scope}.accept_local"), "1")?;
        dut.sysctl(&format!("net.ipv4.conf.{scope}.rp_filter"), "0")?;
    }
    Ok(())
}
