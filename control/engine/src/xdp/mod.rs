//! The XDP engine: BPF maps hold the tables, a pinned link per device holds the program.
//!
//! Everything that matters is pinned below one directory of the bpf file system, so it outlives the daemon:
//!
//! ```text
//! <pins>/v<layout version>/maps/<NAME>       tables
//! <pins>/v<layout version>/links/<mode>@<ifindex>@<device>   one link per device
//! <pins>/v<layout version>/ready             the program; there once the tables are complete
//! ```

mod arrays;
mod attach;
mod clock;
mod grace;
mod install;
mod pins;
mod program;
mod release;
mod routes;
mod rows;
mod self_test;
mod services;
mod sessions;
mod status;

pub use attach::ModeChoice;
pub use program::{ProgramFacts, XdpOptions};

use crate::binding;
use crate::{
    Attachment, CounterView, Engine, EngineError, FoundSession, HostFacts, MapUse, SessionView, Sweep,
    TallyView, Unattached,
};
use arrays::Arrays;
use attach::{Attachments, When};
use clock::Now;
use flumen_abi::{Counter, Generation, InterfaceId, PolicyId, SessionKey, SessionSlot, limits};
use flumen_compile::Ruleset;
use flumen_pipeline::SessionTables;
use install::{Installed, Prepared};
use pins::Pins;
use program::Attached;
use routes::RouteWatch;
use rows::Rows;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Sessions that one run of the `expire` program removes at most.
const AT_ONCE: usize = limits::EXPIRED_AT_ONCE as usize;

/// The engine whose packets never leave the kernel.
pub struct XdpEngine {
    pins: Pins,
    program: program::Loaded,
    arrays: Arrays,
    rows: Rows,
    attachments: Attachments,
    installed: Option<Installed>,
    prepared: Option<Prepared>,
    /// Ends with the engine; until then sessions may keep their next hops.
    _routes: RouteWatch,
}

// === impl XdpEngine ===

impl XdpEngine {
    /// Loads the program and opens its tables, those of an earlier daemon when they are there.
    ///
    /// # Errors
    /// Says what the host lacks and what to do: root, BPF, the bpf file system, or a matching layout version.
    pub fn open(options: &XdpOptions) -> Result<XdpEngine, EngineError> {
        let pins = Pins::open(&options.pin_dir)?;
        XdpEngine::open_with(options, &pins).inspect_err(|_| pins.remove_unfinished())
    }

    fn open_with(options: &XdpOptions, pins: &Pins) -> Result<XdpEngine, EngineError> {
        let mut program = program::load(options, pins)?;
        let arrays = Arrays::map(&program)?;
        let mut rows = Rows::take(&mut program)?;
        if !pins.is_ready() {
            self_test::run(Attached::Pipeline, &program, &mut rows)?;
            self_test::run(Attached::Services, &program, &mut rows)?;
            sessions::prepare(&arrays)?;
            program.pin_ready(pins)?;
        }
        let routes = RouteWatch::start(Arc::clone(arrays.control()))?;
        let attachments = Attachments::adopt(pins, &mut program, options.mode)?;
        Ok(XdpEngine {
            pins: pins.clone(),
            program,
            arrays,
            rows,
            attachments,
            installed: None,
            prepared: None,
            _routes: routes,
        })
    }

    /// What the kernel says of the loaded program.
    pub fn program_facts(&self) -> &ProgramFacts {
        &self.program.facts
    }

    /// What the kernel says of each loaded program, by name: the pipeline, services, that of devices whose ruleset is not in force
    /// yet, and that which ends sessions.
    pub fn programs(&self) -> [(&'static str, ProgramFacts); 4] {
        self.program.programs()
    }

    /// Sessions that there is room for.
    pub fn session_limit(&self) -> u32 {
        self.arrays.records().len() as u32
    }

    /// The tables that hold sessions, where packets read and write them: for tests.
    pub fn session_tables(&self) -> &(impl SessionTables + use<>) {
        &self.arrays
    }

    /// Runs the program that `device` has once on `frame` as if it had arrived there, with the live tables
    /// (`BPF_PROG_TEST_RUN`): for tests. Returns the XDP action and the frame after.
    ///
    /// # Errors
    /// When the kernel refuses the run.
    pub fn test_run(&self, device: flumen_abi::IfIndex, frame: &[u8]) -> Result<(u32, Vec<u8>), EngineError> {
        self.program.test_run(self.attachments.attached(device), device, frame)
    }
}

impl Engine for XdpEngine {
    fn name(&self) -> &'static str {
        "xdp"
    }

    fn prepare(&mut self, ruleset: &Ruleset, host: &HostFacts) -> Result<(), EngineError> {
        self.abandon();
        install::check_sizes(ruleset)?;
        let bindings = binding::resolve(ruleset, host)?;
        let slot = self.arrays.control().slot().other();
        install::write(&mut self.rows, &mut self.arrays, slot, ruleset, &bindings)?;
        let devices = install::devices(ruleset, &bindings);
        self.attachments.see(&mut self.program, host);
        let fresh = self.attachments.attach_all(&mut self.program, &self.pins, &devices, When::Prepared)?;
        self.prepared = Some(Prepared { ruleset: ruleset.clone(), slot, fresh });
        Ok(())
    }

    fn switch(&mut self, host: &HostFacts) -> Result<(), EngineError> {
        let Some(Prepared { ruleset, slot, fresh }) = &mut self.prepared else {
            return Err(EngineError::NothingPrepared);
        };
        let (bindings, slot) = (binding::resolve(ruleset, host)?, *slot);
        self.rows.set_bindings(slot, &bindings)?;
        self.rows.set_locals(self.arrays.local_filter(), &host.locals)?;
        let devices = install::devices(ruleset, &bindings);
        // A device may have been exchanged for another of its name since the preparation.
        self.attachments.see(&mut self.program, host);
        fresh.extend(self.attachments.attach_all(&mut self.program, &self.pins, &devices, When::Prepared)?);
        let names = install::zone_devices(ruleset);
        self.attachments.before_switch(&mut self.program, &devices, &names)?;
        self.arrays.control().activate(slot);
        self.attachments.after_switch(&mut self.program, &devices, &names);
        grace::wait();
        self.attachments.call(&self.pins, &devices);
        self.attachments.keep_only(&devices, &names);
        self.attachments.without_services(&mut self.program, &devices);
        let prepared = self.prepared.take();
        self.installed = prepared.map(|Prepared { ruleset, slot, .. }| Installed { ruleset, slot });
        Ok(())
    }

    fn abandon(&mut self) {
        if let Some(Prepared { fresh, .. }) = self.prepared.take() {
            self.attachments.detach(fresh);
        }
    }

    fn host_changed(&mut self, host: &HostFacts) -> Result<(), EngineError> {
        self.rows.set_locals(self.arrays.local_filter(), &host.locals)?;
        let Some(installed) = &self.installed else { return Ok(()) };
        let bindings = binding::resolve_present(&installed.ruleset, host);
        self.rows.set_bindings(installed.slot, &bindings)?;
        self.rows.clear_absent_ports(installed.slot, &installed.ruleset, &bindings)?;
        self.arrays.control().advance();
        let devices = install::devices(&installed.ruleset, &bindings);
        self.attachments.see(&mut self.program, host);
        self.attachments.keep_only(&devices, &install::zone_devices(&installed.ruleset));
        self.attachments.attach_all(&mut self.program, &self.pins, &devices, When::InForce).map(drop)
    }

    fn counters(&self) -> Result<CounterView, EngineError> {
        self.rows.counters()
    }

    fn sessions(&self, visit: &mut dyn FnMut(SessionView) -> ControlFlow<()>) -> Result<(), EngineError> {
        sessions::visit(&self.arrays, SessionSlot(0), visit)
    }

    fn sessions_from(
        &self,
        first: SessionSlot,
        visit: &mut dyn FnMut(SessionView) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        sessions::visit(&self.arrays, first, visit)
    }

    fn find_session(&self, key: &SessionKey) -> Result<Option<FoundSession>, EngineError> {
        Ok(sessions::find(&self.arrays, key))
    }

    fn remove_sessions(&mut self, keys: &[SessionKey]) -> Result<u64, EngineError> {
        let mut removed = 0;
        for keys in keys.chunks(AT_ONCE) {
            let slots: Vec<_> =
                keys.iter().filter_map(|key| sessions::find_slot(&self.arrays, key)).collect();
            self.arrays.list_expired(Now::read()?.ms, true, &slots);
            removed += u64::from(self.program.expire()?);
        }
        Ok(removed)
    }

    fn sweep(&mut self, now_ms: u32) -> Result<Sweep, EngineError> {
        let mut sweep = Sweep::default();
        let mut next = Some(0);
        while let Some(first) = next {
            let (expired, live, rest) = sessions::find_expired(&self.arrays, now_ms, first, AT_ONCE);
            sweep.live += live;
            next = rest;
            if !expired.is_empty() {
                // Rows rest from when they are freed, and a pass over many takes longer than that. A caller may also
                // ask what will have ended by a later time.
                let time_ms = later(now_ms, Now::read()?.ms);
                self.arrays.list_expired(time_ms, false, &expired);
                sweep.removed += u64::from(self.program.expire()?);
            }
        }
        Ok(sweep)
    }

    fn policy_hits(&self, policy: PolicyId) -> Result<Counter, EngineError> {
        self.rows.hits(policy)
    }

    fn tallies(&self, interface: InterfaceId) -> Result<TallyView, EngineError> {
        self.rows.services.tallies(interface)
    }

    fn attachments(&self) -> Vec<Attachment> {
        self.attachments.list()
    }

    fn tables(&self) -> Vec<MapUse> {
        status::tables(&self.arrays, self.installed.as_ref().map(|installed| &installed.ruleset))
    }

    fn unattached(&self) -> Vec<Unattached> {
        self.attachments.refused()
    }

    fn attach_again(&mut self, host: &HostFacts) -> Result<bool, EngineError> {
        let Some(installed) = &self.installed else { return Ok(false) };
        if self.attachments.refused().is_empty() {
            return Ok(false);
        }
        let bindings = binding::resolve_present(&installed.ruleset, host);
        let devices = install::devices(&installed.ruleset, &bindings);
        let fresh = self.attachments.attach_all(&mut self.program, &self.pins, &devices, When::InForce)?;
        Ok(!fresh.is_empty())
    }

    fn active_generation(&self) -> Generation {
        self.rows
            .settings(self.arrays.control().slot())
            .map(|settings| settings.generation)
            .unwrap_or_default()
    }

    fn detach(&mut self) -> Result<(), EngineError> {
        self.attachments.detach_all();
        self.pins.remove_all()
    }
}

/// The later of two times, milliseconds, truncated.
fn later(left: u32, right: u32) -> u32 {
    if (left.wrapping_sub(right) as i32) > 0 { left } else { right }
}
