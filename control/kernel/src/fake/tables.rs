use super::FakeHost;
use crate::KernelError;
use crate::tables::{KernelTables, LinkEntry, NeighbourEntry, RouteEntry};
use std::sync::{Mutex, MutexGuard};

/// What a fake host shows of its kernel's tables.
#[derive(Debug, Default)]
pub(super) struct Tables {
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    routes: Vec<RouteEntry>,
    neighbours: Vec<NeighbourEntry>,
    links: Vec<LinkEntry>,
}

impl FakeHost {
    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.0.tables.shown.lock().expect("no test panics while it holds the fake host")
    }

    /// Adds a route that is shown; look-ups do not see it.
    pub fn show_route(&self, route: RouteEntry) {
        self.shown().routes.push(route);
    }

    /// Adds a neighbour that is shown.
    pub fn show_neighbour(&self, neighbour: NeighbourEntry) {
        self.shown().neighbours.push(neighbour);
    }

    /// Adds a link as it is shown.
    pub fn show_link(&self, link: LinkEntry) {
        self.shown().links.push(link);
    }
}

impl KernelTables for FakeHost {
    fn routes(&self, keep: &dyn Fn(&RouteEntry) -> bool) -> Result<Vec<RouteEntry>, KernelError> {
        Ok(self.shown().routes.iter().filter(|route| keep(route)).cloned().collect())
    }

    fn neighbours(&self) -> Result<Vec<NeighbourEntry>, KernelError> {
        Ok(self.shown().neighbours.clone())
    }

    fn link_entries(&self) -> Result<Vec<LinkEntry>, KernelError> {
        Ok(self.shown().links.clone())
    }
}
