//! `Cargo.toml` of generated crates.

use std::fmt::Write as _;

use super::text::banner;

/// The crates of the workspace that emitted code may name, beside those of the contexts.
pub(super) const CRATES: [&str; 8] = [
    "charter-avro",
    "charter-domain",
    "charter-engine",
    "charter-http",
    "contract-shared",
    "serde",
    "serde_json",
    "utoipa",
];

/// What stands in the manifest of a package about its publication: a project outside of this repository stands on the
/// types that all contexts share (ADR 51), and generates the others for itself.
fn publication(package: &str) -> &'static str {
    match package {
        "contract-shared" => {
            "description = \"What the messages of every context share: metadata, outcomes, dead letters.\"\n\
             publish = true\n"
        }
        _ => "publish.workspace = true\n",
    }
}

/// The manifest of the crate `package`, made from `source`, that depends on the workspace's `dependencies`.
pub(super) fn text(package: &str, source: &str, mut dependencies: Vec<&str>) -> String {
    let mut text = banner("#", source);
    let _ = write!(
        text,
        "\n[package]\nname = \"{package}\"\nversion.workspace = true\nedition.workspace = true\n\
         rust-version.workspace = true\nlicense.workspace = true\n{}\n\
         [lints]\nworkspace = true\n\n[dependencies]\n",
        publication(package)
    );
    dependencies.sort_unstable();
    for dependency in dependencies {
        let _ = writeln!(text, "{dependency}.workspace = true");
    }
    text
}
