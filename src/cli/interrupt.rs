//! Ctrl-C and its like while files are written, where what was begun is undone or finished first, and of a command that goes on
//! until it is told to end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::exit::{CLEAN, FAILED, FOUND};

/// While it lives, a signal that ends the program only asks for it; afterwards it has its way.
pub(super) struct Interrupts(&'static InterruptState);

struct InterruptState {
    /// The signal that came.
    signal: Arc<AtomicUsize>,
    /// Whether one may end the program at once.
    idle: Arc<AtomicBool>,
}

impl Interrupts {
    /// Holds them back from now on.
    pub(super) fn hold_back() -> Self {
        // What is registered stays so: one state for the whole run.
        static STATE: OnceLock<InterruptState> = OnceLock::new();
        let state = STATE.get_or_init(InterruptState::register);
        state.idle.store(false, Ordering::SeqCst);
        Self(state)
    }

    /// Whether one came.
    pub(super) fn is_interrupted(&self) -> bool {
        self.0.signal.load(Ordering::SeqCst) != 0
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.0.idle.store(true, Ordering::SeqCst);
        if self.is_interrupted() {
            self.0.exit_if_interrupted();
        }
    }
}

#[cfg(unix)]
impl InterruptState {
    fn register() -> Self {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
        let state = Self { signal: Arc::default(), idle: Arc::default() };
        for signal in [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal)) {
            // Where it can't be caught, it ends the program as ever: the old files stand, something lies beside them.
            let _ = signal_hook::flag::register_conditional_default(signal, Arc::clone(&state.idle));
            let _ =
                signal_hook::flag::register_usize(signal, Arc::clone(&state.signal), signal.unsigned_abs() as usize);
        }
        // A file that would be larger than allowed is an error of the write, which says so.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
        state
    }

    fn exit_if_interrupted(&self) {
        if let Ok(signal) = i32::try_from(self.signal.load(Ordering::SeqCst)) {
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    }
}

/// Whether whoever started the program wants it to ignore a signal, as `nohup` does; where the system does not say, it does not.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal - 1) & 1 == 1
}

#[cfg(not(unix))]
impl InterruptState {
    fn register() -> Self {
        Self { signal: Arc::default(), idle: Arc::default() }
    }

    fn exit_if_interrupted(&self) {}
}

/// Ctrl-C of a command that runs until then: the program ends with the code of what it did last.
pub(super) struct EndCode {
    /// Whether it ends with this exit code.
    codes: [(u8, Arc<AtomicBool>); 3],
}

impl EndCode {
    /// Ctrl-C ends the program with this code from now on.
    pub(super) fn new(first: u8) -> Self {
        let end = Self { codes: [CLEAN, FOUND, FAILED].map(|code| (code, Arc::default())) };
        end.set(first);
        #[cfg(unix)]
        for (code, is_last) in &end.codes {
            use signal_hook::consts::SIGINT;
            // Where it can't be caught, it ends the program as ever.
            let _ = signal_hook::flag::register_conditional_shutdown(SIGINT, (*code).into(), Arc::clone(is_last));
        }
        end
    }

    /// Sets another code.
    pub(super) fn set(&self, last: u8) {
        // At each moment one is set.
        for is_it in [true, false] {
            for (code, is_last) in &self.codes {
                if (*code == last) == is_it {
                    is_last.store(is_it, Ordering::SeqCst);
                }
            }
        }
    }
}
