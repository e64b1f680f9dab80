use super::input::frames;
use super::names::TraceNames;
use super::route::route;
use flumen_api::{ApiError, ExplainInput, ExplainReport, ExplainedPacket, TraceStep};
use flumen_compile::Names;
use flumen_engine::native::{self, Explained, Surroundings};
use flumen_engine::{Engine, HostFacts, Route, RouteKind, RouteQuery, Ruleset};
use flumen_engine::{IfIndex, Outcome, SessionKey, ZoneId};
use flumen_kernel::{ConnectedSocket, Host, KernelError, monotonic_ns};

/// What frames are asked on.
pub(crate) struct State<'a> {
    /// The active ruleset, or the candidate's.
    pub(crate) ruleset: &'a Ruleset,
    /// Names of that ruleset's numbers.
    pub(crate) names: &'a Names,
    /// Sessions.
    pub(crate) engine: &'a dyn Engine,
    /// Links and addresses.
    pub(crate) facts: &'a HostFacts,
    /// Routes and neighbours.
    pub(crate) host: &'a dyn Host,
}

/// Runs every frame of the input through the pipeline with a trace. Nothing is sent, and no table of the
/// engine changes; a later frame sees the sessions that the earlier ones would have opened.
///
/// # Errors
/// When the input is no frame, its interface is not there, or sessions or routes cannot be read.
pub(crate) fn explain(input: &ExplainInput, state: &State<'_>) -> Result<ExplainReport, ApiError> {
    let (interface, mut frames) = frames(input, state.names)?;
    let name = state.names.interface(interface).map_or("?", |interface| interface.name.as_str());
    let binding = state.ruleset.interfaces.iter().find(|binding| binding.id == interface);
    let link = binding.and_then(|binding| state.facts.link(&binding.device));
    let Some(link) = link else {
        return Err(ApiError::Impossible {
            reason: format!("the device of interface {name} is not there now"),
        });
    };
    let device = link.index;
    // A packet made from fields is sent to the gateway; a frame that is given, to whom it says.
    if matches!(input, ExplainInput::Probe(_)) {
        for station in frames.iter_mut().filter_map(|frame| frame.first_chunk_mut::<6>()) {
            *station = link.mac;
        }
    }
    let zone = binding.map_or(ZoneId::NONE, |binding| binding.zone);
    let sockets =
        state.host.connected_sockets().map_err(|error| ApiError::State { reason: error.to_string() })?;
    let awaited = sockets.iter().map(|socket| awaited(socket, zone)).collect();
    let mut failure: Option<KernelError> = None;
    let mut routes = |query: &RouteQuery| {
        route(state.host, state.facts, query).unwrap_or_else(|error| {
            failure.get_or_insert(error);
            Route::without_hop(RouteKind::None, IfIndex(0))
        })
    };
    let names = TraceNames { names: state.names, facts: state.facts };
    let explained = native::explain(
        state.ruleset,
        state.facts,
        state.engine,
        &names,
        Surroundings { route: &mut routes, awaited, now_ns: monotonic_ns() },
        device,
        &frames,
    );
    let explained = explained.map_err(|error| ApiError::Engine { reason: error.to_string() })?;
    if let Some(error) = failure {
        return Err(ApiError::State { reason: error.to_string() });
    }
    let packets =
        frames.iter().zip(explained).map(|(before, explained)| packet(name, before, explained, state));
    Ok(ExplainReport { packets: packets.collect() })
}

/// What a packet for a socket looks like when it arrives in a zone.
fn awaited(socket: &ConnectedSocket, zone: ZoneId) -> SessionKey {
    let ((src, sport), (dst, dport)) = (socket.remote, socket.local);
    SessionKey { src, dst, sport, dport, zone, proto: socket.proto, reserved: 0 }
}

fn packet(interface: &str, before: &[u8], explained: Explained, state: &State<'_>) -> ExplainedPacket {
    let outcome = explained.reason.outcome();
    let decoded = explained.lines.iter().find(|line| line.stage == "decode");
    let what = decoded.map(|line| format!(": {}", line.text)).unwrap_or_default();
    let leaves = outcome != Outcome::Drop;
    ExplainedPacket {
        summary: format!("{} bytes on {interface}{what}", before.len()),
        outcome: outcome.name().to_owned(),
        reason: explained.reason.name().to_owned(),
        reason_text: explained.reason.text().to_owned(),
        frame_before: hex(before),
        frame_after: if leaves { hex(&explained.frame) } else { String::new() },
        egress_interface: egress(explained.device, state),
        steps: explained
            .lines
            .into_iter()
            .map(|line| TraceStep { stage: line.stage.to_owned(), text: line.text, row: line.row })
            .collect(),
    }
}

/// The device that a frame leaves by, as the kernel names it; none when it stays.
fn egress(device: IfIndex, state: &State<'_>) -> Option<String> {
    let link = state.facts.links.iter().find(|link| link.index == device)?;
    Some(link.name.clone())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
