//! Why no HEALTHCHECK is added.

use thiserror::Error;

use super::root_reason::FOR_DEVELOPERS;

/// Why no HEALTHCHECK is added.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum HealthReason {
    #[error("{}", FOR_DEVELOPERS)]
    ForDevelopers,
    #[error("service `{service}` runs another command in the same image, which may not answer on port {port}")]
    OtherCommand { service: String, port: u16 },
    #[error("the image has no program that can send the request, and none is added only for that")]
    NoProgram,
    #[error(
        "`{path}` answers only while other services do: `dockopt compose emit` writes a check that starts \
             after them"
    )]
    NeedsOthers { path: String },
}
