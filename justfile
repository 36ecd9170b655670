# What CI runs. `just` lists the recipes.

default:
    @just --list

# Everything that CI checks, but for the tests that need Kafka or PostgreSQL.
check: format lint generated test docs deny

# Is every file formatted?
format:
    cargo fmt --all -- --check

# Is clippy content?
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Is `generated/` what the contracts say?
generated:
    cargo run --locked --quiet -p charter-codegen --bin charter -- generate --check

# Write `generated/` anew after a change of a contract.
generate:
    cargo run --locked --quiet -p charter-codegen --bin charter -- generate

# The tests that need nothing but Rust and a C compiler.
test:
    cargo test --workspace --locked

# 2,000 commands through HTTP with three `kill -9` of the platform.
kill:
    cargo test --locked -p platform-service --test kill

# Does the documentation build without a warning?
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

# Are licences, sources and duplicates as `deny.toml` allows?
deny:
    cargo deny --all-features check bans licenses sources

# The generated codecs against other Avro crates, in one run.
bench:
    cargo bench -p charter-avro --bench envelope
