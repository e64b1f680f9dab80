//! What the fuzz targets share. The targets themselves are the tests: `cargo test` runs each for a moment, and
//! `cargo bolero test --package flumen-fuzz <name>` for as long as one likes.
#![forbid(unsafe_code)]

mod gateway;

pub use gateway::Gateway;
