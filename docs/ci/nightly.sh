#!/usr/bin/env bash
# squall every night from any scheduler, such as Jenkins or cron: nightly.sh [SUITE [OUT]]
#
# OUT/junit.xml is for the plug-in that shows tests, OUT/index.html for people. The exit code is squall's: 0 pass; 10, 11, 12 fail; 20 nobody can know; 3 the
# machine lacks something; 1 squall failed; 2 the suite is wrong; 130, 143 stopped. In a Jenkins pipeline:
#
#   def code = sh(script: 'docs/ci/nightly.sh squall/nightly.yaml squall-results', returnStatus: true)
#   junit 'squall-results/junit.xml'
#   archiveArtifacts 'squall-results/**'
#   if (code == 20) { unstable('inconclusive') } else if (code != 0) { error("squall: ${code}") }
set -euo pipefail

suite=${1:-squall/nightly.yaml}
out=${2:-squall-results/$(date -u +%Y%m%dT%H%M%SZ)}

# What a killed job left behind holds memory that this one needs. Runs that are alive are left alone; without Docker there is nothing to clean.
squall clean >/dev/null 2>&1 || true

code=0
squall suite "$suite" --out "$out" || code=$?
echo "exit code $code; see $out/index.html" >&2
exit "$code"
