//! What a change of the contracts breaks, and whom.
//!
//! | module | what is in it |
//! |---|---|
//! | [`change`] | one difference between two versions, and the rules that differences fall under |
//! | [`avro`] | two versions of an Avro schema |
//! | [`openapi`] | two versions of an OpenAPI document |
//! | [`formats`] | reports for tools |

pub mod avro;
pub mod change;
pub mod formats;
pub mod openapi;

use self::change::ChangeRule;

/// All rules about changes, sorted by id.
#[must_use]
pub fn rules() -> Vec<&'static ChangeRule> {
    let mut all = avro::rules::all();
    all.extend(openapi::rules::all());
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}
