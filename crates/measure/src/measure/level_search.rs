//! Proves a rewrite with an engine: builds the original and the rewrite, compares both, and drops what fails until the
//! rest is proved.

mod fault;
mod floor;
mod pass_search;
mod rewrite_trials;
mod start_hints;

pub use self::floor::ProofInput;
use self::pass_search::PassSearch;
use self::rewrite_trials::RewriteTrials;
pub use self::rewrite_trials::{ProvedRewrite, RewriteRequest};
use super::session::Session;
use crate::failure::Failure;
use crate::proof::Proof;
use crate::text::Source;

impl Session {
    /// Proves the rewrite that holds with the most passes: where all of them fail, the pass at fault is found and left out,
    /// until the rest holds or as many rewrites were built as a search may build.
    ///
    /// # Errors
    /// What is no Dockerfile's fault: the engine is lost, somebody wants it to end, there is no room.
    pub fn prove_rewrite(
        &self,
        ground: &ProofInput<'_>,
        demand: &RewriteRequest,
        say: &dyn Fn(&str),
    ) -> Result<ProvedRewrite, Failure> {
        let mut trials = RewriteTrials::new(self, ground, demand, say);
        let mut proof = trials.proof();
        let declared = trials.declared(&ground.inputs.sources, &[]);
        let Some(original) = trials.original(&declared, &mut proof)? else {
            return Ok(ProvedRewrite { proof, optimized: None });
        };
        let mut evidence = ground.evidence.clone();
        evidence.images = Some(self.names()?);
        evidence.observed = Some(self.observed(&original, (ground.inputs, ground.build), &declared, &evidence)?);
        trials.sources.texts = evidence.texts.clone();
        let mut passes = PassSearch::new(trials, &original, &evidence, proof);
        passes.run()?;
        Ok(passes.close())
    }

    /// Compares with a rewrite that somebody else made: `sources` are the texts of the inputs with its own in their places.
    ///
    /// # Errors
    /// As [`Self::prove_rewrite`].
    pub fn against(
        &self,
        ground: &ProofInput<'_>,
        sources: &[Source],
        demand: &RewriteRequest,
        say: &dyn Fn(&str),
    ) -> Result<Proof, Failure> {
        let mut trials = RewriteTrials::new(self, ground, demand, say);
        trials.sources.texts = ground.evidence.texts.clone();
        let mut proof = trials.proof();
        let declared = trials.declared(sources, &[]);
        if let Some(original) = trials.original(&declared, &mut proof)? {
            let (mut tried, size) = trials.try_rewrite(&original, &[], sources, 1)?;
            trials.show_sizes(tried.holds().then_some(&size), &mut proof);
            trials.measure((&mut tried, &size), sources, &mut proof)?;
            proof.tried.push(tried);
            trials.close(&mut proof);
        }
        Ok(proof)
    }
}
