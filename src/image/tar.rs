//! Tar archives of every dialect: a walk over headers that hands out contents in pieces, made for hostile input.

mod walk;

pub use self::walk::{Member, MemberKind, Skip, TarError, Walk};
