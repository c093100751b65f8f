//! What source code says: which sources a program reaches, and which of its words show what it does.

pub mod comments;
pub mod imports;
pub mod patterns;
