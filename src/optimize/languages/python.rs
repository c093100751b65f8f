//! Python projects.

#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "Python and the tools compare names exactly")]

pub(in crate::optimize) mod stage_blocker;
pub(in crate::optimize) mod element;
pub(in crate::optimize) mod evidence;
pub(in crate::optimize) mod needs;
pub(in crate::optimize) mod system;
