//! From the types of this crate to the messages of `flumen.v1` and back: one area, one file.
//!
//! [`Wire`] is both directions at once, and `mirror!` writes them from one list of fields: a field that only one side has does
//! not compile. `rpcs!` in [`rpc`](self) ties each request to its method. `tests/round_trip.rs` sends every request and every answer
//! there is through both.

mod answer;
mod configuration;
mod error;
mod explain;
mod host;
mod operations;
mod rpc;
mod scalar;
mod sessions;

pub use answer::{Answer, Refusal};
pub use error::shortened;
pub use rpc::{Call, Rpc};

use std::fmt;

/// A type of this crate and the protobuf type that stands for it. Nothing is lost on the way there and back.
pub trait Wire<P>: Sized {
    /// As it is sent.
    fn into_wire(self) -> P;

    /// As it was sent.
    ///
    /// # Errors
    /// When a field has a value that nobody can mean.
    fn from_wire(message: P) -> Result<Self, WireError>;
}

/// A field of a message that nobody can mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// Its path: `input.icmp.type`; empty for the message itself.
    field: String,
    problem: String,
}

impl WireError {
    pub(crate) fn new(problem: impl Into<String>) -> WireError {
        WireError { field: String::new(), problem: problem.into() }
    }

    fn within(mut self, field: &str) -> WireError {
        let outer = field.trim_start_matches("r#");
        self.field = if self.field.is_empty() { outer.to_owned() } else { format!("{outer}.{}", self.field) };
        self
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.field, self.problem)
        }
    }
}

impl std::error::Error for WireError {}

/// Reads one field, and says which one if that fails.
pub(crate) fn field<T: Wire<P>, P>(name: &str, value: P) -> Result<T, WireError> {
    T::from_wire(value).map_err(|error| error.within(name))
}

/// A type and a message that have the same fields. In a message that has such a field, it must be set.
macro_rules! mirror {
    ($($ours:ident = $theirs:ident { $($field:ident),* $(,)? })*) => {$(
        impl $crate::wire::Wire<$crate::v1::$theirs> for $crate::$ours {
            fn into_wire(self) -> $crate::v1::$theirs {
                let $crate::$ours { $($field),* } = self;
                $crate::v1::$theirs { $($field: $crate::wire::Wire::into_wire($field)),* }
            }

            fn from_wire(message: $crate::v1::$theirs) -> Result<Self, $crate::wire::WireError> {
                let $crate::v1::$theirs { $($field),* } = message;
                Ok($crate::$ours { $($field: $crate::wire::field(stringify!($field), $field)?),* })
            }
        }
        $crate::wire::required!($ours = $theirs);
    )*};
}

/// A field of another message that must be set.
macro_rules! required {
    ($ours:ident = $theirs:ident) => {
        impl $crate::wire::Wire<Option<$crate::v1::$theirs>> for $crate::$ours {
            fn into_wire(self) -> Option<$crate::v1::$theirs> {
                Some($crate::wire::Wire::into_wire(self))
            }

            fn from_wire(message: Option<$crate::v1::$theirs>) -> Result<Self, $crate::wire::WireError> {
                $crate::wire::Wire::from_wire(
                    message.ok_or_else(|| $crate::wire::WireError::new("is not set"))?,
                )
            }
        }
    };
}

/// Two enumerations with the same words.
macro_rules! mirror_words {
    ($($name:ident { $($word:ident),* $(,)? })*) => {$(
        impl $crate::wire::Wire<i32> for $crate::$name {
            fn into_wire(self) -> i32 {
                let word = match self {
                    $($crate::$name::$word => $crate::v1::$name::$word),*
                };
                word.into()
            }

            fn from_wire(number: i32) -> Result<Self, $crate::wire::WireError> {
                match $crate::v1::$name::try_from(number) {
                    $(Ok($crate::v1::$name::$word) => Ok($crate::$name::$word),)*
                    _ => Err($crate::wire::WireError::new(format!("{number} is none of its words"))),
                }
            }
        }
    )*};
}

/// A message of one variant, which has its fields, `{ … }`, or is what it holds, `(it)`: made of what they are named, or taken apart
/// into these names.
macro_rules! shape {
    (make $message:ident { $($field:ident),* }) => {
        $crate::v1::$message { $($field: $crate::wire::Wire::into_wire($field)),* }
    };
    (make $message:ident ($it:ident)) => { $crate::wire::Wire::into_wire($it) };
    (take $own:ident $message:ident { $($field:ident),* }) => {
        let $crate::v1::$message { $($field),* } = $own;
        $(let $field = $crate::wire::field(stringify!($field), $field)?;)*
    };
    (take $own:ident $message:ident ($it:ident)) => { let $it = $crate::wire::Wire::from_wire($own)?; };
}

use {mirror, mirror_words, required, shape};
