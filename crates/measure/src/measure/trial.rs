//! One container of an image, with companions on a network without a way out: started, waited for, asked, looked at.

mod container_probe;
mod test_network;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use self::test_network::TrialNetwork;
use super::session::Session;
use crate::data;
use crate::engine::{ChangeKind, ContainerState, Exec, PathChange};
use crate::failure::Failure;
use crate::image::Config;
use crate::proof::{Answers, Probe, SettledState, Start, unset_variables};
use crate::text::path;

use self::test_network::{LOOK, WORDS};
pub use self::test_network::{ServiceContainer, TrialRequest};

/// A container that exposes nothing, starts no known server and runs for so long goes on.
const QUIET: Duration = Duration::from_secs(10);

/// From the first open port until all are taken to be open.
const SETTLE: Duration = Duration::from_millis(750);

/// A server that ends within this time does not work: it listened before it found out what it lacks.
const LIVES: Duration = Duration::from_secs(5);

/// The maximum number of questions at which a program may end.
const MOST_DEADLY: usize = 3;

/// How often a health check may fail at first.
const HEALTH: usize = 15;

/// What a container showed.
#[derive(Debug)]
pub(super) struct ContainerTrial<'s> {
    pub stood: SettledState,
    /// What it said until it was asked.
    pub log: String,
    pub answers: Answers,
    /// The first question without an answer.
    silence: Option<String>,
    /// Guessed questions at which the program ended; it was started again and not asked them.
    pub deadly: Vec<String>,
    /// Whether its health check succeeds, and what that said.
    pub health: Option<(bool, String)>,
    pub changes: Vec<PathChange>,
    /// Its variables, user and so on.
    pub config: Config,
    stand: TrialNetwork<'s>,
}

impl Session {
    /// Starts a container and asks it. `questions` are those of the other side, where it was asked before. A program that
    /// ends at a question which was only guessed is started again without it.
    pub(super) fn trial(
        &self,
        image: &str,
        wanted: &TrialRequest,
        questions: Option<&Answers>,
    ) -> Result<ContainerTrial<'_>, Failure> {
        let mut deadly: Vec<String> = Vec::new();
        loop {
            let trial = self.start_trial(image, wanted, (questions, deadly.clone()))?;
            let is_guess = questions.is_none() && wanted.probes.is_empty() && deadly.len() < MOST_DEADLY;
            match &trial.silence {
                Some(question) if is_guess && matches!(trial.stood, SettledState::Ended { .. }) => {
                    deadly.push(question.clone());
                }
                _ => return Ok(trial),
            }
        }
    }

    fn start_trial(
        &self,
        image: &str,
        wanted: &TrialRequest,
        (questions, deadly): (Option<&Answers>, Vec<String>),
    ) -> Result<ContainerTrial<'_>, Failure> {
        let config = self.engine.config(image)?;
        let mut stand = TrialNetwork::open(self, wanted)?;
        let began = Instant::now();
        let stood = match stand.start(image, wanted) {
            Ok(()) => self.wait_until_settled(&stand, &config, wanted)?,
            Err(why) => SettledState::NotStarted(why),
        };
        let mut trial = ContainerTrial {
            stood,
            log: String::new(),
            answers: Answers::new(),
            silence: None,
            deadly,
            health: None,
            changes: Vec::new(),
            config,
            stand,
        };
        if matches!(trial.stood, SettledState::Listens(_) | SettledState::Runs) {
            trial.ask(self, wanted, questions)?;
            trial.health = trial.healthy(self)?;
            trial.look_again(self, began)?;
        }
        if let Some(id) = trial.stand.id() {
            trial.log = self.engine.logs(id, WORDS)?.text();
            trial.changes = self.engine.changes(id)?.into_iter().filter(|change| is_own(&change.path)).collect();
        }
        Ok(trial)
    }

    fn wait_until_settled(
        &self,
        stand: &TrialNetwork<'_>,
        config: &Config,
        wanted: &TrialRequest,
    ) -> Result<SettledState, Failure> {
        let Some(id) = stand.id() else { return Ok(SettledState::Runs) };
        let exposed: Vec<u16> = exposed(config).collect();
        let start = Instant::now();
        let mut open: Option<(Instant, Vec<u16>)> = None;
        loop {
            if self.is_stopped() {
                return Err(Failure::interrupted());
            }
            let state = self.engine.state(id)?;
            if let Some(ended) = end_of(&state) {
                return Ok(ended);
            }
            let ports = stand.listening(&state, &exposed);
            match &open {
                Some((since, known)) if *known == ports && since.elapsed() >= SETTLE => {
                    return Ok(SettledState::Listens(ports));
                }
                Some((_, known)) if *known == ports => {}
                _ if ports.is_empty() => open = None,
                _ => open = Some((Instant::now(), ports)),
            }
            let silent = exposed.is_empty() && wanted.probes.is_empty() && !wanted.serves;
            let patience = if silent { QUIET.min(wanted.limit) } else { wanted.limit };
            if open.is_none() && start.elapsed() >= patience {
                return Ok(SettledState::Runs);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Runs a program in a container of its own and answers with what it ended with and said.
    pub(super) fn run_once(
        &self,
        image: &str,
        words: &[String],
        wanted: &TrialRequest,
    ) -> Result<(Option<i64>, String), Failure> {
        let mut stand = TrialNetwork::open(self, wanted)?;
        if let Err(why) = stand.start_with(image, wanted, words) {
            return Ok((None, why));
        }
        let Some(id) = stand.id() else { return Ok((None, String::new())) };
        let code = self.engine.wait(id, wanted.limit.max(Duration::from_mins(2)), &|| self.is_stopped())?;
        if self.is_stopped() {
            return Err(Failure::interrupted());
        }
        Ok((code, self.engine.logs(id, WORDS)?.text()))
    }
}

impl ContainerTrial<'_> {
    /// One that ended while it was asked, or soon after, has ended.
    fn look_again(&mut self, session: &Session, began: Instant) -> Result<(), Failure> {
        let Some(id) = self.stand.id() else { return Ok(()) };
        while began.elapsed() < LIVES && session.engine.state(id)?.running {
            if session.is_stopped() {
                return Err(Failure::interrupted());
            }
            std::thread::sleep(LOOK);
        }
        if let Some(ended) = end_of(&session.engine.state(id)?) {
            self.stood = ended;
        }
        Ok(())
    }

    /// What it showed, as far as two are compared.
    pub(super) fn start(&self, wanted: &TrialRequest) -> Start {
        let asks = |probe: &Probe| matches!(probe, Probe::Http(..));
        let named = |name: &str, known: &str| known.split('=').next() == Some(name);
        let has_value = |name: &str| {
            self.config.env.iter().any(|(variable, value)| variable == name && !value.is_empty())
                || wanted.environment.iter().any(|known| named(name, known))
        };
        let failed = matches!(&self.stood, SettledState::Ended { code, .. } if *code != 0);
        let known = wanted.variables.iter().map(String::as_str);
        Start {
            stood: self.stood.clone(),
            log: self.log.clone(),
            exposed: exposed(&self.config).collect::<BTreeSet<u16>>(),
            serves: wanted.starts_server || wanted.probes.iter().any(asks),
            seconds: wanted.limit.as_secs(),
            wrote: self.written_paths().keys().any(|path| self.counts(path)),
            unset: if failed { unset_variables(&self.log, known, has_value) } else { Vec::new() },
        }
    }

    /// Whether a path matters: not a temporary file, nor what a program keeps for its next start in its home.
    pub(super) fn counts(&self, path: &str) -> bool {
        let home = self.config.env.iter().find(|(name, _)| name == "HOME").map_or("/root", |(_, value)| value.as_str());
        let kept = data::SYSTEM_FOLDERS.with("shared").chain(["/var/cache/nginx", "/var/log/nginx"]);
        let below = |folder: &str| path::is_within(path, folder);
        let is_cache =
            kept.into_iter().any(below) || below(&format!("{home}/.npm")) || below(&format!("{home}/.cache"));
        let compiled = path.contains("/__pycache__")
            || path.strip_suffix(".pyc").is_some()
            || path.contains("/node_modules/.cache");
        let of_home = below(home) && home != "/" && path[home.len()..].trim_start_matches('/').starts_with('.');
        !is_cache && !compiled && !of_home
    }

    /// The ports that others reach.
    pub(super) fn ports(&self) -> &[u16] {
        match &self.stood {
            SettledState::Listens(ports) => ports,
            _ => &[],
        }
    }

    /// Runs a program inside; `None` where the container has ended.
    pub(super) fn exec(&self, session: &Session, words: &[&str]) -> Result<Option<(i64, String)>, Failure> {
        let Some(id) = self.stand.id() else {
            return Ok(None);
        };
        if !matches!(self.stood, SettledState::Listens(_) | SettledState::Runs) {
            return Ok(None);
        }
        let ended = session.engine.exec(id, &Exec { bytes: WORDS, ..Exec::new(words.iter().copied()) });
        match ended {
            Ok(ended) => Ok(Some((ended.code.unwrap_or(-1), ended.spoken.text()))),
            // It may have ended meanwhile.
            Err(_) if !session.engine.state(id)?.running => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Paths that the container wrote, by what became of them; folders that only hold them left out.
    pub(super) fn written_paths(&self) -> BTreeMap<String, ChangeKind> {
        let all: BTreeMap<&str, ChangeKind> =
            self.changes.iter().map(|change| (change.path.as_str(), change.kind)).collect();
        let holds = |path: &str| {
            let start = format!("{path}/");
            all.range(start.as_str()..).next().is_some_and(|(next, _)| next.starts_with(&start))
        };
        let leaf = |(path, _): &(&&str, &ChangeKind)| !holds(path);
        all.iter().filter(leaf).map(|(path, kind)| ((*path).to_owned(), *kind)).collect()
    }

    /// Runs the image's health check by hand: its own comes too late for us.
    fn healthy(&self, session: &Session) -> Result<Option<(bool, String)>, Failure> {
        let Some(test) = self.config.healthcheck.as_ref() else { return Ok(None) };
        let usual = ["/bin/sh".to_owned(), "-c".to_owned()];
        let shell = self.config.shell.as_deref().unwrap_or(&usual);
        let words: Vec<&str> = match test.split_first() {
            Some((kind, rest)) if kind == "CMD" => rest.iter().map(String::as_str).collect(),
            Some((kind, rest)) if kind == "CMD-SHELL" => shell.iter().chain(rest).map(String::as_str).collect(),
            _ => return Ok(None),
        };
        let mut last = (false, String::new());
        for _ in 0..HEALTH {
            if session.is_stopped() {
                return Err(Failure::interrupted());
            }
            let Some((code, said)) = self.exec(session, &words)? else {
                return Ok(Some((false, "the container exited".into())));
            };
            last = (code == 0, said);
            if code == 0 || code == 126 || code == 127 {
                break;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        Ok(Some(last))
    }
}

/// How a container ended; `None` while it runs.
fn end_of(state: &ContainerState) -> Option<SettledState> {
    state.exit_code.map(|code| SettledState::Ended { code, out_of_memory: state.out_of_memory })
}

/// TCP ports that an image exposes.
fn exposed(config: &Config) -> impl Iterator<Item = u16> {
    config.exposed_ports.iter().filter_map(|port| port.split('/').next()?.parse().ok())
}

/// Whether a path is the container's own: not what the engine puts there, nor what the kernel shows.
fn is_own(path: &str) -> bool {
    let foreign =
        ["/proc", "/sys", "/dev", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab", "/.dockerenv"];
    !foreign.iter().any(|folder| path::is_within(path, folder))
}
