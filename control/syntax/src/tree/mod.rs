//! A configuration as written.

mod edit;
mod marks;
mod node;
mod place;
mod step;

pub use edit::{Edit, Replace, Where};
pub(crate) use edit::{Repeat, shown};
pub use marks::Marks;
pub use node::{Entry, Node, Text, Tree};
pub use place::Place;
pub(crate) use step::find;
pub use step::{Step, path_words};
