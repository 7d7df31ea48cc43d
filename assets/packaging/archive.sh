#!/usr/bin/env bash
# Builds the portable archive: the program, its documents, and nothing that must be installed. It lies in
# target/packaging/ then, with its SHA-256. The same sources make the same bytes where the program is the same.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo build --release --locked
program=target/release/pellucid
name="pellucid-$("$program" --version | cut -d ' ' -f 2)-$(uname -m)-linux"
made=target/packaging
rm -rf "${made:?}/$name"
mkdir -p "$made/$name/completions" "$made/$name/docs"
cp "$program" README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT assets/packaging/pellucid.desktop \
    assets/packaging/pellucid.svg "$made/$name/"
cp docs/*.md "$made/$name/docs/"
"$program" completions --manual "$made/$name/man"
for shell in bash zsh fish; do
    "$program" completions "$shell" >"$made/$name/completions/pellucid.$shell"
done
epoch=$(git log -1 --format=%ct 2>/dev/null || echo 0)
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -C "$made" -cf - "$name" | gzip -n9 >"$made/$name.tar.gz"
(cd "$made" && sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256")
