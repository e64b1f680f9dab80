//! `flumen explain`: what is asked, and how the answer looks.

mod arguments;
mod report;

pub(crate) use arguments::ExplainArguments;
pub(crate) use report::render;
