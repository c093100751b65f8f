//! What Next.js and its plugins write, and read when they start.

use super::check;
use crate::optimize::Level;
use crate::optimize::test_inputs::{optimize_to_level, rewritten};

const NEXT: &str = r#"{"name": "shop", "scripts": {"build": "next build", "start": "next start"},
 "dependencies": {"next": "15.5.0", "react": "19", "next-pwa": "5"}, "devDependencies": {"typescript": "5"}}"#;
const DOCKERFILE: &str = "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nCMD [\"npm\", \"start\"]\n";
const LOCK: (&str, &str) = ("package-lock.json", r#"{"lockfileVersion": 3, "packages": {"": {}}}"#);
/// It uses files, so that the traced ones are not taken alone.
const PAGE: (&str, &str) = ("pages/index.js", "import fs from 'fs'\n");
const STATIC_PAGE: (&str, &str) = ("pages/index.js", "export default function Page() {}");

#[test]
fn what_plugins_write_for_browsers_comes_from_the_build() {
    let pwa =
        |settings: &str| format!("const pwa = require('next-pwa')({{ {settings} }})\nmodule.exports = pwa({{}})\n");
    let public = "COPY --from=build /app/public ./public\n";
    for (config, files, present, absent) in [
        (pwa("dest: 'public'"), &[][..], public, "COPY --from=build /app ./"),
        (pwa("dest: 'public'"), &[("public/a.txt", "")], public, "COPY --from=build /app ./"),
        (pwa("dest: folder"), &[], "COPY --from=build /app ./\n", public),
        (pwa("dest: 'site'"), &[], "COPY --from=build /app/site ./site\n", public),
        (
            "import serwist from '@serwist/next'\nexport default serwist({ swDest: 'public/sw.js' })({})\n".to_owned(),
            &[],
            public,
            "COPY --from=build /app ./",
        ),
        (
            "module.exports = { webpack(c) { c.plugins.push(new Copy('public')) } }\n".to_owned(),
            &[("public/a.txt", "")],
            public,
            "COPY --from=build /app ./",
        ),
        ("module.exports = {}\n".to_owned(), &[("public/a.txt", "")], "/app/.next ./.next\n", public),
    ] {
        let files = [&[("package.json", NEXT), LOCK, PAGE, ("next.config.js", &config)][..], files].concat();
        check(DOCKERFILE, &files, &[present], &[absent]);
    }
}

#[test]
fn packages_that_nothing_imports_load_no_files() {
    let package = NEXT.replace("next-pwa", "next-i18next");
    let is_traced = |files: &[(&str, &str)]| {
        let files = [&[("package.json", &*package), LOCK, STATIC_PAGE][..], files].concat();
        rewritten(DOCKERFILE, &files, Level::Stages).contains(".next/standalone")
    };
    assert!(is_traced(&[]));
    assert!(is_traced(&[("README.md", "uses next-i18next\n")]));
    assert!(!is_traced(&[("pages/_app.js", "import { appWithTranslation } from 'next-i18next'\n")]));
    assert!(!is_traced(&[("next.config.js", "const { i18n } = require('next-i18next')\nmodule.exports = {}\n")]));
}

#[test]
fn environment_files_that_are_not_traced_are_taken() {
    let with = |others: &[(&str, &str)]| {
        let package = NEXT.replace(", \"next-pwa\": \"5\"", "");
        rewritten(DOCKERFILE, &[&[("package.json", &*package), LOCK, STATIC_PAGE][..], others].concat(), Level::Stages)
    };
    let traced = "COPY --from=build /app/.next/static ./.next/static\n";
    let text = with(&[(".env.local", "A=1\n")]);
    assert!(text.contains(&format!("{traced}COPY --from=build /app/.env.loca[l] ./\n")), "{text}");
    let text = with(&[(".env.local", "A=1\n"), (".env.production.local", "A=1\n")]);
    let both = "COPY --from=build /app/.env.loca[l] /app/.env.production.loca[l] ./\n";
    assert!(text.contains(&format!("{traced}{both}")), "{text}");
    let text = with(&[("scripts/setup.sh", "cp .env.example .env.local\n")]);
    assert!(text.contains(&format!("{traced}COPY --from=build /app/.env.loca[l] ./\n")), "{text}");
    let text = with(&[(".env", "A=1\n")]);
    assert!(text.contains(traced) && !text.contains("loca[l]"), "{text}");
    let text = with(&[(".env.local", "A=1\n"), (".dockerignore", ".env*.local\n")]);
    assert!(text.contains(traced) && !text.contains("loca[l]"), "{text}");
}

#[test]
fn the_cache_lies_where_next_js_builds() {
    let config = |text: &str| {
        let files = [("package.json", NEXT), LOCK, PAGE, ("next.config.js", text)];
        let single = DOCKERFILE.replace("FROM node:22\n", "FROM node:22-slim\n");
        rewritten(&single.replace("npm run build", "yarn build"), &files, Level::Hygiene)
    };
    let text = config("module.exports = { distDir: 'build' }");
    assert!(text.contains("/app/build") && !text.contains("/app/.next"), "{text}");
    let text = config("module.exports = { distDir: process.env.FOLDER }");
    assert!(!text.contains("/app/.next"), "{text}");
}

#[test]
fn pages_that_are_made_when_it_runs_are_written_where_the_version_does() {
    let with = |version: &str, page: &str| {
        let package = NEXT.replace(", \"next-pwa\": \"5\"", "").replace("15.5.0", version);
        let files = [("package.json", &*package), LOCK, ("pages/[id].js", page)];
        rewritten(DOCKERFILE, &files, Level::Hygiene)
    };
    let plain = "export default function Page() {}\n";
    let paths = "export async function getStaticPaths() { return { paths: [], fallback: true } }\n";
    let cache = "install -d -o node -g node /app/.next/cache";
    for (version, page, present, absent) in [
        ("15.5.0", plain, format!("{cache}\n"), "route-cache"),
        ("16.4.6", plain, format!("{cache} /app/.next/server/route-cache\n"), "--chown"),
        ("16.4.6", paths, format!("{cache} /app/.next/server/route-cache\n"), "--chown"),
        ("15.5.0", paths, "COPY --chown=node:node --from=build /app/.next/standalone ./\n".to_owned(), "route-cache"),
    ] {
        let text = with(version, page);
        assert!(text.contains(&present) && !text.contains(absent), "{version} {page}: {text}");
    }
}

const TWO_STAGES: &str = "FROM node:22 AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n\nFROM node:22-slim\nWORKDIR /app\nENV NODE_ENV=production\nCOPY --from=build /app/package*.json ./\nRUN npm ci --omit=dev\nCOPY --from=build --chown=node /app/.next ./.next\nCOPY --from=build /app/public ./public\nCOPY --from=build /app/src ./src\nEXPOSE 3000\nCMD [\"npm\", \"start\"]\n";

/// The rewrite of a Dockerfile whose build stage builds, and why `next-standalone` did nothing.
fn two_stages(dockerfile: &str, files: &[(&str, &str)]) -> (String, Vec<String>) {
    let package = NEXT.replace(", \"next-pwa\": \"5\"", "");
    let files = [&[("package.json", &*package), LOCK, ("public/a.txt", "")][..], files].concat();
    let text = rewritten(dockerfile, &files, Level::Stages);
    let done = optimize_to_level(dockerfile, &files, Level::Stages);
    let refusals = done.levels.iter().flat_map(|level| &level.refusals);
    (text, refusals.map(|refusal| refusal.why.clone()).collect())
}

#[test]
fn the_final_stage_takes_what_another_one_traced() {
    let (text, _) = two_stages(TWO_STAGES, &[STATIC_PAGE]);
    let last = "FROM node:22-slim\nWORKDIR /app\nENV NODE_ENV=production\nENV HOSTNAME=0.0.0.0\nCOPY --from=build --chown=node /app/.next/standalone ./\nCOPY --from=build --chown=node /app/.next/static ./.next/static\nCOPY --from=build --chown=node /app/public ./public\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]";
    assert!(text.contains(last), "{text}");
    assert!(
        text.contains("ENV NEXT_PRIVATE_STANDALONE=true\nRUN --mount=type=cache,target=/app/.next/cache"),
        "{text}"
    );
    // The whole folder brings all of it, and the environment files that `next start` reads.
    let start = TWO_STAGES.find("COPY --from").unwrap();
    let end = TWO_STAGES.find("EXPOSE").unwrap();
    let whole = format!("{}COPY --from=0 /app .\n{}", &TWO_STAGES[..start], &TWO_STAGES[end..]);
    let (text, _) = two_stages(&whole, &[STATIC_PAGE, (".env.local", "A=1\n")]);
    assert!(text.contains("COPY --from=0 /app/public ./public\nCOPY --from=0 /app/.env.loca[l] ./\n"), "{text}");
    // What the author's image does not have stays away.
    let without = TWO_STAGES.replace("COPY --from=build /app/public ./public\n", "");
    let (text, _) = two_stages(&without, &[STATIC_PAGE]);
    assert!(text.contains(".next/standalone") && !text.contains("/app/public"), "{text}");
}

#[test]
fn a_final_stage_with_more_than_the_build_is_kept() {
    let image = ("pages/index.js", "import Image from 'next/image'\n");
    for (from, to, page, why) in [
        ("FROM node:22-slim", "FROM node:22-alpine", image, "another C library"),
        (
            "COPY --from=build /app/src ./src",
            "COPY --from=build /srv/data ./data",
            STATIC_PAGE,
            "a step after its build",
        ),
        ("COPY --from=build /app/src ./src", "COPY .env ./", STATIC_PAGE, "a step after its build"),
        ("COPY --from=build /app/src ./src", "RUN mkdir uploads", STATIC_PAGE, "a RUN creates files"),
        ("EXPOSE 3000", "COPY check.js ./\nHEALTHCHECK CMD node check.js", STATIC_PAGE, "a step after its build"),
        (
            "COPY --from=build --chown=node /app/.next ./.next",
            "COPY .next ./.next",
            STATIC_PAGE,
            "does not copy what it built",
        ),
    ] {
        let (text, refusals) = two_stages(&TWO_STAGES.replace(from, to), &[page]);
        assert!(!text.contains("standalone"), "{to}: {text}");
        assert!(refusals.iter().any(|refusal| refusal.contains(why)), "{to}: {refusals:?}");
    }
}
