//! The versions of an image: the one that the project has, the same with another label, and one that never gets healthy.

use super::request::DeploymentRequest;
use crate::deployment::StepKind;
use crate::failure::Failure;
use crate::measure::leftover::LABEL;
use crate::measure::session::Session;

/// The label of an image, and so of its containers, that tells its version; one without it is the first.
pub(super) const VERSION_LABEL: &str = "dockopt.version";

/// What a version that never gets healthy runs instead of its program.
const SLEEP: &str =
    r#"ENTRYPOINT ["/bin/sh", "-c", "trap exit TERM; echo 'this version never gets healthy'; sleep 3600 & wait"]"#;

/// Lines of a Dockerfile that make another version of an image.
pub(super) fn version_lines(kind: StepKind) -> Vec<String> {
    let version = kind.version();
    match kind {
        StepKind::Back => Vec::new(),
        StepKind::Next => {
            vec![format!("LABEL {VERSION_LABEL}={version}"), format!("ENV DOCKOPT_VERSION={version}")]
        }
        StepKind::Unhealthy => {
            vec![format!("LABEL {VERSION_LABEL}={version}"), SLEEP.to_owned(), "CMD []".to_owned()]
        }
    }
}

impl Session {
    /// Makes a version of an image; `None` with the reason where that is not possible.
    pub(super) fn make_version(
        &self,
        request: &DeploymentRequest,
        service: &str,
        image: &str,
        kind: StepKind,
    ) -> Result<Result<String, String>, Failure> {
        let mut lines = version_lines(kind);
        if kind == StepKind::Unhealthy {
            let has_entrypoint = request.model["services"][service]["entrypoint"].is_array();
            if has_entrypoint || !self.has_shell(image)? {
                let why = if has_entrypoint { "the compose file sets `entrypoint`" } else { "its image has no shell" };
                return Ok(Err(format!("a version of `{service}` that never gets healthy was not tried: {why}")));
            }
        }
        let base = match (kind, &request.image) {
            (StepKind::Next, Some(image)) => {
                if self.engine.find(image, None)?.is_none() {
                    self.docker(&["pull", "--quiet", image], "pulling version 2")?;
                }
                // What is given is deployed as it is; the label alone is added.
                lines.truncate(1);
                image.as_str()
            }
            _ => image,
        };
        let name = self.tag(&format!("{}-{}", kind.version(), self.series()));
        let container = format!("dockopt-{}-commit", self.series());
        let label = format!("{LABEL}={}", self.nonce());
        // An image without a command needs one here; the image's own is put back.
        let create = ["create", "--pull", "never", "--name", &container, "--label", &label, base, "none"];
        self.docker(&create, "making a version")?;
        if kind != StepKind::Unhealthy {
            let command = self.engine.config(base)?.cmd.unwrap_or_default();
            lines.push(format!("CMD {}", serde_json::Value::from(command)));
        }
        let mut commit = vec!["commit".to_owned()];
        commit.extend(lines.into_iter().flat_map(|line| ["--change".to_owned(), line]));
        commit.extend([container.clone(), name.clone()]);
        let commit: Vec<&str> = commit.iter().map(String::as_str).collect();
        self.docker(&commit, "making a version")?;
        self.engine.remove(&container)?;
        Ok(Ok(name))
    }
}
