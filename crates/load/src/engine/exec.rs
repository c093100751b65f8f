//! Programs run in a container that runs.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::api::Engine;
use super::connection::{Method, Timeout};
use super::images::escaped;
use super::output_frames::ProcessOutput;
use crate::failure::{Failure, FailureKind};

/// A program to run.
#[derive(Clone, Debug)]
pub struct Exec {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// `KEY=value`, besides those of the container.
    pub environment: Vec<String>,
    /// In place of the container's.
    pub user: Option<String>,
    /// In place of the container's.
    pub working_directory: Option<String>,
    /// Without a byte from it for so long it is given up.
    pub limit: Duration,
    /// Bytes of each stream that are kept.
    pub bytes: usize,
}

/// A program that has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecResult {
    /// What it ended with; `None` where it was given up. 126 and 127: it did not start.
    pub code: Option<i64>,
    /// What it said.
    pub spoken: ProcessOutput,
    /// How long it took.
    pub took: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreatedExec {
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct InspectedExec {
    exit_code: Option<i64>,
}

impl Exec {
    /// A program with its arguments; it is given up after a minute of silence.
    pub fn new<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            environment: Vec::new(),
            user: None,
            working_directory: None,
            limit: Duration::from_mins(1),
            bytes: 1 << 20,
        }
    }
}

impl Engine {
    /// Runs a program in a running container and waits for its end. One that is given up runs on until the container
    /// ends.
    ///
    /// # Errors
    /// When the engine fails, or the container does not run.
    pub fn exec(&self, id: &str, exec: &Exec) -> Result<ExecResult, Failure> {
        let start = Instant::now();
        let mut body = json!({
            "AttachStdout": true, "AttachStderr": true, "Cmd": exec.command, "Env": exec.environment,
        });
        let texts = [("User", &exec.user), ("WorkingDir", &exec.working_directory)];
        for (key, text) in texts.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?))) {
            body[key] = text.into();
        }
        let path = self.path(&format!("/containers/{}/exec", escaped(id)));
        let created_exec: CreatedExec = self.connection.value(&Method::Post(Some(&body)), &path, Timeout::Usual)?;
        let path = self.path(&format!("/exec/{}/start", escaped(&created_exec.id)));
        let attached = json!({"Detach": false, "Tty": false});
        let patience = Timeout::Of(exec.limit);
        let mut ended = ExecResult::default();
        let response = match self.connection.ask(&Method::Post(Some(&attached)), &path, patience) {
            // A program that is not there is no fault of the engine; it says so in both ways.
            Err(error) if error.kind == FailureKind::Refused || error.what.contains("OCI runtime exec failed") => {
                ended.spoken.stderr = error.what.into_bytes();
                ended.code = Some(127);
                return Ok(ended);
            }
            response => response?,
        };
        let body = response.into_body().into_with_config().limit(u64::MAX).reader();
        let heard = ended.spoken.hear(body, exec.bytes);
        ended.took = start.elapsed();
        let path = self.path(&format!("/exec/{}/json", escaped(&created_exec.id)));
        let inspected: InspectedExec = self.connection.json(&path, Timeout::Usual)?;
        match (heard, inspected.exit_code) {
            (Err(error), None) if ended.took < exec.limit => Err(self.connection.broken(&error, patience)),
            (_, code) => Ok(ExecResult { code, ..ended }),
        }
    }
}
