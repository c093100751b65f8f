//! Why no HEALTHCHECK is added.

use std::fmt;

use super::root_reason::FOR_DEVELOPERS;

/// Why no HEALTHCHECK is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HealthReason {
    ForDevelopers,
    OtherCommand { service: String, port: u16 },
    NoProgram,
}

impl fmt::Display for HealthReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForDevelopers => out.write_str(FOR_DEVELOPERS),
            Self::OtherCommand { service, port } => write!(
                out,
                "service `{service}` runs another command in the same image, which may not answer on port {port}"
            ),
            Self::NoProgram => {
                out.write_str("the image has no program that can send the request, and none is added only for that")
            }
        }
    }
}
