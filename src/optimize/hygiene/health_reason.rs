//! Why no HEALTHCHECK is added.

use std::fmt;

use super::root_reason::FOR_DEVELOPERS;

/// Why no HEALTHCHECK is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HealthReason {
    ForDevelopers,
    OtherCommand { service: String, port: u16 },
    NoProgram,
    NeedsOthers { path: String },
}

impl fmt::Display for HealthReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForDevelopers => out.write_str(FOR_DEVELOPERS),
            Self::OtherCommand { service, port } => write!(
                out,
                "service `{service}` runs another command in the same image, which may not answer on port {port}"
            ),
            Self::NeedsOthers { path } => write!(
                out,
                "`{path}` answers only while other services do: `dockopt compose emit` writes a check that starts after them"
            ),
            Self::NoProgram => {
                out.write_str("the image has no program that can send the request, and none is added only for that")
            }
        }
    }
}
