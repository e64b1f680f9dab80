use crate::environment::{NativeEnvironment, Routes};
use crate::frame::FrameBuffer;
use crate::routes::RouteTable;
use crate::services;
use crate::tables::NativeTables;
use flumen_abi::IfIndex;
use flumen_pipeline::{NoTrace, Scratch, Trace, Verdict};

/// Tables, an environment and the pipeline.
pub struct Native<'a, R = RouteTable> {
    /// Rows.
    pub tables: NativeTables<'a>,
    /// Clock, random numbers, routes.
    pub environment: NativeEnvironment<R>,
    scratch: Scratch,
}

// === impl Native ===

impl<'a, R: Routes> Native<'a, R> {
    /// An engine over these.
    pub fn new(tables: NativeTables<'a>, environment: NativeEnvironment<R>) -> Native<'a, R> {
        Native { tables, environment, scratch: Scratch::default() }
    }

    /// Takes `frame`, arrived on `device`, through the pipeline.
    #[inline]
    pub fn take(&mut self, device: IfIndex, frame: &mut FrameBuffer) -> Verdict {
        self.watch(device, frame, &mut NoTrace)
    }

    /// The same, watched.
    #[inline]
    pub fn watch<S: Trace>(&mut self, device: IfIndex, frame: &mut FrameBuffer, trace: &mut S) -> Verdict {
        let Native { tables, environment, scratch } = self;
        frame.with(|frame| services::take(frame, device, tables, environment, trace, scratch))
    }
}
