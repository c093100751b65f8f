//! Comments on pull requests of GitHub and merge requests of GitLab: one that is recognized by its marker is created or
//! updated, and only one remains when two runs do that at once.

mod api;
mod client;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use self::api::encoded;
pub use self::api::{ApiToken, CommentApi, CommentPlatform};
use self::client::{Client, Method};
use crate::failure::{Failure, FailureKind};

/// Pages of comments that are searched.
const MOST_PAGES: usize = 100;

/// Comments of a page.
const PAGE: usize = 100;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentChange {
    /// There was no comment with the marker.
    Created,
    /// The comment has the new text.
    Updated,
}

/// An open pull request of GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPullRequest {
    /// Its number.
    pub number: u64,
    /// The commit that it is to be merged into.
    pub base: String,
    /// Its labels.
    pub labels: Vec<String>,
}

#[derive(Deserialize)]
struct CommentJson {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    /// GitHub's.
    #[serde(default)]
    user: Option<AuthorJson>,
    /// GitLab's.
    #[serde(default)]
    author: Option<AuthorJson>,
}

#[derive(Clone, Default, Deserialize)]
struct AuthorJson {
    #[serde(default, alias = "username")]
    login: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct PullJson {
    number: u64,
    head: HeadJson,
    base: BaseJson,
    #[serde(default)]
    labels: Vec<LabelJson>,
}

#[derive(Deserialize)]
struct BaseJson {
    sha: String,
}

#[derive(Deserialize)]
struct LabelJson {
    name: String,
}

#[derive(Deserialize)]
struct HeadJson {
    sha: String,
    repo: Option<RepositoryJson>,
}

#[derive(Deserialize)]
struct RepositoryJson {
    full_name: String,
}

/// Whose comments are updated: somebody else's with the marker are left alone.
enum CommentAuthor {
    Login(String),
    /// The platform does not say who one is; GitHub's jobs are a bot.
    Bot,
    /// GitLab does not say it for the tokens of jobs.
    Unknown,
}

impl CommentAuthor {
    /// Who posts.
    ///
    /// # Errors
    /// The platform cannot say it now: to guess may create a second comment.
    fn of(client: &Client) -> Result<Self, Failure> {
        if client.is_job() {
            return Ok(Self::Unknown);
        }
        match (client.read::<AuthorJson>("/user"), client.platform()) {
            (Ok(author), _) if !author.login.is_empty() => Ok(Self::Login(author.login)),
            (Err(failure), _) if !matches!(failure.kind, FailureKind::Denied | FailureKind::Missing) => Err(failure),
            // The token of a job of GitHub may not ask.
            (_, CommentPlatform::Github) => Ok(Self::Bot),
            (_, CommentPlatform::Gitlab) => Ok(Self::Unknown),
        }
    }
}

impl CommentApi {
    /// Creates the comment, or updates the one whose text begins with the marker.
    ///
    /// # Errors
    /// The platform cannot be reached, refuses the token, has no such pull request, or asks to wait for long.
    pub fn post(&self, number: u64, marker: &str, text: &str) -> Result<CommentChange, Failure> {
        let client = Client::new(self)?;
        let thread = CommentThread { client: &client, number, author: CommentAuthor::of(&client)?, marker };
        for id in thread.comments()? {
            match client.send(Method::Update, &client.comment(number, id), Some(text)) {
                Ok(_) => {
                    thread.keep_one(text);
                    return Ok(CommentChange::Updated);
                }
                // Somebody deleted it in between, or it is another bot's.
                Err(failure) if matches!(failure.kind, FailureKind::Missing | FailureKind::Denied) => {}
                Err(failure) => return Err(failure),
            }
        }
        client.send(Method::Create, &client.comments(number), Some(text))?;
        // Another run may have created one at the same time.
        thread.keep_one(text);
        Ok(CommentChange::Created)
    }

    /// The open pull request of GitHub with this commit of this repository as its head. `repository` and `branch` are those
    /// of the head.
    ///
    /// # Errors
    /// The platform cannot be reached, or refuses the token.
    pub fn pull_request_of(
        &self,
        repository: &str,
        branch: &str,
        sha: &str,
    ) -> Result<Option<OpenPullRequest>, Failure> {
        let client = Client::new(self)?;
        let owner = repository.split('/').next().unwrap_or_default();
        let (owner, branch) = (encoded(owner), encoded(branch));
        let path = format!("{}/pulls?state=open&per_page={PAGE}&head={owner}:{branch}", client.project());
        let pulls: Vec<PullJson> = client.read(&path)?;
        let is_same = |pull: &&PullJson| {
            let head = pull.head.repo.as_ref().map(|repository| repository.full_name.as_str());
            pull.head.sha == sha && head.is_some_and(|name| name.eq_ignore_ascii_case(repository))
        };
        Ok(pulls.into_iter().find(|pull| is_same(&pull)).map(|pull| OpenPullRequest {
            number: pull.number,
            base: pull.base.sha,
            labels: pull.labels.into_iter().map(|label| label.name).collect(),
        }))
    }
}

/// The comments of a pull request.
struct CommentThread<'a> {
    client: &'a Client<'a>,
    number: u64,
    author: CommentAuthor,
    marker: &'a str,
}

impl CommentThread<'_> {
    /// The ids of the comments with the marker, the oldest first.
    fn comments(&self) -> Result<Vec<u64>, Failure> {
        let mut ids = Vec::new();
        for page in 1..=MOST_PAGES {
            let path = format!("{}?per_page={PAGE}&page={page}", self.client.comments(self.number));
            let comments: Vec<CommentJson> = self.client.read(&path)?;
            let count = comments.len();
            ids.extend(comments.iter().filter(|comment| self.matches(comment)).map(|comment| comment.id));
            if count < PAGE {
                break;
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    fn matches(&self, comment: &CommentJson) -> bool {
        let author = comment.user.as_ref().or(comment.author.as_ref()).cloned().unwrap_or_default();
        let is_mine = match &self.author {
            CommentAuthor::Login(login) => *login == author.login,
            CommentAuthor::Bot => author.kind == "Bot",
            CommentAuthor::Unknown => true,
        };
        is_mine && comment.body.as_deref().is_some_and(|body| body.starts_with(self.marker))
    }

    /// Of several comments with the marker the oldest gets the text and the others are deleted: two runs that do this
    /// agree on the one that stays. What fails here leaves two comments, which the next run cleans up.
    fn keep_one(&self, text: &str) {
        let Ok(ids) = self.comments() else { return };
        if ids.len() < 2 {
            return;
        }
        // One that belongs to another bot can be neither written nor deleted.
        let update = |id: &u64| self.client.send(Method::Update, &self.client.comment(self.number, *id), Some(text));
        if let Some(oldest) = ids.iter().position(|id| update(id).is_ok()) {
            for id in ids.iter().skip(oldest + 1) {
                let _ = self.client.send(Method::Delete, &self.client.comment(self.number, *id), None);
            }
        }
    }
}
