//! Scripts of the author that are tried.

use std::path::Path;

use super::super::{Engine, say};
use super::{Project, write};

/// The script of the fixture that edits nginx's upstream: both colours are one project, so that the new one takes the place of the old
/// one, and `down` of the old one removes what serves. Its images are built here, and the prune, which would take those of this
/// engine, is left out.
#[test]
fn the_script_that_edits_nginx_loses_requests() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::new(&engine, "nginx-script");
    let (folder, name) = (project.path(), project.name.as_str());
    let fixture = |file: &str| {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/deploy/bad").join(file)).unwrap()
    };
    let compose = fixture("compose.yaml");
    let (nginx, _) = compose.split_once("  db:\n").unwrap();
    let nginx = nginx.replace("name: edge", &format!("name: {name}")).replace("nginx:1.29.3", "nginx:1.30");
    let network = format!("networks:\n  edge:\n    name: {name}-edge\n");
    write(folder, "compose.yaml", &format!("{}{network}", nginx.replace("80:80", "127.0.0.1::80")));
    write(folder, "nginx/nginx.conf", &fixture("nginx/nginx.conf"));
    for colour in ["blue", "green"] {
        let text = format!(
            "services:\n  api:\n    build: ./api\n    image: {name}-api:${{VERSION:?}}\n    networks: {{edge: {{aliases: [api-{colour}]}}}}\n{network}"
        );
        write(folder, &format!("docker-compose.{colour}.yml"), &text);
    }
    write(folder, ".env", "COMPOSE_FILE=compose.yaml:docker-compose.blue.yml\nVERSION=1\n");
    let script = fixture("scripts/blue-green-deploy.sh")
        .replace("/srv/tasks/active", "active")
        .replace("\" pull\n", "\" build\n")
        .replace("http://localhost/", "http://$(docker compose port nginx 80)/")
        .replace("  sleep 2\n", "  sleep 0.2\n")
        .replace("docker image prune -af\n", "");
    write(folder, "scripts/blue-green-deploy.sh", &script);
    let (code, result) = project.verify(&["--script=scripts/blue-green-deploy.sh", "--", "next"]);
    assert_eq!(code, Some(1), "{result:#}");
    let problem = result["steps"][0]["problems"][0].as_str().unwrap_or_default();
    assert!(result["lost"].as_u64() > Some(0) && problem.contains("(version 1) stopped at"), "{result:#}");
    say(&format!("{} of {} requests lost: {problem}", result["lost"], result["requests"]));
}
