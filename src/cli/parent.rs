//! Ends the program with the one that started it, however that ends: its standard input is a pipe that only the other holds.

use std::io::{self, Read};
use std::thread;

use super::exit::FAILED;

/// Ends the program when its standard input does.
pub(super) fn end_with_input() {
    thread::spawn(|| {
        let mut byte = [0];
        while matches!(io::stdin().lock().read(&mut byte), Ok(1..)) {}
        // Nobody wants the result any more; what is not finished has a name that says so.
        #[allow(clippy::exit, reason = "the main thread is at work")]
        std::process::exit(i32::from(FAILED));
    });
}
