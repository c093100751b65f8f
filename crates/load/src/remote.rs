//! Registries: the OCI distribution protocol over blocking HTTP; comments on pull requests. Owns names of images, credentials of the docker
//! configuration, and what to do when a registry refuses, is slow or breaks off. Writes to disk only the folder of blobs that is asked for.

mod blob;
mod blob_cache;
mod catalog;
mod challenge;
mod comment;
mod credentials;
mod helper;
mod options;
mod pace;
mod reference;
mod registry;
#[cfg(test)]
pub(crate) mod test_server;
mod session;
mod store;
#[cfg(test)]
mod tests;
mod transport;
mod trust;

pub use self::blob::Blob;
pub use self::blob_cache::{BlobCache, BlobUse, open_plain};
pub use self::catalog::{ImageOrigin, repositories};
pub use self::comment::{ApiToken, CommentApi, CommentChange, CommentPlatform, OpenPullRequest};
pub(crate) use self::options::docker_configuration;
pub use self::options::{Limits, RegistryOptions, non_empty_variable};
pub(crate) use self::pace::Paced;
pub use self::reference::{ReferenceError, RegistryReference};
pub use self::registry::{Document, Registry};
pub use self::store::Repository;
pub(crate) use self::transport::refusal;
pub(crate) use self::trust::{authorities, certificates, client_certificate};
