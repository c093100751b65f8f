//! Which names and values count.

use super::*;

#[test]
fn names_count_by_their_words() {
    for name in [
        "API_KEY",
        "apiKey",
        "DB_PASSWORD",
        "NPM_TOKEN",
        "SECRET_KEY_BASE",
        "GithubToken",
        "PASSWD",
        "AWS_SECRET_ACCESS_KEY",
    ] {
        assert!(secret(0, Span::default(), name, Some("s3cr3t-v4lue-of-1ength")).is_some(), "{name}");
    }
    for name in [
        "KEYBOARD",
        "TOKENIZERS_PARALLELISM",
        "MAX_TOKEN",
        "PASSWORD_FILE",
        "USERNAME",
        "AWS_ACCESS_KEY_ID",
        "GPG_KEY",
        "PUBLIC_KEY",
        "SSH_AUTH_SOCK",
        "AUTHOR",
        "MONKEY",
    ] {
        assert!(secret(0, Span::default(), name, Some("s3cr3t-v4lue-of-1ength")).is_none(), "{name}");
    }
}

#[test]
fn values_are_found_wherever_they_stand() {
    let check = |text: &str, expected: &[&str]| {
        let mut hidden = Vec::new();
        in_text(text, &mut hidden);
        assert_eq!(hidden, expected, "{text}");
    };
    check("RUN pip install -i https://ci:pw-9-x@host/simple x", &["pw-9-x"]);
    check("RUN git clone 'https://ghp0123456789abcdef@host/x'", &["ghp0123456789abcdef"]);
    check("RUN export API_TOKEN=abc123; npm ci --auth-token=\"d-e9\"", &["abc123", "d-e9"]);
    check("RUN TOKEN=$(cat /run/secrets/token) PASSWORD=$PW run --mount=type=secret,id=token", &[]);
    check("RUN a=b=c é=ü tökén=x ==", &[]);
}

#[test]
fn values_that_are_none_are_silent() {
    for value in [
        "",
        "''",
        "changeme",
        "$TOKEN",
        "${TOKEN:-x}",
        "/run/secrets/token",
        "true",
        "<token>",
        "your-token-here",
        "password",
        "00000000-0000-0000",
    ] {
        assert!(secret(0, Span::default(), "TOKEN", Some(value)).is_none(), "{value}");
    }
    assert!(secret(0, Span::default(), "SORT_KEY", Some("created")).is_none());
    assert!(secret(0, Span::default(), "TOKEN", None).is_some());
    assert_eq!(url_password("postgres://a:pw9@h/db"), Some("pw9"));
    assert_eq!(url_password("postgres://a:$PW@h/db"), None);
    assert_eq!(url_password("postgres://user:pass@localhost/dummy"), None);
    assert_eq!(url_password("postgres://app:app@db/app"), None);
    assert_eq!(url_password("http://h:80/a@b:c"), None);
}
