//! One build by `docker buildx build`.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::child::{self, End};
use super::copy::Project;
use super::session::Session;
use crate::buildlog::{self, LogStep, LoggedBuild, StatusLog, StepKind, StepStatus};
use crate::data;
use crate::failure::{Failure, FailureKind};
use crate::proof::BuildRun;

/// Bytes of a build's metadata.
const METADATA: u64 = 64 << 20;

/// Lines of a failed step's end that are shown.
const SHOWN: usize = 25;

/// Whether a build may take steps from the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It may not: all runs, and cache mounts are those of the series.
    Cold,
    /// It may: what the series' builds left is there.
    Cached,
}

/// A build that worked.
#[derive(Clone, Debug)]
pub struct BuiltImage {
    /// The image's name.
    pub tag: String,
    /// Its ID.
    pub id: String,
    /// What it took.
    pub run: BuildRun,
}

impl Session {
    /// Builds a copy. The image goes with the session.
    ///
    /// # Errors
    /// When a step fails, time is up, somebody wants it to end, or the engine is lost; [`Failure::kind`] tells.
    pub fn build(&self, project: &Project, mode: Mode, tag: &str) -> Result<BuiltImage, Failure> {
        if self.is_stopped() {
            return Err(Failure::interrupted());
        }
        let metadata = self.file("json");
        let mut command = self.program.command();
        let arguments = self.arguments(project, mode, tag, &metadata);
        self.note(project, &arguments);
        command.args(&arguments);
        let before = self.meter.now();
        let log = Arc::new(Mutex::new(StatusLog::default()));
        let heard = Arc::clone(&log);
        let hear = move |line: &[u8]| heard.lock().unwrap_or_else(PoisonError::into_inner).line(line);
        let ran = child::run(&mut command, self.options.limit, &|| self.is_stopped(), hear);
        let ran = ran.map_err(|error| {
            Failure::new(
                FailureKind::Setup,
                format!("`{}` cannot be started: {error}", self.program.name()),
                "install it",
            )
        })?;
        let metadata_values = read(&metadata);
        let _ = std::fs::remove_file(&metadata);
        let log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let logged = log.build();
        match ran.end {
            End::Ended(status) if status.success() => {}
            End::Ended(status) => return Err(self.failed(&log, &logged, status)),
            End::TimedOut => return Err(self.timeout_failure(&logged)),
            End::Interrupted => return Err(Failure::interrupted()),
        }
        let mut run = run_of_log(&logged);
        run.steps.iter_mut().for_each(|(name, _)| *name = self.options.mask.apply(name));
        run.seconds = ran.took.as_secs_f64();
        let has_run = run.steps.iter().any(|(name, _)| name.contains("RUN "));
        run.cpu_seconds = self.meter.seconds(before, &metadata_values, has_run);
        // The engine may have got another image of that name meanwhile only from us.
        let image = self.engine.find(tag, None)?;
        let Some(image) = image else {
            let what = format!("the build succeeded, but the engine has no image `{tag}`");
            let help = "set BUILDX_BUILDER to a builder of this engine (`docker buildx ls`)";
            return Err(Failure::new(FailureKind::Setup, what, help));
        };
        Ok(BuiltImage { tag: tag.to_owned(), id: image.id, run })
    }

    fn arguments(&self, project: &Project, mode: Mode, tag: &str, metadata: &Path) -> Vec<String> {
        let options = &self.options;
        let mut all: Vec<String> =
            ["buildx", "build", "--progress=rawjson", "--load", "--provenance=false"].map(str::to_owned).to_vec();
        let mut add = |flag: &str, value: String| all.extend([flag.to_owned(), value]);
        add("--metadata-file", metadata.display().to_string());
        add("--file", project.dockerfile().display().to_string());
        add("--tag", tag.to_owned());
        add("--build-arg", format!("BUILDKIT_CACHE_MOUNT_NS={}", project.series));
        for (name, value) in &options.build.build_args {
            add("--build-arg", format!("{name}={value}"));
        }
        for (name, source) in &options.build.build_contexts {
            add("--build-context", format!("{name}={source}"));
        }
        let texts = [
            ("--target", project.target.as_ref().map_or(&options.build.target, |_| &project.target)),
            ("--platform", &options.build.platform),
            ("--network", &options.network),
        ];
        for (flag, value) in texts.into_iter().filter_map(|(flag, value)| Some((flag, value.clone()?))) {
            add(flag, value);
        }
        let lists = [("--secret", &options.secrets), ("--ssh", &options.ssh), ("--add-host", &options.hosts)];
        for (flag, value) in lists.into_iter().flat_map(|(flag, list)| list.iter().map(move |value| (flag, value))) {
            add(flag, value.clone());
        }
        if let Some(group) = self.meter.group() {
            add("--cgroup-parent", group.to_owned());
        }
        if mode == Mode::Cold {
            all.push("--no-cache".to_owned());
        }
        all.push(project.context().display().to_string());
        all
    }

    /// Keeps the command as people may read it.
    fn note(&self, project: &Project, arguments: &[String]) {
        let context = project.context().display().to_string();
        let mut shown = vec![self.program.name()];
        let mut skip = false;
        for argument in arguments {
            if std::mem::take(&mut skip) || argument == "--metadata-file" || argument == "--cgroup-parent" {
                skip = argument.starts_with("--");
                continue;
            }
            let argument = argument.replace(&context, "CONTEXT");
            let secret = argument.split_once('=').filter(|(name, _)| crate::secret::names_secret(name));
            shown.push(secret.map_or(argument.clone(), |(name, _)| format!("{name}=***")));
        }
        let shown = self.options.mask.apply(&shown.join(" "));
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        if commands.last() != Some(&shown) {
            commands.push(shown);
        }
    }

    /// What a build that took too long was doing.
    fn timeout_failure(&self, build: &LoggedBuild) -> Failure {
        // The builder may still have said that it calls off what runs.
        let is_open = |step: &&LogStep| !matches!(step.status, StepStatus::Cached | StepStatus::Done);
        let running = build.steps.iter().rfind(is_open);
        let doing = running.map(|step| format!(" at `{}`", self.options.mask.apply(&step.name)));
        let limit = self.options.limit.as_secs();
        let what = format!("the build was stopped after {limit} s{}", doing.unwrap_or_default());
        let mut failure = Failure::new(FailureKind::TimedOut, what, "raise the limit with --timeout");
        failure.log = running.map(|step| self.tail(step)).unwrap_or_default();
        failure
    }

    fn tail(&self, step: &LogStep) -> Vec<String> {
        let text = self.options.mask.apply(&step.output.tail());
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(SHOWN)..].iter().map(|line| (*line).to_owned()).collect()
    }

    fn failed(&self, log: &StatusLog, build: &LoggedBuild, status: ExitStatus) -> Failure {
        let step = build.failed_step();
        let words: Vec<String> = log.words().map(|line| self.options.mask.apply(line)).collect();
        let message = words.iter().rev().find_map(|line| line.strip_prefix("ERROR: "));
        let error = step.and_then(|step| step.error.as_deref()).map(|error| self.options.mask.apply(error));
        let mut why = error.or_else(|| message.map(str::to_owned)).or_else(|| words.last().cloned());
        let reason = why.get_or_insert_with(|| status.to_string());
        let reason = buildlog::builder_message(reason).to_owned();
        let name = step.map(|step| self.options.mask.apply(&step.name));
        let mut failure = classify_failure(&reason, &words.join("\n"), name.as_deref());
        failure.log = step.map(|step| self.tail(step)).unwrap_or_default();
        if failure.log.is_empty() && step.is_none() {
            failure.log = words[words.len().saturating_sub(SHOWN)..].to_vec();
        }
        failure
    }
}

/// What a build's failure means.
fn classify_failure(why: &str, words: &str, step: Option<&str>) -> Failure {
    let all = format!("{why}\n{words}");
    let says = |meaning: &str| data::PROGRAM_MESSAGES.rows().any(|row| row[1] == meaning && all.contains(row[0]));
    let at = step.map(|step| format!(" at `{step}`")).unwrap_or_default();
    if says("no disk space") {
        let help = "free disk space; `docker system df` shows what uses it";
        return Failure::new(FailureKind::Space, format!("no disk space left for the build{at}: {why}"), help);
    }
    if why.contains("not found") && (why.contains("secret ") || why.contains("ssh")) {
        return Failure::new(
            FailureKind::Secret,
            format!("the build needs a secret that was not passed: {why}"),
            "pass it with --secret id=NAME,src=FILE (or env=VARIABLE), or --ssh default",
        );
    }
    if says("no base image") {
        let what = format!("a base image is not in the engine and cannot be pulled{at}: {why}");
        return Failure::new(
            FailureKind::Base,
            what,
            "pull it, or load it with `docker load`; check that its registry can be reached",
        );
    }
    if says("engine lost") && step.is_none_or(|_| !why.contains("did not complete successfully")) {
        let what = format!("the connection to the engine was lost during a build{at}: {why}");
        return Failure::new(FailureKind::Broken, what, "check whether the engine still runs, then try again");
    }
    Failure::new(FailureKind::Build, format!("the build failed{at}: {why}"), "see the output of the step")
}

/// What a build's steps took.
fn run_of_log(build: &LoggedBuild) -> BuildRun {
    let mut run = BuildRun::default();
    // The transfer of the context is the builder's own work too.
    let is_internal = |step: &&LogStep| matches!(step.label.kind, StepKind::Internal | StepKind::Context);
    for step in build.steps.iter().filter(|step| !is_internal(step)) {
        match step.seconds {
            _ if step.status == StepStatus::Cached => run.cached += 1,
            Some(seconds) => run.steps.push((step.name.clone(), seconds)),
            None => {}
        }
    }
    run
}

/// The metadata of a build; nothing where it wrote none.
fn read(path: &Path) -> Value {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(METADATA).read_to_end(&mut bytes));
    read.ok().and_then(|_| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(why: &str, step: Option<&str>, expected: FailureKind) {
        assert_eq!(classify_failure(why, "", step).kind, expected, "{why}");
    }

    #[test]
    fn failures_are_told_apart() {
        let exit = "process \"/bin/sh -c make\" did not complete successfully: exit code: 2";
        check(exit, Some("[2/3] RUN make"), FailureKind::Build);
        check("write /x: no space left on device", Some("[2/3] COPY"), FailureKind::Space);
        check("secret token: not found", Some("[2/3] RUN"), FailureKind::Secret);
        let base = "python:9: failed to resolve source metadata for docker.io/library/python:9: dial tcp: lookup x: no \
                    such host";
        check(base, None, FailureKind::Base);
        check("rpc error: code = Unavailable desc = error reading from server: EOF", None, FailureKind::Broken);
        check("dockerfile parse error on line 1: unknown instruction: FRM", None, FailureKind::Build);
    }
}
