//! A Next.js server as its command and its build make it.

/// A Next.js server that stands alone.
pub(super) struct Server {
    /// `PORT` and `HOSTNAME` as its command says them.
    pub(super) variables: Vec<(&'static str, String)>,
    /// Index of the RUN that builds it.
    pub(super) build: usize,
    /// Whether the build has to be told.
    pub(super) is_told: bool,
    /// Whether the context has a folder `public`.
    pub(super) has_public: bool,
    /// Environment files that it reads when it starts, and that are not traced.
    pub(super) environments: Vec<&'static str>,
}
