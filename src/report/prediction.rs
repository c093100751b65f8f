//! `cache predict`: which steps rerun after a change, and why.

mod reason;

pub use self::reason::ReasonWriter;
