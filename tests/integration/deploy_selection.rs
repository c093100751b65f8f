//! `dockopt deploy check`: which files and services a deployment replaces, and what helps where a proxy stands in front.

use crate::deploy_check::{CHECKED, NODE, check};
use crate::dockopt::Dockopt;

/// What is printed for a project.
fn printed(files: &[(&str, &str)]) -> String {
    let dockopt = files.iter().fold(Dockopt::new(), |dockopt, (name, text)| dockopt.file(name, text));
    dockopt.args(["deploy", "check"]).run().stdout
}

#[test]
fn a_file_in_which_programs_run_for_developers_is_left_out() {
    let development = "services:\n  api:\n    build: .\n    container_name: api_dev\n    ports: ['3000:3000']\n";
    let with = |production: &str| {
        check(&[("Dockerfile", NODE), ("docker-compose.yml", development), ("docker-compose.prod.yml", production)])
    };
    assert_eq!(with(&format!("services:\n  api: {{build: ., {CHECKED}}}\n")), ["api yes "]);
    assert_eq!(with(&format!("services:\n  web: {{build: ., {CHECKED}}}\n")), ["web yes "]);
    // Nothing of it is in the other file.
    assert_eq!(with("services:\n  db: {image: 'postgres:18'}\n").len(), 1);
}

#[test]
fn only_a_proxy_that_reaches_a_service_stands_in_for_its_port() {
    let help_of = |nginx: &str, more: &str| {
        let compose = format!(
            "services:\n  api: {{build: ., ports: ['8080:3000'], {CHECKED}}}\n  proxy:\n    image: nginx:1.29\n{more}    ports: ['80:80']\n    volumes: ['./nginx.conf:/etc/nginx/conf.d/default.conf:ro']\n"
        );
        let printed = printed(&[("Dockerfile", NODE), ("nginx.conf", nginx), ("compose.yml", &compose)]);
        printed.contains("leave the port out: `proxy` passes requests on to `api`")
    };
    let reaches = "upstream app { server api:3000; }\nserver { location / { proxy_pass http://app; } }\n";
    assert!(help_of(reaches, ""));
    assert!(!help_of(reaches, "    profiles: [production]\n"));
    assert!(!help_of(&reaches.replace("http://app", "http://127.0.0.1:1"), ""));
    assert!(!help_of(
        &reaches
            .replace("server api:", "server 127.0.0.1:")
            .replace("upstream app", "upstream api")
            .replace("http://app", "http://api"),
        ""
    ));
}

#[test]
fn a_proxy_that_names_the_container_has_to_name_the_service() {
    let compose = format!(
        "services:\n  backend: {{build: ., container_name: api, {CHECKED}}}\n  proxy:\n    image: nginx:1.29\n    volumes: ['./nginx.conf:/etc/nginx/conf.d/default.conf:ro']\n"
    );
    let nginx = "server { location / { proxy_pass http://api:3000; } }\n";
    let printed = printed(&[("Dockerfile", NODE), ("nginx.conf", nginx), ("compose.yml", &compose)]);
    let help = "leave `container_name` out, and name `backend` instead of `api` in the configuration of `proxy`";
    assert!(printed.contains(help), "{printed}");
}

#[test]
fn a_service_without_a_network_takes_ports_of_the_host() {
    let dockerfile = format!("{NODE}EXPOSE 3000\n");
    let compose = format!("services:\n  api: {{build: ., network_mode: host, ports: ['3000:3000'], {CHECKED}}}\n");
    let printed = printed(&[("Dockerfile", &dockerfile), ("compose.yml", &compose)]);
    assert!(printed.contains("`api` listens on ports of the host (`network_mode: host`)"), "{printed}");
    assert!(!printed.contains("takes port") && !printed.contains("nothing found"), "{printed}");
}

#[test]
fn what_nobody_asks_may_have_a_name() {
    let bot = "FROM python:3.13\nCOPY bot.py .\nCMD [\"python\", \"bot.py\"]\n";
    let compose = "services:\n  bot: {build: ., container_name: bot}\n";
    let with = |more: &str| {
        check(&[("Dockerfile", bot), ("bot.py", "import telebot\n"), ("compose.yml", &format!("{compose}{more}"))])
    };
    assert!(with("").iter().all(|answer| !answer.contains("compose-name-fixed")), "{:?}", with(""));
    let caller = "  web: {build: ., environment: {BOT_URL: 'http://bot:80'}}\n";
    assert!(with(caller)[0].contains("compose-name-fixed"), "{:?}", with(caller));
}

#[test]
fn servers_of_others_with_settings_of_the_project_are_not_replaced() {
    let compose = format!(
        "services:\n  api: {{build: ., {CHECKED}}}\n  store: {{build: ./store, ports: ['5432:5432']}}\n  nginx: {{build: ./nginx, ports: ['80:80']}}\n"
    );
    let files = [
        ("Dockerfile", NODE),
        ("store/Dockerfile", "FROM postgres:18\nCOPY init.sql /docker-entrypoint-initdb.d/\n"),
        ("nginx/Dockerfile", "FROM nginx:1.29\nCOPY setup.sh /docker-entrypoint.d/\n"),
        ("compose.yml", compose.as_str()),
    ];
    assert_eq!(check(&files), ["api yes "]);
}
