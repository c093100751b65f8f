//! A blob on its way: what closed the connection while sending goes on where it broke off.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use ureq::BodyReader;
use ureq::http::{Response, header};

use super::pace::Paced;
use super::session::{RegistryRequest, Session};
use crate::failure::{Failure, FailureKind};
use crate::image::Digest;

/// A blob that comes: read to its end, or an error. A connection that breaks is taken up again, as often as the limits
/// allow; the digest is for the reader to check.
pub struct Blob {
    session: Arc<Session>,
    digest: Digest,
    /// The blob's bytes in all, where the registry says so.
    size: Option<u64>,
    /// Where the next byte stands in the blob.
    at: u64,
    reader: Paced<BodyReader<'static>>,
    /// Attempts that are left.
    attempts: u32,
}

impl fmt::Debug for Blob {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at {} of {:?}", self.digest, self.at, self.size)
    }
}

impl Blob {
    pub(super) fn open(session: Arc<Session>, digest: &Digest, from: u64) -> Result<Self, Failure> {
        let (reader, size) = ask(&session, digest, from)?;
        let attempts = session.limits.retries;
        Ok(Self { session, digest: digest.clone(), size, at: from, reader, attempts })
    }

    /// The blob's bytes in all, where the registry says so.
    pub const fn size(&self) -> Option<u64> {
        self.size
    }

    /// What is wrong with what was read, if anything: `None` at the right end.
    fn trouble(&self, read: &io::Result<usize>) -> Option<String> {
        match read {
            Ok(0) => {
                self.size.filter(|size| self.at < *size).map(|size| format!("received {} of {size} bytes", self.at))
            }
            Ok(_) => None,
            Err(error) => Some(match error.get_ref().and_then(|cause| cause.downcast_ref::<ureq::Error>()) {
                Some(cause) => self.session.transport(cause).what,
                None => error.to_string(),
            }),
        }
    }
}

/// The blob from a byte on, and its bytes in all.
fn ask(session: &Session, digest: &Digest, from: u64) -> Result<(Paced<BodyReader<'static>>, Option<u64>), Failure> {
    let path = format!("blobs/{digest}");
    let what = format!("blob {digest} of `{}`", session.reference.repository);
    let response = session.get(&RegistryRequest { path: &path, accept: "", from, what: &what })?;
    let broken = |why: &str| {
        let host = session.reference.host();
        Failure::new(FailureKind::Broken, format!("the registry `{host}` {why} {what}"), "try again later")
    };
    let partial = response.status() == 206;
    let (start, size) = if partial { range(&response) } else { (Some(0), length(&response)) };
    // Some send all of it, whatever is asked for.
    let skip = start.and_then(|start| from.checked_sub(start)).ok_or_else(|| broken("sent the wrong byte range of"))?;
    let reader = response.into_body().into_with_config().limit(u64::MAX).reader();
    let mut reader = Paced::new(reader, session.limits.idle);
    let skipped = io::copy(&mut reader.by_ref().take(skip), &mut io::sink());
    if skipped.ok() != Some(skip) {
        return Err(broken("closed the connection while sending"));
    }
    Ok((reader, size))
}

fn length(response: &Response<ureq::Body>) -> Option<u64> {
    response.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// `Content-Range: bytes 100-199/200`: the first byte, and the bytes in all.
fn range(response: &Response<ureq::Body>) -> (Option<u64>, Option<u64>) {
    let text = response.headers().get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let bounds = text.trim().strip_prefix("bytes ").and_then(|rest| rest.split_once('/'));
    let Some((part, all)) = bounds else { return (None, None) };
    (part.split('-').next().and_then(|first| first.trim().parse().ok()), all.trim().parse().ok())
}

impl Read for Blob {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let read = self.reader.read(buffer);
            if let Err(error) = &read
                && error.kind() == io::ErrorKind::Interrupted
            {
                continue;
            }
            let Some(trouble) = self.trouble(&read) else {
                let count = read?;
                self.at += count as u64;
                return Ok(count);
            };
            // Another attempt would trickle, too.
            let is_slow = read.as_ref().is_err_and(|error| {
                error.kind() == io::ErrorKind::TimedOut
                    && error.get_ref().is_none_or(|cause| !cause.is::<ureq::Error>())
            });
            if self.attempts == 0 || is_slow {
                let host = self.session.reference.host();
                let what = format!(
                    "the download of blob {} from the registry `{host}` was interrupted: {trouble}",
                    self.digest
                );
                return Err(Failure::new(FailureKind::Broken, what, "try again later").into_io());
            }
            self.attempts -= 1;
            let (reader, size) = ask(&self.session, &self.digest, self.at).map_err(Failure::into_io)?;
            self.reader = reader;
            self.size = self.size.or(size);
        }
    }
}
