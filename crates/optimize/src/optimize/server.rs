//! Level 6: replaces a development or preview server.

pub(super) mod reload;
#[cfg(test)]
mod tests;
