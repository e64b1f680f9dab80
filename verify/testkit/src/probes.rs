//! The eBPF programs of `verify/probes`, loaded.

use std::path::{Path, PathBuf};

use aya::Ebpf;
use aya::maps::{Map, MapError};
use aya::programs::{Program, ProgramError, SchedClassifier, TcAttachType, Xdp, XdpMode, tc};

use crate::Error;
use crate::netns::Link;

#[path = "../../probes/src/layout.rs"]
pub(crate) mod layout;

/// One loaded copy of the object, with maps of its own. Dropping it detaches its programs.
#[derive(Debug)]
pub(crate) struct Probes {
    ebpf: Ebpf,
}

/// Where the object is: `FLUMEN_PROBES_OBJECT`, or where `cargo xtask build-ebpf` puts it.
fn object() -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/ebpf/probes.o");
    std::env::var_os("FLUMEN_PROBES_OBJECT").map_or_else(built, PathBuf::from)
}

// === impl Probes ===

impl Probes {
    pub(crate) fn load() -> Result<Self, Error> {
        if !nix::unistd::geteuid().is_root() {
            return Err(Error::NotRoot);
        }
        let path = object();
        if !path.is_file() {
            return Err(Error::NoProbes { path });
        }
        let ebpf = Ebpf::load_file(&path).map_err(|source| Error::Load { path, source: Box::new(source) })?;
        Ok(Self { ebpf })
    }

    /// Loads an XDP program.
    pub(crate) fn load_xdp(&mut self, name: &'static str) -> Result<&mut Xdp, Error> {
        let program: &mut Xdp = program(&mut self.ebpf, name)?;
        program.load().map_err(|source| failed(name, source))?;
        Ok(program)
    }

    /// A loaded XDP program.
    pub(crate) fn xdp(&mut self, name: &'static str) -> Result<&mut Xdp, Error> {
        program(&mut self.ebpf, name)
    }

    /// Loads an XDP program and attaches it in driver mode.
    pub(crate) fn attach_xdp(&mut self, name: &'static str, link: Link<'_>) -> Result<(), Error> {
        let program = self.load_xdp(name)?;
        let attached = link.namespace().run(|| program.attach(link.dev(), XdpMode::Driver))?;
        attached.map(drop).map_err(|source| failed(name, source))
    }

    /// Loads a tc program and attaches it.
    pub(crate) fn attach_tc(
        &mut self,
        name: &'static str,
        link: Link<'_>,
        direction: TcAttachType,
    ) -> Result<(), Error> {
        let program: &mut SchedClassifier = program(&mut self.ebpf, name)?;
        program.load().map_err(|source| failed(name, source))?;
        let attached = link.namespace().run(|| {
            program.attach(link.dev(), direction).or_else(|_| {
                // before 6.6 a program hangs on a qdisc, which must be there
                tc::qdisc_add_clsact(link.dev())?;
                program.attach(link.dev(), direction)
            })
        })?;
        attached.map(drop).map_err(|source| failed(name, source))
    }

    /// A map as a type of aya.
    pub(crate) fn map<'a, M>(&'a mut self, name: &'static str) -> Result<M, Error>
    where
        M: TryFrom<&'a mut Map, Error = MapError>,
    {
        let map = self.ebpf.map_mut(name).ok_or(Error::NoSymbol { what: "map", name })?;
        M::try_from(map).map_err(|source| map_failed(name, source))
    }
}

fn program<'a, P>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<&'a mut P, Error>
where
    &'a mut P: TryFrom<&'a mut Program, Error = ProgramError>,
{
    let program = ebpf.program_mut(name).ok_or(Error::NoSymbol { what: "program", name })?;
    <&mut P>::try_from(program).map_err(|source| failed(name, source))
}

pub(crate) fn failed(program: &'static str, source: ProgramError) -> Error {
    Error::Program { program, source: Box::new(source) }
}

pub(crate) fn map_failed(map: &'static str, source: MapError) -> Error {
    Error::Map { map, source: Box::new(source) }
}
