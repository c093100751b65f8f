//! A bake file (HCL or JSON) ─► the builds that its targets are, as far as they are written as literals. Evaluates nothing.

mod hcl;
mod json;
mod target;
mod value;

pub use self::target::{is_bake, read};

#[cfg(test)]
mod tests;
