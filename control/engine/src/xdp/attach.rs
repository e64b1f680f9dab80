use super::pins::{Pins, system};
use super::program::{Loaded, bpf, chain, errno};
use crate::{AttachMode, Attachment, EngineError};
use aya::programs::links::{FdLink, PinnedLink};
use aya::programs::xdp::XdpLink;
use aya::programs::{ProgramError, XdpMode};
use flumen_abi::IfIndex;
use std::collections::BTreeMap;
use std::path::Path;
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

/// The program's links, by device.
pub(crate) struct Attachments {
    mode: ModeChoice,
    links: BTreeMap<String, Held>,
}

struct Held {
    link: PinnedLink,
    index: IfIndex,
    mode: AttachMode,
    note: Option<String>,
}

impl Attachments {
    /// Takes over the links that an earlier daemon left, and replaces their program by ours, atomically.
    ///
    /// The kernel does not tell a link's mode, so the pin's name does.
    pub(crate) fn adopt(
        pins: &Pins,
        program: &mut Loaded,
        mode: ModeChoice,
    ) -> Result<Attachments, EngineError> {
        let mut attachments = Attachments { mode, links: BTreeMap::new() };
        let directory = pins.links();
        let entries = fs::read_dir(&directory)
            .map_err(|source| system(format!("read {}", directory.display()), source))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let Some(name) = path.file_name().and_then(|name| name.to_str()).and_then(PinName::parse) else {
                continue;
            };
            match adopt_link(program, &path) {
                Ok(link) => {
                    info!(device = name.device, mode = name.mode.name(), "adopted");
                    let note = (name.mode == AttachMode::Generic)
                        .then(|| "as an earlier daemon attached it".to_owned());
                    attachments
                        .links
                        .insert(name.device, Held { link, index: name.index, mode: name.mode, note });
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

    /// Attaches to each of `devices` that is not attached yet, and says which those were. After an error they are
    /// detached again.
    pub(crate) fn attach_all(
        &mut self,
        program: &mut Loaded,
        pins: &Pins,
        devices: Vec<(String, IfIndex)>,
    ) -> Result<Vec<String>, EngineError> {
        let mut fresh = Vec::new();
        for (device, index) in devices {
            if self.links.get(&device).is_some_and(|held| held.index == index) {
                continue;
            }
            if let Some(stale) = self.links.remove(&device) {
                remove_pin(stale.link);
            }
            match self.attach(program, pins, &device, index) {
                Ok(held) => {
                    info!(device, mode = held.mode.name(), note = held.note.as_deref(), "attached");
                    self.links.insert(device.clone(), held);
                    fresh.push(device);
                }
                Err(error) => {
                    self.detach(fresh);
                    return Err(error);
                }
            }
        }
        Ok(fresh)
    }

    fn attach(
        &self,
        program: &mut Loaded,
        pins: &Pins,
        device: &str,
        index: IfIndex,
    ) -> Result<Held, EngineError> {
        let driver = match self.mode {
            ModeChoice::Generic => Err("the configuration asks for generic mode".to_owned()),
            _ => try_mode(program, device, index, XdpMode::Driver)?,
        };
        let (link, mode, note) = match driver {
            Ok(link) => (link, AttachMode::Driver, None),
            Err(why) if self.mode == ModeChoice::Driver => {
                let generic = "not allowed by the configuration".to_owned();
                return Err(EngineError::Attach { device: device.to_owned(), driver: why, generic });
            }
            Err(why) => match try_mode(program, device, index, XdpMode::Skb)? {
                Ok(link) => (link, AttachMode::Generic, Some(why)),
                Err(generic) => {
                    return Err(EngineError::Attach { device: device.to_owned(), driver: why, generic });
                }
            },
        };
        let name = PinName { mode, index, device: device.to_owned() };
        let link = link.pin(pins.link(&name.to_string())).map_err(|error| bpf("pin a link", &error))?;
        Ok(Held { link, index, mode, note })
    }

    pub(crate) fn detach(&mut self, devices: Vec<String>) {
        for device in devices {
            if let Some(held) = self.links.remove(&device) {
                remove_pin(held.link);
                info!(device, "detached");
            }
        }
    }

    /// Detaches from every device but these.
    pub(crate) fn keep_only(&mut self, devices: Vec<(String, IfIndex)>) {
        let gone = self.links.keys().filter(|name| !devices.iter().any(|(device, _)| device == *name));
        self.detach(gone.cloned().collect());
    }

    /// Forgets the links of devices that are gone, or that are others of the same name.
    pub(crate) fn drop_dead(&mut self, devices: Vec<(String, IfIndex)>) {
        let dead = self.links.iter().filter(|(name, held)| {
            !devices.iter().any(|(device, index)| device == *name && *index == held.index)
        });
        self.detach(dead.map(|(name, _)| name.clone()).collect());
    }

    pub(crate) fn detach_all(&mut self) {
        self.keep_only(Vec::new());
    }

    pub(crate) fn list(&self) -> Vec<Attachment> {
        let attachment = |(device, held): (&String, &Held)| Attachment {
            device: device.clone(),
            mode: held.mode,
            note: held.note.clone(),
        };
        self.links.iter().map(attachment).collect()
    }
}

/// Attaches in one mode. The outer error is final; the inner one is why this mode does not work.
fn try_mode(
    program: &mut Loaded,
    device: &str,
    index: IfIndex,
    mode: XdpMode,
) -> Result<Result<FdLink, String>, EngineError> {
    let xdp = program.xdp()?;
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

/// Opens a pinned link and puts our program in place of the one it has.
fn adopt_link(program: &mut Loaded, path: &Path) -> Result<PinnedLink, String> {
    let open = || PinnedLink::from_pin(path).map_err(|error| chain(&error));
    let link = XdpLink::try_from(FdLink::from(open()?)).map_err(|error| chain(&error))?;
    let xdp = program.xdp().map_err(|error| error.to_string())?;
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
