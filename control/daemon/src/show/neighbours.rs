use super::{kernel_failed, mac};
use flumen_api::{ApiError, NeighbourInfo, NeighboursReport};
use flumen_kernel::{Host, NeighbourEntry, NeighbourState};

/// Neighbours by link and address.
pub(crate) fn neighbours(host: &dyn Host) -> Result<NeighboursReport, ApiError> {
    let mut neighbours: Vec<NeighbourInfo> =
        host.neighbours().map_err(kernel_failed)?.into_iter().map(info).collect();
    neighbours.sort_by(|one, other| (&one.link, one.address).cmp(&(&other.link, other.address)));
    Ok(NeighboursReport { neighbours })
}

fn info(neighbour: NeighbourEntry) -> NeighbourInfo {
    let state = match neighbour.state {
        NeighbourState::Incomplete => "incomplete".to_owned(),
        NeighbourState::Reachable => "reachable".to_owned(),
        NeighbourState::Stale => "stale".to_owned(),
        NeighbourState::Delay => "delay".to_owned(),
        NeighbourState::Probe => "probe".to_owned(),
        NeighbourState::Failed => "failed".to_owned(),
        NeighbourState::Permanent => "permanent".to_owned(),
        NeighbourState::Other(bits) => format!("{bits:#x}"),
    };
    NeighbourInfo {
        address: neighbour.address,
        link: neighbour.link,
        mac: neighbour.mac.map(mac),
        state,
        router: neighbour.router,
    }
}
