//! A Docker engine: its API over a socket, TCP with TLS, a named pipe or ssh. Owns which engine is meant (environment,
//! docker contexts) and what it is asked; decides nothing about the answers. Writes nothing to disk.

mod api;
mod connection;
mod context;
mod dial;
mod endpoint;
mod error;
mod images;
mod saved;
#[cfg(all(test, unix))]
mod tests;
mod wire;

pub use self::api::{Engine, Version};
pub use self::endpoint::Options;
pub use self::error::{Error, Kind};
pub use self::images::{Found, Image, Step};
pub use self::saved::Saved;
