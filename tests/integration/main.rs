//! The one binary of integration tests.

mod cli;
mod dockopt;
mod tidy;
