use super::*;

/// Names with `!` where the program fails without, `=default` where it has one.
#[track_caller]
fn check(path: &str, text: &str, expected: &[&str]) {
    let reads = variable_reads(path, text);
    let shown: Vec<String> = reads
        .reads
        .iter()
        .map(|read| match &read.absence {
            Absence::Fails => format!("{}!", read.name),
            Absence::Continues => read.name.clone(),
            Absence::Default(default) => format!("{}={}", read.name, default.as_deref().unwrap_or("…")),
        })
        .chain(reads.unknown.map(|_| "?".to_owned()))
        .chain(reads.prefixes.iter().map(|prefix| format!("{prefix}*")))
        .collect();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn python_reads() {
    check(
        "a.py",
        "import os\nA = os.environ[\"A1\"]\nB = os.environ.get('B1', 'b')\nC = os.getenv(\"C1\")\nD = os.getenv('D1') or 'd'\n",
        &["A1!", "B1=b", "C1", "D1=d"],
    );
    check("a.py", "os.environ['A1'] = 'x'\nif 'B1' in os.environ:\n    b = os.environ['B1']\n", &["B1", "B1"]);
    check("a.py", "x = os.environ[name]\n", &["?"]);
    check("a.py", "run(env={**os.environ, 'A1': '1'})\n", &["?"]);
    check("a.py", "def get_env(name):\n    return os.environ[name]\nx = get_env('A1')\n", &["A1"]);
    check("a.py", "def require_env(name):\n    return os.environ[name]\nx = require_env('A1')\n", &["A1!"]);
    check("a.py", "# os.environ['A1']\n", &[]);
    check("a.py", "try:\n    x = os.environ['A1']\nexcept KeyError:\n    pass\n", &["A1"]);
    check(
        "a.py",
        "from decouple import config\nA = config('A1')\nB = config('B1', default=True, cast=bool)\n",
        &["A1!", "B1=True"],
    );
    check(
        "a.py",
        "from environs import Env\nenv = Env()\nA = env.str(\"A1\")\nB = env.int('B1', 5)\nC = env.list('C1', subcast=int)\n",
        &["A1!", "B1=5", "C1!"],
    );
    check("a.py", "def app(environ, start):\n    return environ['PATH_INFO']\n", &[]);
}

#[test]
fn settings_classes_are_read() {
    let text = "from pydantic_settings import BaseSettings, SettingsConfigDict\n\n\nclass Base(BaseSettings):\n    \"\"\"What counts: the environment.\"\"\"\n\n    database_url: str\n    nats_url: str | None = None\n    secret: str = Field(min_length=3)\n    port: int = Field(80, gt=0)\n    key: Annotated[str, Field(alias=\"API_KEY\")] = \"x\"\n    other: str = Field(validation_alias=AliasChoices(\"A1\", \"A2\"))\n    hosts: dict[str, int] = {}\n    kind: ClassVar[str] = \"x\"\n\n    @property\n    def url(self) -> str:\n        value: str = \"\"\n        return value\n\n\nclass Mail(Base):\n    model_config = SettingsConfigDict(env_prefix=\"MAIL_\")\n    host: str\n\n\nx: int = 1\n";
    check(
        "a.py",
        text,
        &[
            "DATABASE_URL!",
            "NATS_URL=…",
            "SECRET!",
            "PORT=…",
            "API_KEY=x",
            "A1",
            "A2",
            "HOSTS=…",
            "MAIL_HOST!",
            "MAIL_*",
        ],
    );
    check(
        "a.py",
        "class S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix=PREFIX)\n    a: str\n",
        &["?"],
    );
    check("a.py", "class S(BaseModel):\n    a: str\n", &[]);
    check(
        "a.py",
        "class S(BaseSettings):\n    model_config = SettingsConfigDict(env_nested_delimiter=\"__\")\n    db: Database\n    port: int\n",
        &["DB", "PORT!", "DB__*", "PORT__*"],
    );
    let class = "class S(BaseSettings):\n    secret: str\n    key: str\n    port: int\n\n";
    check("a.py", &format!("{class}s = S(secret=draw())\n"), &["SECRET", "KEY!", "PORT!"]);
    let call =
        "known = {\"key\": draw()}\ns = S(\n    _env_file=file,  # type: ignore\n    # a comment\n    **known,\n)\n";
    check("a.py", &format!("{class}{call}"), &["SECRET!", "KEY", "PORT!"]);
    check("a.py", &format!("{class}s = S()\nt = Others(secret=1)\n"), &["SECRET!", "KEY!", "PORT!"]);
}

#[test]
fn javascript_reads() {
    check(
        "a.ts",
        "const a = process.env.A1;\nconst b = process.env.B1 ?? 'b';\nconst c = process.env['C1'] || \"c\";\nconst d = process.env.D1!;\n",
        &["A1", "B1=b", "C1=c", "D1"],
    );
    check("a.ts", "const { A1, B1 = 'b', C1: other } = process.env;\n", &["A1", "B1=b", "C1"]);
    check("a.ts", "process.env.A1 = 'x';\nif (process.env.B1 === 'y') {}\n", &["B1"]);
    check("a.ts", "const x = process.env[key];\n", &["?"]);
    check("a.ts", "spawn('x', { env: { ...process.env } });\n", &["?"]);
    check("a.ts", "if (!process.env.A1) throw new Error('A1');\n", &["A1!"]);
    check("a.ts", "const x = requireEnv('A1'), y = env('B1');\n", &["A1!", "B1"]);
    check("a.ts", "// process.env.A1\nconst b = import.meta.env.VITE_B1;\n", &["VITE_B1"]);
    let schema = "import { z } from 'zod';\nconst schema = z.object({\n  A1: z.string().min(1),\n  B1: z.string().optional(),\n  C1: z.enum(['a', 'b']).default('a'),\n});\nexport const env = schema.parse(process.env);\n";
    check("env.ts", schema, &["A1!", "B1=…", "C1=…"]);
    let handed = "import { z } from 'zod';\ncreateEnv({ server: {\n  A1: z.string({ error: () => undefined ? 1 : 2 }),\n  B1: z.string({ error: 1 }).optional(),\n}, runtimeEnv: {\n  A1:\n    process.env.A1,\n  B1: process.env.B1 } });\n";
    check("env.ts", handed, &["A1!", "B1=…"]);
    let conditional = "import { str } from 'envalid';\ncleanEnv(process.env, {\n  A1: str(),\n  ...(process.env.B1 && {\n    C1: str(),\n  }),\n});\n";
    check("env.ts", conditional, &["A1!", "B1", "C1"]);
    let joi = "import * as Joi from 'joi';\nJoi.object({ A1: Joi.string().required(), B1: Joi.number() });\nprocess.env.B1;\n";
    check("env.ts", joi, &["A1!", "B1", "B1"]);
}

#[test]
fn the_default_of_alternatives_is_that_of_the_first() {
    check(
        "a.js",
        "const a = process.env.A1 || process.env.B1 || 'c';\nconst d = process.env.D1 ??\n  process.env.E1 ?? 'e';\nconst f = options.f || process.env.F1 || 80;\nconst g = process.env.G1 || process.env.H1;\nconst i = process.env.I1 || settings.I1;\n",
        &["A1=c", "B1=…", "D1=e", "E1=…", "F1=80", "G1=…", "H1", "I1=…"],
    );
    check("a.py", "a = os.getenv('A1') or os.getenv('B1') or 'c'\n", &["A1=c", "B1=…"]);
}

#[test]
fn other_languages_read() {
    check(
        "a.go",
        "a := os.Getenv(\"A1\")\nb, ok := os.LookupEnv(\"B1\")\nfunc getEnv(key, d string) string { return os.Getenv(key) }\nc := getEnv(\"C1\", \"c\")\n",
        &["A1", "B1", "C1=c"],
    );
    check(
        "a.go",
        "type C struct {\n\tA string `env:\"A1,required\"`\n\tB int `env:\"B1\" envDefault:\"80\"`\n\tC string `envconfig:\"C1\" required:\"true\"`\n\tD string `json:\"d\" env:\"D1\"`\n}\n",
        &["A1!", "B1=80", "C1!", "D1"],
    );
    let process = "const prefix = \"PG\"\ntype Pg struct {\n\tHost string `envconfig:\"HOST\"`\n\tTls Tls\n}\ntype Tls struct {\n\tMode string `envconfig:\"MODE\" default:\"off\"`\n}\nfunc Load() {\n\tvar s Pg\n\terr := envconfig.Process(prefix, &s)\n}\n";
    check("a.go", process, &["PG_HOST", "PG_TLS_MODE=off"]);
    check("a.go", &process.replace("prefix, ", "\"\", "), &["HOST", "TLS_MODE=off"]);
    check("a.go", &process.replace("prefix, ", "other.Prefix, "), &["HOST", "MODE=off"]);
    let twice = "type W struct {\n\tP int `envconfig:\"PERIOD\"`\n}\nvar a W\nvar b W\nvar x = envconfig.Process(\"a\", &a)\nvar y = envconfig.Process(\"B\", &b)\n";
    check("a.go", twice, &["A_PERIOD", "B_PERIOD"]);
    let nested = "type C struct {\n\tDB Database `envPrefix:\"DB_\"`\n}\ntype Database struct {\n\tHost string `env:\"HOST,required\"`\n}\n";
    check("a.go", nested, &["DB_HOST!", "DB_*"]);
    check("a.go", &nested.replace("envPrefix", "env-prefix"), &["DB_HOST!"]);
    check(
        "a.rs",
        "let a = env::var(\"A1\").unwrap();\nlet b = std::env::var(\"B1\").unwrap_or_else(|_| \"b\".into());\nlet c = env::var(\"C1\").ok();\nlet d = env::var(\"D1\")?;\n",
        &["A1!", "B1=…", "C1", "D1!"],
    );
    check(
        "a.rb",
        "a = ENV['A1']\nb = ENV.fetch('B1')\nc = ENV.fetch(\"C1\", 'c')\nd = ENV.fetch('D1') { 'd' }\ne = ENV['E1'] || 'e'\n",
        &["A1", "B1!", "C1=c", "D1=…", "E1=e"],
    );
    check("a.php", "<?php\n$a = getenv('A1'); $b = env('B1', 'b'); $c = $_ENV['C1'];\n", &["A1", "B1=b", "C1"]);
    check("A.java", "String a = System.getenv(\"A1\");\n", &["A1"]);
    check("application.yml", "a: ${A1}\nb: ${B1:b}\n# ${C1}\nd: ${some.key}\n", &["A1!", "B1=b"]);
    check("application-prod.properties", "a=${A1}\n", &["A1"]);
    check("schema.prisma", "datasource db {\n  url = env(\"DATABASE_URL\")\n  // env(\"X1\")\n}\n", &["DATABASE_URL!"]);
    check("default.conf.template", "proxy_pass ${API_URL}; # $host ${host}\n", &["API_URL"]);
    check("a.ex", "System.fetch_env!(\"A1\")\nSystem.get_env(\"B1\", \"b\")\n", &["A1!", "B1=b"]);
}

#[test]
fn shell_scripts_read() {
    check(
        "start.sh",
        "#!/bin/sh\nset -eu\nB1=${B1:-b}\nlocal_dir=/x\nC1=1\nfor D1 in a b; do echo \"$D1 $C1\"; done\nread -r E1\necho $E1 \"${A1:?must}\" $F1 \\$G1 $local_dir\n# $H1\n",
        &["B1=b", "A1!", "F1!"],
    );
    check("start.sh", "echo \"${!name}\"\n", &["?"]);
    for head in ["#!/bin/sh\nset -u\n", "#!/bin/bash -eu\n", "set -euo pipefail\n", "set -o nounset # x\n"] {
        let text =
            format!("{head}A1=1\necho $A1 $B1 ${{C1:-c}}\nif x; then\n  echo $D1\nfi\ntrue && echo $E1\nawk '$F1'\n");
        check("start.sh", &text, &["B1!", "C1=c", "D1", "E1", "F1"]);
    }
}

#[test]
fn hostile_texts_end() {
    for (path, text) in [
        ("a.py", "os.environ[".repeat(100_000)),
        ("a.py", "class S(BaseSettings):\n".to_owned() + &"    a: ((((\n".repeat(50_000)),
        ("a.ts", "const { A1, ".repeat(50_000) + "} = process.env"),
        ("a.ts", "process.env.A1 || ".repeat(50_000)),
        ("a.sh", "${A:-".repeat(100_000)),
        ("a.go", "`env:\"A".repeat(50_000)),
        ("application.yml", "${".repeat(100_000)),
    ] {
        let start = dockopt_testing::ThreadTime::start();
        let reads = variable_reads(path, &text);
        assert!(start.seconds() < 20, "{path}: {:?}", start.seconds());
        drop(reads);
    }
}

#[test]
fn what_is_asked_for_may_be_absent() {
    let is_asked = |text: &str| super::is_asked_for(text, text.find("REDIS_URL").unwrap());
    for text in [
        "const enabled = !!process.env.REDIS_URL;",
        "const enabled = Boolean(process.env.REDIS_URL && process.env.X);",
        "const enabled = Boolean(process.env.X && process.env.REDIS_URL);",
        "if (process.env.REDIS_URL) {",
        "if(process.env.REDIS_URL){",
        "const redis = process.env.REDIS_URL ? new Redis() : null;",
        "if os.getenv(\"REDIS_URL\"):",
        "    if os.environ.get('REDIS_URL'):",
        "x = 1 if os.environ.get(\"REDIS_URL\") else 2",
        "if os.Getenv(\"REDIS_URL\") != \"\" {",
        "if v := os.Getenv(\"REDIS_URL\"); v != \"\" {",
        "if ENV[\"REDIS_URL\"]",
        "cache if ENV['REDIS_URL'].present?",
    ] {
        assert!(is_asked(text), "{text}");
    }
    for text in [
        "new Redis(process.env.REDIS_URL);",
        "if (!process.env.REDIS_URL) throw new Error();",
        "const url = process.env.REDIS_URL ?? 'redis://redis';",
        "url = os.environ[\"REDIS_URL\"]",
        "if not os.getenv(\"REDIS_URL\"):",
        "raise Error unless ENV[\"REDIS_URL\"]",
        "REDIS_URL",
        "é!REDIS_URL",
    ] {
        assert!(!is_asked(text), "{text}");
    }
}

#[test]
fn calls_with_a_type_are_read() {
    let text = "import { ConfigService } from '@nestjs/config';\nthis.configService.get<string>('APP_SECRET');\nthis.configService.getOrThrow<string>('DATABASE_URL');\n";
    check("a.ts", text, &["APP_SECRET", "DATABASE_URL!"]);
}

#[test]
fn variables_are_needed_that_the_program_refuses_to_lack() {
    let python = "import os\nA1 = os.environ.get(\"A1\")\nif A1 is None:\n    raise Exception(\n        \"set A1\")\nB1 = os.getenv('B1')\nif not B1: sys.exit(1)\nC1 = os.getenv('C1')\nif C1 is None:\n    C1 = 'c'\n";
    check("a.py", python, &["A1!", "B1!", "C1"]);
    let lists = "A1 = env(\"A1\", None)\nif not DEBUG and A1 in [\n    None,\n    \"x\",\n]:\n    raise ValueError()\nB1 = os.getenv('B1')\nif B1 in (None, ''):\n    raise ValueError()\nC1 = os.getenv('C1')\nif C1 in [\n    'x',\n]:\n    raise ValueError()\nD1 = os.getenv('D1')\nif other and not D1:\n    raise ValueError()\n";
    check("a.py", &format!("import os\nfrom environs import Env\nenv = Env()\n{lists}"), &["A1!", "B1!", "C1", "D1"]);
    let node = "const a: string = process.env.A1\nif (!a) {\n  throw new Error('A1')\n}\nconst b = process.env.B1\nif (!b && production) throw new Error('B1')\nfunction x() {\n  const c = process.env.C1\n  if (!c) throw new Error('C1')\n}\n";
    check("a.ts", node, &["A1!", "B1", "C1"]);
    let go = "package main\n\nvar a = os.Getenv(\"A1\")\n";
    check("a.go", go, &["A1"]);
}

#[test]
fn what_cannot_work_without_a_value_is_needed() {
    let node = "const a = process.env.A1.split(',');\nconst b = process.env.B1!.length;\nconst c = process.env.C1?.split(',');\nconst d = new URL(process.env.D1);\nconst e = JSON.parse(process.env.E1);\nif (process.env.F1) use(process.env.F1.trim());\nuse(process.env.G1);\n";
    check("a.ts", node, &["A1!", "B1!", "C1", "D1!", "E1!", "F1", "F1", "G1"]);
    let python = "a = int(os.getenv('A1'))\nb = os.environ.get('B1').split(',')\nc = int(os.getenv('C1', '3'))\nd = str(os.getenv('D1'))\nif x:\n    e = os.getenv('E1').strip()\nf = int(os.getenv('F1') or 3)\n";
    check("a.py", python, &["A1!", "B1!", "C1=3", "D1", "E1", "F1=3"]);
    for text in [
        "try {\n  x = JSON.parse(process.env.A1);\n} catch {}\n",
        "if (process.env.USE === 'x') {\n  new URL(process.env.A1);\n}\n",
        "const x = test ? 'x' : process.env.A1.trim();\n",
        "const x = has && process.env.A1.trim();\n",
        "app.get('/', (q, r) => {\n  process.env.A1.trim();\n});\n",
        "function f() {\n  return process.env.A1.trim();\n}\n",
        "class A {\n  f() {\n    return process.env.A1.trim();\n  }\n}\n",
    ] {
        let reads = variable_reads("a.ts", text).reads;
        assert!(reads.iter().filter(|read| read.name == "A1").all(|read| read.absence == Absence::Continues), "{text}");
    }
    check("a.ts", "process.env.NODE_ENV.trim();\n", &["NODE_ENV"]);
    check("a.ts", "export const config = {\n  queues: process.env.A1.split(','),\n};\n", &["A1!"]);
    for text in [
        "with suppress(TypeError):\n    int(os.getenv('A1'))\n",
        "f = lambda: int(os.getenv('A1'))\n",
        "async def f():\n    return int(os.getenv('A1'))\n",
    ] {
        check("a.py", text, &["A1"]);
    }
    check("a.py", "class Config:\n    port = int(os.getenv('A1'))\n", &["A1!"]);
}

#[test]
fn no_value_is_no_default() {
    check(
        "a.js",
        "a = process.env.A1 || undefined;\nb = process.env.B1 ?? null;\nc = Number(process.env.C1) || undefined;\nd = process.env.D1 || '';\n",
        &["A1", "B1", "C1", "D1="],
    );
    check("a.py", "a = os.getenv('A1') or None\n", &["A1"]);
}

#[test]
fn the_default_of_a_field_may_fail() {
    let text = "class S(BaseSettings):\n    a1: str = os.environ[\"A1\"]\n    b1: str = os.getenv(\"B1\")\n    c1: str = os.getenv(\"C1\", \"c\")\n    d1: str = Field(default=os.environ[\"D1\"])\n    e1: str = os.environ[\"OTHER\"]\n";
    check("a.py", text, &["A1!", "B1", "C1=c", "D1!", "E1=…", "OTHER!"]);
}

#[test]
fn a_refusal_is_seen_wherever_it_stands() {
    let refuses = |path: &str, text: &str| {
        let reads = variable_reads(path, text).reads;
        assert!(!reads.is_empty(), "{text}");
        reads.iter().any(|read| read.absence == Absence::Fails || may_be_refused(text, read.at))
    };
    for (path, text) in [
        (
            "main.go",
            "func main() {\n\tns := os.Getenv(\"NAMESPACE\")\n\tif ns == \"\" {\n\t\tlog.Fatal(\"no\")\n\t}\n}\n",
        ),
        (
            "config.go",
            "func read() (*C, error) {\n\tns, ok := os.LookupEnv(\"NS\")\n\tif !ok {\n\t\treturn nil, fmt.Errorf(\"no NS\")\n\t}\n}\n",
        ),
        (
            "a.ts",
            "export function load() {\n  const key = process.env.API_KEY;\n  if (!key) {\n    throw new Error('x');\n  }\n}\n",
        ),
        (
            "a.ts",
            "function f() {\n  if (!process.env.API_KEY) {\n    console.error('x');\n    process.exit(1);\n  }\n}\n",
        ),
        ("a.py", "def main():\n    key = os.environ.get('KEY')\n    if not key:\n        raise ValueError('KEY')\n"),
    ] {
        assert!(refuses(path, text), "{text}");
    }
    for (path, text) in [
        (
            "main.go",
            "func main() {\n\tport := os.Getenv(\"PORT\")\n\tif port == \"\" {\n\t\tport = \"8080\"\n\t}\n\tlog.Print(port)\n}\n",
        ),
        ("a.ts", "const level = process.env.LEVEL;\nif (level) {\n  set(level);\n}\nrun();\n"),
        ("a.py", "def main():\n    debug = os.environ.get('DEBUG')\n    return debug\n"),
    ] {
        assert!(!refuses(path, text), "{text}");
    }
}
