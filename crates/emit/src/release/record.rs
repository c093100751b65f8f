//! The record that `deploy.sh` writes: a line for each deployment. Lines of version 1 have whole seconds and no phases.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::buildlog::timestamp;
use crate::text::json_reason;

/// Seconds that a deployment or a phase of it can take: 30 days. More is a broken clock.
const MOST_SECONDS: f64 = 30.0 * 86_400.0;

/// The newest version of a line that is read.
const NEWEST: u64 = 2;

/// What the script does, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeploymentPhase {
    /// Waits for the lock, and undoes what a killed run left.
    Settle,
    /// Pulls or builds the image.
    Image,
    /// Runs the command of `--migrate`.
    Migrate,
    /// Starts the new containers, until each is healthy and passed `--smoke`.
    Start,
    /// Moves the requests, and watches the new version.
    Switch,
    /// Waits for the requests of the old containers to end, and removes them.
    Remove,
    /// Goes back to the old version.
    Undo,
}

/// What was counted at one share of the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct WatchedShare {
    /// The share of the requests that the new version got, in percent.
    pub percent: u64,
    /// Requests to the new version.
    pub requests: u64,
    /// Those of them that failed.
    pub errors: u64,
    /// The mean time of its last answers, as `HAProxy` has it.
    pub milliseconds: u64,
}

/// What a new version has to keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct RecordLimits {
    /// Seconds that it is watched at each share.
    pub watch: u64,
    /// Percent of its requests that may fail.
    pub errors: u64,
    /// The mean time that its answers may take.
    pub milliseconds: u64,
}

/// A deployment. What version 1 of a line lacks is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeploymentRecord {
    /// The line in the file, from 1.
    pub line: usize,
    /// When it ended, in RFC 3339.
    pub time: String,
    /// The service; of those that run one image the first.
    pub service: String,
    /// `deploy` or `rollback`.
    pub command: Option<String>,
    /// `rolling`, `blue-green` or `canary`.
    pub strategy: Option<String>,
    /// The tag of the image before; empty where it ended earlier.
    pub from: String,
    /// The tag of the image that should come into service; empty where it ended earlier.
    pub to: String,
    /// The ID of the image before.
    pub from_id: Option<String>,
    /// The ID of the image that should come into service.
    pub to_id: Option<String>,
    /// What `--image` named.
    pub image: Option<String>,
    /// The new containers.
    pub containers: Vec<String>,
    /// The old containers.
    pub old_containers: Option<Vec<String>>,
    /// How long it took.
    pub seconds: f64,
    /// How long each phase took, in the order of [`DeploymentPhase`]; those that were not reached are missing.
    pub steps: Vec<(DeploymentPhase, f64)>,
    /// What was counted at each share of the requests, in order.
    pub watched: Vec<WatchedShare>,
    /// What the new version had to keep to.
    pub limits: Option<RecordLimits>,
    /// What a failing check of a new container last said.
    pub probe: Option<String>,
    /// The exit code of the script.
    pub exit: u8,
    /// What became of it, in words.
    pub result: String,
}

/// The deployments of a file, and the lines that are none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeploymentRecords {
    /// In the order of the file.
    pub records: Vec<DeploymentRecord>,
    /// Line numbers, and what is wrong.
    pub problems: Vec<(usize, String)>,
}

/// A line as it is written.
#[derive(Deserialize)]
struct RecordLine {
    schema: Option<String>,
    version: Option<u64>,
    #[serde(default)]
    time: String,
    #[serde(default)]
    service: String,
    command: Option<String>,
    strategy: Option<String>,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    from_id: Option<String>,
    to_id: Option<String>,
    image: Option<String>,
    #[serde(default)]
    containers: String,
    old_containers: Option<String>,
    seconds: Option<f64>,
    #[serde(default)]
    steps: BTreeMap<String, f64>,
    #[serde(default)]
    watched: Vec<WatchedShare>,
    limits: Option<RecordLimits>,
    probe: Option<String>,
    exit: Option<i64>,
    #[serde(default)]
    result: String,
}

impl DeploymentPhase {
    /// All of them, in the order of the script.
    pub const ALL: [Self; 7] =
        [Self::Settle, Self::Image, Self::Migrate, Self::Start, Self::Switch, Self::Remove, Self::Undo];

    /// Its name in records and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Settle => "settle",
            Self::Image => "image",
            Self::Migrate => "migrate",
            Self::Start => "start",
            Self::Switch => "switch",
            Self::Remove => "remove",
            Self::Undo => "undo",
        }
    }

    /// The phase of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }
}

impl DeploymentRecord {
    /// Whether the new version came into service, or was in service already.
    pub fn is_good(&self) -> bool {
        self.exit == 0
    }

    /// Whether there was nothing to do: the version was in service already.
    pub fn is_idle(&self) -> bool {
        self.is_good() && self.containers.is_empty()
    }

    /// Whether it went back to the version before, as it was told to.
    pub fn is_rollback(&self) -> bool {
        self.command.as_deref() == Some("rollback")
    }

    /// Seconds of a phase; `None` where it was not reached, or is not known.
    pub fn phase_seconds(&self, phase: DeploymentPhase) -> Option<f64> {
        self.steps.iter().find(|(other, _)| *other == phase).map(|(_, seconds)| *seconds)
    }

    /// Seconds since 1970 until it ended.
    fn ended(&self) -> Option<f64> {
        Some(timestamp(&self.time)?.as_duration().as_secs_f64())
    }
}

impl DeploymentRecords {
    /// Reads a file. A line that is no record, as one that was not written to its end, is a problem; the others count. So is a
    /// time that is earlier than that of the line before.
    pub fn read(text: &str) -> Self {
        let mut records = Self::default();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let record = match read_line(line) {
                Ok(record) => DeploymentRecord { line: index + 1, ..record },
                Err(what) => {
                    records.problems.push((index + 1, what));
                    continue;
                }
            };
            if let Some(what) = records.records.last().and_then(|before| clock_problem(before, &record)) {
                records.problems.push((record.line, what));
            }
            records.records.push(record);
        }
        records
    }

    /// Seconds from the end of one deployment to the end of another, by their places; `None` where the clock went back in
    /// between.
    pub fn seconds_between(&self, from: usize, to: usize) -> Option<f64> {
        let ends: Vec<f64> = self.records.get(from..=to)?.iter().filter_map(DeploymentRecord::ended).collect();
        if ends.is_empty() || !ends.is_sorted() {
            return None;
        }
        Some(ends.last()? - ends.first()?)
    }
}

/// What is wrong with the clock between two records.
fn clock_problem(before: &DeploymentRecord, after: &DeploymentRecord) -> Option<String> {
    let seconds = before.ended()? - after.ended()?;
    let back = match seconds {
        ..=0.0 => return None,
        ..60.0 => format!("{seconds} s"),
        ..3_600.0 => format!("{} min", (seconds / 60.0).floor()),
        ..172_800.0 => format!("{} h", (seconds / 3_600.0).floor()),
        _ => format!("{} days", (seconds / 86_400.0).floor()),
    };
    let lines = format!("between line {} and {}", before.line, after.line);
    Some(format!("the clock went back by {back} {lines}: intervals over it are not counted"))
}

/// The record of a line, or why it is none.
fn read_line(line: &str) -> Result<DeploymentRecord, String> {
    let because = |error: serde_json::Error| format!("it is not a record: {}", json_reason(&error));
    // First as a whole: what is wrong with a field is only said of lines whose secrets could be hidden.
    let value: serde_json::Value = serde_json::from_str(line).map_err(because)?;
    let line: RecordLine = serde_json::from_value(value).map_err(because)?;
    if let Some(schema) = &line.schema {
        return Err(format!("it is not a record of a deployment, but of the schema `{schema}`"));
    }
    let version = line.version.unwrap_or(1);
    if !(1..=NEWEST).contains(&version) {
        return Err(format!("version {version} of a record is not known: 1 to {NEWEST} are"));
    }
    if line.service.is_empty() {
        return Err("it names no service".to_owned());
    }
    if timestamp(&line.time).is_none() {
        return Err(format!("`{}` is no time of RFC 3339", line.time));
    }
    let seconds = line.seconds.ok_or("it has no seconds")?;
    check_seconds("the deployment", seconds)?;
    let exit = line.exit.ok_or("it has no exit code")?;
    let exit = u8::try_from(exit).map_err(|_| format!("{exit} is no exit code"))?;
    if let Some(share) = line.watched.iter().find(|share| share.percent > 100) {
        return Err(format!("{} % of the requests are more than all", share.percent));
    }
    let names = |names: &str| names.split_whitespace().map(str::to_owned).collect();
    Ok(DeploymentRecord {
        line: 0,
        steps: read_steps(&line.steps)?,
        time: line.time,
        service: line.service,
        command: line.command,
        strategy: line.strategy,
        from: line.from,
        to: line.to,
        from_id: line.from_id.filter(|id| !id.is_empty()),
        to_id: line.to_id.filter(|id| !id.is_empty()),
        image: line.image.filter(|image| !image.is_empty()),
        containers: names(&line.containers),
        old_containers: line.old_containers.as_deref().map(names),
        seconds,
        watched: line.watched,
        limits: line.limits,
        probe: line.probe.filter(|probe| !probe.is_empty()),
        exit,
        result: line.result,
    })
}

/// The phases with their seconds, in order.
fn read_steps(steps: &BTreeMap<String, f64>) -> Result<Vec<(DeploymentPhase, f64)>, String> {
    let mut phases = Vec::new();
    for (name, seconds) in steps {
        let phase = DeploymentPhase::parse(name).ok_or("it has a step that is not known")?;
        check_seconds(&format!("the step `{name}`"), *seconds)?;
        phases.push((phase, *seconds));
    }
    phases.sort_by_key(|(phase, _)| *phase);
    Ok(phases)
}

/// That a duration is possible.
fn check_seconds(what: &str, seconds: f64) -> Result<(), String> {
    match seconds {
        0.0..=MOST_SECONDS => Ok(()),
        _ => Err(format!("{what} cannot take {seconds} s")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = r#"{"time":"2026-11-20T10:00:00Z","service":"api","from":"p-api:deployed-1","to":"p-api:deployed-2","containers":"p-api-2","seconds":31,"exit":0,"result":"p-api:deployed-2 is in service"}"#;

    const SECOND: &str = r#"{"version":2,"time":"2026-11-29T18:00:00Z","service":"api","command":"deploy","strategy":"canary","from":"p-api:deployed-2","to":"p-api:deployed-3","from_id":"sha256:2","to_id":"sha256:3","image":"","containers":"p-api-3 p-api-4","old_containers":"p-api-2","seconds":12.34,"steps":{"settle":0.40,"image":0.41,"start":5.31,"switch":2.50,"undo":3.72},"watched":[{"percent":5,"requests":12,"errors":2,"milliseconds":12}],"limits":{"watch":10,"errors":1,"milliseconds":60000},"probe":"HTTP Error 500","exit":1,"result":"too many errors"}"#;

    fn problem(line: &str) -> String {
        let mut read = DeploymentRecords::read(line);
        assert!(read.records.is_empty() && read.problems.len() == 1, "{line}: {read:?}");
        read.problems.remove(0).1
    }

    #[test]
    fn both_versions_are_read() {
        let read = DeploymentRecords::read(&format!("{FIRST}\n\n{SECOND}\n"));
        assert_eq!(read.problems, []);
        let [first, second] = &read.records[..] else { panic!("{read:?}") };
        assert_eq!((first.line, first.seconds, first.is_good()), (1, 31.0, true));
        assert_eq!((&first.steps[..], first.limits, &first.command), (&[][..], None, &None));
        assert_eq!((second.line, second.seconds, second.exit), (3, 12.34, 1));
        let phases: Vec<&str> = second.steps.iter().map(|(phase, _)| phase.name()).collect();
        assert_eq!(phases, ["settle", "image", "start", "switch", "undo"]);
        assert_eq!(second.phase_seconds(DeploymentPhase::Start), Some(5.31));
        assert_eq!(second.phase_seconds(DeploymentPhase::Migrate), None);
        assert_eq!(second.watched, [WatchedShare { percent: 5, requests: 12, errors: 2, milliseconds: 12 }]);
        assert_eq!(second.limits, Some(RecordLimits { watch: 10, errors: 1, milliseconds: 60_000 }));
        assert_eq!((second.image.as_deref(), second.probe.as_deref()), (None, Some("HTTP Error 500")));
        assert_eq!(second.old_containers.as_deref(), Some(&["p-api-2".to_owned()][..]));
        assert_eq!(read.seconds_between(0, 1), Some(9.0 * 86_400.0 + 8.0 * 3_600.0));
    }

    #[test]
    fn lines_that_are_no_records_are_problems() {
        for cut in 1..SECOND.len() {
            let read = DeploymentRecords::read(&format!("{FIRST}\n{}\n{FIRST}", &SECOND[..cut]));
            assert_eq!((read.records.len(), read.problems.len(), read.problems[0].0), (2, 1, 2), "{cut}");
        }
        assert!(problem(&format!("{FIRST}{SECOND}")).starts_with("it is not a record: "));
        assert!(problem("[]").starts_with("it is not a record: "));
        let other = |from: &str, to: &str| problem(&SECOND.replace(from, to));
        assert_eq!(other("\"version\":2", "\"version\":3"), "version 3 of a record is not known: 1 to 2 are");
        assert_eq!(other("\"seconds\":12.34", "\"seconds\":-1"), "the deployment cannot take -1 s");
        assert_eq!(other("\"seconds\":12.34", "\"seconds\":2592001"), "the deployment cannot take 2592001 s");
        assert_eq!(other("\"seconds\":12.34,", ""), "it has no seconds");
        assert!(other("12.34", "NaN").starts_with("it is not a record: "));
        assert_eq!(other("\"start\":5.31", "\"start\":-5"), "the step `start` cannot take -5 s");
        assert_eq!(other("\"start\":5.31", "\"dance\":5"), "it has a step that is not known");
        assert_eq!(other("\"percent\":5", "\"percent\":101"), "101 % of the requests are more than all");
        assert!(other("\"requests\":12", "\"requests\":-12").starts_with("it is not a record: "));
        assert_eq!(other("\"exit\":1", "\"exit\":256"), "256 is no exit code");
        assert_eq!(other("2026-11-29T18", "2026-11-31T18"), "`2026-11-31T18:00:00Z` is no time of RFC 3339");
        assert_eq!(other("\"service\":\"api\"", "\"service\":\"\""), "it names no service");
        let schema = r#"{"schema":"dockopt.record/1","time":"2026-11-20T10:00:00Z","builds":[]}"#;
        assert!(problem(schema).ends_with("but of the schema `dockopt.record/1`"));
    }

    #[test]
    fn clocks_that_go_back_are_problems() {
        let at = |time: &str| FIRST.replace("2026-11-20T10:00:00Z", time);
        let times =
            ["2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z", "2026-11-20T10:57:00Z", "2026-11-20T12:00:00+01:00"];
        let read = DeploymentRecords::read(&times.map(at).join("\n"));
        assert_eq!(read.records.len(), 4);
        let what = "the clock went back by 3 min between line 2 and 3: intervals over it are not counted";
        assert_eq!(read.problems, [(3, what.to_owned())]);
        let between = |from, to| read.seconds_between(from, to);
        assert_eq!([between(0, 1), between(0, 2), between(1, 2), between(0, 3)], [Some(3_600.0), None, None, None]);
        assert_eq!([between(2, 3), between(3, 3), between(3, 4), between(3, 1)], [Some(180.0), Some(0.0), None, None]);
    }
}
