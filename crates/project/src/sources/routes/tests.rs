use super::*;

mod mounts;
mod order;
mod pages;
mod refusals;

fn paths(all: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<SourceFile> = all.iter().map(|(path, text)| SourceFile { path, text }).collect();
    let shown = |route: Route| match route.answer {
        RouteAnswer::Always => route.path,
        RouteAnswer::WithOthers => format!("{} with others", route.path),
        RouteAnswer::MayRefuse => format!("{} may refuse", route.path),
    };
    routes(&files).into_iter().map(shown).collect()
}

#[track_caller]
fn check(file: &str, text: &str, expected: &[&str]) {
    assert_eq!(paths(&[(file, text)]), expected, "{text}");
}

#[test]
fn applications_of_python_have_any_name() {
    check("main.py", "api = FastAPI()\n@api.get(\"/health\")\ndef health():\n    return {}\n", &["/health"]);
    check(
        "main.py",
        "app: FastAPI = FastAPI(\n    title='a',\n)\n\n@app.get('/ready')\nasync def r(): ...\n",
        &["/ready"],
    );
    check("app.py", "app = Flask(__name__)\n@app.route('/')\ndef home():\n    return ''\n", &["/"]);
    check("app.py", "app = Flask(__name__)\n@app.route('/x', methods=['POST'])\ndef x():\n    return ''\n", &[]);
    check("app.py", "app = Flask(__name__)\n@app.route('/users/<name>')\ndef home(name):\n    return ''\n", &[]);
    check(
        "a.py",
        "def create_app():\n    app = Flask(__name__)\n    @app.get('/ping')\n    def ping():\n        return ''\n    return app\n",
        &["/ping"],
    );
    check("a.py", "import requests\nclient.get('/health')\nrequests.get('/health')\n", &[]);
    check("a.py", "app = FastAPI()\n# @app.get('/old')\napp.add_api_route('/health', health)\n", &["/health"]);
    check(
        "a.py",
        "from aiohttp import web\napp = web.Application()\napp.router.add_get('/healthz', ok)\n",
        &["/healthz"],
    );
    check("a.py", "app = Starlette(routes=[Route('/health', health), Route('/x/{id}', x)])\n", &["/health"]);
}

#[test]
fn routers_of_python_are_below_their_mounts() {
    let router = "from fastapi import APIRouter\nrouter = APIRouter(prefix=\"/v1\")\n@router.get(\"/health\")\ndef health():\n    return {}\n";
    check("api.py", router, &[]);
    let main = "from fastapi import FastAPI\nfrom app.routers import health\napp = FastAPI()\napp.include_router(health.router, prefix='/api')\n";
    assert_eq!(paths(&[("app/main.py", main), ("app/routers/health.py", router)]), ["/api/v1/health"]);
    let named =
        "from .routers.health import router as health_router\napp = FastAPI()\napp.include_router(health_router)\n";
    assert_eq!(paths(&[("app/main.py", named), ("app/routers/health.py", router)]), ["/v1/health"]);
    let setting = "from app.core.config import settings\nfrom app.api.main import api_router\napp = FastAPI()\napp.include_router(api_router, prefix=settings.API_V1_STR)\n";
    let config = "class Settings(BaseSettings):\n    API_V1_STR: str = \"/api/v1\"\nsettings = Settings()\n";
    let api = "from app.api.routes import utils\napi_router = APIRouter()\napi_router.include_router(utils.router)\n";
    let utils = "router = APIRouter(prefix=\"/utils\", tags=[\"utils\"])\n@router.get(\"/health-check/\")\nasync def health_check() -> bool:\n    return True\n";
    assert_eq!(
        paths(&[
            ("app/main.py", setting),
            ("app/core/config.py", config),
            ("app/api/main.py", api),
            ("app/api/routes/utils.py", utils)
        ]),
        ["/api/v1/utils/health-check/"]
    );
    let blueprint = "bp = Blueprint('h', __name__, url_prefix='/h')\n@bp.route('/ok')\ndef ok():\n    return ''\n";
    let flask = "from h import bp\napp = Flask(__name__)\napp.register_blueprint(bp)\n";
    assert_eq!(paths(&[("app.py", flask), ("h.py", blueprint)]), ["/h/ok"]);
    let unknown = "from app.routers import health\napp = FastAPI()\napp.include_router(health.router, prefix=read())\n";
    assert_eq!(paths(&[("app/main.py", unknown), ("app/routers/health.py", router)]), [""; 0]);
}

#[test]
fn what_may_refuse_is_told() {
    let main = |rest: &str| format!("app = FastAPI()\n@app.get(\"/health\")\ndef health{rest}\n");
    check("a.py", &main("(db=Depends(get_db)):\n    return {}"), &["/health with others"]);
    check("a.py", &main("(user=Depends(get_current_user)):\n    return {}"), &["/health may refuse"]);
    check("a.py", &main("():\n    db.execute('select 1')"), &["/health with others"]);
    let guard = "@app.before_request\ndef guard():\n    abort(401)\n";
    check(
        "a.py",
        &format!("app = Flask(__name__)\n{guard}@app.route('/')\ndef home():\n    return ''\n"),
        &["/ may refuse"],
    );
    check(
        "a.py",
        "app = FastAPI(dependencies=[Depends(check)])\n@app.get('/x')\ndef x():\n    return ''\n",
        &["/x may refuse"],
    );
    let express = |uses: &str| format!("const app = express();\n{uses}\napp.get('/health', (q, r) => r.send('ok'));\n");
    check("a.js", &express("app.use(requireAuth);"), &["/health may refuse"]);
    check("a.js", &express("app.use('/auth', authRouter);"), &["/health"]);
    check(
        "a.js",
        "const app = express();\napp.get('/health', ok);\napp.use(requireAuth);\napp.get('/x', y);\n",
        &["/health", "/x may refuse"],
    );
}

#[test]
fn what_refuses_each_request_may_stand_in_any_file() {
    let routes = ("app/main.py", "app = FastAPI()\n@app.get('/health')\ndef health():\n    return {}\n");
    let guard = ("app/guards.py", "def protect(app):\n    app.add_middleware(HTTPSRedirectMiddleware)\n");
    assert_eq!(paths(&[routes]), ["/health"]);
    assert_eq!(paths(&[routes, guard]), ["/health may refuse"]);
    let rails = ("config/routes.rb", "Rails.application.routes.draw do\n  get \"up\" => \"rails/health#show\"\nend\n");
    let tls = ("config/environments/production.rb", "Rails.application.configure do\n  config.force_ssl = true\nend\n");
    assert_eq!(paths(&[rails, tls]), ["/up may refuse"]);
}

#[test]
fn applications_of_node_have_any_name() {
    check("server.js", "const web = express()\nweb.get('/healthz', (req, res) => res.send('ok'))\n", &["/healthz"]);
    check(
        "a.ts",
        "export const app = new Hono<{ Bindings: B }>()\napp.get('/health', (c) => c.text('ok'))\n",
        &["/health"],
    );
    check("a.js", "class S { constructor() { this.app = express(); this.app.get('/up', x); } }\n", &["/up"]);
    check("a.js", "const app = express();\napp.get('view engine');\napp.post('/health', x);\naxios.get('/x');\n", &[]);
    check("a.js", "const f = require('fastify')({ logger: true })\nf.get('/ping', async () => 'ok')\n", &["/ping"]);
}

#[test]
fn servers_without_a_framework_compare_paths() {
    let node = |body: &str| format!("require('http').createServer((req, res) => {{\n{body}\n}}).listen(80);\n");
    let answer = "res.end('ok');";
    check(
        "a.js",
        &node(&format!("if (req.url === '/health') {answer}\nif (req.url == \"/\") {answer}")),
        &["/health", "/"],
    );
    check("a.js", &node(&format!("if (req.method === 'POST' && req.url === '/health') {answer}")), &[]);
    check("a.js", &node(&format!("if (req.url === '/health' && req.method === 'GET') {answer}")), &["/health"]);
    let switch = format!("const {{ pathname }} = parse(req.url);\nswitch (pathname) {{\n  case '/up': {answer}\n}}");
    check("a.js", &node(&switch), &["/up"]);
    check(
        "a.js",
        &node(&format!("if (!key) {{ res.writeHead(401) }}\nif (req.url === '/x') {answer}")),
        &["/x may refuse"],
    );
    check("a.js", &node(&format!("if (file.name === '/x') {answer}")), &[]);
    check("a.js", &format!("if (location.pathname === '/x') {answer}"), &[]);
    // What is let through or refused is no route.
    check("a.js", &node("if (req.url === '/') { res.writeHead(404); res.end() }"), &[]);
    check("a.js", &node("if (req.url === '/x') return log(req)"), &[]);
    let express = format!("const app = express();\n{}", node(&format!("if (req.url === '/x') {answer}")));
    check("a.js", &express, &[]);
    check(
        "a.ts",
        "Deno.serve((r) => {\n  if (new URL(r.url).pathname === \"/ok\") return new Response('');\n});",
        &["/ok"],
    );
    check(
        "a.ts",
        "Bun.serve({ fetch(r) { const url = new URL(r.url);\n if (url.pathname === '/ok') return new Response(); } });",
        &["/ok"],
    );
    let python = |method: &str, body: &str| {
        format!(
            "class H(BaseHTTPRequestHandler):\n    def {method}(self):\n        if self.path == '/health':\n            {body}\n"
        )
    };
    check("a.py", &python("do_GET", "self.send_response(200)"), &["/health"]);
    check("a.py", &python("do_POST", "self.send_response(200)"), &[]);
    check("a.py", &python("log_request", "return"), &[]);
    check("a.py", &python("do_GET", "self.send_error(404)"), &[]);
}

#[test]
fn routers_of_node_are_below_their_mounts() {
    let router = "const router = express.Router();\nrouter.get('/health', (req, res) => res.json({}));\nmodule.exports = router;\n";
    let main = |mount: &str| format!("const app = express();\n{mount}\n");
    let with = |mount: &str| paths(&[("src/app.js", &main(mount)), ("src/routes/health.js", router)]);
    assert_eq!(with("app.use('/api', require('./routes/health'));"), ["/api/health"]);
    assert_eq!(with("const health = require('./routes/health');\napp.use(health);"), ["/health"]);
    assert_eq!(with("import health from './routes/health.js';\napp.use('/v1', cors(), health);"), ["/v1/health"]);
    assert_eq!(
        with("import health from './routes/health.js';\napp.use('/v1', requireAuth, health);"),
        ["/v1/health may refuse"]
    );
    assert_eq!(with("app.use(`/api/${version}`, require('./routes/health'));"), [""; 0]);
    assert_eq!(with(""), [""; 0]);
    let inline = router.replace("express.Router()", "require('express').Router()");
    assert_eq!(
        paths(&[
            ("src/app.js", &main("app.use('/api', require('./routes/health'));")),
            ("src/routes/health.js", &inline)
        ]),
        ["/api/health"]
    );
    let same = "const app = express(), x = 1;\nconst api = Router();\napi.get('/ok', y);\napp.use('/api', api);\n";
    check("a.js", same, &["/api/ok"]);
    let plugin = "module.exports = async function (fastify, opts) {\n  fastify.get('/health', async () => ({}));\n}\n";
    let fastify = "const app = require('fastify')();\napp.register(require('./routes/health'), { prefix: '/api' });\n";
    assert_eq!(paths(&[("app.js", fastify), ("routes/health.js", plugin)]), ["/api/health"]);
    let loaded = "const app = require('fastify')();\napp.register(autoload, { dir: 'routes' });\n";
    assert_eq!(paths(&[("app.js", loaded), ("routes/health.js", plugin)]), [""; 0]);
    let hono = "const app = new Hono();\nconst api = new Hono();\napi.get('/ok', x);\napp.route('/api', api);\n";
    check("a.ts", hono, &["/api/ok"]);
}

#[test]
fn files_that_are_full_of_calls_are_not_read_for_long() {
    let many = |part: &str| part.repeat(20_000);
    for (path, text) in [
        ("main.go", many("\tr := chi.NewRouter()\n\tr.Route(\"/a\", func(r chi.Router) {\n\tr.Get(\"/b\", ok)\n")),
        ("app.js", "const app = express();\n".to_owned() + &many("app.use('/a', b);\napp.get('/c', d);\n")),
        ("app.py", many("app = FastAPI()\n@app.get('/a')\ndef a(): ...\n")),
        ("bare.js", "createServer(f)\n".to_owned() + &many("switch (req.url) { case '/a': b();\n case '/c': ")),
        ("chain.js", "const app = new Hono()".to_owned() + &many("\n  .get('/a', b)")),
        (
            "a.kt",
            "import io.ktor\n".to_owned()
                + &many("fun Route.a() {\n  get { }\n a()\n b()\n}\nfun Route.b() {\n a()\n}\n"),
        ),
        (
            "main.rs",
            "fn main() { axum::serve(l, a()) }\n".to_owned()
                + &many("fn a() -> Router { a().route(\"/a\", get(a)).merge(a()) }\n"),
        ),
        ("lib.rs", "fn main() { axum::serve(l, Router::new()".to_owned() + &many(".route(\"/a\", get(a))")),
        ("A.cs", many("[HttpGet]\n")),
        ("A.java", many("@GET\n@Path(\"a\")\n")),
        ("a.rb", "require 'sinatra'\n".to_owned() + &many("  get '/a' do\n")),
    ] {
        let start = dockopt_testing::ThreadTime::start();
        paths(&[(path, &text)]);
        assert!(start.seconds() < 20, "{path}");
    }
}

#[test]
fn routes_of_go_are_read() {
    check("main.go", "func main() {\n\thttp.HandleFunc(\"/healthz\", ok)\n}\n", &["/healthz"]);
    check(
        "main.go",
        "\tmux := http.NewServeMux()\n\tmux.HandleFunc(\"GET /health\", ok)\n\tmux.HandleFunc(\"POST /x\", ok)\n",
        &["/health"],
    );
    check(
        "main.go",
        "\tr := gin.Default()\n\tapi := r.Group(\"/api\")\n\tapi.GET(\"/health\", ok)\n",
        &["/api/health"],
    );
    check(
        "main.go",
        "\tr := chi.NewRouter()\n\tr.Route(\"/api\", func(r chi.Router) {\n\t\tr.Get(\"/health\", ok)\n\t})\n\tr.Get(\"/ping\", ok)\n",
        &["/api/health", "/ping"],
    );
    check(
        "main.go",
        "\tr := mux.NewRouter()\n\tr.HandleFunc(\"/a\", a).Methods(\"POST\")\n\tr.HandleFunc(\"/b\", b).Methods(http.MethodGet)\n",
        &["/b"],
    );
    check(
        "main.go",
        "\tapi := http.NewServeMux()\n\tapi.HandleFunc(\"/health\", ok)\n\troot := http.NewServeMux()\n\troot.Handle(\"/api/\", http.StripPrefix(\"/api\", api))\n",
        &["/api/health"],
    );
    check("r.go", "func Register(e *echo.Echo) {\n\te.GET(\"/up\", up)\n}\n", &["/up"]);
    check("r.go", "func Register(g *gin.RouterGroup) {\n\tg.GET(\"/up\", up)\n}\n", &[]);
    let server = "type Server struct{ router *chi.Mux }\nfunc New() *Server {\n\ts := &Server{\n\t\trouter: chi.NewRouter(),\n\t}\n\treturn s\n}\n";
    let other = "func (s *Server) routes() {\n\ts.router.Get(\"/healthz\", s.ok)\n}\n";
    assert_eq!(paths(&[("server.go", server), ("routes.go", other)]), ["/healthz"]);
}

#[test]
fn methods_of_classes_are_read() {
    let nest = "@Controller('health')\nexport class HealthController {\n  @Get()\n  check() {\n    return 1;\n  }\n  @Get('live')\n  live() {}\n}\n";
    check("health.controller.ts", nest, &["/health", "/health/live"]);
    let main = "const app = await NestFactory.create(AppModule);\napp.setGlobalPrefix('api');\n";
    assert_eq!(
        paths(&[("src/main.ts", main), ("src/health.controller.ts", nest)]),
        ["/api/health", "/api/health/live"]
    );
    let versions = "app.setGlobalPrefix('api');\napp.enableVersioning({ type: VersioningType.URI });\n";
    assert_eq!(paths(&[("src/main.ts", versions), ("src/health.controller.ts", nest)]), [""; 0]);
    let spring = "@RestController\n@RequestMapping(\"/api\")\npublic class A {\n    @GetMapping(\"/health\")\n    public String h() {\n        return \"\";\n    }\n}\n";
    check("src/main/java/A.java", spring, &["/api/health"]);
    let properties = "server.servlet.context-path=/shop\n";
    assert_eq!(
        paths(&[("src/main/java/A.java", spring), ("src/main/resources/application.properties", properties)]),
        ["/shop/api/health"]
    );
    check(
        "A.cs",
        "[Route(\"api/[controller]\")]\npublic class HealthController : ControllerBase\n{\n    [HttpGet]\n    public IActionResult Get() => Ok();\n}\n",
        &["/api/health"],
    );
    check(
        "Program.cs",
        "var app = builder.Build();\napp.MapGet(\"/health\", () => \"ok\");\napp.MapHealthChecks(\"/healthz\");\n",
        &["/health", "/healthz"],
    );
    check(
        "Startup.cs",
        "app.UseEndpoints(endpoints =>\n{\n    endpoints.MapHealthChecks(\"/health\");\n});\n",
        &["/health"],
    );
    check("Map.cs", "static void Map(this WebApplication app)\n{\n    app.MapGet(\"/up\", () => 1);\n}\n", &["/up"]);
}

#[test]
fn files_and_lists_are_read() {
    let get = "export async function GET() {\n  return Response.json({});\n}\n";
    check("src/app/api/health/route.ts", get, &["/api/health"]);
    check("app/(site)/ok/route.js", get, &["/ok"]);
    check("pages/api/health.ts", "export default function handler(req, res) { res.send('') }\n", &["/api/health"]);
    check("server/api/health.get.ts", "export default defineEventHandler(() => 'ok')\n", &["/api/health"]);
    check("src/routes/health/+server.ts", "export const GET = () => new Response('')\n", &["/health"]);
    let settings = ("shop/settings.py", "ROOT_URLCONF = \"shop.urls\"\nALLOWED_HOSTS = [\"*\"]\n");
    let urls = (
        "shop/urls.py",
        "urlpatterns = [\n    path(\"admin/\", admin.site.urls),\n    path(\"health/\", health),\n    path(\"api/\", include(\"api.urls\")),\n]\n",
    );
    let inner = ("api/urls.py", "urlpatterns = [path(\"ready/\", views.ready)]\n");
    let views = ("api/views.py", "def ready(request):\n    connection.cursor()\n");
    assert_eq!(paths(&[settings, urls, inner, views]), ["/admin/ may refuse", "/health/", "/api/ready/ with others"]);
    let strict = ("shop/settings.py", "ROOT_URLCONF = \"shop.urls\"\nALLOWED_HOSTS = [\"example.com\"]\n");
    assert_eq!(paths(&[strict, ("shop/urls.py", "urlpatterns = [path(\"up/\", up)]\n")]), ["/up/ may refuse"]);
    check("app.rb", "require 'sinatra'\nget '/health' do\n  'ok'\nend\n", &["/health"]);
    check(
        "config/routes.rb",
        "Rails.application.routes.draw do\n  get \"up\" => \"rails/health#show\", as: :rails_health_check\n  namespace :api do\n    get \"x\"\n  end\nend\n",
        &["/up", "/api/x"],
    );
    check(
        "bootstrap/app.php",
        "<?php\nreturn Application::configure()->withRouting(health: '/up')->create();\n",
        &["/up"],
    );
    check(
        "public/index.php",
        "<?php\n$app = AppFactory::create();\n$app->get('/health', function () {});\n",
        &["/health"],
    );
}

#[test]
fn texts_of_documentation_declare_nothing() {
    let urls = "\"\"\"Examples:\n    1. path('', views.home, name='home')\n\"\"\"\nurlpatterns = [\n    path('health/', health),\n]\n";
    let settings = "ALLOWED_HOSTS = []\nDEBUG = True\nROOT_URLCONF = 'shop.urls'\n";
    assert_eq!(paths(&[("shop/settings.py", settings), ("shop/urls.py", urls)]), ["/health/"]);
    check(
        "app.py",
        "app = FastAPI()\ndef f():\n    '''@app.get('/no')'''\n    a = \"\"\"\n@app.get('/text')\"\"\"\n@app.get('/x')\ndef x(): ...\n",
        &["/text", "/x"],
    );
}

#[test]
fn guards_of_python_are_those_that_refuse() {
    let head = "app = FastAPI()\n";
    let route = "@app.get('/x')\ndef x():\n    return 1\ndef login():\n    raise HTTPException(401)\n";
    let answer = |middle: &str| {
        let text = format!("{head}{middle}{route}");
        routes(&[SourceFile { path: "app.py", text: &text }])[0].answer
    };
    for (middle, expected) in [
        ("app.add_middleware(CORSMiddleware, allow_origins=['*'])\n", RouteAnswer::Always),
        ("app.add_middleware(AuthMiddleware)\n", RouteAnswer::MayRefuse),
        (
            "class Check(Base):\n    def f(self):\n        return Response(status_code=403)\napp.add_middleware(Check)\n",
            RouteAnswer::MayRefuse,
        ),
        (
            "@app.middleware('http')\nasync def f(request, call_next):\n    return Response(status_code=401)\n",
            RouteAnswer::MayRefuse,
        ),
        (
            "@app.middleware('http')\nasync def f(request, call_next):\n    return await call_next(request)\n",
            RouteAnswer::Always,
        ),
    ] {
        assert_eq!(answer(middle), expected, "{middle}");
    }
    let text = "app = FastAPI()\n@app.get('/x', dependencies=[Depends(verify)])\ndef x():\n    return 1\n";
    assert_eq!(routes(&[SourceFile { path: "app.py", text }])[0].answer, RouteAnswer::MayRefuse);
}

#[test]
fn pages_and_servers_without_http_are_told_apart() {
    check("app/page.tsx", "export default function Home() { return <p/>; }\n", &["/"]);
    check("src/app/(shop)/page.tsx", "export default function Home() { return <p/>; }\n", &["/"]);
    check("src/app/about/page.tsx", "export default function About() { return <p/>; }\n", &[]);
    let index = ("src/pages/index.tsx", "export default function Home() { return <p/>; }\n");
    assert_eq!(paths(&[index, ("next.config.js", "")]), ["/"]);
    assert_eq!(paths(&[index, ("vite.config.ts", "export default {}\n")]), [""; 0]);
    let page = ("app/page.tsx", "export default function Home() { return <p/>; }\n");
    assert_eq!(paths(&[page, ("middleware.ts", "export function middleware() {}\n")]), [""; 0]);
    let controller = ("app.controller.ts", "@Controller()\nexport class A {\n  @Get('health')\n  get() {}\n}\n");
    assert_eq!(paths(&[controller, ("main.ts", "const app = await NestFactory.create(A);\n")]), ["/health"]);
    assert_eq!(paths(&[controller, ("main.ts", "await NestFactory.createMicroservice(A, {});\n")]), [""; 0]);
    let prefix = |list: &str| paths(&[controller, ("main.ts", &format!("app.setGlobalPrefix({list});\n"))]);
    assert_eq!(prefix("'api/v1'"), ["/api/v1/health"]);
    assert_eq!(prefix("'api', { exclude: ['metrics', 'health'] }"), ["/health"]);
    assert_eq!(prefix("'api', { exclude: [{ path: '/health', method: RequestMethod.GET }] }"), ["/health"]);
    assert_eq!(prefix("'api', { exclude: ['health{/*path}'] }"), ["/health"]);
    assert_eq!(prefix("'api', { exclude: ['metrics'] }"), ["/api/health"]);
    assert_eq!(prefix("'api', options"), [""; 0]);
}

#[test]
fn routes_of_rust_are_those_that_are_served() {
    let axum = |body: &str, rest: &str| format!("#[tokio::main]\nasync fn main() {{\n{body}\n}}\n{rest}");
    let health = "async fn health() -> &'static str { \"ok\" }\n";
    check(
        "src/main.rs",
        &axum(
            "    let app = Router::new().route(\"/health\", get(health)).route(\"/x\", post(x));\n    let l = TcpListener::bind(\"0.0.0.0:3000\").await.unwrap();\n    axum::serve(l, app).await.unwrap();",
            health,
        ),
        &["/health"],
    );
    let nested = axum(
        "    let app = routes::router(state).layer(cors);\n    axum::serve(l, app.into_make_service()).await?;",
        "",
    );
    let module = "pub fn router(state: S) -> Router {\n    let api = Router::new().route(\"/\", get(list)).route(\"/ready\", get(ready));\n    Router::new().nest(\"/api\", api).merge(health::router()).with_state(state)\n}\nasync fn list() {}\nasync fn ready(State(db): State<Pool>) { db.query(1) }\n";
    let health_module = "pub fn router() -> Router { Router::new().route(\"/healthz\", get(|| async { \"ok\" })) }\n";
    assert_eq!(
        paths(&[("src/main.rs", &nested), ("src/routes/mod.rs", module), ("src/routes/health.rs", health_module)]),
        ["/api", "/api/ready with others", "/healthz"]
    );
    let layered = axum(
        "    let open = Router::new().route(\"/up\", get(up));\n    let app = Router::new().route(\"/me\", get(me)).route_layer(from_fn(require_auth)).merge(open);\n    axum::serve(l, app).await?;",
        "",
    );
    check("src/main.rs", &layered, &["/up", "/me may refuse"]);
    check("src/main.rs", &axum("    let app = Router::new().route(\"/unserved\", get(x));", ""), &[]);
    let actix = "#[get(\"/health\")]\nasync fn health() -> impl Responder { HttpResponse::Ok() }\nfn config(cfg: &mut web::ServiceConfig) {\n    cfg.service(web::scope(\"/api\").route(\"/ping\", web::get().to(ping)));\n}\n#[actix_web::main]\nasync fn main() {\n    HttpServer::new(|| App::new().wrap(Logger::default()).service(health).configure(config))\n        .bind((\"0.0.0.0\", 8080))?.run().await\n}\n";
    check("src/main.rs", actix, &["/health", "/api/ping"]);
    let rocket = "#[get(\"/up\")]\nfn up() -> &'static str { \"\" }\n#[launch]\nfn rocket() -> _ { rocket::build().mount(\"/v1\", routes![up]) }\n";
    check("src/main.rs", rocket, &["/v1/up"]);
    let circle =
        "fn a() -> Router { Router::new().merge(b()) }\nfn b() -> Router { a() }\nfn main() { axum::serve(l, a()); }\n";
    check("src/main.rs", circle, &[]);
}

#[test]
fn routes_of_the_jvm_are_read() {
    let ktor = "import io.ktor.server.routing.*\nfun Application.module() {\n    routing {\n        get(\"/\") { call.respondText(\"\") }\n        route(\"/api\") {\n            health()\n            authenticate(\"jwt\") {\n                get(\"/me\") { call.respond(1) }\n            }\n        }\n    }\n}\nfun Route.health() {\n    get(\"/health\") { call.respond(1) }\n}\n";
    check("src/main/kotlin/App.kt", ktor, &["/", "/api/me may refuse", "/api/health"]);
    let jax = "import jakarta.ws.rs.GET;\n@Path(\"teams\")\n@Produces({\"a\", \"b\"})\npublic class A {\n    @GET\n    public List<T> all() { return x; }\n    @GET\n    @Path(\"/up\")\n    @Produces({ \"a\" })\n    public String up() { return \"\"; }\n    @GET\n    @Path(\"/me\")\n    @RolesAllowed(\"user\")\n    public String me() { return \"\"; }\n}\n";
    check("src/main/java/A.java", jax, &["/teams", "/teams/up"]);
    let spring = "@RestController\n@RequestMapping(\"/api/health\")\npublic class A {\n    @GetMapping\n    public String h() { return \"\"; }\n}\n";
    check("src/main/java/A.java", spring, &["/api/health"]);
    let security = |rules: &str| {
        let text = format!(
            "class C {{\n  SecurityFilterChain chain(HttpSecurity http) {{\n    http.authorizeHttpRequests(a -> a{rules}.anyRequest().authenticated());\n  }}\n  static final String[] OPEN = {{ \"/api/**\" }};\n}}\n"
        );
        paths(&[("src/main/java/A.java", spring), ("src/main/java/C.java", &text)])
    };
    assert_eq!(security(""), ["/api/health may refuse"]);
    assert_eq!(security(".requestMatchers(\"/api/**\").permitAll()"), ["/api/health"]);
    assert_eq!(security(".requestMatchers(OPEN).permitAll()"), ["/api/health"]);
    assert_eq!(security(".requestMatchers(HttpMethod.POST, \"/api/**\").permitAll()"), ["/api/health may refuse"]);
}

#[test]
fn chains_of_calls_declare_routes() {
    check(
        "a.ts",
        "const app = new Hono().get('/health', (c) => c.text('ok')).post('/x', y);\nexport default app;\n",
        &["/health"],
    );
    check("a.ts", "export default new Hono()\n  .use(logger())\n  .get('/up', (c) => c.text('ok'));\n", &["/up"]);
    check("a.ts", "new Elysia().get('/health', () => 'ok').listen(3000);\n", &["/health"]);
    check("a.ts", "const app = new Elysia({ prefix: '/api' });\napp.get('/ping', () => 1);\n", &["/api/ping"]);
    check("a.ts", "const app = new Elysia().group('/v1', (app) => app.get('/up', () => 1)).listen(1);\n", &["/v1/up"]);
    check("a.ts", "fetch('/a').then(b).get('/health', c);\n", &[]);
}

#[test]
fn what_is_told_to_other_middleware_asks_for_no_login() {
    let express = |uses: &str| format!("const app = express();\n{uses}\napp.get('/health', (q, r) => r.send('ok'));\n");
    check("a.js", &express("app.use(cors({ allowedHeaders: ['Content-Type', 'Authorization'] }));"), &["/health"]);
    check("a.js", &express("app.use(passport.authenticate('jwt'));"), &["/health may refuse"]);
    check("a.js", &express("app.use(mount(requireAuth));"), &["/health may refuse"]);
    check("a.js", "const app = express();\napp.get('/', (q, r) => r.redirect('/login'));\n", &["/ may refuse"]);
    let koa = "const app = new Koa();\napp.use(mount('/health', require('./health').routes()));\n// koa-mount\n";
    let router = "const Router = require('@koa/router');\nconst router = new Router();\nrouter.get('/', ok);\nmodule.exports = router;\n";
    assert_eq!(paths(&[("app.js", koa), ("health.js", router)]), ["/health/"]);
}

#[test]
fn blocks_of_ruby_and_versions_of_nest_stand_before_routes() {
    check(
        "app.rb",
        "require 'sinatra'\nclass App < Sinatra::Base\n  namespace '/api/v1' do\n    get '/ping' do\n      'pong'\n    end\n  end\nend\n",
        &["/api/v1/ping"],
    );
    check(
        "config/routes.rb",
        "Rails.application.routes.draw do\n  namespace :api do\n    get \"health\", to: \"h#i\"\n  end\n  scope '/x' do\n    get \"y\"\n  end\nend\n",
        &["/api/health"],
    );
    let controller = ("a.controller.ts", "@Controller('health-check')\nexport class A {\n  @Get()\n  get() {}\n}\n");
    let main = |options: &str| format!("app.setGlobalPrefix('api');\napp.enableVersioning({{ {options} }});\n");
    let with = |options: &str| paths(&[controller, ("main.ts", &main(options))]);
    assert_eq!(with("type: VersioningType.URI, defaultVersion: '2'"), ["/api/v2/health-check"]);
    assert_eq!(with("type: VersioningType.URI"), [""; 0]);
    assert_eq!(with("type: VersioningType.HEADER, header: 'x', defaultVersion: '2'"), [""; 0]);
    let litestar = "from litestar import Litestar, get\n\n@get(\"/health\", sync_to_thread=False)\ndef health() -> str:\n    return \"ok\"\n\n@get(\"/x\")\nasync def x() -> str:\n    return \"\"\n\napp = Litestar(route_handlers=[health])\n";
    check("app.py", litestar, &["/health"]);
    let pages = [("pages/index.vue", "<template/>\n"), ("nuxt.config.ts", "export default {}\n")];
    assert_eq!(paths(&pages), ["/"]);
    check("src/routes/+page.svelte", "<h1/>\n", &["/"]);
    assert_eq!(
        paths(&[("src/routes/+page.svelte", "<h1/>\n"), ("src/routes/+page.server.ts", "export {}\n")]),
        [""; 0]
    );
}

#[test]
fn guards_of_node_refuse() {
    let nest = |decorators: &str, module: &str| {
        let text = format!("@Controller('health')\nexport class A {{\n  @Get()\n{decorators}  get() {{}}\n}}\n");
        paths(&[("a.controller.ts", &text), ("app.module.ts", module)])
    };
    assert_eq!(nest("", ""), ["/health"]);
    assert_eq!(nest("  @UseGuards(JwtAuthGuard)\n", ""), ["/health may refuse"]);
    let global = "providers: [{ provide: APP_GUARD, useClass: JwtAuthGuard }],\n";
    assert_eq!(nest("", global), ["/health may refuse"]);
    assert_eq!(nest("  @Public()\n", global), ["/health"]);
    assert_eq!(nest("", "providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],\n"), ["/health"]);
    let realm = "@Controller(RealmSymbol, { basePath: '/api/realm' })\nexport class A {\n  @Get('/')\n  get() {}\n}\n";
    check("a.controller.ts", realm, &[]);
    check(
        "b.controller.ts",
        "@Controller({ path: 'cats' })\nexport class B {\n  @Get('up')\n  get() {}\n}\n",
        &["/cats/up"],
    );
    assert_eq!(nest("", "RouterModule.register([{ path: 'ops', module: H }]),\n"), [""; 0]);
    check(
        "a.js",
        "const app = express();\napp.get('/health', requireAuth, (q, r) => r.send(1));\n",
        &["/health may refuse"],
    );
    check(
        "a.ts",
        "const app = new Hono();\napp.use('*', bearerAuth({ token }));\napp.get('/health', f);\n",
        &["/health may refuse"],
    );
    check(
        "a.js",
        "const app = new Koa();\nconst router = new Router();\napp.use(jwt({ secret }));\nrouter.get('/up', f);\napp.use(router.routes());\n",
        &["/up may refuse"],
    );
    check(
        "a.js",
        "const app = fastify();\napp.addHook('onRequest', async (r) => r.jwtVerify());\napp.get('/health', f);\n",
        &["/health may refuse"],
    );
    check("a.ts", "const app = new Hono().basePath('/api');\napp.get('/health', f);\n", &["/api/health"]);
    let register = "module.exports = (app) => {\n  app.get('/health', (q, r) => r.send(1));\n};\n";
    let main =
        "const app = express();\nconst api = express.Router();\nrequire('./health')(api);\napp.use('/api', api);\n";
    assert_eq!(paths(&[("app.js", main), ("health.js", register)]), [""; 0]);
    check("a.ts", "app.register(UnderPressure, { exposeStatusRoute: { url: '/health' } });\n", &["/health"]);
}

#[test]
fn what_a_handler_takes_may_refuse() {
    let rocket = |handler: &str| {
        format!("#[get(\"/\")]\n{handler} {{ }}\nfn rocket() {{ rocket::build().mount(\"/\", routes![home]) }}\n")
    };
    check("src/main.rs", &rocket("fn home(token: Token) -> Json<V>"), &["/ may refuse"]);
    check("src/main.rs", &rocket("fn home(pool: &State<Pool>, id: Option<i32>) -> Json<V>"), &["/"]);
    let controller = |head: &str, method: &str| {
        let text = format!(
            "namespace A;\n{head}public class EmployeesController : ControllerBase\n{{\n    {method}\n    public IActionResult Get() => Ok();\n}}\n"
        );
        paths(&[("A.cs", &text)])
    };
    let lines = "[Route(\"api/v1/employees\")]\n[Authorize(AuthenticationSchemes = \n    $\"{A.B},{C.D}\")]\n";
    assert_eq!(controller(lines, "[HttpGet]"), [""; 0]);
    assert_eq!(controller(lines, "[HttpGet]\n    [AllowAnonymous]"), ["/api/v1/employees"]);
    assert_eq!(controller("", "[HttpGet]"), [""; 0]);
    assert_eq!(controller("", "[HttpGet(\"/up\")]"), ["/up"]);
    check("main.go", "r := chi.NewRouter()\nr.Use(middleware.Heartbeat(\"/ping\"))\n", &["/ping"]);
    let factory = "from flask import Flask\n\ndef create_app(env):\n    app = Flask(__name__)\n    return app\n";
    let main = "from app import create_app\napi = create_app('dev')\n@api.route('/')\ndef home():\n    return ''\n";
    assert_eq!(paths(&[("app/__init__.py", factory), ("main.py", main)]), ["/"]);
}
