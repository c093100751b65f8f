//! Processor time of a test's own thread: a busy machine does not change it.

use std::time::Duration;

#[cfg(target_os = "linux")]
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn now() -> Duration {
    use std::sync::LazyLock;
    static START: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

/// A start, from which processor time counts.
pub struct ThreadTime(Duration);

impl ThreadTime {
    /// Starts now.
    pub fn start() -> Self {
        Self(now())
    }

    /// Whole seconds since the start.
    pub fn seconds(&self) -> u64 {
        now().saturating_sub(self.0).as_secs()
    }
}
