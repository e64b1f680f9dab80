//! Waiting for the packets that still see the old ruleset.

use nix::libc;

/// Returns when every packet that had read the active slot before this call has left the pipeline.
///
/// `MEMBARRIER_CMD_GLOBAL` waits for an RCU grace period (Linux 4.16, kernel/sched/membarrier.c), and XDP
/// programs run inside RCU read sections. Where it is missing, a tenth of a second is far more than any run.
pub(crate) fn wait() {
    const MEMBARRIER_CMD_GLOBAL: libc::c_int = 1;
    // SAFETY: a system call without pointers.
    let done = unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) };
    if done != 0 {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}
