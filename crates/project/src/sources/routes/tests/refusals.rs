//! Routes that refuse a plain request, and paths before routes.

use super::{check, paths};

#[test]
fn packages_before_routes_let_pass_only_where_they_are_known_to() {
    let express = |head: &str, uses: &str| {
        let text = format!("{head}const app = express();\n{uses}\napp.get('/health', (q, r) => r.send('ok'));\n");
        paths(&[("a.js", &text)])
    };
    assert_eq!(express("", "app.use(require('express-basic-auth')({ users }));"), ["/health may refuse"]);
    assert_eq!(express("import gate from 'some-gate';\n", "app.use(gate());"), ["/health may refuse"]);
    assert_eq!(express("import gate from './gate';\n", "app.use(gate());"), ["/health"]);
    assert_eq!(express("", "app.use([requireAuth]);"), ["/health may refuse"]);
    let known = "const helmet = require('helmet');\nimport cors from \"cors\";\nconst express = require('express');\n";
    assert_eq!(express(known, "app.use(helmet(), cors());\napp.use(express.json());"), ["/health"]);
    assert_eq!(express("import gate from 'some-gate';\n", "app.use('/admin', gate());"), ["/health"]);
    let controller = ("app.controller.ts", "@Controller()\nexport class A {\n  @Get('health')\n  get() {}\n}\n");
    let main = |line: &str| {
        let text = format!(
            "import * as basicAuth from 'express-basic-auth';\nimport helmet from 'helmet';\n\
             const app = await NestFactory.create(A);\n{line}\n"
        );
        paths(&[controller, ("main.ts", &text)])
    };
    assert_eq!(main("app.use(basicAuth({ users }));"), ["/health may refuse"]);
    assert_eq!(main("app.use(['/docs'], basicAuth({ users }));"), ["/health"]);
    assert_eq!(main("app.use(helmet());"), ["/health"]);
    let router =
        ("routes.js", "const router = Router();\nrouter.get('/up', (q, r) => r.send(1));\nmodule.exports = router;\n");
    let app = "const routes = require('./routes');\nconst app = express();\napp.use(require('some-gate')());\napp.use('/api', routes);\n";
    assert_eq!(paths(&[("app.js", app), router]), ["/api/up may refuse"]);
}

#[test]
fn handlers_that_refuse_each_request_are_told() {
    let express = |handler: &str| paths(&[("a.js", &format!("const app = express();\napp.get('/', {handler});\n"))]);
    assert_eq!(express("(q, r) => r.status(404).json({})"), ["/ may refuse"]);
    assert_eq!(express("(q, r) => {\n  r.status(404).json({});\n}"), ["/ may refuse"]);
    assert_eq!(express("(q, r) => {\n  return r.sendStatus(401);\n}"), ["/ may refuse"]);
    assert_eq!(express("(q, r) => {\n  if (!up) return r.status(503).end();\n  r.send('ok');\n}"), ["/"]);
    assert_eq!(express("(q, r) => {\n  if (up) {\n    return r.send(1);\n  }\n  r.status(503).end();\n}"), ["/"]);
    let fastapi = |function: &str| {
        let text = format!("from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\n{function}\n");
        paths(&[("a.py", &text)])
    };
    assert_eq!(fastapi("def r(q: str):\n    return q"), ["/ may refuse"]);
    assert_eq!(fastapi("def r(q):\n    return q"), ["/ may refuse"]);
    assert_eq!(fastapi("def r(q: str = Query(...)):\n    return q"), ["/ may refuse"]);
    assert_eq!(fastapi("def r(q: str = Query(min_length=3)):\n    return q"), ["/ may refuse"]);
    assert_eq!(fastapi("def r(request: Request, q: str = 'a', n: int = Query(1)):\n    return q"), ["/"]);
    assert_eq!(fastapi("async def r(background: BackgroundTasks, n: int = Query(default=2)):\n    return 1"), ["/"]);
    assert_eq!(fastapi("def r():\n    raise HTTPException(404)"), ["/ may refuse"]);
    assert_eq!(fastapi("def r():\n    return JSONResponse({}, status_code=404)"), ["/ may refuse"]);
    assert_eq!(fastapi("def r():\n    if not up:\n        raise HTTPException(503)\n    return 1"), ["/"]);
    assert_eq!(fastapi("def r():\n    try:\n        return 1\n    except E:\n        raise HTTPException(503)"), ["/"]);
}

#[test]
fn mounted_applications_are_below_their_mounts() {
    let main = "from fastapi import FastAPI\napp = FastAPI()\nsub = FastAPI()\n@sub.get('/')\ndef home():\n    return 1\napp.mount('/sub', sub)\n";
    check("main.py", main, &["/sub/"]);
    let files = "app = FastAPI()\n@app.get('/')\ndef home():\n    return 1\napp.mount('/static', StaticFiles(directory='s'), name='static')\n";
    check("main.py", files, &["/"]);
    let werkzeug = "app = Flask(__name__)\n@app.route('/')\ndef home():\n    return ''\napp.wsgi_app = DispatcherMiddleware(none, {'/x': app.wsgi_app})\n";
    check("app.py", werkzeug, &["/ may refuse"]);
    let talisman = "app = Flask(__name__)\nTalisman(app)\n@app.route('/')\ndef home():\n    return ''\n";
    check("app.py", talisman, &["/ may refuse"]);
}

#[test]
fn configurations_of_frameworks_stand_before_their_files() {
    let page = ("app/page.tsx", "export default function Home() { return <p/>; }\n");
    let next = |config: &str| paths(&[page, ("next.config.js", config)]);
    assert_eq!(next("module.exports = { basePath: '/docs' }\n"), ["/docs"]);
    assert_eq!(next("module.exports = { basePath:\"/docs\"}\n"), ["/docs"]);
    assert_eq!(next("const basePath = '/docs';\nmodule.exports = { basePath };\n"), [""; 0]);
    assert_eq!(next("module.exports = { basePath: process.env.BASE }\n"), [""; 0]);
    let redirects = "module.exports = { async redirects() { return [{ source: '/', destination: 'https://a.b', permanent: true }] } }\n";
    assert_eq!(next(redirects), ["/ may refuse"]);
    assert_eq!(next("module.exports = { async headers() { return [{ source: '/(.*)', headers: [] }] } }\n"), ["/"]);
    let gone = (
        "app/page.tsx",
        "import { notFound } from 'next/navigation';\nexport default function Home() { notFound(); }\n",
    );
    assert_eq!(paths(&[gone, ("next.config.js", "")]), ["/ may refuse"]);
    let svelte = |config: &str| paths(&[("src/routes/+page.svelte", "<p/>"), ("svelte.config.js", config)]);
    assert_eq!(svelte("export default { kit: { adapter: adapter() } };\n"), ["/"]);
    assert_eq!(svelte("export default { kit: { paths: { base: '/shop' } } };\n"), ["/shop"]);
    assert_eq!(svelte("export default { kit: { paths: { base: dev ? '' : '/shop' } } };\n"), [""; 0]);
}
