use std::collections::BTreeSet;
use std::time::Instant;
fn main() {
    let bodies: Vec<String> =
        serde_json::from_str(&std::fs::read_to_string("/tmp/shcorp/bodies.json").unwrap()).unwrap();
    let mut p = tree_sitter::Parser::new();
    p.set_language(&tree_sitter_bash::LANGUAGE.into()).unwrap();
    let (mut same, mut differ, mut ts_err, mut own_err) = (0, 0, 0, 0);
    let mut own_only = Vec::new();
    for b in &bodies {
        let tree = p.parse(b, None).unwrap();
        let mut ts = BTreeSet::new();
        let mut c = tree.walk();
        'walk: loop {
            let n = c.node();
            let k = n.kind();
            if k == "command" {
                let nm = n.child_by_field_name("name").unwrap();
                ts.insert((nm.start_byte(), nm.end_byte()));
            } else if matches!(k, "test_command") && !b[n.start_byte()..].starts_with("((") {
                let l = if b[n.start_byte()..].starts_with("[[") { 2 } else { 1 };
                ts.insert((n.start_byte(), n.start_byte() + l));
            } else if matches!(k, "declaration_command" | "unset_command") {
                let ch = n.child(0).unwrap();
                ts.insert((ch.start_byte(), ch.end_byte()));
            }
            if c.goto_first_child() {
                continue;
            }
            loop {
                if c.goto_next_sibling() {
                    break;
                }
                if !c.goto_parent() {
                    break 'walk;
                }
            }
        }
        let own = dockopt::shell::parse(b);
        let mine: BTreeSet<_> = own
            .commands
            .iter()
            .filter_map(|c| c.name())
            .map(|w| (w.span.start as usize, w.span.end as usize))
            .collect();
        if tree.root_node().has_error() {
            ts_err += 1;
        }
        if !own.problems.is_empty() {
            own_err += 1;
            own_only.push(b.clone());
            let q = own.problems[0];
            println!(
                "OWN PROBLEM {:?} at {:?} ts_err={} in {:.300}",
                q.kind,
                &b[q.span.range()],
                tree.root_node().has_error(),
                b
            );
        }
        if mine == ts {
            same += 1;
        } else {
            differ += 1;
            println!("DIFF ts_err={} own_err={} {:.400}", tree.root_node().has_error(), !own.problems.is_empty(), b);
            for (s, e) in ts.difference(&mine) {
                println!("   ts only {s} {:?}", &b[*s..*e]);
            }
            for (s, e) in mine.difference(&ts) {
                println!("   own only {s} {:?}", &b[*s..*e]);
            }
        }
    }
    println!("bodies {} same {same} differ {differ} ts_err {ts_err} own_err {own_err}", bodies.len());
    std::fs::write("/tmp/shcorp/own_problems.json", serde_json::to_string(&own_only).unwrap()).unwrap();
    let bytes: usize = bodies.iter().map(String::len).sum();
    for round in 0..3 {
        let t = Instant::now();
        let mut n = 0;
        for b in &bodies {
            n += dockopt::shell::parse(b).commands.len();
        }
        let own = t.elapsed();
        let t = Instant::now();
        for b in &bodies {
            n += p.parse(b, None).unwrap().root_node().child_count() as usize;
        }
        let ts = t.elapsed();
        let t = Instant::now();
        for b in &bodies {
            n += dockopt::shell::parse(b).invocations().iter().filter_map(|i| i.package_call()).count();
        }
        let pk = t.elapsed();
        let mb = |d: std::time::Duration| bytes as f64 / 1e6 / d.as_secs_f64();
        println!(
            "round {round}: own {:.0} MB/s, ts {:.1} MB/s (parse only), own with packages {:.0} MB/s, per body {:?} ({n})",
            mb(own),
            mb(ts),
            mb(pk),
            own / bodies.len() as u32
        );
    }
}
