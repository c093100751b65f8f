//! Routes that are asked in the order of their declaration.

use super::{check, paths};

#[test]
fn what_stands_behind_a_route_for_all_paths_never_answers() {
    let health = "@app.get(\"/health\")\ndef health():\n    return {}\n";
    let mount = "app.mount(\"/\", StaticFiles(directory=\"web\", html=True))\n";
    check("main.py", &format!("app = FastAPI()\n{mount}{health}"), &[]);
    check("main.py", &format!("app = FastAPI()\n{health}{mount}"), &["/health"]);
    check("main.py", &format!("app = FastAPI()\n{}{health}", mount.replace("\"/\"", "\"/static\"")), &["/health"]);
    check("main.py", &format!("app = FastAPI()\nother = FastAPI()\nother{}{health}", &mount[3..]), &["/health"]);
    let spa = "@app.get(\"/{path:path}\")\ndef spa(path: str):\n    return page(path)\n";
    check("main.py", &format!("app = FastAPI()\n{spa}{health}"), &[]);
    let router =
        "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get(\"/ready\")\ndef ready():\n    return {}\n";
    let include = "app.include_router(router)\n";
    for (main, expected) in [
        (format!("from api import router\napp = FastAPI()\n{mount}{include}"), vec![]),
        (format!("from api import router\napp = FastAPI()\n{include}{mount}"), vec!["/ready"]),
    ] {
        assert_eq!(paths(&[("main.py", &main), ("api.py", router)]), expected, "{main}");
    }
    let express = "const app = express();\n";
    check("a.js", &format!("{express}app.get('*', page);\napp.get('/health', ok);\n"), &[]);
    check("a.js", &format!("{express}app.get('/health', ok);\napp.get('/*', page);\n"), &["/health"]);
    check("a.js", "const app = fastify();\napp.get('/*', page);\napp.get('/health', ok);\n", &["/health"]);
}
