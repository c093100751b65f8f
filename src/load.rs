//! Finds and reads what a run needs and hands it on as plain `Inputs`. Owns every read of a file; decides nothing
//! about what was read.

mod context;
mod discover;
mod file;
mod gather;
mod place;
mod projects;
mod texts;

pub use self::file::{DOCKERFILE_LIMIT, LoadError, read_source, read_stdin};
pub use self::gather::{Request, gather, gather_texts};
