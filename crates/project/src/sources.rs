//! Analysis of source code: which source files a program loads, and which words in them show what it does.

pub mod code;
pub mod comments;
mod definitions;
pub mod imports;
pub mod literals;
pub mod loopback;
pub mod object_literals;
pub mod patterns;
pub mod ports;
pub mod routes;
pub mod settings;
pub mod text_filter;
pub mod values;
pub mod variables;
mod workspace_packages;
pub mod written_places;
