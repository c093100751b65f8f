//! Reads what callgrind writes.

use std::collections::{BTreeMap, HashMap};

/// How many instructions a run took.
pub(crate) struct Profile {
    /// In all.
    pub(crate) total: u64,
    /// By functions of dockopt: those of the function and of what it calls in libraries, without functions of dockopt.
    pub(crate) functions: BTreeMap<String, u64>,
}

/// The name for what no function of dockopt calls: the start of the program and of its threads.
const START: &str = "start of the program";

/// How often costs are passed on from a function to its callers; what goes round in a circle then is a trifle.
const ROUNDS: usize = 60;

#[derive(Default)]
struct Graph {
    names: Vec<String>,
    numbers: HashMap<String, usize>,
    /// Instructions of each function itself.
    costs: Vec<f64>,
    /// By functions that are called: who calls, and the instructions below the call.
    callers: Vec<HashMap<usize, f64>>,
}

impl Graph {
    fn number(&mut self, name: &str) -> usize {
        // `name'2` is the name in a recursion.
        let plain = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let name = without_crates(plain.strip_suffix('\'').unwrap_or(name));
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let number = self.names.len();
        self.numbers.insert(name.clone(), number);
        self.names.push(name);
        self.costs.push(0.0);
        self.callers.push(HashMap::new());
        number
    }
}

/// A name with `dockopt` for each of our crates: who moves a module to another one changes no name.
fn without_crates(name: &str) -> String {
    let mut parts = name.split("dockopt_");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
        plain.push_str("dockopt");
        plain.push_str(rest);
    }
    plain
}

impl Profile {
    /// Reads a file without compressed names and positions.
    pub(crate) fn read(text: &str) -> Self {
        let mut graph = Graph::default();
        let (mut function, mut callee, mut total) = (0, None, 0);
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = graph.number(name);
            } else if let Some(name) = line.strip_prefix("cfn=") {
                callee = Some(graph.number(name));
            } else if line.starts_with("calls=") {
                let cost = lines.next().and_then(cost).unwrap_or(0.0);
                if let Some(callee) = callee.take().filter(|callee| *callee != function) {
                    *graph.callers[callee].entry(function).or_default() += cost;
                }
            } else if let Some(sum) = line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")) {
                total = sum.trim().parse().unwrap_or(total);
            } else if line.starts_with(|letter: char| letter.is_ascii_digit()) {
                graph.costs[function] += cost(line).unwrap_or(0.0);
            }
        }
        Self { total, functions: charge(graph) }
    }
}

/// The cost of a line `position cost`.
fn cost(line: &str) -> Option<f64> {
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Passes the costs of library functions on to their callers, each its share, until they are at functions of dockopt.
fn charge(graph: Graph) -> BTreeMap<String, u64> {
    let Graph { names, costs, callers, .. } = graph;
    let is_own: Vec<bool> = names.iter().map(|name| name.contains("dockopt::")).collect();
    let mut charged = vec![0.0; names.len()];
    let (mut waiting, mut start) = (costs, 0.0);
    for _ in 0..ROUNDS {
        let mut next = vec![0.0; names.len()];
        for (number, cost) in waiting.iter().enumerate().filter(|(_, cost)| **cost > 0.0) {
            let sum: f64 = callers[number].values().sum();
            if is_own[number] {
                charged[number] += cost;
            } else if sum > 0.0 {
                callers[number].iter().for_each(|(caller, below)| next[*caller] += cost * below / sum);
            } else {
                start += cost;
            }
        }
        waiting = next;
    }
    let mut functions = BTreeMap::new();
    for (name, cost) in names.into_iter().zip(charged).filter(|(_, cost)| *cost > 0.0) {
        functions.insert(name, to_count(cost));
    }
    functions.insert(START.to_owned(), to_count(start));
    functions
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Counts of a run of seconds.
fn to_count(cost: f64) -> u64 {
    cost.round() as u64
}
