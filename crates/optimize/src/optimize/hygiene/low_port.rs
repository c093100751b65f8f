//! Ports that only root may listen on, unless the container runtime allows it to all.

use super::health::endpoint;
use crate::build::Stage;
use crate::endpoint::known_port;
use crate::optimize::assumption::Support;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::reached_sources::LazyReach;

/// The first port that the kernel lets any user listen on.
const FIRST_OF_USERS: u16 = 1024;

/// Says what has to be true where the program listens on such a port.
pub(super) fn assume(input: &PassInput, target: &Stage, output: &mut PassOutput) {
    let port = known_port(&endpoint(input, target, &LazyReach::new(input))).map(|known| known.port);
    if let Some(port) = port.filter(|port| *port < FIRST_OF_USERS) {
        let why = "Docker does since 20.10; Podman, and Kubernetes with containerd 1, may not";
        output.assume(
            format!("the container runtime lets any user listen on port {port}"),
            Some((Support::Open, why.to_owned())),
        );
    }
}
