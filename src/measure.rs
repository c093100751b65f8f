//! Builds before and after, compares what came out, and cleans up after itself. Owns scenarios and the climb down the
//! ladder; the values stand in `proof`.
