# What the deploy.sh of every example shares; read by them with `.`, not run by itself.
#
# Before it: `. .demo/environment` in the folder of the project, which names the configuration of the demo that runs.

cd "$(dirname "$0")/../.."
PATH="$PWD/.venv/bin:$PATH"
export PATH

# The service's own switch: `release 2.1.0`, `release --stop`, `release --start`.
release() {
    "${DEPLOY_PYTHON:-python3}" -m examples.demo.release ${DEPLOY_SERVICE_URL:+--url "$DEPLOY_SERVICE_URL"} "$@"
}

# Which release is in place, to be named as the one before (`--from`); nothing where the service does not say.
from=$(release 2>/dev/null | sed -n 's/^release \([^ ;]*\) is in place.*/\1/p')

# step TEXT COMMAND...: do something, and have it on the timeline with how long it took.
step() {
    text=$1
    shift
    began=$(date +%s)
    "$@" || failed "this step failed: $text"
    took=$(($(date +%s) - began))
    if [ "$took" -gt 0 ]; then
        sentinel deploy note "$text" --took "${took}s"
    else
        sentinel deploy note "$text"
    fi
}

# What is configured for a deployment that failed happens then: people are told, and it is rolled back.
failed() {
    sentinel deploy fail --why "$1"
    exit 1
}

# watched LENGTH: have the release watched, show what came of it, have it as a document, and end as the watch did: 0 good, 1 bad,
# 3 nobody can tell. The daemon makes the same document by itself, and mails it; a rollback that goes on makes another one.
watched() {
    status=0
    sentinel deploy watch --for "$1" || status=$?
    sentinel deploy status
    sentinel deploy report || echo "the document could not be written" >&2
    exit "$status"
}
