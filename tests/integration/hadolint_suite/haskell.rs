//! Reads as much Haskell as hadolint's specs need: texts, lists of texts, the names that `let` binds to them, and the
//! calls that say what a rule has to find.

use std::collections::BTreeMap;

use super::tokens::{Kind, Token, tokens};

/// One call: what is linted, and what has to come of it.
pub(super) struct Call {
    /// Line of the spec, from 1.
    pub(super) line: usize,
    /// The rule's code; `SC` for any code of `ShellCheck`, `*` for any code at all.
    pub(super) code: String,
    /// How often it has to be found.
    pub(super) expected: Expected,
    /// Whether every RUN is a trigger of ONBUILD.
    pub(super) onbuild: bool,
    /// The Dockerfile as the spec writes it.
    pub(super) dockerfile: String,
    /// The configuration, as arguments of hadolint.
    pub(super) arguments: Vec<String>,
    /// Codes that do not count where any code does.
    pub(super) ignored: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// At least once.
    Some,
    /// This often.
    Times(usize),
}

#[derive(Clone)]
enum Value {
    Text(String),
    List(Vec<String>),
    Configuration(Configuration),
}

#[derive(Clone, Default)]
struct Configuration {
    arguments: Vec<String>,
    ignored: Vec<String>,
}

struct Binding {
    name: String,
    value: Option<Value>,
    /// Column of its `let`: what stands further left ends its scope.
    column: usize,
}

/// The calls of a spec, and the lines of those that could not be read.
pub(super) fn calls(spec: &str) -> (Vec<Call>, Vec<usize>) {
    let mut reader = Reader { tokens: tokens(spec), next: 0, bindings: Vec::new() };
    let (mut calls, mut unread) = (Vec::new(), Vec::new());
    while let Some(token) = reader.tokens.get(reader.next).cloned() {
        reader.next += 1;
        let Kind::Name(name) = &token.kind else { continue };
        match name.as_str() {
            "it" | "describe" => reader.bindings.retain(|binding| binding.column <= token.column),
            "let" => reader.bind(token.column),
            "ruleCatches"
            | "ruleCatchesNot"
            | "onBuildRuleCatches"
            | "onBuildRuleCatchesNot"
            | "assertChecks"
            | "assertOnBuildChecks" => {
                let start = reader.next;
                if let Some(call) = reader.call(name, token.line) {
                    calls.push(call);
                } else {
                    unread.push(token.line);
                    reader.next = start;
                }
            }
            _ => {}
        }
    }
    (calls, unread)
}

struct Reader {
    tokens: Vec<Token>,
    next: usize,
    bindings: Vec<Binding>,
}

impl Reader {
    fn is(&self, ahead: usize, symbol: &str) -> bool {
        let token = self.tokens.get(self.next + ahead);
        token.is_some_and(|token| matches!(&token.kind, Kind::Symbol(written) if written == symbol))
    }

    fn take(&mut self, symbol: &str) -> Option<()> {
        let is = self.is(0, symbol);
        self.next += usize::from(is);
        is.then_some(())
    }

    fn kind(&mut self) -> Option<Kind> {
        self.next += 1;
        Some(self.tokens.get(self.next - 1)?.kind.clone())
    }

    fn name(&mut self) -> Option<String> {
        match self.kind()? {
            Kind::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The bindings behind a `let`. What is not read has no value, so that no older one of its name is taken for it.
    fn bind(&mut self, column: usize) {
        while matches!(self.tokens.get(self.next).map(|token| &token.kind), Some(Kind::Name(_))) && self.is(1, "=") {
            let name = self.name().unwrap();
            self.next += 1;
            let start = self.next;
            let value = self.expression();
            if value.is_none() {
                self.next = start;
            }
            self.bindings.push(Binding { name, value, column });
        }
    }

    /// Parts joined by `<>`.
    fn expression(&mut self) -> Option<Value> {
        let mut value = self.part()?;
        while self.take("<>").is_some() {
            value = match (value, self.part()?) {
                (Value::Text(text), Value::Text(more)) => Value::Text(text + &more),
                (Value::List(list), Value::List(more)) => Value::List([list, more].concat()),
                _ => return None,
            };
        }
        Some(value)
    }

    fn part(&mut self) -> Option<Value> {
        match self.kind()? {
            Kind::Text(text) => Some(Value::Text(text)),
            Kind::Symbol(symbol) if symbol == "(" => {
                let value = self.expression()?;
                self.take(")")?;
                Some(value)
            }
            Kind::Symbol(symbol) if symbol == "[" => self.list().map(Value::List),
            Kind::Name(name) => match name.rsplit('.').next()? {
                "def" => self.configuration().map(Value::Configuration),
                "unlines" => match self.argument()? {
                    Value::List(lines) => {
                        Some(Value::Text(lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()))
                    }
                    _ => None,
                },
                "pack" => self.argument(),
                _ => self.bindings.iter().rev().find(|binding| binding.name == name)?.value.clone(),
            },
            _ => None,
        }
    }

    /// A function's last argument: a part, or all that stands behind `$`.
    fn argument(&mut self) -> Option<Value> {
        if self.take("$").is_some() { self.expression() } else { self.part() }
    }

    fn text(&mut self) -> Option<String> {
        match self.argument()? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Behind `[`.
    fn list(&mut self) -> Option<Vec<String>> {
        let mut list = Vec::new();
        while self.take("]").is_none() {
            match self.expression()? {
                Value::Text(text) => list.push(text),
                _ => return None,
            }
            if !self.is(0, "]") {
                self.take(",")?;
            }
        }
        Some(list)
    }

    /// Behind `def`: the fields that differ from the default.
    fn configuration(&mut self) -> Option<Configuration> {
        let mut configuration = Configuration::default();
        if self.take("{").is_none() {
            return Some(configuration);
        }
        while self.take("}").is_none() {
            let field = self.name()?;
            self.take("=")?;
            let arguments = &mut configuration.arguments;
            match field.as_str() {
                "allowedRegistries" => {
                    self.take("[")?;
                    for registry in self.list()? {
                        arguments.extend(["--trusted-registry".to_owned(), registry]);
                    }
                }
                "labelSchema" => {
                    for (label, kind) in self.labels()? {
                        arguments.extend(["--require-label".to_owned(), format!("{label}:{kind}")]);
                    }
                }
                "strictLabels" if self.name()? == "True" => arguments.push("--strict-labels".to_owned()),
                "ignoreRules" => {
                    self.take("[")?;
                    configuration.ignored = self.list()?;
                }
                _ => return None,
            }
            if !self.is(0, "}") {
                self.take(",")?;
            }
        }
        Some(configuration)
    }

    /// `Map.fromList [(label, type), …]`.
    fn labels(&mut self) -> Option<BTreeMap<String, &'static str>> {
        let mut labels = BTreeMap::new();
        self.name().filter(|name| name == "Map.fromList")?;
        self.take("[")?;
        while self.take("]").is_none() {
            self.take("(")?;
            let label = self.text()?;
            self.take(",")?;
            let kind = match self.name()?.rsplit('.').next()? {
                "RawText" => "text",
                "Url" => "url",
                "Rfc3339" => "rfc3339",
                "SemVer" => "semver",
                "GitHash" => "hash",
                "Spdx" => "spdx",
                "Email" => "email",
                _ => return None,
            };
            self.take(")")?;
            labels.insert(label, kind);
            if !self.is(0, "]") {
                self.take(",")?;
            }
        }
        Some(labels)
    }

    fn call(&mut self, function: &str, line: usize) -> Option<Call> {
        let (code, expected, dockerfile, onbuild);
        if function.starts_with("assert") {
            dockerfile = match self.part()? {
                Value::Text(text) => text,
                _ => return None,
            };
            (code, expected) = self.assertion()?;
            onbuild = function == "assertOnBuildChecks";
        } else {
            code = match self.part()? {
                Value::Text(code) => code,
                _ => return None,
            };
            dockerfile = self.text()?;
            onbuild = function.starts_with("onBuild");
            expected = match function {
                "ruleCatches" => Expected::Some,
                "onBuildRuleCatches" => Expected::Times(1),
                _ => Expected::Times(0),
            };
        }
        let configuration = self.bindings.iter().rev().find(|binding| binding.name == "?config")?.value.clone();
        let Some(Value::Configuration(Configuration { arguments, ignored })) = configuration else { return None };
        Some(Call { line, code, expected, onbuild, dockerfile, arguments, ignored })
    }

    /// What is asserted of all that was found.
    fn assertion(&mut self) -> Option<(String, Expected)> {
        let parenthesis = self.take("(").is_some();
        let asserted = match self.name()?.as_str() {
            "passesShellcheck" => ("SC".to_owned(), Expected::Times(0)),
            "failsShellcheck" => ("SC".to_owned(), Expected::Some),
            "passesAllEnabled" => ("*".to_owned(), Expected::Times(0)),
            "failsWith" => {
                let Kind::Number(times) = self.kind()? else { return None };
                match self.part()? {
                    Value::Text(code) => (code, Expected::Times(times)),
                    _ => return None,
                }
            }
            // A message, then what is asked of the findings: that there are none.
            "assertBool" => {
                self.part()?;
                self.take(".")?;
                self.name().filter(|name| name == "null")?;
                ("*".to_owned(), Expected::Times(0))
            }
            _ => return None,
        };
        if parenthesis {
            self.take(")")?;
        }
        Some(asserted)
    }
}

#[test]
fn calls_are_read() {
    let spec = r#"
spec = do
  let ?config = def -- a comment with "quotes
  describe "a" $ do
    let rule = "X1"
    it "b" $ do
      ruleCatches rule "FROM a\nRUN \"b\" \
                       \c\\"
      onBuildRuleCatchesNot
        "X2"
        "RUN d"
    it "e" $
      let lines =
            [ "FROM f", {- no line -}
              "RUN g"
            ]
          more = Text.unlines lines <> "RUN h"
       in do
            assertChecks (Text.unlines lines) (failsWith 2 "X3")
            assertOnBuildChecks more passesShellcheck
    it "i" $ do
      let ?config = def { allowedRegistries = ["j", "k"] }
      ruleCatches rule more
      ruleCatchesNot "X4" $ Text.unlines ["FROM l"]
"#;
    let (calls, unread) = calls(spec);
    let read: Vec<String> = calls
        .iter()
        .map(|call| {
            let expected = match call.expected {
                Expected::Some => "some".to_owned(),
                Expected::Times(times) => times.to_string(),
            };
            let Call { line, code, onbuild, dockerfile, arguments, .. } = call;
            format!("{line} {code} {expected} {onbuild} {dockerfile:?} {}", arguments.join(" "))
        })
        .collect();
    let expected = [
        r#"7 X1 some false "FROM a\nRUN \"b\" c\\" "#,
        r#"9 X2 0 true "RUN d" "#,
        r#"19 X3 2 false "FROM f\nRUN g\n" "#,
        r#"20 SC 0 true "FROM f\nRUN g\nRUN h" "#,
        r#"24 X4 0 false "FROM l\n" --trusted-registry j --trusted-registry k"#,
    ];
    assert_eq!(read, expected);
    // `more` is not known there.
    assert_eq!(unread, [23]);
}
