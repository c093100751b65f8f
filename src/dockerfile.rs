//! Dockerfiles as the builder reads them. Knows nothing of files, builds or rules.

pub mod expand;
pub mod quote;
