//! Level `order`.

pub(super) mod declared;
pub(super) mod volatile;

#[cfg(test)]
pub(super) mod tests;
