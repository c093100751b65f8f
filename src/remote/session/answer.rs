//! What an answer says beside its contents: where to look instead, when to come back, why not.

use std::io::Read;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use ureq::Body;
use ureq::http::{Response, header};

use super::{Request, Session};
use crate::remote::error::{Error, Kind, seconds};

/// Bytes of an error's text that are read.
const TEXT: u64 = 64 << 10;

/// Characters of an error's text that are shown.
const SHOWN: usize = 300;

#[derive(Deserialize)]
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
pub(super) fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    text.parse().ok().or_else(|| Some(date(text)?.saturating_sub(now))).map(Duration::from_secs)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` in seconds since 1970 (RFC 9110 §5.6.7).
fn date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = parts[..] else { return None };
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok()?);
    let month = MONTHS.iter().position(|own| *own == month)? as u64 + 1;
    let clock: Vec<u64> = time.split(':').filter_map(|part| part.parse().ok()).collect();
    let [hours, minutes, seconds] = clock[..] else { return None };
    if !(1970..10_000).contains(&year) || !(1..=31).contains(&day) || hours > 24 || minutes > 60 || seconds > 60 {
        return None;
    }
    // Years begin in March here, so that a leap day is their last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    Some((days - 719_468) * 86_400 + hours * 3600 + minutes * 60 + seconds)
}

/// The error after the last attempt.
pub(super) fn given_up(mut error: Error, attempts: u32, wait: Option<Duration>) -> Error {
    if attempts > 1 {
        error.what = format!("{} ({attempts} attempts)", error.what);
    }
    if let Some(wait) = wait {
        error.help = format!("it asks to come back in {}; {}", seconds(wait), error.help);
    }
    error
}

/// What the registry says beside the status.
pub(super) fn reason(mut response: Response<Body>) -> String {
    let mut bytes = Vec::new();
    // What comes of it is shown; a connection that breaks here changes nothing.
    let _ = response.body_mut().as_reader().take(TEXT).read_to_end(&mut bytes);
    let Ok(Errors { errors }) = serde_json::from_slice(&bytes) else { return String::new() };
    let texts = errors.iter().map(|own| if own.message.is_empty() { &own.code } else { &own.message });
    texts.cloned().collect::<Vec<_>>().join("; ").chars().take(SHOWN).collect()
}

impl Session {
    /// What a status other than success means.
    pub(super) fn refusal(&self, request: &Request<'_>, response: Response<Body>) -> Error {
        let status = response.status();
        let host = self.reference.host();
        let reason = Some(reason(response)).filter(|text| !text.is_empty());
        let said = reason.map(|text| format!(" ({text})")).unwrap_or_default();
        let repository = format!("{}/{}", self.reference.registry, self.reference.repository);
        match status.as_u16() {
            401 | 403 => self.denied(&repository, &said),
            404 => Error::new(
                Kind::Missing,
                format!("the registry `{host}` has no {}{said}", request.what),
                "check name and tag; a private repository that you may not see looks the same",
            ),
            429 => Error::new(
                Kind::Limited,
                format!("the registry `{host}` gets too many requests from here{said}"),
                "wait, or log in for a higher limit (`docker login`)",
            ),
            300..=399 => Error::new(
                Kind::Broken,
                format!("the registry `{host}` sends us around for {}", request.what),
                "check the name of the registry",
            ),
            500..=599 => Error::new(
                Kind::Broken,
                format!("the registry `{host}` fails with {status} for {}{said}", request.what),
                "try again later",
            ),
            _ => Error::new(
                Kind::Broken,
                format!("the registry `{host}` answers {status} for {}{said}", request.what),
                "check the name of the registry and of the image",
            ),
        }
    }

    /// Who was sent away, and why.
    pub(super) fn denied(&self, repository: &str, said: &str) -> Error {
        let looked = self.looked();
        let registry = &self.reference.registry;
        let login =
            if registry == "docker.io" { "docker login".to_owned() } else { format!("docker login {registry}") };
        let mut help = format!("`{login}` keeps credentials for it");
        if let Some(trouble) = &looked.trouble {
            help = format!("{trouble}; {help}");
        }
        let what = match looked.credentials.who() {
            None => format!(
                "the registry `{registry}` gives `{repository}` to no stranger{said}, and there are no credentials"
            ),
            Some(who) => format!("the registry `{registry}` refuses `{repository}` to {who}{said}"),
        };
        Error::new(Kind::Denied, what, help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(date("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        for wrong in ["", "soon", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1 08:49:37 GMT", "a b Nov c d GMT"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }
}
