//! A Docker engine: its API over a socket, TCP with TLS, a named pipe or ssh. Owns which engine is meant (environment,
//! docker contexts) and what it is asked; decides nothing about the answers. Writes nothing to disk.

mod api;
mod error;

pub use self::api::{Engine, Found, Image, Options, Saved, Step, Version};
pub use self::error::{Error, Kind};
