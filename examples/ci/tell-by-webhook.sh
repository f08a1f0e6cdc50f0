#!/bin/sh
# Tells Sentinel of a step of a deployment by its incoming webhook (form `plain`), by curl, jq and python3.
#
#   SENTINEL_URL=https://sentinel.example.org:8443 SENTINEL_HOOK_SECRET=… RUN=4711 \
#       tell-by-webhook.sh payroll started 2.4.1
#       tell-by-webhook.sh payroll note "" "database migrated"
#       tell-by-webhook.sh payroll watch
#
# The words are the system, the step (started, note, watch, finished, failed), the version, and a text for `note` and `failed`.
# The same step of the same RUN changes nothing when it is told again, so it can be repeated until it is answered.
set -eu

system=$1 state=$2 version=${3:-} text=${4:-}

body=$(jq --null-input --compact-output --arg state "$state" --arg version "$version" --arg text "$text" \
    --arg id "${RUN:-}" --arg at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    '{state: $state, version: $version, text: $text, id: $id, at: $at} | with_entries(select(.value != ""))')

# The signature is of the body, byte by byte. The secret stands in no argument: the environment of a process is its owner's.
signature=$(printf %s "$body" | SECRET=$SENTINEL_HOOK_SECRET python3 -c '
import hashlib, hmac, os, sys
print(hmac.new(os.environ["SECRET"].encode(), sys.stdin.buffer.read(), hashlib.sha256).hexdigest())')

curl --silent --show-error --fail-with-body --max-time 20 --retry 5 --retry-delay 2 --retry-connrefused \
    --header 'content-type: application/json' --header "x-hub-signature-256: sha256=$signature" \
    --data-binary "$body" "$SENTINEL_URL/hooks/deployments/$system"
echo
