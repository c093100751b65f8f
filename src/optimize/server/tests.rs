//! Servers for development and previews, replaced.
