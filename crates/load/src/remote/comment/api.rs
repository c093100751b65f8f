//! Where comments are posted, and who posts.

use std::fmt;

use crate::remote::options::Limits;

/// Characters of an address's parts that are sent as they are.
const PLAIN: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where comments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentPlatform {
    /// GitHub: comments of issues.
    Github,
    /// GitLab: notes of merge requests.
    Gitlab,
}

/// What proves to a platform who one is. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum ApiToken {
    /// Of a user, an app or a project.
    Personal(String),
    /// Of a job of GitLab.
    Job(String),
}

impl ApiToken {
    /// The secret itself.
    pub fn secret(&self) -> &str {
        match self {
            Self::Personal(secret) | Self::Job(secret) => secret,
        }
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ApiToken(***)")
    }
}

/// A project on a platform, and how it is reached.
#[derive(Clone, Debug)]
pub struct CommentApi {
    /// The platform.
    pub platform: CommentPlatform,
    /// The address of its API, without a slash at the end: `https://api.github.com`.
    pub address: String,
    /// `owner/name` on GitHub; the number or path of the project on GitLab.
    pub project: String,
    /// Proves who posts.
    pub token: ApiToken,
    /// How long, how often.
    pub limits: Limits,
}

/// A part of an address.
pub(super) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, PLAIN).to_string()
}
