//! Level `flags`.

pub(super) mod lock_copies;
pub(super) mod locks;
pub(super) mod quiet;
pub(super) mod safe;

#[cfg(test)]
mod tests;
