//! Which files tell secrets, and which do not.

use super::*;

/// Watches a file in one piece and in pieces of seven bytes: `line kind prefix length name`.
#[track_caller]
fn check(path: &str, contents: impl AsRef<[u8]>, expected: &[&str]) {
    let contents = contents.as_ref();
    for piece in [contents.len().max(1), 7] {
        let mut watcher = Watcher::new(path.as_bytes(), contents.len() as u64).unwrap();
        contents.chunks(piece).for_each(|piece| watcher.take(piece));
        let secrets = watcher.finish();
        let texts: Vec<String> = secrets
            .iter()
            .map(|fact| {
                let line = fact.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
                let name = fact.name.as_deref().unwrap_or_default();
                format!("{line} {} {} {name}", fact.kind.words(), fact.length).trim_end().to_owned()
            })
            .collect();
        assert_eq!(texts, expected, "{path} in pieces of {piece}");
    }
}

/// 128 characters that look drawn.
const BODY: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n\
                    q8Zr2Lw9Xk4Tn6Vb1Mc3Jd5Hf7Gs0PaQeUiWq8Zr2Lw9Xk4Tn6Vb1Mc3Jd5Hf7Gs";

fn pem(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn private_keys_are_recognized_by_whole_blocks() {
    check("etc/x", pem("PRIVATE KEY", BODY), &["1 private key 128"]);
    check("etc/x", format!("a\n\n{}", pem("RSA PRIVATE KEY", BODY)), &["3 private key 128"]);
    check("etc/x", pem("ENCRYPTED PRIVATE KEY", BODY), &["1 private key with a passphrase 128"]);
    let headers = format!("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0B89\n\n{BODY}");
    check("etc/x", pem("RSA PRIVATE KEY", &headers), &["1 private key with a passphrase 128"]);
    let open = |cipher: &str| format!("b3BlbnNzaC1rZXktdjEAAAAA{cipher}\n{BODY}");
    let plain = open("BG5vbmUAAAAEbm9uZQAAAAAAAAAB");
    check("root/.ssh/id_ed25519", pem("OPENSSH PRIVATE KEY", &plain), &["1 private key 180"]);
    let locked = open("CmFlczI1Ni1jdHIAAAAGYmNyeXB0");
    check("root/.ssh/id_ed25519", pem("OPENSSH PRIVATE KEY", &locked), &["1 private key with a passphrase 180"]);
    let account = format!(
        "{{\"type\": \"service_account\",\n\"private_key\": \"{}\"}}",
        pem("PRIVATE KEY", BODY).replace('\n', "\\n")
    );
    check("app/service-account.json", account, &["2 private key 128"]);
}

#[test]
fn settings_of_applications_hold_secrets() {
    let compose = "services:\n  a:\n    environment:\n      API_TOKEN: Zk8vR2mQ9xLt4Wb\n      LEVEL: info\n";
    check("app/docker-compose.yml", compose, &["4 secret in a compose file 15"]);
    let index = "x==1\n--index-url https://me:Zk8vR2mQ9xLt4Ws@pypi.example.com/simple\n";
    check("app/requirements-dev.txt", index, &["2 login of a package index 15"]);
    let connection = "{\n\"Default\": \"Server=db;Password=kT9zQw4LmX2v\"}";
    check("app/appsettings.Production.json", connection, &["2 secret of a .NET application 12 Password"]);
    let spring = "spring:\n  datasource:\n    password: kT9zQw4LmX2v\n";
    check("app/application-prod.yml", spring, &["3 secret of a Spring application 12"]);
    let shadow = "root:$6$salt1234$abcdefghijklmnop:19000:0:99999:7:::\nbin:*:1::::::\n";
    check("etc/shadow", shadow, &["1 password hash 28 root"]);
    check("srv/etc/shadow", shadow, &[]);
    let manifest = |kind: &str| format!("apiVersion: v1\nkind: {kind}\ndata:\n  password: a1RlOXpRdzRMbVgydg==\n");
    check("app/secret.yaml", manifest("Secret"), &["4 Kubernetes Secret 20 password"]);
    check("app/config.yaml", manifest("ConfigMap"), &[]);
}

#[test]
fn lookalikes_of_keys_are_not_reported() {
    check("etc/x", pem("CERTIFICATE", BODY), &[]);
    check("etc/x", pem("PUBLIC KEY", BODY), &[]);
    check("etc/x", pem("PRIVATE KEY", "..."), &[]);
    check("etc/x", pem("PRIVATE KEY", &"x".repeat(200)), &[]);
    check("a.py", "if text.startswith('-----BEGIN PRIVATE KEY-----'):\n  end = '-----END PRIVATE KEY-----'\n", &[]);
    check("a.py", format!("k = '''-----BEGIN PRIVATE KEY-----\\n' + '{BODY}' + '-----END PRIVATE KEY-----'''"), &[]);
    check("a.bin", format!("\0{}", pem("PRIVATE KEY", BODY)), &[]);
}

#[test]
fn tokens_are_found_anywhere() {
    let token = format!("{}{}", "ghp_", "q8Zr2Lw9Xk4Tn6Vb1Mc3Jd5Hf7Gs0PaQeUiW");
    check("app/config.py", format!("import os\nTOKEN = '{token}'\n"), &["2 GitHub token 40"]);
    check("app/x.json", format!("{{\"a\":\"b\\n{token}\"}}"), &["1 GitHub token 40"]);
    check("app/config.py", format!("x{token} {token}y my-{token}"), &[]);
    check("app/.env", format!("GITHUB_TOKEN={token}\n"), &["1 GitHub token 40"]);
}

#[test]
fn files_of_logins_are_recognized_by_their_names() {
    let login = |name: &str, line: &str, expected: &[&str]| check(name, line, expected);
    login("root/.npmrc", "//r.example.com:8080/:_authToken=q8Zr2Lw9-Xk4Tn6Vb1Mc3\n", &["1 npm login 21 _authToken"]);
    login("root/.npmrc", "//r.example.com/:_authToken=${NPM_TOKEN}\nregistry=https://r.example.com\n", &[]);
    login("root/.pypirc", "[pypi]\nusername = me\npassword = hunter2-q8Zr\n", &["3 PyPI login 12 password"]);
    login("etc/pip.conf", "[global]\nindex-url = https://me:q8Zr2Lw9@pypi.example.com/simple\n", &["2 pip login 8"]);
    login("etc/pip.conf", "[global]\nindex-url = https://pypi.example.com/simple\n", &[]);
    login("root/.netrc", "machine h login me password q8Zr2Lw9\n", &["1 netrc login 8"]);
    login("root/.pgpass", "db:5432:app:me:q8Zr2Lw9\n", &["1 PostgreSQL login 8"]);
    login("root/.git-credentials", "https://me:q8Zr2Lw9Xk4T@github.com\n", &["1 git login 12"]);
    login("app/.git/config", "[remote \"origin\"]\n\turl = https://me:q8Zr2Lw9Xk4T@h/x.git\n", &["2 git login 12"]);
    login("app/.git/config", "[remote \"origin\"]\n\turl = https://github.com/x/y.git\n", &[]);
    let docker = "{\"auths\": {\"r.example.com\": {\"auth\": \"bWU6cThacjJMdzlYazRUbjZWYg==\"}}}";
    login("root/.docker/config.json", docker, &["1 registry login 28 auth"]);
    login("root/.docker/config.json", "{\"auths\": {\"r\": {}}, \"credsStore\": \"desktop\"}", &[]);
    let aws = "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = 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\n";
    login("root/.aws/credentials", aws, &["3 AWS login 40 aws_secret_access_key"]);
    let kube = "users:\n- name: a\n  user:\n    client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo=\n";
    login("root/.kube/config", kube, &["4 Kubernetes login 44 client-key-data"]);
    login(
        "root/.m2/settings.xml",
        "<server>\n<username>me</username>\n<password>q8Zr2Lw9</password>",
        &["3 Maven login 8 password"],
    );
    let state = "{\n  \"username\": \"app\",\n  \"password\": \"q8Zr2Lw9Xk4T\",\n";
    login("infra/terraform.tfstate", state, &["3 secret in Terraform's state 12 password"]);
    login("app/config.json", docker, &[]);
}

#[test]
fn variables_need_values_that_look_drawn() {
    let env = "# a comment\nDEBUG=1\nexport DB_PASSWORD='q8Zr2Lw9'\nAPI_KEY=changeme\nSECRET_KEY=dev-secret-1\n\
               DATABASE_URL=postgres://app:q8Zr2Lw9@db/app\nPUBLIC_URL=https://example.com\nTOKEN=${OTHER}\nDB_PASS=postgres\n";
    let expected = ["3 secret variable 8 DB_PASSWORD", "6 password in a URL 8 DATABASE_URL"];
    check("app/.env", env, &expected);
    check("app/.env.production", env, &expected);
    check("app/prod.env", env, &expected);
    check("app/.env.example", env, &[]);
    check("app/.env.sample", env, &[]);
    check("app/env", env, &[]);
}

#[test]
fn stores_of_keys_are_recognized_by_their_first_bytes() {
    check("app/x.p12", b"\x30\x82\x09\xcf\x02\x01\x03\x30\x82", &["- key store 9"]);
    check("app/x.p12", b"no store at all", &[]);
    check("app/x.jks", b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0\x01", &["- key store 16"]);
    check("app/x.jks", b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0\x02", &[]);
    check("app/truststore.p12", b"\x30\x82\x09\xcf\x02\x01\x03\x30\x82", &[]);
}

#[test]
fn large_and_empty_files_are_left_alone() {
    assert!(Watcher::new(b"app/.env", 0).is_none());
    assert!(Watcher::new(b"app/.env", (1 << 20) + 1).is_none());
}

#[test]
fn files_made_of_marks_cost_little() {
    let marks = "-----BEGIN PRIVATE KEY-----".repeat(39_000);
    check_cheap(&marks[..1 << 20]);
    check_cheap(&"\"a:".repeat(1 << 18));
    check_cheap(&"password=".repeat(100_000));
}

#[track_caller]
fn check_cheap(text: &str) {
    for path in ["a", ".npmrc", ".env"] {
        let mut watcher = Watcher::new(path.as_bytes(), text.len() as u64).unwrap();
        watcher.take(text.as_bytes());
        assert!(watcher.finish().len() <= 20);
    }
}

#[test]
fn every_row_of_the_formats_matches_its_example_in_each_use() {
    let examples = crate::secret::token_examples();
    assert!(examples.len() > 150, "{}", examples.len());
    for (token, what) in examples {
        // In masks, wherever it stands.
        for text in [
            token.clone(),
            format!("RUN x '{token}' y"),
            format!("{{\"a\": \"b\\n{token}\"}}"),
            format!("A={token}"),
            format!("see {token}."),
            format!("https://x.org/{token}?a=b"),
        ] {
            let hidden = crate::secret::hidden_in(&text);
            assert!(hidden.iter().any(|value| value.starts_with(&token)), "{text}: {hidden:?}");
        }
        // In variables whose name says nothing.
        assert_eq!(crate::secret::hidden_of("NOTE", &token).as_ref(), Some(&token));
        // In the files of images.
        if let Some(what) = what {
            let facts = scan::tokens_and_keys(format!("a = '{token}'\n").as_bytes());
            assert_eq!(facts.iter().map(|fact| fact.kind.words()).collect::<Vec<_>>(), [what], "{token}");
        }
    }
}
