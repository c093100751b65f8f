//! Which line caused a change.

use super::*;

/// An image with layers: instruction, line, bytes.
fn layered(layers: &[(&str, u32, u64)]) -> ProjectState {
    let layer = |(instruction, line, bytes): &(&str, u32, u64)| {
        format!(
            r#"{{"file_bytes": {bytes}, "in_base": false, "instruction": "{instruction}",
                "origin": {{"file": "Dockerfile", "line": {line}}}}}"#
        )
    };
    let all: u64 = layers.iter().map(|(.., bytes)| bytes).sum();
    let layers: Vec<String> = layers.iter().map(layer).collect();
    state(&format!(
        r#"{{"schema": "dockopt.image/1", "images": [{{"ref": "a", "totals": {{"disk_bytes": {all}, "pull_bytes": 4}},
            "layers": [{}]}}]}}"#,
        layers.join(",")
    ))
}

#[test]
fn an_edited_line_is_one_cause_with_the_words_of_the_edit() {
    let before = layered(&[("RUN apt-get update && apt-get install -y vim", 13, 67_000_000), ("COPY . .", 15, 5)]);
    let after =
        layered(&[("RUN apt-get update && apt-get install -y vim graphviz", 13, 104_000_000), ("COPY . .", 15, 5)]);
    let comparison = compared(after, Some(&before), &[]);
    let [cause] = comparison.rows[0].causes.as_slice() else { panic!("{:?}", comparison.rows[0].causes) };
    assert_eq!((cause.change, cause.line, cause.how), (37e6, Some(13), "changed"));
    assert_eq!(cause.edit.as_ref().and_then(Edit::words).as_deref(), Some("`graphviz` added"));
}

/// A cold build of these steps, in seconds.
fn stepped(steps: &[(&str, f64)]) -> ProjectState {
    let all: f64 = steps.iter().map(|(_, seconds)| seconds).sum();
    let steps: Vec<String> =
        steps.iter().map(|(name, seconds)| format!(r#"{{"name": "[2/3] {name}", "seconds": {seconds}}}"#)).collect();
    state(&format!(
        r#"{{"schema": "dockopt.measure/1", "builds": [{{"name": "before", "dockerfile": "Dockerfile", "runs": [{{"scenario":
            "cold", "seconds": {all}, "steps": [{}]}}], "image": null, "failure": null}}]}}"#,
        steps.join(",")
    ))
}

#[test]
fn a_slow_machine_is_no_fault_of_a_line() {
    let causes = |before: &[(&str, f64)], after: &[(&str, f64)]| -> Vec<String> {
        let comparison = compared(stepped(after), Some(&stepped(before)), &[]);
        comparison.rows[0].causes.iter().map(|cause| cause.instruction.clone()).collect()
    };
    let before = [("RUN a", 20.0), ("RUN b", 10.0), ("RUN c", 30.0), ("RUN make x", 5.0)];
    // All steps take half as long again.
    let slow = before.map(|(name, seconds)| (name, seconds * 1.5));
    assert_eq!(causes(&before, &slow), [""; 0]);
    // One of them takes longer than that.
    assert_eq!(causes(&before, &[slow[0], slow[1], ("RUN c", 80.0), slow[3]]), ["RUN c"]);
    // A step whose instruction changed is blamed for less than what unchanged steps may differ by.
    let edited = [before[0], before[1], ("RUN c", 32.5), ("RUN make x y", 11.0)];
    assert_eq!(causes(&before, &edited), ["RUN make x y"]);
}

#[test]
fn seconds_of_a_step_with_other_inputs_are_named() {
    let both = |bytes: u64, seconds: f64| {
        let image = layered(&[("RUN make", 3, bytes)]);
        join([stepped(&[("RUN make", seconds), ("RUN x", 20.0)]), image])
    };
    let causes = |after: ProjectState| {
        let options = ComparisonOptions {
            spreads: [(("Dockerfile".to_owned(), FigureKind::ColdBuild, "measure".to_owned()), 4.5)].into(),
            ..ComparisonOptions::default()
        };
        let comparison = compare(after, Some(&both(1_000_000, 10.0)), |_| Default::default(), &options);
        let row = comparison.rows.into_iter().find(|row| row.kind == FigureKind::ColdBuild).unwrap();
        (row.direction, row.causes.len())
    };
    assert_eq!(causes(both(9_000_000, 15.0)), (Direction::Worse, 1));
    assert_eq!(causes(both(1_000_000, 15.0)), (Direction::Worse, 1), "more than the spread");
    assert_eq!(causes(both(1_000_000, 14.0)), (Direction::Noise, 0));
}
