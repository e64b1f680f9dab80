//! Embeds the eBPF object that `cargo xtask build-ebpf` has built.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=FLUMEN_EBPF_OBJECT");
    let object = match env::var_os("FLUMEN_EBPF_OBJECT") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"))
            .join("../../target/ebpf/flumen.o"),
    };
    println!("cargo::rerun-if-changed={}", object.display());
    let copy = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("flumen.o");
    if let Err(error) = fs::copy(&object, &copy) {
        println!(
            "cargo::error={}: {error}; build the eBPF programs first: cargo xtask build-ebpf",
            object.display()
        );
    }
}
