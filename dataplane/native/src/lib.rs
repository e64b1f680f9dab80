//! The `native` engine: the pipeline over in-memory tables.
//!
//! For tests, `explain` and replay. One thread; time, random numbers and routes come from the caller, so that
//! the same input gives the same output.
#![forbid(unsafe_code)]

mod engine;
mod environment;
mod fragments;
mod frame;
mod routes;
mod ruleset;
mod services;
mod sessions;
mod tables;
mod transcript;

pub use engine::Native;
pub use environment::{NativeEnvironment, Routes};
pub use frame::FrameBuffer;
pub use routes::{Destination, RouteTable};
pub use ruleset::RulesetRows;
pub use services::{ServiceRows, take};
pub use sessions::{
    FoundRow, FoundSession, Loops, SessionArrays, SessionSource, direction_of, find_row, free_all_records,
    live_rows,
};
pub use tables::{Bounds, NativeTables};
pub use transcript::{Line, Names, Transcript};
