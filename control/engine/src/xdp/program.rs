use super::attach::ModeChoice;
use super::pins::{Pins, system};
use super::release;
use crate::EngineError;
use aya::maps::{Map, MapData, ProgramArray};
use aya::programs::{ProgramError, TestRun, TestRunOptions, Xdp};
use aya::{Ebpf, EbpfLoader, include_bytes_aligned};
use flumen_abi::{IfIndex, limits};
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

static OBJECT: &[u8] = include_bytes_aligned!(concat!(env!("OUT_DIR"), "/flumen.o"));
const PROGRAM: &str = "flumen";
const SERVICES: &str = "services";
const WAITING: &str = "waiting";
const EXPIRE: &str = "expire";

/// Tables by name, as the object has them.
pub(crate) const MAPS: [&str; 27] = [
    "CONTROL",
    "SETTINGS",
    "INTERFACES",
    "LINKS",
    "PORTS",
    "LOCALS",
    "LOCAL_FILTER",
    "ROOTS",
    "NODES",
    "LEAVES",
    "RULES",
    "POLICIES",
    "NAT",
    "SESSIONS4",
    "SESSIONS6",
    "RECORDS",
    "FREE_LINKS",
    "FREE",
    "EXPIRED",
    "FRAGMENTS",
    "COUNTERS",
    "HITS",
    "ANSWERS",
    "SERVICES",
    "MIRRORS",
    "TALLIES",
    PIPELINE,
];

/// The array with the one program that [`Attached::Services`] goes on to.
const PIPELINE: &str = "PIPELINE";

/// Which program a device has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attached {
    /// The pipeline.
    Pipeline,
    /// Services, which go on to the pipeline: right for every device, and slower for those without services.
    Services,
    /// What leaves everything to the kernel, until the ruleset that names the device is in force.
    Waiting,
}

/// How to open the engine.
#[derive(Clone, Debug)]
pub struct XdpOptions {
    /// Directory in the bpf file system, one per gateway on the host.
    pub pin_dir: PathBuf,
    /// Sessions to make room for; tables that are pinned already keep their size.
    pub sessions: u32,
    /// Room for sessions of IPv6 among them; likewise.
    pub sessions6: u32,
    /// Which attach modes may be used.
    pub mode: ModeChoice,
}

impl Default for XdpOptions {
    fn default() -> XdpOptions {
        XdpOptions {
            pin_dir: PathBuf::from("/sys/fs/bpf/flumen"),
            sessions: limits::SESSIONS_DEFAULT,
            sessions6: limits::SESSIONS6_DEFAULT,
            mode: ModeChoice::Auto,
        }
    }
}

/// What the kernel says of the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProgramFacts {
    /// Kernel id.
    pub id: u32,
    /// Instructions that the verifier walked (Linux 5.16).
    pub verified_instructions: Option<u32>,
    /// Bytes of machine code.
    pub machine_code_bytes: u32,
    /// Time to verify and compile it.
    pub load_time: Duration,
}

/// The loaded object.
pub(crate) struct Loaded {
    ebpf: Ebpf,
    pub(crate) facts: ProgramFacts,
    services_facts: ProgramFacts,
    waiting_facts: ProgramFacts,
    expire_facts: ProgramFacts,
}

/// Loads the object with its tables pinned below `pins`.
pub(crate) fn load(options: &XdpOptions, pins: &Pins) -> Result<Loaded, EngineError> {
    let sessions = options.sessions.clamp(1, limits::SESSIONS_MAX);
    let rows = |sessions| limits::session_buckets(sessions) * limits::BUCKET;
    let mut loader = EbpfLoader::new();
    // Nothing in the object is to be fitted to the kernel's types: their description, megabytes once it is read, goes back
    // before anything else is laid behind it.
    loader.btf(None);
    loader
        .map_max_entries("SESSIONS4", rows(sessions))
        .map_max_entries("SESSIONS6", rows(options.sessions6.clamp(1, sessions)))
        .map_max_entries("RECORDS", sessions)
        .map_max_entries("FREE_LINKS", sessions);
    for name in MAPS {
        loader.map_pin_path(name, pins.map(name));
    }
    let mut ebpf = loader.load(OBJECT).map_err(|error| refused("create the tables", &error))?;
    let facts = verify(&mut ebpf, PROGRAM, "load the XDP program")?;
    let services_facts = verify(&mut ebpf, SERVICES, "load the program of services")?;
    let waiting_facts = verify(&mut ebpf, WAITING, "load the program of waiting devices")?;
    let expire_facts = verify(&mut ebpf, EXPIRE, "load the ageing program")?;
    lead_to_pipeline(&mut ebpf)?;
    Ok(Loaded { ebpf, facts, services_facts, waiting_facts, expire_facts })
}

/// Puts the pipeline where services go on to it.
fn lead_to_pipeline(ebpf: &mut Ebpf) -> Result<(), EngineError> {
    let action = "lead from services to the pipeline";
    let program = named(ebpf, PROGRAM)?.fd().map_err(|error| bpf(action, &error))?;
    let program = program.try_clone().map_err(|source| system(action.to_owned(), source))?;
    let map = ebpf.map_mut(PIPELINE).ok_or_else(|| missing("map", PIPELINE))?;
    let mut programs = ProgramArray::try_from(map).map_err(|error| bpf(action, &error))?;
    programs.set(0, &program, 0).map_err(|error| bpf(action, &error))
}

/// Has the kernel verify and compile a program.
fn verify(ebpf: &mut Ebpf, name: &str, action: &str) -> Result<ProgramFacts, EngineError> {
    let program = named(ebpf, name)?;
    let started = Instant::now();
    program.load().map_err(|error| refused(action, &error))?;
    let load_time = started.elapsed();
    let info = program.info().map_err(|error| refused("read the program's info", &error))?;
    Ok(ProgramFacts {
        id: info.id(),
        verified_instructions: info.verified_instruction_count(),
        machine_code_bytes: info.size_jitted(),
        load_time,
    })
}

fn named<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp, EngineError> {
    let program = ebpf.program_mut(name).ok_or_else(|| missing("program", name))?;
    program.try_into().map_err(|error: ProgramError| bpf("use the program", &error))
}

fn missing(what: &str, name: &str) -> EngineError {
    EngineError::Bpf {
        action: format!("open the eBPF object: {what} {name}"),
        reason: "not there".to_owned(),
    }
}

// === impl Loaded ===

impl Loaded {
    /// The program to attach.
    pub(crate) fn xdp(&mut self, attached: Attached) -> Result<&mut Xdp, EngineError> {
        named(&mut self.ebpf, attached.name())
    }

    /// Every program of the object, by name.
    pub(crate) fn programs(&self) -> [(&'static str, ProgramFacts); 4] {
        [
            (PROGRAM, self.facts),
            (SERVICES, self.services_facts),
            (WAITING, self.waiting_facts),
            (EXPIRE, self.expire_facts),
        ]
    }

    /// Marks the tables as complete.
    pub(crate) fn pin_ready(&mut self, pins: &Pins) -> Result<(), EngineError> {
        self.xdp(Attached::Pipeline)?.pin(pins.ready()).map_err(|error| bpf("pin the program", &error))
    }

    pub(crate) fn take(&mut self, name: &str) -> Result<Map, EngineError> {
        self.ebpf.take_map(name).ok_or_else(|| missing("map", name))
    }

    /// The data of an array map, for its file descriptor and size.
    pub(crate) fn array(&self, name: &str) -> Result<&MapData, EngineError> {
        match self.ebpf.map(name) {
            Some(Map::Array(data)) => Ok(data),
            _ => Err(missing("array map", name)),
        }
    }

    /// Runs the program that removes the sessions listed in `EXPIRED`; returns how many it removed.
    pub(crate) fn expire(&self) -> Result<u32, EngineError> {
        let program = self.ebpf.program(EXPIRE).ok_or_else(|| missing("program", EXPIRE))?;
        let program: &Xdp =
            program.try_into().map_err(|error: ProgramError| bpf("use the program", &error))?;
        let mut options = TestRunOptions::new();
        let frame = [0_u8; 64];
        options.data_in = Some(&frame);
        let result = program.test_run(options).map_err(|error| bpf("remove expired sessions", &error))?;
        Ok(result.return_value)
    }

    /// Runs a program once on `frame`, as if it had arrived on `device`.
    pub(crate) fn test_run(
        &self,
        attached: Attached,
        device: IfIndex,
        frame: &[u8],
    ) -> Result<(u32, Vec<u8>), EngineError> {
        let name = attached.name();
        let program = self.ebpf.program(name).ok_or_else(|| missing("program", name))?;
        let program: &Xdp =
            program.try_into().map_err(|error: ProgramError| bpf("use the program", &error))?;
        // struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex.
        let mut context = [0_u8; 24];
        context[4..8].copy_from_slice(&(frame.len() as u32).to_ne_bytes());
        context[12..16].copy_from_slice(&device.0.to_ne_bytes());
        let mut out = vec![0; frame.len() + 256];
        let mut options = TestRunOptions::new();
        options.data_in = Some(frame);
        options.data_out = Some(&mut out);
        options.ctx_in = (device.0 != 0).then_some(&context[..]);
        let result = program.test_run(options).map_err(|error| bpf("run the program", &error))?;
        let length = result.data_size_out as usize;
        out.truncate(length);
        Ok((result.return_value, out))
    }
}

// === impl Attached ===

impl Attached {
    const fn name(self) -> &'static str {
        match self {
            Attached::Pipeline => PROGRAM,
            Attached::Services => SERVICES,
            Attached::Waiting => WAITING,
        }
    }
}

/// An error with all its causes in one line.
pub(crate) fn bpf(action: &str, error: &dyn Error) -> EngineError {
    EngineError::Bpf { action: action.to_owned(), reason: chain(error) }
}

pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = brief(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        let line = brief(&error.to_string());
        if !text.contains(&line) {
            text.push_str(": ");
            text.push_str(&line);
        }
        cause = error.source();
    }
    text
}

/// A verifier log is thousands of lines, of which the last few say what is wrong.
fn brief(text: &str) -> String {
    const LINES: usize = 6;
    let lines: Vec<_> = text.lines().collect();
    match lines.len().checked_sub(LINES) {
        Some(skipped @ 1..) => format!("{} […] {}", lines[0], lines[skipped.max(1)..].join(" / ")),
        _ => lines.join(" / "),
    }
}

/// Why the kernel refused BPF, in the user's words where there is a known remedy.
fn refused(action: &str, error: &(dyn Error + 'static)) -> EngineError {
    let errno = errno(error);
    let (problem, remedy) = match errno {
        Some(code) if code == nix::libc::EPERM => (
            format!("cannot {action}: permission denied"),
            "run as root (CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are needed)",
        ),
        Some(code) if code == nix::libc::ENOSYS => (
            format!("cannot {action}: this kernel has no BPF"),
            "use a kernel of version 6.1 or later with CONFIG_BPF_SYSCALL",
        ),
        Some(code) if code == nix::libc::ENOMEM => {
            (format!("cannot {action}: out of memory"), "lower system dataplane sessions maximum")
        }
        _ => match release::too_old() {
            Some(release) => (
                format!("cannot {action}: Linux {release} is too old for it"),
                "use a kernel of version 6.1 or later",
            ),
            None => return bpf(action, error),
        },
    };
    EngineError::Unsupported { problem, remedy: remedy.to_owned() }
}

/// The system error at the bottom of a chain.
pub(crate) fn errno(error: &(dyn Error + 'static)) -> Option<i32> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return io.raw_os_error();
        }
        cause = error.source();
    }
    None
}
