# What CI runs. `just` lists the recipes.

default:
    @just --list

# Everything that CI checks, but for the tests that need Kafka or PostgreSQL, and for clients of other languages (`just clients`).
check: format lint generated contracts test docs deny

# Is every file formatted?
format:
    cargo fmt --all -- --check
    cargo run --locked --quiet -p charter-codegen --bin charter -- fmt --check

# Is clippy content?
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Is `generated/` what the contracts say?
generated:
    cargo run --locked --quiet -p charter-codegen --bin charter -- generate --check

# Does a change of the contracts break what was released, and are they as good ones are?
contracts:
    cargo run --locked --quiet -p charter-codegen --bin charter -- check --strict
    cargo run --locked --quiet -p charter-codegen --bin charter -- lint --fail-on info

# Write `generated/` anew after a change of a contract.
generate:
    cargo run --locked --quiet -p charter-codegen --bin charter -- generate

# Write `docs/settings.md` and `docs/metrics.md` anew after a change of a flag or a metric.
reference:
    CHARTER_WRITE_DOCS=1 cargo test --locked -p platform-service --test end_to_end -- settings::every metrics::

# The tests that need nothing but Rust and a C compiler.
test:
    cargo test --workspace --locked

# The pages in a browser, and whether their scripts are what the TypeScript gives (Node with npm, Chromium).
pages:
    runtime/portal/build --check
    tests/browser/run

# Clients in Python and Node, and `charter registry`, against a registry (Python with venv, Node with npm).
clients:
    tests/registry/clients

# The tests on Apache Kafka and PostgreSQL, which this starts and stops (Java 17, Maven, PostgreSQL 15, libssl-dev).
ci-engines:
    .ci/engines

# Apache Kafka and PostgreSQL in containers, for `just apart`.
infra:
    docker compose --profile infra up --detach --wait

# Each service from the checkout, on the engines of `just infra` or of the environment, until Ctrl-C.
apart:
    #!/usr/bin/env bash
    set -euo pipefail
    export KAFKA_BROKERS=${KAFKA_BROKERS:-localhost:9092}
    export DATABASE_URL=${DATABASE_URL:-postgres://charter:charter@localhost:5432/charter}
    export SCHEMA_REGISTRY_URL=${SCHEMA_REGISTRY_URL:-http://localhost:8081}
    services=(registry seats reservations housekeeping core gateway)
    packages=()
    for service in "${services[@]}"; do packages+=(-p "$service-service"); done
    cargo build --release --locked --features kafka,postgres --bins "${packages[@]}"
    trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
    for service in "${services[@]}"; do
      CORE_URL=http://localhost:8082 RESERVATIONS_URL=http://localhost:8083 "${CARGO_TARGET_DIR:-target}/release/$service" &
    done
    wait -n

# Are the manifests and the rules of alerts as Kubernetes and Prometheus take them (Python with venv, promtool)?
deploy:
    tests/deploy/check

# A service from the templates, in a copy of the checkout: formatted, clean, tested, and answering over HTTP.
scaffold:
    tests/scaffold/run

# A project from the templates, a workspace of its own on the platform's packages: clean, tested, and answering over HTTP.
project:
    tests/scaffold/project

# The commands of docs/tutorial.md as they stand, in a copy of the checkout.
tutorial:
    tests/tutorial/run

# 2,000 commands through HTTP with three `kill -9` of the platform.
kill:
    cargo test --locked -p platform-service --test kill

# 20,000 commands with ten `kill -9`: of the platform (`embedded`), or of services on Kafka and PostgreSQL (`apart`).
load mode="embedded" *flags:
    tests/load/run {{mode}} {{flags}}

# Does the checker find each of the bugs that are planted for it?
planted *names:
    tests/load/planted/run {{names}}

# Does the documentation build without a warning?
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

# Are licences, sources and duplicates as `deny.toml` allows?
deny:
    cargo deny --all-features check bans licenses sources

# The generated codecs against other Avro crates, in one run.
bench:
    cargo bench -p charter-avro --bench envelope
