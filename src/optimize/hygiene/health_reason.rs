//! Why no HEALTHCHECK is added.

use crate::optimize::reason::reasons;

use super::root_reason::FOR_DEVELOPERS;

reasons! {
    /// Why no HEALTHCHECK is added.
    pub(super) HealthReason {
        ForDevelopers: "{}", FOR_DEVELOPERS;
        OtherCommand { service: String, port: u16 }:
            "service `{service}` runs another command in the same image, which may not answer on port {port}";
        NoProgram: "the image has no program that can send the request, and none is added only for that";
        NeedsOthers { path: String }:
            "`{path}` answers only while other services do: `dockopt compose emit` writes a check that starts \
             after them";
    }
}
