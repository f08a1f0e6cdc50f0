#!/bin/sh
# The deployment of the BHIV HR platform's action plan, with Sentinel looking on.
#
#     . .demo/environment
#     examples/bhiv_hr/deploy.sh 3.3.0      (3.3.0-slow, 3.3.0-errors and 3.3.0-broken are bad releases)
#
# WATCH=1m in front of it shortens the watch of 10 minutes. A release that fails is reverted at once, within the plan's five.
set -eu
version=${1:?a version is expected, such as 3.3.0}
. "$(dirname "$0")/../demo/steps.sh"

# Step 1: the platform works as it is.
sentinel deploy verify --tag pre --environment production

# Step 2: without downtime.
sentinel deploy start "$version" ${from:+--from "$from"} --environment production --window 30m
step "release $version is in place" release "$version"

# Steps 3 and 4 in one command: six modules, the modular architecture, jobs, the rate limit, every endpoint, the workflows.
sentinel deploy verify --tag smoke --tag post || failed "the verification of the deployment does not pass"
watched "${WATCH:-10m}"
