//! Reads the world into [`crate::inputs`].

pub mod context;
