//! Signals to the processes of a container, from outside of it: the engine would take its own signals for a wish to stop the
//! container, and not restart it any more.

use std::time::Duration;

use crate::engine::{Exec, Spec};
use crate::failure::{Failure, FailureKind};
use crate::measure::session::Session;
use crate::startup::IsolatedProject;

/// For the program that sends signals.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who signals the other processes from inside: root, and the container's own user where root may not.
const USERS: [Option<&str>; 2] = [Some("0"), None];

/// How processes of containers are signalled.
#[derive(Clone, Debug)]
pub(super) struct Signaller {
    /// An image with a shell; `None` where no image of the project has one.
    image: Option<String>,
}

impl Session {
    /// Finds an image whose shell sends signals.
    pub(super) fn signaller(&self, isolated: &IsolatedProject) -> Result<Signaller, Failure> {
        for image in isolated.images.values() {
            if self.has_shell(&image.name)? {
                return Ok(Signaller { image: Some(image.name.clone()) });
            }
        }
        Ok(Signaller { image: None })
    }

    /// Stops all processes of a container; why some run on.
    pub(super) fn stop_processes(&self, signaller: &Signaller, id: &str) -> Result<Option<String>, Failure> {
        let result = self.stop_all(signaller, id);
        match result {
            Err(error) if [FailureKind::Refused, FailureKind::Missing].contains(&error.kind) => {
                Ok(Some("its container has ended".to_owned()))
            }
            result => result,
        }
    }

    fn stop_all(&self, signaller: &Signaller, id: &str) -> Result<Option<String>, Failure> {
        let processes = self.engine.processes(id)?;
        if self.signal_from_outside(signaller, "STOP", &processes)?.is_none() {
            // What was started meanwhile.
            let more = self.engine.processes(id)?.into_iter().filter(|process| !processes.contains(process));
            let more: Vec<i32> = more.collect();
            if !more.is_empty() {
                self.signal_from_outside(signaller, "STOP", &more)?;
            }
            return Ok(None);
        }
        self.engine.signal(id, "STOP")?;
        let mut has_shell = false;
        for user in USERS {
            has_shell |= self.signal_from_inside(id, "STOP", user)?;
        }
        if has_shell || self.engine.processes(id)?.len() < 2 {
            return Ok(None);
        }
        Ok(Some("its image has no shell, so that only its first process can be stopped".to_owned()))
    }

    /// Continues all processes of a container.
    pub(super) fn continue_processes(&self, signaller: &Signaller, id: &str) {
        let processes = self.engine.processes(id).unwrap_or_default();
        // One that is gone meanwhile is seen afterwards.
        if !matches!(self.signal_from_outside(signaller, "CONT", &processes), Ok(None)) {
            let _ = self.engine.signal(id, "CONT");
            for user in USERS {
                let _ = self.signal_from_inside(id, "CONT", user);
            }
        }
    }

    /// Signals processes of the engine's machine; why that is not possible.
    pub(super) fn signal_from_outside(
        &self,
        signaller: &Signaller,
        signal: &str,
        processes: &[i32],
    ) -> Result<Option<String>, Failure> {
        let Some(image) = &signaller.image else {
            return Ok(Some("no image of the project has a shell".to_owned()));
        };
        if processes.is_empty() {
            return Ok(Some("its container has ended".to_owned()));
        }
        let list: Vec<String> = processes.iter().map(i32::to_string).collect();
        let script = format!("kill -{signal} {}", list.join(" "));
        let spec = Spec {
            image: image.clone(),
            entrypoint: Some(vec!["/bin/sh".to_owned()]),
            command: Some(vec!["-c".to_owned(), script]),
            user: Some("0".to_owned()),
            labels: self.labels(),
            network: Some("none".to_owned()),
            no_healthcheck: true,
            sees_host_processes: true,
            ..Spec::default()
        };
        let id = self.engine.create(&spec)?;
        let code = match self.engine.start(&id) {
            Ok(()) => self.engine.wait(&id, PATIENCE, &|| self.is_stopped()),
            // Where users are mapped the engine does not allow it.
            Err(error) => {
                self.engine.remove(&id)?;
                return Ok(Some(format!("the engine does not allow it: {}", self.mask(&error.what))));
            }
        };
        self.engine.remove(&id)?;
        // A process that ended meanwhile makes it 1.
        Ok(if matches!(code?, Some(0 | 1)) { None } else { Some("the engine does not allow it".to_owned()) })
    }

    /// Signals all processes of a container but the first one; whether there is a shell to do it.
    fn signal_from_inside(&self, id: &str, signal: &str, user: Option<&str>) -> Result<bool, Failure> {
        let script = format!("kill -{signal} -1");
        let exec = Exec { user: user.map(str::to_owned), limit: PATIENCE, ..Exec::new(["/bin/sh", "-c", &script]) };
        let result = self.engine.exec(id, &exec)?;
        Ok(!matches!(result.code, Some(126 | 127)))
    }
}
