//! BuildKit's record of a build: in-toto statements with a SLSA provenance predicate (0.2 and 1) that `mode=max`
//! attests. Tells which lines of which Dockerfile made each layer.

mod statement;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::image::digest::Digest;

/// What the builder recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Images that it speaks of, by the digests of their manifests.
    pub subjects: Vec<Digest>,
    /// The Dockerfiles.
    pub texts: Vec<RecordedText>,
    /// Images and sources that the build took from: `pkg:docker/python@3.13-slim?…`, and the digest of each.
    pub materials: Vec<(String, Option<Digest>)>,
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg`, sorted.
    pub build_args: Vec<(String, String)>,
    /// Lines of each step, by the digest that the builder's messages have for it.
    pub vertices: BTreeMap<String, RecordedLines>,
    /// Lines by the blobs of a step's result, from the lowest to its own: equal blobs may be made by several steps.
    chains: HashMap<ChainKey, StepProducts>,
    /// Lines by a step's own blob; `None` for one that several lines made.
    blobs: BTreeMap<Digest, Option<RecordedLines>>,
}

/// A recorded Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedText {
    /// Its name.
    pub name: String,
    /// Its text; bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// Lines of a recorded Dockerfile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordedLines {
    /// Number of the text in [`Provenance::texts`].
    pub text: usize,
    /// First line, from 1.
    pub first: u32,
    /// Last line, from 1.
    pub last: u32,
}

/// What made a layer, as the builder recorded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedLayer {
    /// The lines; `None` where the builder recorded none.
    pub lines: Option<RecordedLines>,
    /// Whether it came with an image that the lines name.
    pub fetched: bool,
}

/// Why bytes are no provenance that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoProvenance(pub String);

impl fmt::Display for NoProvenance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a step made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StepProducts {
    step: u32,
    layer: RecordedLayer,
}

/// Stands for a list of blobs: a hash over all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct ChainKey([u8; 32]);

impl ChainKey {
    /// With one more blob on top.
    fn with(self, digest: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(digest.as_bytes());
        Self(hash.finalize().into())
    }
}

impl Provenance {
    /// What made each layer of an image, the lowest first; `None` for a blob that is not recorded.
    pub fn layers(&self, blobs: &[Option<&Digest>]) -> Vec<Option<RecordedLayer>> {
        let mut layers = vec![None; blobs.len()];
        let mut key = ChainKey::default();
        let mut fetched = None;
        for (index, blob) in blobs.iter().enumerate() {
            let Some(blob) = blob else { break };
            key = key.with(&blob.to_string());
            let layer = self.chains.get(&key).map(|product| product.layer);
            layers[index] = layer;
            if let Some(layer) = layer.filter(|layer| layer.fetched) {
                fetched = Some((index, layer));
            }
        }
        // All that lies below a fetched image's last layer came with it.
        if let Some((last, layer)) = fetched {
            layers[..=last].fill(Some(layer));
        }
        for (layer, blob) in layers.iter_mut().zip(blobs).filter(|(layer, _)| layer.is_none()) {
            let lines = blob.and_then(|blob| self.blobs.get(blob).copied().flatten());
            *layer = lines.map(|lines| RecordedLayer { lines: Some(lines), fetched: false });
        }
        layers
    }

    /// Takes what a step made. Of steps with the same result the first one made it.
    fn add(&mut self, chain: &Chain, products: StepProducts) {
        let Some(step) = &chain.last else { return };
        let known = self.chains.entry(chain.key).or_insert(products);
        if products.step < known.step {
            *known = products;
        }
        if let Some(lines) = products.layer.lines
            && !products.layer.fetched
        {
            let known = self.blobs.entry(step.clone()).or_insert(Some(lines));
            if *known != Some(lines) {
                *known = None;
            }
        }
    }
}

/// The blobs of a step's result.
#[derive(Clone, Debug, Default)]
struct Chain {
    key: ChainKey,
    last: Option<Digest>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn digest(name: char) -> Digest {
        Digest::new(crate::image::Algorithm::Sha256, &[name as u8; 32]).unwrap()
    }

    fn chains(steps: &[(u32, &str)]) -> Value {
        let list = |blobs: &str| -> Value { blobs.chars().map(|c| json!({"digest": digest(c).to_string()})).collect() };
        steps.iter().map(|(step, blobs)| (format!("step{step}:0"), json!([list(blobs)]))).collect()
    }

    fn location(first: u32, last: u32) -> Value {
        let ranges: Vec<Value> =
            (first..=last).map(|line| json!({"start": {"line": line}, "end": {"line": line}})).collect();
        json!({"locations": [{"ranges": ranges}]})
    }

    /// Line 1 fetches `a` and `b`; line 2 makes `c`, 3 and 4 a second `c`; 5 links `d`, 6 makes `c` once more.
    fn metadata() -> Value {
        json!({
            "source": {
                "infos": [{"filename": "Dockerfile", "data": "RlJPTSB4Cg==", "language": "Dockerfile"}],
                "locations": {
                    "step0": location(1, 1), "step1": location(2, 2), "step2": location(3, 4), "step3": location(5, 5),
                    "step4": location(5, 5), "step5": location(6, 6), "step6": {}, "step7": location(9, 9),
                },
            },
            "layers": chains(&[(0, "ab"), (1, "abc"), (2, "abcc"), (3, "d"), (4, "abccd"), (5, "abccdc"), (6, "e"), (7, "f")]),
        })
    }

    fn fetching() -> Value {
        json!({"llbDefinition": [
            {"id": "step0", "op": {"Op": {"source": {"identifier": "docker-image://docker.io/library/x"}}}},
            {"id": "step1", "op": {"Op": {}}, "inputs": ["step0:0"]},
        ]})
    }

    fn statement(kind: &str, predicate: &Value) -> Vec<u8> {
        let subject = json!([{"name": "x", "digest": {"sha256": digest('m').hex()}}]);
        let kind = format!("https://slsa.dev/provenance/{kind}");
        json!({"_type": "x", "predicateType": kind, "subject": subject, "predicate": predicate}).to_string().into()
    }

    fn old() -> Value {
        json!({
            "buildConfig": fetching(),
            "materials": [{"uri": "pkg:docker/x", "digest": {"sha256": digest('x').hex()}}],
            "invocation": {"parameters": {"args": {"build-arg:V": "1", "target": "app", "no-cache": ""}}},
            "metadata": {"https://mobyproject.org/buildkit@v1#metadata": metadata()},
        })
    }

    #[track_caller]
    fn check(provenance: &Provenance, blobs: &str, expected: &str) {
        let digests: Vec<Digest> = blobs.chars().map(digest).collect();
        let layers = provenance.layers(&digests.iter().map(Some).collect::<Vec<_>>());
        let texts: Vec<String> = layers
            .iter()
            .map(|layer| match layer {
                None => "?".to_owned(),
                Some(RecordedLayer { lines, fetched }) => {
                    let lines = lines.map_or("-".to_owned(), |lines| format!("{}-{}", lines.first, lines.last));
                    format!("{lines}{}", if *fetched { "!" } else { "" })
                }
            })
            .collect();
        assert_eq!(texts.join(" "), expected, "{blobs}");
    }

    #[test]
    fn both_predicates_tell_lines() {
        let new = json!({
            "buildDefinition": {
                "resolvedDependencies": old()["materials"],
                "externalParameters": {"request": {"args": {"build-arg:V": "1", "target": "app"}}},
                "internalParameters": {"buildConfig": fetching()},
            },
            "runDetails": {"metadata": {"buildkit_metadata": metadata()}},
        });
        for (kind, predicate) in [("v0.2", old()), ("v1", new)] {
            let provenance = Provenance::read(&statement(kind, &predicate)).unwrap().unwrap();
            assert_eq!(provenance.texts, [RecordedText { name: "Dockerfile".into(), text: "FROM x\n".into() }]);
            assert_eq!(provenance.target.as_deref(), Some("app"));
            assert_eq!(provenance.build_args, [("V".to_owned(), "1".to_owned())]);
            assert_eq!(provenance.subjects, [digest('m')]);
            assert_eq!(provenance.materials, [("pkg:docker/x".to_owned(), Some(digest('x')))]);
            check(&provenance, "abccdc", "1-1! 1-1! 2-2 3-4 5-5 6-6");
            // Layers below that are not recorded leave those blobs that one line alone made.
            check(&provenance, "zcfe", "? ? 9-9 ?");
            check(&provenance, "", "");
        }
    }

    #[test]
    fn other_statements_are_not_provenance() {
        let sbom = br#"{"predicateType": "https://spdx.dev/Document", "predicate": 7}"#;
        assert_eq!(Provenance::read(sbom), Ok(None));
        assert_eq!(Provenance::read(b"{}"), Ok(None));
        let mut least = old();
        least["metadata"] = json!({"buildFinishedOn": "x"});
        assert_eq!(Provenance::read(&statement("v0.2", &least)), Ok(None));
        assert_eq!(Provenance::read(&statement("v1", &json!({"buildDefinition": null}))), Ok(None));
        for wrong in [&b"{"[..], b"\xff", b"", &vec![b'['; 100_000], &statement("v1", &json!({"runDetails": 7}))] {
            assert!(Provenance::read(wrong).is_err());
        }
    }

    #[test]
    fn odd_records_do_no_harm() {
        let mut odd = old();
        let metadata = &mut odd["metadata"]["https://mobyproject.org/buildkit@v1#metadata"];
        metadata["source"]["locations"]["step1"] = json!({"locations": [{"sourceIndex": 9, "ranges": null}]});
        metadata["source"]["locations"]["step2"]["locations"][0]["sourceIndex"] = json!(1_000_000);
        metadata["source"]["infos"][0]["data"] = json!("not base64!");
        metadata["layers"]["stepx:0"] = json!([[{"digest": "sha256:../.."}]]);
        metadata["layers"]["step99999999999:0"] = json!(null);
        metadata["layers"]["step1:0"] = json!([[{}, {}]]);
        let provenance = Provenance::read(&statement("v0.2", &odd)).unwrap().unwrap();
        assert_eq!(provenance.texts[0].text, "");
        check(&provenance, "abcc", "1-1! 1-1! 6-6 6-6");
    }
}
