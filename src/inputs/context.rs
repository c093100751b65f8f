//! Placeholder.
/// Placeholder.
#[derive(Debug)]
pub struct BuildContext;
