//! The `dockopt` program.
fn main() {}
