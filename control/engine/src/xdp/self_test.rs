use super::program::{Attached, Loaded};
use super::rows::Rows;
use crate::EngineError;
use flumen_abi::{CounterIndex, IfIndex, InterfaceId, Reason};

const XDP_DROP: u32 = 1;

/// Runs a loaded program once, on tables that hold no interface yet: it must drop the frame, leave it as it was, and
/// count it under the one right reason. A kernel on which it does not is refused before anything is attached.
pub(crate) fn run(attached: Attached, program: &Loaded, rows: &mut Rows) -> Result<(), EngineError> {
    let frame = [0_u8; 60];
    let (action, after) = program.test_run(attached, IfIndex(0), &frame)?;
    let counters = rows.counters()?;
    let received = counters.received(InterfaceId::NONE).packets;
    let dropped = counters.reason(InterfaceId::NONE, Reason::NoInterface).packets;
    if action != XDP_DROP || after != frame || received != 1 || dropped != 1 {
        return Err(EngineError::Unsupported {
            problem: format!(
                "the program does not run as it should on this kernel: action {action}, {received} received, {dropped} dropped"
            ),
            remedy: "please report it with the output of `uname -r`".to_owned(),
        });
    }
    rows.reset_counter(CounterIndex::received(InterfaceId::NONE))?;
    rows.reset_counter(CounterIndex::reason(InterfaceId::NONE, Reason::NoInterface))
}
