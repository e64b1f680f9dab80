//! eBPF programs for tests and benchmarks alone. No gateway loads them.
//!
//! `flumen-testkit` loads them; its modules of the same names say how they are used.
#![no_std]
#![no_main]

mod generator;
mod layout;
mod redirect;
mod sink;
mod vlan_shim;

/// The helpers that the programs call are for GPL-compatible programs.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // The verifier refuses a program in which this could be reached.
    loop {}
}
