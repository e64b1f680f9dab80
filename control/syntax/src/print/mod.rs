//! Tree to text.

mod curly;
mod json;
mod quote;
mod set;

pub use curly::{curly, curly_node, curly_statement};
pub use json::json;
pub(crate) use json::{FOREIGN, flat_list};
pub use quote::quote;
pub use set::{set, set_at};
