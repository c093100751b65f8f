//! Ports that only root may listen on, unless the container runtime allows it to all.

use super::health::endpoint;
use super::root_reason::RootReason;
use crate::build::Stage;
use crate::endpoint::known_port;
use crate::manifest::FileKind;
use crate::optimize::assumption::Support;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::reached_sources::LazyReach;

/// The first port that the kernel lets any user listen on.
const FIRST_OF_USERS: u16 = 1024;

/// Why it stays root where a manifest of Kubernetes in the repository starts it with such a port.
pub(super) fn refusal(input: &PassInput, target: &Stage) -> Option<RootReason> {
    let port = low_port(input, target)?;
    let line = format!("containerPort: {port}");
    let mut texts = input.evidence.perhaps_holding(&[line.as_str()]);
    let is_manifest = |path: &str, text: &str| {
        FileKind::of(path).language() == "YAML" && text.lines().any(|line| line.starts_with("apiVersion:"))
    };
    let names_port = |text: &str| text.lines().any(|known| known.trim_start_matches([' ', '-']).trim_end() == line);
    let (file, _) = texts.find(|(path, text)| is_manifest(path, text) && names_port(text))?;
    Some(RootReason::LowPortInCluster { file: file.clone(), port })
}

fn low_port(input: &PassInput, target: &Stage) -> Option<u16> {
    let known = known_port(&endpoint(input, target, &LazyReach::new(input)))?;
    (known.port < FIRST_OF_USERS).then_some(known.port)
}

/// Says what has to be true where the program listens on such a port.
pub(super) fn assume(input: &PassInput, target: &Stage, output: &mut PassOutput) {
    if let Some(port) = low_port(input, target) {
        let why = "Docker does since 20.10; Podman, and Kubernetes with containerd 1, may not";
        output.assume(
            format!("the container runtime lets any user listen on port {port}"),
            Some((Support::Open, why.to_owned())),
        );
    }
}
