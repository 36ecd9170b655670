//! `Cargo.toml` of generated crates.

use std::fmt::Write as _;

use super::text::banner;

/// The manifest of the crate `package`, made from `source`, that depends on the workspace's `dependencies`.
pub(super) fn text(package: &str, source: &str, dependencies: &[String]) -> String {
    let mut text = banner("#", source);
    let _ = write!(
        text,
        "\n[package]\nname = \"{package}\"\nversion.workspace = true\nedition.workspace = true\n\
         rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n\n\
         [lints]\nworkspace = true\n\n[dependencies]\n"
    );
    let mut dependencies: Vec<_> = dependencies.iter().map(String::as_str).collect();
    dependencies.sort_unstable();
    dependencies.dedup();
    for dependency in dependencies {
        let _ = writeln!(text, "{dependency}.workspace = true");
    }
    text
}
