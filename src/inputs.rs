//! The ground state as plain data. Knows no rules and reads nothing itself: `load` fills it.

pub mod context;
