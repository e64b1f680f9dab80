//! The native engine, seen from the control plane: what would become of a frame, and why.

use crate::binding::resolve_present;
use crate::{Engine, EngineError, FoundSession, HostFacts, Line, Names, Route, RouteQuery};
use flumen_abi::{IfIndex, InterfaceKey, LinkKey, LocalRow, Reason, RootKey, SessionKey, Slot, ZoneId};
use flumen_compile::Ruleset;
use flumen_native::{
    Bounds, FrameBuffer, Native, NativeEnvironment, NativeTables, SessionSource, Transcript,
};
use std::cell::RefCell;
use std::collections::HashSet;

/// How one frame fared.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Why it ended as it did.
    pub reason: Reason,
    /// Device it leaves by; 0 when it does not.
    pub device: IfIndex,
    /// Every step.
    pub lines: Vec<Line>,
    /// The frame after.
    pub frame: Vec<u8>,
}

/// Fills native tables with a ruleset as it would be installed on this host.
pub fn tables(ruleset: &Ruleset, host: &HostFacts, bounds: Bounds) -> NativeTables<'static> {
    let mut tables = NativeTables::new(bounds);
    let rows = tables.ruleset_mut(Slot::new(0));
    rows.settings = Some(ruleset.settings);
    for binding in resolve_present(ruleset, host) {
        rows.interfaces.insert(InterfaceKey { slot: 0, ..binding.key }, binding.interface);
        rows.add_port(binding.interface.link, binding.link);
        if binding.interface.zone == ZoneId::NONE {
            rows.links.remove(&LinkKey { slot: 0, link: binding.interface.link }); // no route may lead there
        }
    }
    rows.roots.extend(ruleset.roots.iter().map(|(key, row)| (RootKey { slot: 0, ..*key }, *row)));
    rows.nodes.clone_from(&ruleset.nodes);
    rows.leaves.clone_from(&ruleset.leaves);
    rows.rules.clone_from(&ruleset.rules);
    rows.policies.clone_from(&ruleset.policies);
    rows.nat.clone_from(&ruleset.nat);
    rows.services.services.extend(ruleset.services.iter().copied());
    rows.services.mirrors.extend(ruleset.mirrors.iter().copied());
    for local in &host.locals {
        let row = LocalRow { link: local.link, broadcast: u32::from(local.broadcast) };
        tables.locals_mut().insert(local.addr, row);
    }
    tables
}

/// What is around the pipeline while it explains.
pub struct Surroundings<'a> {
    /// The kernel's routes.
    pub route: &'a mut dyn FnMut(&RouteQuery) -> Route,
    /// Packets that the host's own sockets wait for.
    pub awaited: HashSet<SessionKey>,
    /// The clock, nanoseconds.
    pub now_ns: u64,
}

/// Takes `frames`, arrived on `device`, one after the other through the pipeline with a trace.
///
/// Rows are those of `ruleset`, sessions those of `engine` and what the frames before have opened; nothing of
/// `engine` changes.
///
/// # Errors
/// When the engine's sessions cannot be read.
pub fn explain(
    ruleset: &Ruleset,
    host: &HostFacts,
    engine: &dyn Engine,
    names: &dyn Names,
    surroundings: Surroundings<'_>,
    device: IfIndex,
    frames: &[Vec<u8>],
) -> Result<Vec<Explained>, EngineError> {
    let failure = RefCell::new(None);
    let source = LiveSessions { engine, failure: &failure };
    let tables = tables(ruleset, host, Bounds::default()).with_source(&source);
    let Surroundings { route, awaited, now_ns } = surroundings;
    let mut environment = NativeEnvironment::new(|query: &RouteQuery| route(query), now_ns);
    environment.now_ns = now_ns;
    environment.expected = awaited;
    let mut native = Native::new(tables, environment);
    let explained = frames
        .iter()
        .map(|bytes| {
            let mut frame = FrameBuffer::new(bytes);
            let mut transcript = Transcript::new(names);
            let verdict = native.watch(device, &mut frame, &mut transcript);
            Explained {
                reason: verdict.reason,
                device: verdict.device,
                lines: transcript.into_lines(),
                frame: frame.bytes().to_vec(),
            }
        })
        .collect();
    drop(native);
    match failure.into_inner() {
        Some(error) => Err(error),
        None => Ok(explained),
    }
}

/// Sessions of a running engine; the first error is kept, and ends the explanation.
struct LiveSessions<'a> {
    engine: &'a dyn Engine,
    failure: &'a RefCell<Option<EngineError>>,
}

impl SessionSource for LiveSessions<'_> {
    fn find(&self, key: &SessionKey) -> Option<FoundSession> {
        self.engine.find_session(key).unwrap_or_else(|error| {
            self.failure.borrow_mut().get_or_insert(error);
            None
        })
    }
}
