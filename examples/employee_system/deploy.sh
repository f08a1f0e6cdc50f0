#!/bin/sh
# The deployment window (T-0) of the employee system's guide, with Sentinel looking on. The system is down meanwhile.
#
#     . .demo/environment
#     examples/employee_system/deploy.sh 1.0.0      (1.0.0-slow, 1.0.0-errors and 1.0.0-broken are bad releases)
#
# WATCH=1m in front of it shortens the watch of 15 minutes.
set -eu
version=${1:?a version is expected, such as 1.0.0}
. "$(dirname "$0")/../demo/steps.sh"

# Phase 1: backup in three places and restorable, migrations, settings, certificate, agreed hours, no open incident.
sentinel deploy verify --tag pre --environment production

# Step 1: stakeholders are told of window, impact and steps, and hear how it goes every 15 minutes.
sentinel deploy start "$version" ${from:+--from "$from"} --environment production --window 30m --expected-down

# Step 2: connection refused is what is expected now, and no connection to the database may be left (EM-13).
step "application stopped" release --stop
step "verified to be down" sentinel deploy verify --config examples/employee_system/stopped_config.json

# Steps 3 to 8: backup, code, dependencies, migrations, start.
step "release $version is in place" release "$version"
step "application started" release --start

# Step 9 and phase 3: smoke tests, then everything.
sentinel deploy verify --tag smoke || failed "the smoke tests do not pass"
sentinel deploy verify --tag post || failed "the checks after the deployment do not pass"
watched "${WATCH:-15m}"
