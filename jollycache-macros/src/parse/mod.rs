//! Tokens to syntax: an attribute's arguments, and the function under it. Nothing is judged here.

mod args;
mod function;

pub(crate) use args::{Arg, Value, args};
pub(crate) use function::{Body, Function};
