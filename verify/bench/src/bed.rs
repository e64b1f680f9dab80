//! What stands in the middle of the rig while a row is measured.

use anyhow::{Result, bail};
use flumen_testkit::generator::Spec;
use flumen_testkit::netns::Netns;
use flumen_testkit::rig::{Device, Measurement, Rig, Traffic};
use flumen_testkit::topology::Segment;

use crate::configuration::Rules;
use crate::conntrack;
use crate::gateway::Gateway;

/// A device under test. Rows of the same bed share its rig and its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Middle {
    /// A floor or a peer.
    Kernel(Device),
    /// A peer whose connections are forgotten before each run.
    KernelFresh(Device),
    /// Flumen.
    Flumen(Rules),
    /// Flumen, its sessions forgotten before each run.
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
    /// Builds it; Flumen gets room for `sessions`.
    ///
    /// # Errors
    /// What the host lacks.
    pub(crate) fn build(middle: Middle, sessions: u32) -> Result<Self> {
        let (device, rules) = match middle {
            Middle::Kernel(device) | Middle::KernelFresh(device) => (device, None),
            Middle::Flumen(rules) | Middle::FlumenFresh(rules) => (Device::External, Some(rules)),
        };
        let rig = Rig::new(device)?;
        let gateway = match rules {
            Some(rules) => {
                accept_own_source(rig.dut())?;
                Some(Gateway::open(rig.dut(), sessions, &rules.configuration())?)
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
        let done = match self.middle {
            Middle::Kernel(Device::NftMasquerade) => self.rig.establish(spec, translated),
            Middle::Kernel(Device::NftStateful) => self.rig.establish(spec, spec.source()),
            Middle::Flumen(Rules::SourceNat) if tcp => self.rig.establish(spec, translated),
            Middle::Flumen(_) if tcp => self.rig.establish(spec, spec.source()),
            _ => self.rig.warm_up(spec),
        };
        self.explained(done)
    }

    /// Empties the device's tables when its kind asks for it.
    ///
    /// # Errors
    /// When they cannot be emptied.
    pub(crate) fn forget(&mut self) -> Result<()> {
        match (self.middle, &mut self.gateway) {
            (Middle::FlumenFresh(_), Some(gateway)) => gateway.forget_sessions().map(drop),
            (Middle::KernelFresh(_), _) => conntrack::flush(self.rig.dut()),
            _ => Ok(()),
        }
    }

    /// One run.
    ///
    /// # Errors
    /// When a packet is lost, with what the device has counted; when a table of the device was too small.
    pub(crate) fn run(&mut self, traffic: &mut Traffic, packets: u64) -> Result<Measurement> {
        let measured = self.rig.run(traffic, packets);
        let measured = self.explained(measured)?;
        if measured.conntrack.is_some_and(|conntrack| conntrack.overflowed()) {
            bail!("the kernel's connection table overflowed: {:?}", measured.conntrack);
        }
        Ok(measured)
    }

    /// Flumen, where it is the device.
    pub(crate) fn gateway(&mut self) -> Option<&mut Gateway> {
        self.gateway.as_mut()
    }

    /// The rig around the device.
    pub(crate) fn rig(&self) -> &Rig {
        &self.rig
    }

    fn explained<T>(&self, result: Result<T, flumen_testkit::Error>) -> Result<T> {
        result.map_err(|error| match &self.gateway {
            Some(gateway) => anyhow::Error::new(error).context(format!("reasons: {}", gateway.reasons())),
            None => error.into(),
        })
    }
}

/// What Flumen's hosts are set to: packets that it hands up carry the gateway's own address as source.
fn accept_own_source(dut: &Netns) -> Result<()> {
    for scope in ["all", "default", "lan", "wan"] {
        dut.sysctl(&format!("net.ipv4.conf.{scope}.accept_local"), "1")?;
        dut.sysctl(&format!("net.ipv4.conf.{scope}.rp_filter"), "0")?;
    }
    Ok(())
}
