//! Who answers requests for the first page of Next.js.

use super::paths;

#[test]
fn what_browsers_ask_is_not_asked_for_the_page() {
    let config = ("next.config.js", "");
    let first = |path: &str, text: &str| paths(&[(path, text), config]);
    let effect =
        "export default function Home() { useEffect(() => { axios.get('/api/x') }); return <p/>; }\n".to_owned();
    assert_eq!(first("pages/index.js", &effect), ["/"]);
    assert_eq!(first("app/page.tsx", &format!("'use client';\n{effect}")), ["/"]);
    let server = "export async function getServerSideProps() { return await fetch('http://api') }\n";
    assert_eq!(first("pages/index.js", &format!("{effect}{server}")), ["/ with others"]);
    let component = "export default async function Home() { const a = await fetch('http://api'); return <p/>; }\n";
    assert_eq!(first("app/page.tsx", component), ["/ with others"]);
}
