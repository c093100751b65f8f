//! What tests of several crates need. No crate depends on it but for its tests.

// A panic is a failed test.
#![allow(clippy::unwrap_used)]

use dockopt_image::image;
use dockopt_text::text;

mod random;
mod sketch;
mod thread_time;

pub use self::random::Random;
pub use self::sketch::sketch;
pub use self::thread_time::ThreadTime;
