//! `docs/settings.md`: every setting of every service, written from what `--help` of each says.
//!
//! `CHARTER_WRITE_DOCS=1 cargo test -p platform-service --test end_to_end settings` (or `just reference`) writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{binary, services};

/// What asks services and is none; the last of the document.
const TOOL: &str = "charterctl";

const HEAD: &str = "\
# Settings

Every setting of every service, and what all commands of `charterctl` take ([charterctl.md](charterctl.md) has the commands), as
`--help` of each binary says it: this page is written from there (`just reference`) and a test keeps it so. *all* are the services.
A flag wins over its variable; a variable that is empty counts as not set. A wrong value is one line that says what was expected, and
exit code 2.

Beside these:

- `RUST_LOG` chooses the log lines: `warn` where it is not set; `info`, `charter_engine=debug`, …
- `KAFKA_REPLICATION` is the number of replicas of the topics that are made, `KAFKA_TOPIC_PREFIX` what the names of topics and
  groups begin with, `KAFKA_GROUP_INSTANCE_ID` makes a process the same member of its groups across restarts.
- Every other variable `KAFKA_…` is a property of librdkafka: `KAFKA_SECURITY_PROTOCOL=SASL_SSL` is `security.protocol=SASL_SSL`.
  Those that Charter's promises rest on (`acks`, `enable.idempotence`, …) can't be set.
- `charterctl pair` without `--data-dir` takes `DATABASE_URL`, `KAFKA_BROKERS` and the other `KAFKA_…` as services do. In development
  mode `USER` is who an operator's request is of.
- Traces have OpenTelemetry's variables, in every service but the registry: `OTEL_EXPORTER_OTLP_ENDPOINT` is the collector's
  address (`http://collector:4318`; spoken is `http/protobuf`), and without it nothing is recorded. `OTEL_TRACES_SAMPLER` is `always_on`,
  `always_off` or `traceidratio`, or one of these with `parentbased_` before it, which heeds what callers say; not set, it is
  `parentbased_always_on`. `OTEL_TRACES_SAMPLER_ARG` is the ratio, `0.05`. Beside them `OTEL_SERVICE_NAME`,
  `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TIMEOUT`, `OTEL_BSP_…` (the queue of spans),
  `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`, `OTEL_EXPORTER_OTLP_PROTOCOL`, `OTEL_TRACES_EXPORTER=none` and
  `OTEL_SDK_DISABLED=true` ([operations.md](operations.md#traces)).

";

/// One flag of one service.
#[derive(Debug, Default)]
struct Setting {
    flag: String,
    variable: Option<String>,
    default: Option<String>,
    values: Vec<String>,
    meaning: String,
}

/// The settings that a service's `--help` lists, without those that every command has.
fn settings(help: &str) -> Vec<Setting> {
    let options = help.split_once("\nOptions:\n").expect("a list of options").1;
    let mut settings: Vec<Setting> = Vec::new();
    let mut in_values = false;
    for line in options.lines() {
        let text = line.trim();
        let indent = line.len() - line.trim_start().len();
        if indent < 10 && text.starts_with('-') {
            let flag = text.split_once("--").expect("a long flag").1;
            let flag = flag.split([' ', '[']).next().expect("a name");
            settings.push(Setting { flag: format!("--{flag}"), ..Setting::default() });
            in_values = false;
            continue;
        }
        let Some(setting) = settings.last_mut() else { continue };
        let within = |name: &str| {
            let rest = text.strip_prefix(name)?.strip_suffix(']')?;
            Some(rest.trim_end_matches('=').to_owned())
        };
        if let Some(variable) = within("[env: ") {
            setting.variable = Some(variable);
        } else if let Some(default) = within("[default: ") {
            setting.default = Some(default);
        } else if text == "Possible values:" {
            in_values = true;
        } else if in_values && let Some(value) = text.strip_prefix("- ") {
            setting.values.push(value.split(':').next().expect("a value").to_owned());
        } else if !in_values && !text.is_empty() && !text.starts_with('[') {
            let space = if setting.meaning.is_empty() { "" } else { " " };
            write!(setting.meaning, "{space}{text}").expect("a string grows");
        }
    }
    settings.retain(|setting| !["--help", "--version"].contains(&setting.flag.as_str()));
    settings
}

/// Whose settings the document has: the platform's first, which newcomers start.
fn documented() -> Vec<String> {
    let place = |name: &String| match name.as_str() {
        "platform" => 0,
        "gateway" => 1,
        TOOL => 3,
        _ => 2,
    };
    let mut names = services();
    names.sort_by_key(place);
    names
}

fn help(service: &str) -> String {
    let path = match service {
        "platform" => PathBuf::from(env!("CARGO_BIN_EXE_platform")),
        other => binary(other),
    };
    // What is set where the test runs is no default.
    let output = Command::new(path)
        .arg("--help")
        .env_clear()
        .env("COLUMNS", "100")
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{service}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The same value of several services is said once.
fn by_value(values: &[(&str, String)]) -> String {
    let Some((_, first)) = values.first() else { return "–".to_owned() };
    if values.iter().all(|(_, value)| value == first) {
        return first.clone();
    }
    let mut of: BTreeMap<&String, Vec<&str>> = BTreeMap::new();
    for (service, value) in values {
        of.entry(value).or_default().push(service);
    }
    let each = of.iter().map(|(value, services)| format!("{}: {value}", services.join(", ")));
    each.collect::<Vec<_>>().join("; ")
}

fn document() -> String {
    let mut flags: Vec<String> = Vec::new();
    let mut of: BTreeMap<String, Vec<(&str, Setting)>> = BTreeMap::new();
    let documented = documented();
    for service in &documented {
        for setting in settings(&help(service)) {
            if !flags.contains(&setting.flag) {
                flags.push(setting.flag.clone());
            }
            of.entry(setting.flag.clone()).or_default().push((service.as_str(), setting));
        }
    }
    let mut text = HEAD.to_owned();
    text.push_str(
        "| variable | flag | services | default | what it says |\n|---|---|---|---|---|\n",
    );
    for flag in flags {
        let services = &of[&flag];
        let each = |value: &dyn Fn(&Setting) -> String| {
            let values: Vec<_> = services.iter().map(|(name, of)| (*name, value(of))).collect();
            by_value(&values)
        };
        let code = |value: &Option<String>| match value {
            Some(value) => format!("`{value}`"),
            None => "–".to_owned(),
        };
        let meaning = each(&|setting| {
            let mut meaning = setting.meaning.clone();
            if !setting.values.is_empty() {
                let values = setting.values.iter().map(|value| format!("`{value}`"));
                write!(meaning, " ({})", values.collect::<Vec<_>>().join(", ")).expect("grows");
            }
            meaning.replace('|', "\\|")
        });
        let is_service = |name: &&str| *name != TOOL;
        let all = documented.iter().map(String::as_str).filter(is_service);
        let names = if services.iter().map(|(name, _)| *name).eq(all) {
            "all".to_owned()
        } else {
            services.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
        };
        writeln!(
            text,
            "| {} | `{flag}` | {names} | {} | {meaning} |",
            each(&|setting| code(&setting.variable)),
            each(&|setting| code(&setting.default)),
        )
        .expect("a string grows");
    }
    text
}

#[test]
fn every_setting_stands_in_the_reference() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    let expected = document();
    if std::env::var_os("CHARTER_WRITE_DOCS").is_some() {
        std::fs::write(&path, expected).expect("it can be written");
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/settings.md is not what `--help` of the services says: run `just reference`\n{expected}"
    );
}

#[test]
fn a_setting_has_its_parts() {
    let help = "A service\n\nUsage: x [OPTIONS]\n\nOptions:\n      --durability <DURABILITY>\n          What it\n          \
                survives\n\n          Possible values:\n          - power:   The loss of power,\n            \
                which is rare\n          - process: Its end\n          \n          [env: DURABILITY=]\n          \
                [default: power]\n\n  -h, --help\n          Print help\n";
    let settings = settings(help);
    let [setting] = settings.as_slice() else { panic!("one setting: {settings:?}") };
    assert_eq!(setting.flag, "--durability");
    assert_eq!(setting.variable.as_deref(), Some("DURABILITY"));
    assert_eq!(setting.default.as_deref(), Some("power"));
    assert_eq!(setting.values, ["power", "process"]);
    assert_eq!(setting.meaning, "What it survives");
}
