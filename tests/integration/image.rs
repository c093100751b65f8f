//! Reading images: a zoo of archives whose truth is known, because their maker knows what it put in.

mod agreement;
pub(crate) mod command;
mod binary;
mod bounds;
mod budget;
mod cyclonedx;
pub(crate) mod diff;
#[cfg(unix)]
mod explore;
mod mutation;
mod rules;
#[cfg(unix)]
mod terminal;
mod secrets;
pub(crate) mod zoo;
