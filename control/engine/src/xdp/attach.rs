use super::install::Device;
use super::pins::{Pins, system};
use super::program::{Attached, Loaded, bpf, chain, errno};
use crate::{AttachMode, Attachment, EngineError, HostFacts, Unattached};
use aya::programs::links::{FdLink, PinnedLink};
use aya::programs::xdp::XdpLink;
use aya::programs::{ProgramError, XdpMode};
use flumen_abi::IfIndex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs};
use tracing::{info, warn};

/// Which attach modes may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModeChoice {
    /// The driver's, else the generic one, and say so.
    #[default]
    Auto,
    /// The driver's or none.
    Driver,
    /// The generic one.
    Generic,
}

/// When a device is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Before the ruleset that names it is in force: its frames are left to the kernel until then.
    Prepared,
    /// After.
    InForce,
}

/// The program's links, by the number of their device: names change, and a device that has been given another one is
/// still the same.
pub(crate) struct Attachments {
    mode: ModeChoice,
    links: BTreeMap<IfIndex, Held>,
    /// Devices that go without, and why.
    refused: BTreeMap<String, (IfIndex, String)>,
}

struct Held {
    link: PinnedLink,
    pin: PathBuf,
    /// What the rules call it.
    device: String,
    /// What the kernel calls it now.
    name: String,
    mode: AttachMode,
    note: Option<String>,
    program: Attached,
    /// It is in no zone, by the ruleset in force.
    passive: bool,
}

impl Attachments {
    /// Takes over the links that an earlier daemon left, and replaces their program by ours, atomically.
    ///
    /// The kernel does not tell a link's mode, so the pin's name does. Which devices have services is not known yet: all
    /// get the program that is right for every one.
    pub(crate) fn adopt(
        pins: &Pins,
        program: &mut Loaded,
        mode: ModeChoice,
    ) -> Result<Attachments, EngineError> {
        let mut attachments = Attachments { mode, links: BTreeMap::new(), refused: BTreeMap::new() };
        let directory = pins.links();
        let entries = fs::read_dir(&directory)
            .map_err(|source| system(format!("read {}", directory.display()), source))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let Some(name) = path.file_name().and_then(|name| name.to_str()).and_then(PinName::parse) else {
                continue;
            };
            match take_over(program, Attached::Services, &path) {
                Ok(link) => {
                    info!(device = name.device, mode = name.mode.name(), "adopted");
                    let note = (name.mode == AttachMode::Generic)
                        .then(|| "as an earlier daemon attached it".to_owned());
                    let PinName { mode, index, device } = name;
                    let held = Held {
                        link,
                        pin: path,
                        name: device.clone(),
                        device,
                        mode,
                        note,
                        program: Attached::Services,
                        passive: false,
                    };
                    attachments.links.insert(index, held);
                }
                Err(why) => {
                    // ENOLINK: the device is gone, and the link with it.
                    info!(device = name.device, why, "dropped a link that leads nowhere");
                    fs::remove_file(&path)
                        .map_err(|source| system(format!("remove {}", path.display()), source))?;
                }
            }
        }
        Ok(attachments)
    }

    /// Attaches to each of `devices` that is not attached yet, says which those were, and puts the program of services where
    /// it is needed in place of the pipeline. After an error they are detached again.
    pub(crate) fn attach_all(
        &mut self,
        program: &mut Loaded,
        pins: &Pins,
        devices: &[Device],
        when: When,
    ) -> Result<Vec<IfIndex>, EngineError> {
        let mut fresh = Vec::new();
        for device in devices {
            if let Err(error) = self.attach_one(program, pins, device, when, &mut fresh) {
                self.detach(fresh);
                return Err(error);
            }
        }
        Ok(fresh)
    }

    fn attach_one(
        &mut self,
        program: &mut Loaded,
        pins: &Pins,
        device: &Device,
        when: When,
        fresh: &mut Vec<IfIndex>,
    ) -> Result<(), EngineError> {
        let name = &device.name;
        if let Some(held) = self.links.get_mut(&device.index) {
            if device.program == Attached::Services && held.program == Attached::Pipeline {
                held.exchange(program, device)?;
            }
            return Ok(());
        }
        let first = match when {
            When::Prepared => Attached::Waiting,
            When::InForce => device.program,
        };
        let held = match self.attach(program, pins, device, first) {
            Err(error @ (EngineError::Attach { .. } | EngineError::Occupied { .. })) if device.optional => {
                self.refuse(device, error.to_string());
                return Ok(());
            }
            attached => attached?,
        };
        self.refused.remove(name);
        info!(device = name, mode = held.mode.name(), note = held.note.as_deref(), "attached");
        self.links.insert(device.index, held);
        fresh.push(device.index);
        Ok(())
    }

    /// Notes that a device goes without; said once.
    fn refuse(&mut self, device: &Device, reason: String) {
        let refused = (device.index, reason);
        if self.refused.get(&device.name) != Some(&refused) {
            warn!(device = device.name, "not attached: {}", refused.1);
            self.refused.insert(device.name.clone(), refused);
        }
    }

    /// Devices that go without.
    pub(crate) fn refused(&self) -> Vec<Unattached> {
        let unattached = |(device, (index, reason)): (&String, &(IfIndex, String))| Unattached {
            device: device.clone(),
            index: *index,
            reason: reason.clone(),
        };
        self.refused.iter().map(unattached).collect()
    }

    /// Just before the ruleset of `devices` is in force: puts their programs on waiting ones that are in a zone, and leaves the
    /// frames of those that go, and were in none, to the kernel. What arrives at the former in between is dropped, and nothing
    /// at the latter.
    pub(crate) fn before_switch(
        &mut self,
        program: &mut Loaded,
        devices: &[Device],
        names: &BTreeSet<&str>,
    ) -> Result<(), EngineError> {
        for device in devices.iter().filter(|device| !device.passive) {
            if let Some(held) = self.waiting(device) {
                held.exchange(program, device)?;
            }
        }
        self.release(program, devices, names, true);
        Ok(())
    }

    /// Just after it is: the same for the others, of which it drops nothing that are in no zone. Where services cannot be put
    /// on a device, the kernel goes on to have all its frames.
    pub(crate) fn after_switch(&mut self, program: &mut Loaded, devices: &[Device], names: &BTreeSet<&str>) {
        for device in devices {
            if let Some(held) = self.waiting(device)
                && let Err(error) = held.exchange(program, device)
            {
                warn!(device = device.name, %error, "its services are not in force");
            }
            if let Some(held) = self.links.get_mut(&device.index) {
                held.passive = device.passive;
            }
        }
        self.release(program, devices, names, false);
    }

    /// Leaves the frames of devices that go to the kernel, until they are detached.
    fn release(&mut self, program: &mut Loaded, devices: &[Device], names: &BTreeSet<&str>, passive: bool) {
        for (index, held) in &mut self.links {
            if held.stays(*index, devices, names) || held.passive != passive {
                continue;
            }
            let waits = Device {
                name: held.name.clone(),
                index: *index,
                program: Attached::Waiting,
                optional: false,
                passive,
            };
            if let Err(error) = held.exchange(program, &waits) {
                warn!(device = held.name, %error, "its frames are dropped until it is detached");
            }
        }
    }

    fn waiting(&mut self, device: &Device) -> Option<&mut Held> {
        self.links.get_mut(&device.index).filter(|held| held.program == Attached::Waiting)
    }

    /// Puts the pipeline in place of services where there are none any more. That it cannot be is no harm: services
    /// go on to the pipeline.
    pub(crate) fn without_services(&mut self, program: &mut Loaded, devices: &[Device]) {
        for device in devices.iter().filter(|device| device.program == Attached::Pipeline) {
            if let Some(held) = self.links.get_mut(&device.index)
                && let Err(error) = held.exchange(program, device)
            {
                warn!(device = device.name, %error, "the program of services stays");
            }
        }
    }

    /// The program that a device has; the pipeline where there is none.
    pub(crate) fn attached(&self, index: IfIndex) -> Attached {
        self.links.get(&index).map_or(Attached::Pipeline, |held| held.program)
    }

    fn attach(
        &self,
        program: &mut Loaded,
        pins: &Pins,
        device: &Device,
        attached: Attached,
    ) -> Result<Held, EngineError> {
        let Device { name: ref device, index, passive, .. } = *device;
        let driver = match self.mode {
            ModeChoice::Generic => Err("the configuration asks for generic mode".to_owned()),
            _ => try_mode(program, attached, device, index, XdpMode::Driver)?,
        };
        let (link, mode, note) = match driver {
            Ok(link) => (link, AttachMode::Driver, None),
            Err(why) if self.mode == ModeChoice::Driver => {
                let generic = "not allowed by the configuration".to_owned();
                return Err(EngineError::Attach { device: device.to_owned(), driver: why, generic });
            }
            Err(why) => match try_mode(program, attached, device, index, XdpMode::Skb)? {
                Ok(link) => (link, AttachMode::Generic, Some(why)),
                Err(generic) => {
                    return Err(EngineError::Attach { device: device.to_owned(), driver: why, generic });
                }
            },
        };
        let name = PinName { mode, index, device: device.to_owned() };
        let pin = pins.link(&name.to_string());
        let link = link.pin(&pin).map_err(|error| bpf("pin a link", &error))?;
        let (device, name) = (device.clone(), device.clone());
        Ok(Held { link, pin, device, name, mode, note, program: attached, passive })
    }

    pub(crate) fn detach(&mut self, devices: Vec<IfIndex>) {
        for device in devices {
            if let Some(held) = self.links.remove(&device) {
                remove_pin(held.link);
                info!(device = held.name, "detached");
            }
        }
    }

    /// Detaches from every device but these, and those that were attached under one of `names`: such a device, whatever it
    /// is called now, would let through what nobody looks at.
    pub(crate) fn keep_only(&mut self, devices: &[Device], names: &BTreeSet<&str>) {
        let gone = self.links.iter().filter(|(index, held)| !held.stays(**index, devices, names));
        self.detach(gone.map(|(index, _)| *index).collect());
        self.refused.retain(|name, (index, _)| {
            devices.iter().any(|device| device.name == *name && device.index == *index && device.optional)
        });
    }

    /// Learns what devices are called now, and forgets the links of those that are gone.
    pub(crate) fn see(&mut self, program: &mut Loaded, host: &HostFacts) {
        let mut gone = Vec::new();
        for (index, held) in &mut self.links {
            match host.links.iter().find(|link| link.index == *index) {
                Some(link) if link.name == held.name => {}
                // Another name may also be another device, with the number of one that is gone.
                Some(link) if held.renew(program).is_ok() => {
                    if link.name != held.device {
                        warn!(
                            device = held.device,
                            "is called {} now; the program stays attached to it", link.name
                        );
                    }
                    held.name.clone_from(&link.name);
                }
                _ => gone.push(*index),
            }
        }
        self.detach(gone);
    }

    /// Notes that the rules in force call devices by these names.
    pub(crate) fn call(&mut self, pins: &Pins, devices: &[Device]) {
        for device in devices {
            if let Some(held) = self.links.get_mut(&device.index)
                && held.device != device.name
                && let Err(reason) = held.call(pins, device)
            {
                warn!(device = device.name, reason, "the pin of its link keeps its name");
            }
        }
    }

    pub(crate) fn detach_all(&mut self) {
        self.keep_only(&[], &BTreeSet::new());
    }

    pub(crate) fn list(&self) -> Vec<Attachment> {
        let attachment = |held: &Held| Attachment {
            device: held.name.clone(),
            mode: held.mode,
            note: held.note.clone(),
            attached_as: (held.device != held.name).then(|| held.device.clone()),
            unpinned: !held.pin.exists(),
        };
        self.links.values().map(attachment).collect()
    }
}

// === impl Held ===

impl Held {
    /// Puts the program that `device` is to have in place of another one.
    fn exchange(&mut self, program: &mut Loaded, device: &Device) -> Result<(), EngineError> {
        if self.program == device.program {
            return Ok(());
        }
        self.link = take_over(program, device.program, &self.pin).map_err(|reason| EngineError::Bpf {
            action: format!("exchange the program of {}", device.name),
            reason,
        })?;
        self.program = device.program;
        Ok(())
    }

    /// True when it is one of these devices, or was attached under one of `names`.
    fn stays(&self, index: IfIndex, devices: &[Device], names: &BTreeSet<&str>) -> bool {
        devices.iter().any(|device| device.index == index) || names.contains(&*self.device)
    }

    /// Puts the program that it has in place once more, which fails when the device is gone.
    fn renew(&mut self, program: &mut Loaded) -> Result<(), String> {
        self.link = take_over(program, self.program, &self.pin)?;
        Ok(())
    }

    /// Gives the pin the name that the rules now have for the device: a daemon that takes it over goes by that.
    fn call(&mut self, pins: &Pins, device: &Device) -> Result<(), String> {
        let name = PinName { mode: self.mode, index: device.index, device: device.name.clone() };
        let pin = pins.link(&name.to_string());
        fs::rename(&self.pin, &pin).map_err(|error| error.to_string())?;
        self.device.clone_from(&device.name);
        self.pin = pin;
        self.link = PinnedLink::from_pin(&self.pin).map_err(|error| chain(&error))?;
        Ok(())
    }
}

/// Attaches in one mode. The outer error is final; the inner one is why this mode does not work.
fn try_mode(
    program: &mut Loaded,
    attached: Attached,
    device: &str,
    index: IfIndex,
    mode: XdpMode,
) -> Result<Result<FdLink, String>, EngineError> {
    let xdp = program.xdp(attached)?;
    let id = match xdp.attach_to_if_index(index.0, mode) {
        Ok(id) => id,
        Err(error) => return refusal(device, &error),
    };
    let link = xdp.take_link(id).map_err(|error| bpf("take a link", &error))?;
    match FdLink::try_from(link) {
        Ok(link) => Ok(Ok(link)),
        Err(_) => Ok(Err("the kernel has no BPF links for XDP (Linux 5.9)".to_owned())),
    }
}

fn refusal(device: &str, error: &ProgramError) -> Result<Result<FdLink, String>, EngineError> {
    match errno(error) {
        Some(nix::libc::EBUSY | nix::libc::EEXIST) => {
            Err(EngineError::Occupied { device: device.to_owned() })
        }
        Some(nix::libc::ENODEV) => Err(EngineError::NoDevice { device: device.to_owned() }),
        _ => Ok(Err(chain(error))),
    }
}

/// Opens a pinned link and puts our program in place of the one it has, atomically.
fn take_over(program: &mut Loaded, attached: Attached, path: &Path) -> Result<PinnedLink, String> {
    let open = || PinnedLink::from_pin(path).map_err(|error| chain(&error));
    let link = XdpLink::try_from(FdLink::from(open()?)).map_err(|error| chain(&error))?;
    let xdp = program.xdp(attached).map_err(|error| error.to_string())?;
    let id = xdp.attach_to_link(link).map_err(|error| chain(&error))?;
    let pinned = open()?;
    // The pin alone holds the link: a second descriptor of ours would keep the program attached when the pin goes.
    drop(xdp.take_link(id).map_err(|error| chain(&error))?);
    Ok(pinned)
}

/// What a link's pin is called: `driver@7@eth0`.
struct PinName {
    mode: AttachMode,
    index: IfIndex,
    device: String,
}

impl PinName {
    fn parse(name: &str) -> Option<PinName> {
        let mut parts = name.splitn(3, '@');
        let word = parts.next()?;
        let mode = [AttachMode::Driver, AttachMode::Generic].into_iter().find(|mode| mode.name() == word)?;
        let index = IfIndex(parts.next()?.parse().ok()?);
        Some(PinName { mode, index, device: parts.next()?.to_owned() })
    }
}

impl fmt::Display for PinName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}@{}", self.mode.name(), self.index, self.device)
    }
}

fn remove_pin(link: PinnedLink) {
    if let Err(error) = link.unpin() {
        warn!(%error, "cannot remove the pin of a link");
    }
}
