//! Help and completions.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write as _;
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;
use charter_codegen::cli::Arguments;
use clap::CommandFactory;

/// All commands that do something, with their names: `registry push`.
fn leaves(command: &clap::Command, name: &str, found: &mut Vec<(String, String)>) {
    let inner: Vec<_> =
        command.get_subcommands().filter(|inner| inner.get_name() != "help").collect();
    if inner.is_empty() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        found.push((name.to_owned(), help));
    }
    for inner in inner {
        leaves(inner, format!("{name} {}", inner.get_name()).trim(), found);
    }
}

#[test]
fn every_command_shows_examples_that_parse() {
    let mut found = Vec::new();
    leaves(&Arguments::command(), "", &mut found);
    assert!(found.len() > 10, "{found:?}");
    for (name, help) in found {
        let examples: Vec<&str> =
            help.lines().map(str::trim).filter(|line| line.starts_with("charter ")).collect();
        assert!(!examples.is_empty(), "`charter {name} --help` has no example");
        for example in examples {
            let line = example.split([' ']).take_while(|word| !word.starts_with(['>', '<', '|']));
            let words = words(&line.collect::<Vec<_>>().join(" "));
            let parsed = Arguments::command().try_get_matches_from(&words);
            assert!(parsed.is_ok(), "`{example}`: {}", parsed.unwrap_err());
            assert!(
                example.starts_with(&format!("charter {name}")) || name == "lint",
                "`{example}` of {name}"
            );
        }
    }
}

/// A command line in words; double quotes hold some together.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(index, part)| {
            if index % 2 == 1 {
                vec![part.to_owned()]
            } else {
                part.split_whitespace().map(ToOwned::to_owned).collect()
            }
        })
        .collect()
}

#[test]
fn shells_get_scripts_that_know_every_command() {
    let mut names = Vec::new();
    leaves(&Arguments::command(), "", &mut names);
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let output =
            Command::cargo_bin("charter").unwrap().args(["completions", shell]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = String::from_utf8(output.stdout).unwrap();
        for (name, _) in &names {
            let last = name.rsplit(' ').next().unwrap();
            assert!(script.contains(last), "{shell} knows `{name}`");
        }
    }
    let unknown =
        Command::cargo_bin("charter").unwrap().args(["completions", "tcsh"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn bash_takes_its_script_and_completes() {
    let output =
        Command::cargo_bin("charter").unwrap().args(["completions", "bash"]).output().unwrap();
    let mut script = String::from_utf8(output.stdout).unwrap();
    script.push_str("\nCOMP_WORDS=(charter fm) COMP_CWORD=1\n_charter charter fm charter\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n");
    let bash = Process::new("bash").arg("-s").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut bash) = bash else {
        eprintln!("skipped: there is no bash");
        return;
    };
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let said = bash.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(said.stdout).unwrap(), "fmt\n");
}
