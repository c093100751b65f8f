//! What another program prints, within a limit of time and of bytes.

use std::io::Read;
use std::process::Child;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(2);

/// What a program writes, one byte more than `limit` at most; `None` when it takes too long. It may still run then.
pub(super) fn listen(child: &mut Child, limit: u64, end: Instant) -> Option<Vec<u8>> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut answer = Vec::new();
        let _ = stdout.take(limit + 1).read_to_end(&mut answer);
        let _ = sender.send(answer);
    });
    let answer = receiver.recv_timeout(end.saturating_duration_since(Instant::now())).ok()?;
    // It has written all; its status is still to come, unless it was cut short.
    while answer.len() as u64 <= limit && matches!(child.try_wait(), Ok(None)) {
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(LOOK);
    }
    Some(answer)
}
