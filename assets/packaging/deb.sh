#!/usr/bin/env bash
# Builds the Debian package of this machine's architecture; needs cargo-deb. The package lies in target/debian/ then.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo build --release --locked
program=target/release/pellucid
made=target/packaging
rm -rf "$made"
mkdir -p "$made"
"$program" completions --manual "$made/man"
"$program" completions bash >"$made/pellucid.bash"
"$program" completions zsh >"$made/_pellucid"
"$program" completions fish >"$made/pellucid.fish"
cargo deb --no-build --locked
