use std::collections::BTreeMap;

use super::{Evaluator, SourceValue};

/// What `HERE(expression)` of the first source comes to.
fn value(sources: &[(&str, &str)]) -> String {
    let texts: BTreeMap<&str, &str> = sources.iter().copied().collect();
    let variables = |name: &str| if name == "SET" { vec!["/set".to_owned()] } else { Vec::new() };
    let folder = |file: &str| (!file.contains(".ts")).then(|| "/app/src".to_owned());
    let evaluator = Evaluator::new(texts.iter().map(|(path, text)| (*path, *text)), &variables, &folder);
    let (file, text) = sources[0];
    let at = text.find("HERE(").unwrap();
    let expression = crate::sources::code::bracketed(&text[at + 4..]).unwrap();
    let Some(values) = evaluator.value(file, at, expression) else { return "?".to_owned() };
    let format_value = |value: &SourceValue| match value {
        SourceValue::Text(text) => text.clone(),
        SourceValue::Start(text) => format!("{text}…"),
        SourceValue::Stream => "stream".to_owned(),
    };
    values.iter().map(format_value).collect::<Vec<_>>().join(" | ")
}

#[test]
fn functions_without_parameters_come_to_what_they_return() {
    let base = "export function base() {\n  return process.cwd();\n}\n";
    assert_eq!(
        value(&[("a.ts", "import { base } from './b';\nHERE(path.join(base(), 'data'))"), ("b.ts", base)]),
        "data"
    );
    check("a.js", "const dir = () => '/data';\nHERE(dir())", "/data");
    check("a.js", "const dir = () => {\n  return '/data';\n};\nHERE(dir())", "/data");
    check("a.py", "def base():\n    return '/data'\n\nHERE(base())", "/data");
    check("a.js", "function dir() {\n  if (x) return '/a';\n  return '/b';\n}\nHERE(dir())", "/a | /b");
    check("a.js", "function dir() {\n  return f(x);\n}\nHERE(dir())", "?");
    check("a.js", "function dir() {\n  return dir();\n}\nHERE(dir())", "?");
}

fn check(file: &str, text: &str, expected: &str) {
    assert_eq!(value(&[(file, text)]), expected, "{text}");
}

#[test]
fn python_expressions_come_to_paths() {
    for (text, expected) in [
        ("HERE('/data/x.txt')", "/data/x.txt"),
        ("DATA = '/data'\nHERE(os.path.join(DATA, 'x', name))", "/data/x/…"),
        ("DATA = Path('/data')\ndef f():\n    HERE(DATA / 'x' / f'{a}.json')", "/data/x/…"),
        ("DATA = os.environ.get('DIR', '/data')\nHERE(f'{DATA}/x')", "/data/x"),
        ("DATA = os.environ.get('SET', '/data')\nHERE(DATA + '/x')", "/set/x"),
        ("DATA = os.getenv('DIR') or '/data'\nHERE(DATA)", "/data"),
        ("DATA = os.environ['DIR']\nHERE(DATA)", "?"),
        ("DATA = os.environ['SET']\nHERE(DATA)", "/set"),
        ("BASE = Path(__file__).resolve().parent.parent\nHERE(BASE / 'db.sqlite3')", "/app/db.sqlite3"),
        ("BASE = os.path.dirname(os.path.abspath(__file__))\nHERE(os.path.join(BASE, '../x'))", "/app/x"),
        ("HERE(os.path.join(tempfile.gettempdir(), 'x'))", "/tmp/…"),
        ("buffer = io.BytesIO()\nHERE(buffer)", "stream"),
        ("HERE(sys.stderr)", "stream"),
        ("def save(path):\n    HERE(path)\nsave('/data/x')\nsave(path='/srv/y')", "/data/x | /srv/y"),
        ("def save(path):\n    HERE(path)\nsave(request.args['p'])", "?"),
        ("def save(path):\n    HERE(path)", "?"),
        ("for x in all:\n    HERE(x)", "?"),
        (
            "class Settings(BaseSettings):\n    data_dir: str = '/data'\nsettings = Settings()\nHERE(settings.data_dir)",
            "/data",
        ),
        ("app.config['UP'] = '/up'\nHERE(os.path.join(app.config['UP'], name))", "/up/…"),
        ("D = '/a' if x else '/b'\nHERE(D)", "/a | /b"),
        ("D = None\nD = '/a'\nHERE(D)", "/a"),
        ("# D = '/old'\nD = '/a'\nHERE(D)", "/a"),
        ("D = compute()\nHERE(D)", "?"),
        ("HERE(name + '.txt')", "?"),
        ("HERE(f'{name}.txt')", "?"),
        ("HERE(Path.cwd() / name)", "./…"),
        ("HERE(Path.home() / '.x')", "/home/user/.x"),
        ("a = a + 'x'\nHERE(a)", "?"),
        ("with tempfile.TemporaryDirectory() as d:\n    HERE(os.path.join(d, 'x'))", "/tmp/…"),
        ("with tempfile.NamedTemporaryFile() as f:\n    HERE(f.name)", "/tmp/…"),
        ("with open(p, 'wb') as f:\n    HERE(f)", "stream"),
        (
            "class A:\n    def __init__(self, path):\n        self.path = path\n    def save(self):\n        HERE(self.path)\nA('/data')",
            "/data",
        ),
        (
            "class A:\n    def __init__(self, path='/data'):\n        self.path = path\n    def save(self):\n        HERE(self.path)\nA()",
            "/data",
        ),
        ("def save(name, path='/data'):\n    HERE(path)\nsave(1)\nsave(1, path='/srv')", "/data | /srv"),
    ] {
        check("a.py", text, expected);
    }
}

#[test]
fn javascript_expressions_come_to_paths() {
    for (text, expected) in [
        ("const DATA_DIR = '/data';\nHERE(path.join(DATA_DIR, 'x.json'))", "/data/x.json"),
        ("const D = process.env.DIR || '/var/lib/x'\nHERE(`${D}/${id}.json`)", "/var/lib/x/…"),
        ("const D = process.env.DIR ?? '/var/lib/x'\nHERE(D)", "/var/lib/x"),
        ("const D = process.env.SET || '/var/lib/x'\nHERE(D)", "/set"),
        ("const D = process.env.DIR\nHERE(D)", "?"),
        ("const D = process.env.DIR\n  ? path.resolve(process.env.DIR)\n  : '/x'\nHERE(D)", "/x"),
        ("HERE(path.resolve(__dirname, '..', 'uploads'))", "/app/uploads"),
        (
            "const __dirname = path.dirname(fileURLToPath(import.meta.url))\nHERE(path.join(__dirname, 'x'))",
            "/app/src/x",
        ),
        ("HERE(path.join(process.cwd(), 'x'))", "x"),
        ("HERE(path.join(os.tmpdir(), 'x'))", "/tmp/…"),
        ("// const D = '/old'\nconst D = '/new' // D = '/late'\nHERE(D)", "/new"),
        ("const o = { dir: '/data' }\nHERE(o.dir)", "/data"),
        ("function ensure(dir) {\n  if (!fs.existsSync(dir)) {\n    HERE(dir)\n  }\n}\nensure('/data')", "/data"),
        ("const ensure = (dir) => {\n  HERE(dir)\n}\nensure('/a')\nall.map(ensure)", "?"),
        ("const options = opts.dir || '/x'\nHERE(options)", "?"),
        ("HERE(process.stdout)", "stream"),
    ] {
        check("a.js", text, expected);
    }
    check("a.ts", "HERE(path.join(__dirname, 'x'))", "./…");
    check("a.ts", "interface C { dir: string }\nconst c: C = { dir: '/data' }\nHERE(c.dir)", "/data");
}

#[test]
fn other_languages_come_to_paths() {
    check("a.go", "const dir = \"/data\"\nfunc f() {\n\tHERE(filepath.Join(dir, \"x\"))\n}", "/data/x");
    check("a.go", "dir := getenv(\"DIR\", \"/data\")\nHERE(dir)", "/data");
    check("a.go", "HERE(os.Getenv(\"DIR\"))", "?");
    check("a.rs", "const DIR: &str = \"/data\";\nHERE(Path::new(DIR).join(\"x\"))", "/data/x");
    check("a.rs", "let dir = env::var(\"DIR\").unwrap_or(\"/data\".into());\nHERE(dir)", "?");
    check("A.java", "    static final String DIR = \"/data\";\n    HERE(Paths.get(DIR, \"x\"))", "/data/x");
    check("a.rb", "DIR = ENV.fetch('DIR', '/data')\nHERE(File.join(DIR, 'x'))", "/data/x");
}

#[test]
fn constants_of_other_sources_count() {
    let config = ("config.py", "DATA_DIR = '/data'\n");
    assert_eq!(value(&[("a.py", "from config import DATA_DIR\nHERE(DATA_DIR)"), config]), "/data");
    assert_eq!(value(&[("a.py", "import config\nHERE(config.DATA_DIR)"), config]), "/data");
    let config = ("config.js", "module.exports = {\n  dataDir: process.env.DIR || '/data',\n}\n");
    assert_eq!(value(&[("a.js", "const c = require('./config')\nHERE(c.dataDir)"), config]), "/data");
    assert_eq!(value(&[("a.js", "const { dataDir } = require('./config')\nHERE(dataDir)"), config]), "/data");
    let save = ("save.js", "export function save(dir) {\n  x(dir)\n}\n");
    assert_eq!(
        value(&[("a.js", "import { save } from './save.js'\nsave('/x')\nconst dir = 1\nHERE('/y')"), save]),
        "/y"
    );
}
