//! Programs of TypeScript that need no package when they run.

use crate::optimize::Level;
use crate::optimize::test_inputs::rewritten;

#[test]
fn what_only_the_compiler_and_the_install_read_stays_behind() {
    let package =
        r#"{"name": "a", "type": "module", "scripts": {"build": "tsc"}, "devDependencies": {"typescript": "5"}}"#;
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"devDependencies": {"typescript": "5"}}, "node_modules/typescript": {"version": "5.0.0", "dev": true}}}"#;
    let image = "FROM node:22-alpine\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY tsconfig.json ./\nCOPY src ./src\nRUN npm run build\nENTRYPOINT [\"node\", \"dist/index.js\"]\n";
    let of = |source: &str| {
        let files = [
            ("package.json", package),
            ("package-lock.json", lock),
            ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist", "rootDir": "src"}}"#),
            ("src/index.ts", source),
        ];
        let text = rewritten(image, &files, Level::Stages);
        text.rsplit_once("FROM").map(|(_, last)| last.to_owned()).unwrap_or_default()
    };
    let last = of("console.log(1)");
    assert!(last.contains("COPY package.json ./\n") && last.contains("/app/dist ./dist"), "{last}");
    assert!(!last.contains("lock") && !last.contains("tsconfig") && !last.contains("src"), "{last}");
    let last = of("readFileSync('package-lock.json')");
    assert!(last.contains("package-lock.json"), "{last}");
}
