//! Registries: the OCI distribution protocol over blocking HTTP. Owns names of images, credentials of the docker
//! configuration, and what to do when a registry refuses, is slow or breaks off. Writes nothing to disk.

mod error;
mod reference;
mod registry;

pub use self::error::{Error, Kind};
pub use self::reference::{Reference, ReferenceError};
pub use self::registry::{Blob, Document, Limits, Options, Registry};
