//! How long a step takes when it reruns, as the builds of a log say.

/// How long a step takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepSeconds {
    /// Seconds.
    pub seconds: f64,
    /// Whether a rebuild takes less: the step has a cache mount, and nothing says that it was filled when it ran.
    pub is_at_most: bool,
}

/// What the builds of a log say of one step.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoggedSeconds {
    /// In the last build that ran it.
    last: StepSeconds,
    /// In the last build that is known to have found cache mounts filled.
    rebuild: Option<StepSeconds>,
}

impl LoggedSeconds {
    /// Adds what the step took in a build that comes after those that were added.
    pub fn add(&mut self, time: StepSeconds, is_rebuild: bool) {
        self.last = time;
        if is_rebuild {
            self.rebuild = Some(time);
        }
    }

    /// What the step takes in a rebuild: as in the last build that ran it, with a cache mount as in the last one that
    /// found it filled.
    pub fn in_rebuild(self, has_cache_mount: bool) -> StepSeconds {
        match self.rebuild {
            Some(time) if has_cache_mount => time,
            _ => StepSeconds { is_at_most: self.last.is_at_most || has_cache_mount, ..self.last },
        }
    }
}

/// The sum of times; `None` if there are none. It is an upper bound if one of them is.
pub fn total_seconds(times: impl Iterator<Item = StepSeconds>) -> Option<StepSeconds> {
    times.reduce(|sum, next| StepSeconds {
        seconds: sum.seconds + next.seconds,
        is_at_most: sum.is_at_most || next.is_at_most,
    })
}
