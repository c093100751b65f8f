//! A Docker engine: its API over a socket, TCP with TLS, a named pipe or ssh. Owns which engine is meant (environment,
//! docker contexts) and what it is asked; decides nothing about the answers. Writes nothing to disk.

mod api;
mod config;
mod connection;
mod containers;
mod context;
mod dial;
mod endpoint;
mod events;
mod exec;
mod images;
mod lists;
mod image_stream;
mod spec;
mod output_frames;
mod system;
#[cfg(all(test, unix))]
mod tests;
mod wire;

pub use self::api::{Engine, Version};
pub use self::containers::{ChangeKind, ContainerState, Health, PathChange};
pub use self::endpoint::EngineOptions;
pub use self::events::EventStream;
pub use self::exec::{Exec, ExecResult};
pub use self::image_stream::ImageArchive;
pub use self::images::{FoundImage, HistoryStep, Image};
pub use self::lists::{Container, Network, Volume};
pub use self::output_frames::ProcessOutput;
pub use self::spec::Spec;
pub use self::system::{CacheRecord, Groups};
