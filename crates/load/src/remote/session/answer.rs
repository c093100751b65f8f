//! What an answer says beside its contents: where to look instead, when to come back, why not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::fmt::rfc2822;
use serde::Deserialize;
use ureq::Body;
use ureq::http::{Response, header};

use crate::failure::Failure;
use crate::remote::transport::{refusal, seconds};

/// Characters of an error's text that are shown.
const SHOWN: usize = 300;

#[derive(Default, Deserialize)]
struct Errors {
    errors: Vec<Reason>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    code: String,
    message: String,
}

/// Where an answer sends us, as a full address.
pub(super) fn location(url: &str, response: &Response<Body>) -> Option<String> {
    let next = response.headers().get(header::LOCATION)?.to_str().ok()?.trim();
    if next.starts_with("https://") || next.starts_with("http://") {
        return Some(next.to_owned());
    }
    let (scheme, rest) = url.split_once("://")?;
    if let Some(other) = next.strip_prefix("//") {
        return Some(format!("{scheme}://{other}"));
    }
    let host = rest.split('/').next()?;
    next.starts_with('/').then(|| format!("{scheme}://{host}{next}"))
}

/// When to come back: seconds, or a date.
pub(in crate::remote) fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    text.parse().ok().or_else(|| Some(date(text)?.saturating_sub(now))).map(Duration::from_secs)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` in seconds since 1970 (RFC 9110 §5.6.7).
fn date(text: &str) -> Option<u64> {
    static PARSER: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    PARSER.parse_timestamp(text).ok()?.as_second().try_into().ok()
}

/// The error after the last attempt.
pub(super) fn given_up(mut error: Failure, attempts: u32, wait: Option<Duration>) -> Failure {
    if attempts > 1 {
        error.what = format!("{} ({attempts} attempts)", error.what);
    }
    if let Some(wait) = wait {
        error.help = format!("retry in {}, as the server asks; {}", seconds(wait), error.help);
    }
    error
}

/// What the registry says beside the status.
pub(super) fn reason(response: Response<Body>) -> String {
    let Errors { errors } = refusal(response);
    let texts = errors.iter().map(|error| if error.message.is_empty() { &error.code } else { &error.message });
    texts.cloned().collect::<Vec<_>>().join("; ").chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(date("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        assert_eq!(date("Sun, 06 Nov 1994 09:49:37 +0100"), Some(784_111_777));
        for wrong in [
            "",
            "soon",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1 08:49:37 GMT",
            "a b Nov c d GMT",
            "Thu, 29 Feb 2023 12:00:00 GMT",
        ] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }
}
