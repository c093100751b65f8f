//! A program among the others of its repository.

use std::collections::BTreeSet;

use super::connection::Connection;
use super::named_service::NamedProgram;
use crate::emit::facts::application::Application;

/// A program among the others.
#[derive(Debug)]
pub(in crate::emit) struct Program<'i> {
    pub(in crate::emit) application: Application<'i>,
    /// How it finds the servers that it connects to.
    pub(in crate::emit) connections: Vec<Connection>,
    /// Its variables that are about servers which are here.
    pub(in crate::emit) settled: BTreeSet<String>,
    /// The other programs that it needs.
    pub(in crate::emit) named: Vec<NamedProgram>,
}

impl Program<'_> {
    /// Whether it connects to a server.
    pub(in crate::emit) fn connects_to(&self, server: &str) -> bool {
        self.connections.iter().any(|connection| connection.backend == server)
    }
}
