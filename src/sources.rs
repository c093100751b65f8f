//! What source code says: which sources a program reaches, and which of its words show what it does.

pub mod code;
pub mod comments;
mod definitions;
pub mod imports;
pub mod patterns;
pub mod values;
