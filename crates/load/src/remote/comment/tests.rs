use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::remote::options::Limits;
use crate::remote::test_server::{Server, ServerAnswer};

const MARKER: &str = "<!-- dockopt report -->";

/// The number, the author and the text of each comment.
type Comments = Vec<(u64, String, String)>;

/// A few comments behind the endpoints of GitHub and GitLab. `hook` sees each request first, with its number.
fn fake(
    comments: &[(u64, &str, &str)],
    hook: impl Fn(usize, &str, &mut Comments) -> Option<ServerAnswer> + Send + Sync + 'static,
) -> (Server, Arc<Mutex<Comments>>) {
    let all = comments.iter().map(|(id, login, body)| (*id, (*login).to_owned(), (*body).to_owned())).collect();
    let comments = Arc::new(Mutex::new(all));
    let shared = Arc::clone(&comments);
    let server = Server::start(move |number, request| {
        let mut comments = shared.lock().unwrap();
        if let Some(answer) = hook(number, request, &mut comments) {
            return answer;
        }
        respond(request, &mut comments)
    });
    (server, comments)
}

fn respond(request: &str, comments: &mut Comments) -> ServerAnswer {
    let (head, contents) = request.split_once("\r\n\r\n").unwrap();
    let mut line = head.split(' ');
    let (method, path) = (line.next().unwrap(), line.next().unwrap());
    let body = || serde_json::from_str::<serde_json::Value>(contents).unwrap()["body"].as_str().unwrap().to_owned();
    let ok = |value: serde_json::Value| ServerAnswer::new("200 OK", &[], value.to_string().as_bytes());
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let id: Option<u64> = path.rsplit('/').next().and_then(|id| id.parse().ok());
    let place = comments.iter().position(|(known, ..)| Some(*known) == id);
    match (method, path, place) {
        ("GET", "/user", _)
            if head.contains("Bearer personal") || head.contains("PRIVATE-TOKEN") || head.contains("private-token") =>
        {
            let name = if head.contains("Bearer") { "login" } else { "username" };
            ok(serde_json::json!({ name: "me" }))
        }
        ("GET", "/user", _) => ServerAnswer::new("403 Forbidden", &[], b"{}"),
        ("GET", ..) => {
            let page: usize = query.split('&').find_map(|part| part.strip_prefix("page=")).unwrap().parse().unwrap();
            let shown = comments.iter().skip((page - 1) * PAGE).take(PAGE).map(|(id, login, body)| {
                let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
                if path.contains("merge_requests") {
                    return serde_json::json!({ "id": id, "author": { "username": login }, "body": body });
                }
                let author = serde_json::json!({ "login": login, "type": kind });
                serde_json::json!({ "id": id, "user": author, "body": body })
            });
            ok(shown.collect())
        }
        ("POST", ..) => {
            let id = comments.iter().map(|(id, ..)| *id).max().unwrap_or(0) + 1;
            let login = if head.contains("personal") { "me" } else { "github-actions[bot]" };
            comments.push((id, login.to_owned(), body()));
            ServerAnswer::new("201 Created", &[], format!("{{\"id\": {id}}}").as_bytes())
        }
        ("PATCH" | "PUT", _, Some(place)) => {
            comments[place].2 = body();
            ok(serde_json::json!({}))
        }
        ("DELETE", _, Some(place)) => {
            comments.remove(place);
            ServerAnswer::new("204 No Content", &[], b"")
        }
        _ => ServerAnswer::new("404 Not Found", &[], br#"{"message": "Not Found"}"#),
    }
}

fn api(server: &Server, platform: CommentPlatform, token: ApiToken) -> CommentApi {
    let limits = Limits { retries: 2, pause: Duration::from_secs(1), ..Limits::default() };
    let address = format!("http://{}", server.host);
    CommentApi { platform, address, project: "team/app".to_owned(), token, limits }
}

fn github(server: &Server) -> CommentApi {
    api(server, CommentPlatform::Github, ApiToken::Personal("ghs_job".to_owned()))
}

fn text(version: u32) -> String {
    format!("{MARKER}\nversion {version}")
}

fn bodies(comments: &Mutex<Comments>) -> Vec<(u64, String)> {
    comments.lock().unwrap().iter().map(|(id, _, body)| (*id, body.clone())).collect()
}

#[test]
fn a_comment_is_created_once_and_updated_then() {
    for platform in [CommentPlatform::Github, CommentPlatform::Gitlab] {
        let (server, comments) = fake(&[(1, "somebody", "hello")], |_, _, _| None);
        let api = api(&server, platform, ApiToken::Personal("personal".to_owned()));
        assert_eq!(api.post(7, MARKER, &text(1)), Ok(CommentChange::Created));
        assert_eq!(api.post(7, MARKER, &text(2)), Ok(CommentChange::Updated));
        assert_eq!(bodies(&comments), [(1, "hello".to_owned()), (2, text(2))]);
        let heads = server.heads();
        let lists = if platform == CommentPlatform::Github {
            "GET /repos/team/app/issues/7/comments?"
        } else {
            "GET /projects/team%2Fapp/merge_requests/7/notes?"
        };
        assert!(heads.iter().any(|head| head.starts_with(lists)), "{heads:?}");
    }
}

#[test]
fn comments_of_others_are_left_alone() {
    let quote = text(0);
    let (server, comments) =
        fake(&[(1, "somebody", &quote), (2, "github-actions[bot]", "another report")], |_, _, _| None);
    assert_eq!(github(&server).post(7, MARKER, &text(1)), Ok(CommentChange::Created));
    let expected = [(1, quote.clone()), (2, "another report".to_owned()), (3, text(1))];
    assert_eq!(bodies(&comments), expected);
}

#[test]
fn a_comment_of_another_bot_does_not_block() {
    let body = text(0);
    let (server, comments) = fake(&[(1, "other[bot]", &body)], |_, request, _| {
        let is_foreign = request.starts_with("PATCH") || request.starts_with("DELETE");
        let id = request.split(' ').nth(1).and_then(|path| path.rsplit('/').next());
        (is_foreign && id == Some("1")).then(|| ServerAnswer::new("403 Forbidden", &[], b"{}"))
    });
    assert_eq!(github(&server).post(7, MARKER, &text(1)), Ok(CommentChange::Created));
    assert_eq!(github(&server).post(7, MARKER, &text(2)), Ok(CommentChange::Updated));
    assert_eq!(bodies(&comments), [(1, text(0)), (2, text(2))]);
}

#[test]
fn nothing_is_created_while_the_author_is_unknown() {
    let body = text(0);
    let (server, comments) = fake(&[(1, "me", &body)], |_, request, _| {
        request.starts_with("GET /user").then(|| ServerAnswer::new("500 Internal Server Error", &[], b"{}"))
    });
    assert_eq!(github(&server).post(7, MARKER, &text(1)).unwrap_err().kind, FailureKind::Broken);
    assert_eq!(bodies(&comments), [(1, text(0))]);
}

#[test]
fn a_refusal_names_what_the_platform_wants() {
    for (platform, token, expected) in [
        (CommentPlatform::Github, ApiToken::Personal("personal".to_owned()), "`pull-requests: write`"),
        (CommentPlatform::Gitlab, ApiToken::Personal("personal".to_owned()), "the scope `api` and at least"),
        (CommentPlatform::Gitlab, ApiToken::Job("job".to_owned()), "CI_JOB_TOKEN cannot write notes"),
    ] {
        for status in ["403 Forbidden", "401 Unauthorized", "404 Not Found"] {
            let (server, _) = fake(&[], move |_, request, _| {
                request.starts_with("POST").then(|| ServerAnswer::new(status, &[], b"{}"))
            });
            let failure = api(&server, platform, token.clone()).post(7, MARKER, "x").unwrap_err();
            let is_told = failure.help.contains(expected);
            assert!(is_told || status != "403 Forbidden" && !matches!(token, ApiToken::Job(_)), "{failure:?}");
            let other = if platform == CommentPlatform::Github { "GITLAB" } else { "GITHUB" };
            assert!(!failure.help.contains(other), "{failure:?}");
        }
    }
}

#[test]
fn the_comment_may_be_on_a_later_page() {
    let body = text(1);
    let mut all: Vec<(u64, &str, &str)> = (1..=250).map(|id| (id, "somebody", "text")).collect();
    all[207] = (208, "github-actions[bot]", &body);
    let (server, comments) = fake(&all, |_, _, _| None);
    assert_eq!(github(&server).post(7, MARKER, &text(2)), Ok(CommentChange::Updated));
    assert_eq!(comments.lock().unwrap()[207].2, text(2));
    assert_eq!(comments.lock().unwrap().len(), 250);
}

#[test]
fn a_comment_that_somebody_deletes_is_created_again() {
    let body = text(1);
    let (server, comments) = fake(&[(5, "github-actions[bot]", &body)], |_, request, comments| {
        if request.starts_with("PATCH") {
            comments.retain(|(id, ..)| *id != 5);
        }
        None
    });
    assert_eq!(github(&server).post(7, MARKER, &text(2)), Ok(CommentChange::Created));
    assert_eq!(bodies(&comments), [(1, text(2))]);
}

#[test]
fn of_two_runs_at_once_one_comment_remains() {
    // Another run creates its comment after this one has looked for it.
    let (server, comments) = fake(&[], |_, request, comments| {
        if request.starts_with("POST") {
            comments.push((1, "github-actions[bot]".to_owned(), text(8)));
        }
        None
    });
    assert_eq!(github(&server).post(7, MARKER, &text(9)), Ok(CommentChange::Created));
    assert_eq!(bodies(&comments), [(1, text(9))]);

    // Really at once.
    let (server, comments) = fake(&[], |_, _, _| None);
    let (first, second) = (github(&server), github(&server));
    let other = std::thread::spawn(move || second.post(7, MARKER, &text(2)));
    first.post(7, MARKER, &text(1)).unwrap();
    other.join().unwrap().unwrap();
    assert_eq!(bodies(&comments).len(), 1, "{comments:?}");
}

#[test]
fn rate_limits_are_waited_for_as_long_as_that_is_short() {
    let limited = |number: usize, status: &str, head: &str| {
        (number == 1).then(|| ServerAnswer::new(status, &[head], br#"{"message": "slow down"}"#))
    };
    for (status, head) in [("429 Too Many Requests", "Retry-After: 1"), ("403 Forbidden", "Retry-After: 0")] {
        let (server, _) = fake(&[], move |number, _, _| limited(number, status, head));
        assert_eq!(github(&server).post(7, MARKER, "x"), Ok(CommentChange::Created), "{status}");
    }
    for (status, head) in [
        ("429 Too Many Requests", "Retry-After: 3600"),
        ("403 Forbidden", "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 99999999999"),
    ] {
        let (server, _) = fake(&[], move |number, _, _| limited(number, status, head));
        let failure = github(&server).post(7, MARKER, "x").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Limited);
        assert_eq!(failure.what, "GitHub reports too many requests (slow down)");
    }
    let (server, _) = fake(&[], |_, _, _| Some(ServerAnswer::new("429 Too Many Requests", &["Retry-After: 0"], b"")));
    assert_eq!(github(&server).post(7, MARKER, "x").unwrap_err().kind, FailureKind::Limited);
    assert_eq!(server.heads().len(), 3, "the first request is sent three times");
}

#[test]
fn refusals_do_not_show_the_token() {
    let answer = br#"{"message": "token ghs_job may not"}"#;
    for (status, kind) in [
        ("401 Unauthorized", FailureKind::Denied),
        ("403 Forbidden", FailureKind::Denied),
        ("404 Not Found", FailureKind::Missing),
        ("422 Unprocessable Entity", FailureKind::Broken),
    ] {
        let (server, _) = fake(&[], move |_, request, _| {
            (!request.starts_with("GET /user")).then(|| ServerAnswer::new(status, &[], answer))
        });
        let api = github(&server);
        let failure = api.post(7, MARKER, "x").unwrap_err();
        assert_eq!(failure.kind, kind, "{status}");
        assert!(failure.what.contains("token *** may not"), "{}", failure.what);
        assert!(!format!("{failure:?}{api:?}").contains("ghs_job"));
    }
}

#[test]
fn a_new_comment_is_not_sent_again_after_a_failure() {
    let (server, _) =
        fake(&[], |_, request, _| request.starts_with("POST").then(|| ServerAnswer::new("502 Bad Gateway", &[], b"")));
    assert_eq!(github(&server).post(7, MARKER, "x").unwrap_err().kind, FailureKind::Broken);
    assert_eq!(server.heads().iter().filter(|head| head.starts_with("POST")).count(), 1);
}

#[test]
fn the_token_is_sent_over_tls_only() {
    for address in ["http://api.example", "ftp://127.0.0.1", "https://me@evil.example", "api.github.com", ""] {
        let token = ApiToken::Personal("t".to_owned());
        let platform = CommentPlatform::Github;
        let address = address.to_owned();
        let api = CommentApi { platform, address, project: "a/b".to_owned(), token, limits: Limits::default() };
        let failure = api.post(1, MARKER, "x").unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Setup | FailureKind::Unreachable), "{failure:?}");
    }
}

#[test]
fn a_pull_request_is_found_by_its_head() {
    let pulls = serde_json::json!([
        { "number": 1, "head": { "sha": "bbb", "repo": { "full_name": "fork/app" } }, "base": { "sha": "0" } },
        { "number": 2, "head": { "sha": "aaa", "repo": null }, "base": { "sha": "0" } },
        { "number": 3, "head": { "sha": "aaa", "repo": { "full_name": "other/app" } }, "base": { "sha": "0" } },
        { "number": 4, "head": { "sha": "aaa", "repo": { "full_name": "Fork/app" } }, "base": { "sha": "def" },
            "labels": [{ "name": "allow-size-increase", "color": "ff0000" }] },
    ]);
    let (server, _) = fake(&[], move |_, _, _| Some(ServerAnswer::new("200 OK", &[], pulls.to_string().as_bytes())));
    let api = github(&server);
    let expected =
        OpenPullRequest { number: 4, base: "def".to_owned(), labels: vec!["allow-size-increase".to_owned()] };
    assert_eq!(api.pull_request_of("fork/app", "fix/a&b", "aaa"), Ok(Some(expected)));
    assert_eq!(api.pull_request_of("fork/app", "fix/a&b", "ccc"), Ok(None));
    assert!(server.heads()[0].starts_with("GET /repos/team/app/pulls?state=open&per_page=100&head=fork:fix%2Fa%26b "));
}
