//! What a change of the contracts breaks, and whom.
//!
//! | module | what is in it |
//! |---|---|
//! | [`change`] | one difference between two versions, and the rules that differences fall under |
//! | [`avro`] | two versions of an Avro schema |
//! | [`openapi`] | two versions of an OpenAPI document |
//! | [`contracts`], [`git`] | all contracts of one time: now, at a release, at a commit |
//! | [`registry`] | contracts against what a schema registry holds |
//! | [`dependents`] | the workspace's own code that uses a type |
//! | [`workspace`], [`hits`] | all of them held against what is out, and whom a change hits |
//! | [`release`] | the contracts frozen, and what was accepted on the way |
//! | [`baseline`] | changes that are known |
//! | [`formats`] | reports for tools |

pub mod avro;
pub mod baseline;
pub mod change;
pub mod contracts;
pub mod dependents;
pub mod formats;
pub mod git;
pub mod hits;
pub mod openapi;
pub mod registry;
pub mod release;
mod sample;
pub mod workspace;

use self::change::ChangeRule;

/// All rules about changes, sorted by id.
#[must_use]
pub fn rules() -> Vec<&'static ChangeRule> {
    let mut all = avro::rules::all();
    all.extend(openapi::rules::all());
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}
