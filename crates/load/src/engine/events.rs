//! What happens to the containers of an engine, as it happens.

use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use super::api::Engine;
use super::connection::Timeout;
use super::lists::filter;
use crate::failure::Failure;

/// Bytes of one event.
const LINE: u64 = 1 << 20;

/// Events of containers with a label.
pub struct EventStream {
    body: BufReader<Box<dyn Read + Send>>,
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("EventStream")
    }
}

impl Engine {
    /// Follows the events of what carries a label (`key=value`) from now on. `silence`: the longest time without one.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn events(&self, label: &str, silence: Duration) -> Result<EventStream, Failure> {
        let path = self.path(&format!("/events{}", filter(Some(label), '?')));
        let response = self.connection.get(&path, Timeout::Of(silence))?;
        let body = response.into_body().into_with_config().limit(u64::MAX).reader();
        Ok(EventStream { body: BufReader::new(Box::new(body)) })
    }
}

impl Iterator for EventStream {
    type Item = String;

    /// The next event as JSON; `None` where the stream has ended.
    fn next(&mut self) -> Option<String> {
        let mut line = Vec::new();
        match self.body.by_ref().take(LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(String::from_utf8_lossy(&line).into_owned()),
        }
    }
}
