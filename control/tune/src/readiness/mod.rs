//! Whether a host is ready for a traffic mirror: everything that would keep it from working or make it slow, and what
//! to do about it.

mod input;
mod machine;
mod output;

use crate::TuneError;
use flumen_kernel::{DeviceFacts, Host};
use serde::Serialize;

/// The devices of a mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Where the encapsulated frames arrive.
    pub input: String,
    /// Where the inner packets leave; none when the kernel's routes decide.
    pub output: Option<String>,
    /// Largest inner packet, bytes of IP.
    pub inner_mtu: u32,
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Nothing keeps the mirror from working.
    pub ready: bool,
    /// Everything that was looked at.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Of the host, or which device.
    pub subject: String,
    /// What: `kernel`, `xdp`, `gro`.
    pub topic: &'static str,
    /// How it stands.
    pub level: Level,
    /// What is so.
    pub found: String,
    /// What to do; empty when nothing.
    pub remedy: String,
}

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As it should be.
    Good,
    /// Slower than it could be, or only right under conditions.
    Warning,
    /// The mirror does not work so.
    Bad,
}

/// What was found of one subject.
struct Findings {
    subject: String,
    all: Vec<Finding>,
}

/// Looks at the host and at the devices of a mirror. Nothing is changed.
///
/// # Errors
/// When the kernel cannot be asked. A device that is not there is a finding.
pub fn readiness(host: &dyn Host, ports: &Ports) -> Result<Readiness, TuneError> {
    let machine = host.machine()?;
    let mut all = machine::look(host, &machine)?;
    let named = |name: &str| -> Result<(Findings, Option<DeviceFacts>), TuneError> {
        let mut findings = Findings::of(name);
        let device = host.device(name)?;
        match &device {
            None => findings.bad("device", "there is no such device", "see: ip link"),
            Some(device) if !device.running => {
                findings.bad("device", "down, or without carrier", &format!("ip link set {name} up"));
            }
            Some(device) => findings.good("device", &format!("up, driver {}", driver(device))),
        }
        Ok((findings, device))
    };
    let (mut findings, input) = named(&ports.input)?;
    if let Some(input) = &input {
        input::look(&mut findings, host, input, &machine, ports.inner_mtu)?;
    }
    all.extend(findings.all);
    if let Some(name) = &ports.output {
        let (mut findings, output) = named(name)?;
        if let Some(output) = &output {
            output::look(&mut findings, output, ports.inner_mtu);
        }
        all.extend(findings.all);
    }
    Ok(Readiness { ready: all.iter().all(|finding| finding.level < Level::Bad), findings: all })
}

fn driver(device: &DeviceFacts) -> &str {
    if device.driver.is_empty() { "unknown" } else { &device.driver }
}

impl Findings {
    fn of(subject: &str) -> Findings {
        Findings { subject: subject.to_owned(), all: Vec::new() }
    }

    fn good(&mut self, topic: &'static str, found: &str) {
        self.add(Level::Good, topic, found, "");
    }

    fn warning(&mut self, topic: &'static str, found: &str, remedy: &str) {
        self.add(Level::Warning, topic, found, remedy);
    }

    fn bad(&mut self, topic: &'static str, found: &str, remedy: &str) {
        self.add(Level::Bad, topic, found, remedy);
    }

    fn add(&mut self, level: Level, topic: &'static str, found: &str, remedy: &str) {
        let (subject, found, remedy) = (self.subject.clone(), found.to_owned(), remedy.to_owned());
        self.all.push(Finding { subject, topic, level, found, remedy });
    }
}

#[cfg(test)]
mod tests;
