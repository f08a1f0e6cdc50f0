#!/bin/sh
# Deploys with Sentinel looking on, by nothing but curl and jq: for a pipeline, or by hand from a host without Sentinel.
#
#   SENTINEL_URL=https://sentinel.example.org:8443 SENTINEL_TOKEN=… \
#       deploy-with-curl.sh payroll 2.4.1 ./release.sh 2.4.1
#
# The first word is the system, the second the version, the rest is the command that deploys. The token needs the role
# `operator` and the scopes `deploy` and `status` (`sentinel token new`). REF, FROM and BACKUP_ID say more, where they are set.
#
# It ends with 0 when the release passes its watch, 1 when something fails, whatever is done about it, and 3 when the watch is
# inconclusive, or Sentinel does not answer.
set -eu

system=$1 version=$2
shift 2
api=$SENTINEL_URL/api/v1

# The token goes in by standard input: in the arguments of curl every user of the host could read it.
ask() { # path [more arguments of curl]
    path=$1
    shift
    printf 'authorization: Bearer %s\n' "$SENTINEL_TOKEN" |
        curl --silent --show-error --fail-with-body --max-time 40 --header @- "$@" "$api/$path"
}

# What changes something is asked for once: whether it was done when no answer came, the next question shows.
tell() { # path body
    ask "$1" --header 'content-type: application/json' --data "$2"
}

# What only looks is asked again for a minute: Sentinel may be restarted meanwhile.
look() { # path
    ask "$1" --retry 12 --retry-delay 5 --retry-all-errors
}

give_up() {
    echo "$1" >&2
    exit 3
}

# 1. What has to hold before: backups, disk, certificates, no open incident. All checks that are tagged `pre`.
begun=$(tell verifications "{\"system\": \"$system\", \"tags\": [\"pre\"]}") || give_up "not verified: $begun"
number=$(echo "$begun" | jq .number)
while [ "$(echo "$begun" | jq -r .verdict)" = null ]; do
    sleep 1
    begun=$(look "verifications/$number") || give_up "not verified: $begun"
done
echo "$begun" | jq -r '.checks[] | select(.outcome != "pass") | "\(.name): \(.explanation)"'
case $(echo "$begun" | jq -r .verdict) in
pass) ;;
fail)
    echo 'what has to hold before does not: nothing was deployed' >&2
    exit 1
    ;;
*) give_up 'it cannot be judged whether one may deploy: nothing was deployed' ;;
esac

# 2. The window opens: nobody is alarmed, and the stakeholders know.
body=$(jq --null-input --compact-output --arg system "$system" --arg version "$version" --arg ref "${REF:-}" \
    --arg from "${FROM:-}" --arg backup "${BACKUP_ID:-}" \
    '{system: $system, version: $version, ref: $ref, from: $from, backup_id: $backup}')
begun=$(tell deployments "$body") || give_up "not begun: $begun"
deployment=$(echo "$begun" | jq .line.id)
echo "deployment $deployment of $system $version has begun"

# 3. The deployment itself. When it fails, what is configured for that happens: people are told, it is rolled back.
if ! "$@"; then
    why='{"why": "the command that deploys failed"}'
    tell "deployments/$deployment/fail" "$why" >/dev/null || echo 'Sentinel does not know that:' >&2
    echo "deployment $deployment failed" >&2
    exit 1
fi

# 4. The watch: faster checks, compared with how it was before.
tell "deployments/$deployment/watch" '{}' >/dev/null || give_up "deployment $deployment is not watched"

# 5. Its end. A question is answered when something happens, or after 20 s; after a fail this waits for the rollback, too.
seen=0 phase=watching
until [ "$phase" = ended ]; do
    now=$(look "deployments/$deployment/changes?seen=$seen&within=20") || give_up "deployment $deployment goes on without us"
    seen=$(echo "$now" | jq .edition)
    phase=$(echo "$now" | jq -r .deployment.phase)
    echo "$now" | jq -r '.deployment | (.ending // .phase | gsub("_"; " ")) + (if .ending then ": " + .text
        elif .verdict then ", " + .verdict + " so far" else "" end)'
done

case $(echo "$now" | jq -r .deployment.ending) in
passed) exit 0 ;;
inconclusive | unwatched) exit 3 ;;
*) exit 1 ;;
esac
