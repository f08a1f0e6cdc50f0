#!/bin/sh
# The deployment of the AuraConnect guide, with Sentinel looking on.
#
#     . .demo/environment
#     examples/auraconnect/deploy.sh 2.5.0      (2.5.0-slow, 2.5.0-errors and 2.5.0-broken are bad releases)
#
# WATCH=1m in front of it shortens the watch of 15 minutes.
set -eu
version=${1:?a version is expected, such as 2.5.0}
. "$(dirname "$0")/../demo/steps.sh"

# Section 17: environment variables, migrations, certificate, Redis, backups.
sentinel deploy verify --tag pre --environment production

sentinel deploy start "$version" ${from:+--from "$from"} --environment production --window 30m
step "containers of $version are up" release "$version"

# Section 18: health, payroll rules, payroll configuration.
sentinel deploy verify --tag smoke || failed "health, rules or configuration of the payroll are not as they should be"
sentinel deploy verify --tag post || failed "the checks after the deployment do not pass"
watched "${WATCH:-15m}"
