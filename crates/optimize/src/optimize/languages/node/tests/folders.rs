//! Projects that do not lie in the working folder, and several in one stage.

use crate::optimize::Level;
use crate::optimize::test_inputs::{optimize_to_level, rewritten};

const WEB: &str = r#"{"name": "web", "scripts": {"build": "node build.mjs"}, "dependencies": {"react": "18"}, "devDependencies": {"x": "1"}}"#;

fn refused(dockerfile: &str, files: &[(&str, &str)], why: &str) {
    let text = rewritten(dockerfile, files, Level::Stages);
    assert_eq!(text.matches("FROM").count(), 1, "{text}");
    let refusals: Vec<_> = optimize_to_level(dockerfile, files, Level::Stages)
        .levels
        .into_iter()
        .flat_map(|level| level.refusals)
        .collect();
    assert!(refusals.iter().any(|refusal| refusal.why.contains(why)), "{refusals:#?}");
}

#[test]
fn packages_are_taken_away_in_their_own_folder_only() {
    let dockerfile = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN cd web && npm install && npm run build\nCMD [\"node\", \"web/a.js\"]\n";
    refused(dockerfile, &[("web/package.json", WEB), ("web/a.js", "")], "`/app/web` is not the working folder");
}

#[test]
fn a_server_and_its_client_in_one_stage_stay_with_a_reason() {
    let why = "the project in `client` is installed too";
    let direct = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nRUN npm install --prefix client\nRUN npm run build --prefix client\nCMD [\"node\", \"a.js\"]\n";
    let plain = r#"{"name": "a", "dependencies": {"express": "4"}}"#;
    refused(direct, &[("package.json", plain), ("client/package.json", WEB), ("a.js", "")], why);
    let scripts = r#"{"name": "a", "dependencies": {"express": "4"},
     "scripts": {"client-install": "npm install --prefix client", "client-build": "npm run build --prefix client"}}"#;
    let dockerfile = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install && npm run client-install && npm run client-build\nCMD [\"node\", \"a.js\"]\n";
    refused(dockerfile, &[("package.json", scripts), ("client/package.json", WEB), ("a.js", "")], why);
}
