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

#[test]
fn files_that_a_bundler_removes_do_not_come_back() {
    let dockerfile = "FROM node:22\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nCMD [\"node\", \"server.js\"]\n";
    let build = |tool: &str| {
        format!(
            r#"{{"name": "a", "scripts": {{"build": "{tool}"}}, "devDependencies": {{"vite": "5", "webpack": "5"}}}}"#
        )
    };
    let of = |tool: &str, files: &[(&str, &str)]| {
        let package = build(tool);
        let lock = r#"{"name": "a", "lockfileVersion": 3, "packages": {"": {"name": "a"}}}"#;
        let known = [("package.json", package.as_str()), ("package-lock.json", lock), ("server.js", "")];
        rewritten(dockerfile, &[&known[..], files].concat(), Level::Stages)
    };
    let old = ("dist/assets/index-1.js", "old");
    let (merged, whole) = ("COPY --from=build /app/dist ./dist", "COPY --from=build /app ./");
    assert!(of("vite build", &[]).contains(merged));
    let text = of("vite build", &[old]);
    assert!(text.contains(whole) && !text.contains(merged) && text.contains("npm prune --omit=dev"), "{text}");
    // This one leaves them where they are, also in the original.
    assert!(of("webpack --output-path dist", &[old]).contains(merged));
    for tool in ["webpack --output-path dist --output-clean", "rm -rf dist && webpack --output-path dist"] {
        let text = of(tool, &[old]);
        assert!(text.contains(whole) && !text.contains(merged), "{tool}: {text}");
    }
}
