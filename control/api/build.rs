//! Compiles the services to Rust, and keeps their descriptors for reflection. Needs no `protoc`.

use prost::Message;
use std::error::Error;
use std::path::Path;

const FILES: [&str; 5] = [
    "flumen/v1/types.proto",
    "flumen/v1/configuration.proto",
    "flumen/v1/operations.proto",
    "flumen/v1/host.proto",
    "flumen/v1/events.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    for file in FILES {
        println!("cargo::rerun-if-changed=proto/{file}");
    }
    let descriptors = protox::compile(FILES, ["proto"])?;
    let out = std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    std::fs::write(Path::new(&out).join("flumen.v1.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().btree_map(".").compile_fds(descriptors)?;
    Ok(())
}
