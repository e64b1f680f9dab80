//! How a packet would fare: frames are made from the request, and the pipeline itself says what becomes of them.

mod input;
mod names;
mod pipeline;
mod probe;
mod route;

pub use input::captured_frames;
pub(crate) use pipeline::{State, explain};
