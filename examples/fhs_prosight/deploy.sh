#!/bin/sh
# The production deployment of the FHS ProSight guide, with Sentinel looking on.
#
#     . .demo/environment
#     examples/fhs_prosight/deploy.sh 1.5.0      (1.5.0-slow, 1.5.0-errors and 1.5.0-broken are bad releases)
#
# WATCH=1m in front of it shortens the hour for which the guide has its logs watched.
set -eu
version=${1:?a version is expected, such as 1.5.0}
. "$(dirname "$0")/../demo/steps.sh"

# Step 1 and the checklist: the backup yields objects and can be restored, HRS and COVID answer, disk, environment variables.
sentinel deploy verify --tag pre --environment production

# Steps 2 to 4: code, migration, restart.
sentinel deploy start "$version" ${from:+--from "$from"} --environment production --window 30m
step "code of $version and its migration are in place, the unit was restarted" release "$version"

# Steps 5 and 6: health, docs, synchronise, search, and the life of an employee.
sentinel deploy verify --tag smoke || failed "the smoke tests do not pass"
sentinel deploy verify --tag post || failed "the checks after the deployment do not pass"

# Step 7: at least an hour.
watched "${WATCH:-1h}"
