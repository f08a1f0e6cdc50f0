#!/bin/sh
# The production deployment of the healthcare guide, with Sentinel looking on.
#
#     . .demo/environment
#     examples/healthcare/deploy.sh 2.1.0      (2.1.0-slow, 2.1.0-errors and 2.1.0-broken are bad releases)
#
# WATCH=1m in front of it shortens the watch of 15 minutes, the guide's --monitor-duration.
set -eu
version=${1:?a version is expected, such as 2.1.0}
. "$(dirname "$0")/../demo/steps.sh"

# Prerequisites: backups, disk, migrations, certificate, no open incident (the guide's --verify-only).
sentinel deploy verify --tag pre --environment production

sentinel deploy start "$version" ${from:+--from "$from"} --environment production --window 30m
step "release $version is in place" release "$version"

# Post-deployment validation: login, roles, data, audit log, HTTPS.
sentinel deploy verify --tag post --tag smoke || failed "the checks after the deployment do not pass"
watched "${WATCH:-15m}"
