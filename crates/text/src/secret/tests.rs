//! Which names and values count.

use std::collections::BTreeSet;

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
        "DB_PASS",
        "PASS",
        "PGPASSWORD",
        "MYSQL_PWD",
        "GITHUB_PAT",
        "PAT",
        "SERVER_PASSWORD",
        "MONGO_USER_PASSWORD",
        "BUCKET_SECRET",
        "REQUIREPASS",
    ] {
        assert!(variable(name, Some("s3cr3t-v4lue-of-1ength")).is_some(), "{name}");
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
        "PWD",
        "OLD_PWD",
        "OLDPWD",
        "PASSWORD_HASHING",
        "NOPASSWD",
        "PASS_THROUGH",
        "COMPASS",
        "PAT_STORE",
        "CONFIG_SECRET_PARAM_BOOTSTRAP_SERVERS",
        "PASSWORD_SERVER",
        "TOKEN_SCOPES",
        "SECRET_PROVIDERS",
        "PATH",
    ] {
        assert!(variable(name, Some("s3cr3t-v4lue-of-1ength")).is_none(), "{name}");
    }
}

/// Settings about secrets: their algorithms, times, places and forms.
#[test]
fn names_of_settings_about_secrets_are_shown() {
    for (name, value) in [
        ("JWT_ALGORITHM", "HS256"),
        ("JWT_SIGNING_ALG", "RS256"),
        ("JWT_EXPIRES_MINUTES", "60m"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "30m"),
        ("PIN_VERSIONS", "strict-2"),
        ("PASSWORD_RESET_URL", "https://example.com/reset"),
        ("PASSWORD_RESET_TEMPLATE", "reset-v2.html"),
        ("PASSWORD_RESET_SENDER", "no-reply-2"),
        ("SECRET_MANAGER", "aws-ssm-2"),
        ("SECRET_BACKEND", "vault-kv-v2"),
        ("PASSWORD_FIELD", "pwd_field2"),
        ("PASSWORD_HASH_ROUNDS", "2x12"),
        ("AUTH_TOKEN_COOKIE", "sid-v2-acme"),
        ("TOKEN_STORE", "redis-7-main"),
        ("SECRET_ROTATION", "each-90-days"),
        ("LOGIN_TOKEN_STRATEGY", "rotate-4-x"),
    ] {
        assert!(variable(name, Some(value)).is_none(), "{name}");
        assert!(
            hidden_in(&format!("ENV {name}={value}\n{name}: {value}\n\"{name}\": \"{value}\"")).is_empty(),
            "{name}"
        );
    }
    // The last word says what the value is.
    for name in [
        "STORE_PASSWORD",
        "MANAGER_TOKEN",
        "FIELD_ENCRYPTION_KEY",
        "COOKIE_SECRET",
        "COOKIE_SECRET_KEY",
        "TEMPLATE_PASSWORD",
    ] {
        assert!(variable(name, Some("s3cr3t-v4lue-of-1ength")).is_some(), "{name}");
    }
}

#[test]
fn secrets_in_sentences_are_found() {
    for text in [
        "# admin password is hunter2-x9",
        "The password of the database is `hunter2-x9`.",
        "LABEL note=\"default admin password is hunter2-x9\"",
        "support=\"Password for root: hunter2-x9\"",
        "echo 'the API token is hunter2-x9'",
        "description: login with admin / hunter2-x9",
        "credentials: admin / hunter2-x9",
        "passphrase of the key is \"hunter2-x9\", ask ops",
    ] {
        assert!(reportable(text).iter().any(|secret| secret.value == "hunter2-x9"), "{text}");
        assert_eq!(hidden_in(text), ["hunter2-x9"], "{text}");
    }
    for text in [
        "# the password is required",
        "# the password is hashed with argon2id-v19",
        "the password is sha256-hashed",
        "the token is base64-encoded",
        "the secret is stored in redis7-main",
        "password policy: min12-chars-1digit",
        "the password is $PASSWORD1 of the environment",
        "the password is in /run/secrets/db1",
        "the token is https://example.com/a1b2c3d4e5",
        "the name of the secret is db-password-v2",
        "see the login page / oauth2-proxy",
        "the session is a1b2c3d4e5f6",
        "the token is token2value(request)",
        "the password is changeme123",
    ] {
        assert_eq!(reportable(text).len(), 0, "{text}");
    }
}

#[test]
fn fingerprints_and_checksums_of_keys_are_public() {
    const FINGERPRINT: &str = "B97B0AFCAA1A47F044F244A07FCC7D46ACCC4CF8";
    for (name, value) in [
        ("key", FINGERPRINT),
        ("NODE_KEY", "0x7FCC7D46ACCC4CF8"),
        ("key", "B97B 0AFC AA1A 47F0 44F2  44A0 7FCC 7D46 ACCC 4CF8"),
        ("SIGNING_KEY_FINGERPRINT", FINGERPRINT),
        ("KEY_SHA512", "8f14e45fceea167a5a36dedd4bea2543d41d8cd98f00b204e9800998ecf8427e"),
        ("REPO_KEY_CHECKSUM", "8f14e45fceea167a5a36dedd4bea2543"),
    ] {
        assert_eq!(variable(name, Some(value)), None, "{name}");
    }
    for (name, value) in [
        ("API_KEY", FINGERPRINT),
        ("key", "b97b0afcaa1a47f044f244a07fcc7d46accc4cf8"),
        ("ROOT_PASSWORD_SHA256", "8f14e45fceea167a5a36dedd4bea2543d41d8cd98f00b204e9800998ecf8427e"),
    ] {
        assert!(variable(name, Some(value)).is_some(), "{name}");
    }
    assert!(text::in_text("RUN key='B97B0AFCAA1A47F044F244A07FCC7D46ACCC4CF8'; gpg --recv-keys \"$key\"").is_empty());
}

#[test]
fn environment_files_hold_secrets_in_their_lines() {
    for text in
        ["DB_PASS = hunter2-or-so\n", "# x\nexport API_KEY='sk-93-ab'\n", "DATABASE_URL=postgres://me:s3cr3t9@db/x"]
    {
        assert!(environment_file_holds_secret(".env", text), "{text}");
    }
    for text in [
        "",
        "API_URL=http://localhost:8000\nDATABASE_URL=postgres://localhost/x\n",
        "# DB_PASS = hunter2-or-so\n",
        "DB_PASS = \nSECRET_KEY = changeme\n",
        "the password = is not here",
    ] {
        assert!(!environment_file_holds_secret(".env", text), "{text}");
    }
    for (file, text, expected) in [
        (
            ".env.test",
            "AWS_SECRET_ACCESS_KEY=local-test-1\nJWT_SECRET=%LOCAL%\nSTORE_ENCRYPTION_KEY=hunter-two\n",
            false,
        ),
        (".env.development", "JWT_SECRET=a7Gk2pQ9vLm5x\n", true),
        (".env", "VITE_API_KEY=a7Gk2pQ9vLm5xa7Gk2pQ\nNEXT_PUBLIC_TOKEN=a7Gk2pQ9vLm5\n", false),
        (".env", "CLERK_KEY=pk_test_a7Gk2pQ9vLm5xa7Gk2pQ\nSTRIPE_SECRET=pk_live_a7Gk2pQ9vLm5\n", false),
        (".env", "STRIPE_SECRET=sk_live_a7Gk2pQ9vLm5\n", true),
    ] {
        assert_eq!(environment_file_holds_secret(file, text), expected, "{file}: {text}");
    }
}

#[test]
fn values_are_masked_everywhere() {
    let check = |text: &str, expected: &[&str]| {
        let hidden: BTreeSet<String> = text::in_text(text).into_iter().map(|secret| secret.value).collect();
        let expected: BTreeSet<String> = expected.iter().map(|value| (*value).to_owned()).collect();
        assert_eq!(hidden, expected, "{text}");
    };
    check("RUN pip install -i https://ci:pw-9-x@host/simple x", &["pw-9-x"]);
    check("RUN git clone 'https://ghp0123456789abcdef@host/x'", &["ghp0123456789abcdef"]);
    check("RUN export API_TOKEN=abc123; npm ci --auth-token=\"d-e9\"", &["abc123", "d-e9"]);
    check("RUN TOKEN=$(cat /run/secrets/token) PASSWORD=$PW run --mount=type=secret,id=token", &[]);
    check(
        "RUN deploy --api-key a1b2-c3 --token=d4e5 --password 'f6 g7' --password-stdin x",
        &["d4e5", "a1b2-c3", "f6 g7"],
    );
    check("CMD [\"run\", \"--token\", \"h8i9\", \"--secret\", \"id=x1y2\"]", &["h8i9"]);
    check("RUN curl -fsS -u bot:j0k1 https://h/ && useradd -u me:l2m3", &["j0k1"]);
    check("CMD [\"curl\", \"-u\", \"bot:n4o5\", \"h\"]", &["n4o5"]);
    check("RUN id -u 0:0; docker run --user 1000:1000 curl -u $A:$B --token $T --key -x", &[]);
    check(
        "# ghp_0a1b2c3d4e5f6a7b8c9d and sk_live_0a1b2c3d4e5f6a7b8c9d.",
        &["ghp_0a1b2c3d4e5f6a7b8c9d", "sk_live_0a1b2c3d4e5f6a7b8c9d"],
    );
    check("AKIAIOSFODNN7EXAMPLE npm_config_registry_for_all_of_them_1 sk-learn-extra", &["AKIAIOSFODNN7EXAMPLE"]);
    check("RUN export TOKEN=\"p6q7\\\n  r8\"", &["p6q7"]);
    check("RUN a=b=c é=ü tökén=x ==", &[]);
    check(
        "RUN curl -H \"Authorization: Bearer s7t8\" -H 'X-Api-Key: u9v0' -H Private-Token:w1x2 h",
        &["s7t8", "u9v0", "w1x2"],
    );
    check("RUN curl -H \"Authorization: Bearer $TOKEN\" -H 'Accept: text/html' -H 'X-Request-Id: y3z4' h:80", &[]);
    check("  command: 'curl -H ''Authorization: Basic k5l6'' https://h'", &["k5l6"]);
    check(
        "RUN wget --header='Authorization: Basic dXNlcjpwYXNz==' --header=\"Cookie: sid=a5b6; lang=en\" h",
        &["dXNlcjpwYXNz==", "a5b6"],
    );
    check("RUN http -a me:c7d8 h X-API-Token:e9f0 && xh --auth=me:g1h2 h", &["c7d8", "e9f0", "g1h2"]);
    check("CMD [\"curl\", \"-H\", \"Authorization: token i3j4\", \"h\"]", &["i3j4"]);
    check("RUN mysql -uroot -pk5l6 app < a.sql && mysqldump -p'm7 n8' db; mariadb -p app -h p9q0", &["k5l6", "m7 n8"]);
    check("RUN sh -c \"mysql -pr1s2\" && mysql -p$PW && mysql -p\"${PW}\" && mkdir -p t3u4", &["r1s2"]);
    check("RUN sshpass -p v5w6 ssh h; sshpass -px7y8 ssh h; redis-cli -a z9a0 ping", &["v5w6", "x7y8", "z9a0"]);
    check(
        "RUN docker login -u me -p b1c2 r.io && docker run -p 80:d3e4 x; /usr/bin/podman login -pf5g6",
        &["b1c2", "f5g6"],
    );
    check(
        "RUN echo 'root:h7i8' | chpasswd && echo \"a:j9k0\" | sudo chpasswd -e; echo b:l1m2 | cat",
        &["h7i8", "j9k0"],
    );
    check("CMD redis-server --requirepass a7b8 && redis-server --masterauth=c9d0", &["c9d0", "a7b8"]);
    check("[\"valkey-cli\", \"-a\", \"e1f2\", \"ping\"] etcdctl --user=root:g3h4", &["e1f2", "g3h4"]);
    check("RUN ldapsearch -w n3o4 \\\n  -x; mongosh -u a -p p5q6", &["n3o4", "p5q6"]);
}

/// A text as it stands in a Dockerfile, between double quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"))
}

/// As it stands in a compose file, between single quotes.
fn doubled(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''").replace('$', "$$"))
}

/// A shape of the planted test with secrets that begin with `q7`.
fn grown(shape: &str) -> String {
    let mut parts = shape.split("@@").enumerate();
    let grow = |(number, part): (usize, &str)| {
        if number == 0 { part.to_owned() } else { format!("q7{number:05}p-plum-kiwi{part}") }
    };
    parts.by_ref().map(grow).collect()
}

#[test]
fn shapes_are_masked_in_all_quotings() {
    let shapes = include_str!("../../../../tests/vectors/secret_shapes.txt").lines();
    let mut leaks = Vec::new();
    for shape in shapes.filter(|shape| !shape.starts_with('#') && shape.contains("@@")) {
        let text = grown(shape);
        for written in [
            text.clone(),
            format!("LABEL note.x={}", quoted(&text)),
            format!("command: {}", doubled(&text)),
            format!("LABEL note.x={}", quoted(&format!("sh -c {}", quoted(&text)))),
        ] {
            let (ranges, values) = (hidden_ranges(&written), hidden_in(&written));
            for (at, _) in written.match_indices("q700") {
                let mark = at..at + "q700001p".len();
                let is_covered = ranges.iter().any(|range| range.start <= mark.start && mark.end <= range.end);
                // A part of this text is shown, too.
                let is_known = values.iter().any(|value| value.contains(&written[mark.clone()]));
                if !is_covered || !is_known {
                    leaks.push(written.clone());
                }
            }
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// A token of a class of the planted test.
fn token(class: &str, state: &mut u64) -> String {
    let (class, length) = class.split_once('*').unwrap();
    let alphabet: &[u8] = match class {
        "hex" => b"0123456789abcdef",
        "upper" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        _ => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    };
    let mut next = || {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        char::from(alphabet[(*state >> 33) as usize % alphabet.len()])
    };
    (0..length.parse().unwrap()).map(|_| next()).collect()
}

#[test]
fn tokens_of_shapes_are_masked_however_they_are_drawn() {
    let mut state = 0x9E37_79B9_7F4A_7C15;
    for shape in include_str!("../../../../tests/vectors/secret_shapes.txt").lines() {
        let mut leaks = Vec::new();
        let Some((before, (class, after))) =
            shape.split_once("@{").and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        else {
            continue;
        };
        if shape.starts_with('#') || after.contains('@') {
            continue;
        }
        for _ in 0..1000 {
            let token = token(class, &mut state);
            let text = format!("{before}{token}{after}");
            let range = before.len()..before.len() + token.len();
            if !hidden_ranges(&text).iter().any(|hidden| hidden.start <= range.start && range.end <= hidden.end) {
                leaks.push(text);
            }
        }
        // A word with nothing around it can only be guessed at: one of a hundred has too few digits.
        let guesses = if before.is_empty() && after.is_empty() { 10 } else { 0 };
        assert!(leaks.len() <= guesses, "{} of 1000: {}", leaks.len(), leaks.join("\n"));
    }
}

#[test]
fn what_is_within_escaped_quotes_is_masked_and_not_reported() {
    for text in ["wg set wg0 private-key <(printf a1b2c3d4e5)", r#"{"auth": "bWU6b3RoZXI="}"#] {
        assert!(!hidden_in(text).is_empty() && !holds_secret(text), "{text}");
    }
    assert_eq!(hidden_in(r#"wg show <(printf a1b2c3d4e5); {"auth": "required"}"#), Vec::<String>::new());
    for text in [
        r#"LABEL x="firebase deploy --token \"a1b2c3d4\"""#,
        "command: 'mysql -p''a1b2c3d4'' app'",
        "heroku config:set FOO=a1b2c3d4",
        "consul kv put x a1b2c3d4",
        "sed -i s/__TOKEN__/a1b2c3d4/ f",
        "echo a1b2c3d4 > /run/secrets/token",
        "export TOKEN=$(echo a1b2c3d4)",
    ] {
        assert!(hidden_in(text).contains(&"a1b2c3d4".to_owned()), "{text}");
        assert!(!holds_secret(text), "{text}");
    }
    for text in [
        "heroku config:set NODE_ENV=production",
        "consul kv put x enabled",
        "image: postgres",
        "sed s/a/b1c2d3/ f",
        "echo v1.2.3 > /etc/version",
        "export TOKEN=$(cat /run/secrets/token1)",
        "NAME='' run && OTHER='' && a1b2c3d4",
    ] {
        assert_eq!(hidden_in(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn defaults_of_variables_are_found() {
    assert_eq!(
        defaults("a ${A:-b} ${C-'d'} ${E:-${F:-g}} $H ${I} ${J:?k} ${L:-m"),
        [("A", "b"), ("C", "d"), ("E", "${F:-g}"), ("F", "g")]
    );
    for value in ["broker:9095", "a.b:9095, c:80", "org.example.Provider1"] {
        assert!(is_address(value), "{value}");
    }
    for value in ["x7Gk2pQ9vLm5", "user:x7Gk2pQ9", "1:22", "a.b", "sk.live.x7gk2pq9vlm5", "", "a:1234567"] {
        assert!(!is_address(value), "{value}");
    }
}

#[test]
fn placeholders_are_not_secrets() {
    for value in [
        "yourtown-9f8e7d",
        "/q8w7e6r5+t4==",
        "${TOKEN:-s3cr3t-v4lue}",
        "$2b$10$abcdefgh",
        "exemplary-1a2b",
        "ghp_0a1b2c3d4e5f6a7b8c9d",
    ] {
        assert!(variable("TOKEN", Some(value)).is_some(), "{value}");
    }
    assert!(variable("HARMLESS", Some("ghp_0a1b2c3d4e5f6a7b8c9d")).is_some());
    for value in [
        "",
        "''",
        "changeme",
        "$TOKEN",
        "${TOKEN:-changeme}",
        "/run/secrets/token",
        "/app",
        "~/token",
        "change_me",
        "yourpassword",
        "replace-this",
        "xxx123",
        "base64:xxxxxxxx...",
        "sk-abc...",
        "true",
        "<token>",
        "your-token-here",
        "password",
        "00000000-0000-0000",
    ] {
        assert!(variable("TOKEN", Some(value)).is_none(), "{value}");
    }
    assert!(variable("SORT_KEY", Some("created")).is_none());
    assert!(variable("TOKEN", None).is_some());
    assert_eq!(value::url_password("postgres://a:pw9@h/db"), Some("pw9"));
    assert_eq!(value::url_password("postgres://a:$PW@h/db"), None);
    assert_eq!(value::url_password("postgres://user:pass@localhost/dummy"), None);
    assert_eq!(value::url_password("postgres://app:app@db/app"), None);
    assert_eq!(value::url_password("http://h:80/a@b:c"), None);
}

#[test]
fn letters_alone_may_be_drawn() {
    for value in ["XepBhgLpPGNyHmRRREHHxmjT=", "XepBhgLpPGNyHmRRREHHxmjT", "MbULIIsqRqeuoGOAqnYdNAw=="] {
        assert!(value::is_distinct(value), "{value}");
    }
    for value in
        ["postgresPasswordOfTheApp", "org_example_Provider", "PasswordAuthenticator", "changeit=", "SECRET_KEY_BASE="]
    {
        assert!(!value::is_distinct(value), "{value}");
    }
    let text = "apiVersion: v1, kind: Secret, data: {password: XepBhgLpPGNyHmRRREHHxmjT=}";
    assert_eq!(hidden_in(text), ["XepBhgLpPGNyHmRRREHHxmjT="]);
}
