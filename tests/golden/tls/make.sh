#!/bin/sh
# Certificate and key of a web server on this machine, for tests/spec/published_models.rs; nobody else trusts them.
cd "$(dirname "$0")" || exit 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -keyout localhost.key.pem \
    -out localhost.pem -subj "/CN=Pellucid test server" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
    -addext "basicConstraints=critical,CA:FALSE" -addext "extendedKeyUsage=serverAuth"
# The same for who calls a node of DICOM, for tests/pacs.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -keyout caller.key.pem \
    -out caller.pem -subj "/CN=Pellucid test caller" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
    -addext "basicConstraints=critical,CA:FALSE" -addext "extendedKeyUsage=clientAuth"
