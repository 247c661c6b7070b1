#!/usr/bin/env bash
# Makes the pictures of the README from a real run on three brokers in containers: what its terminal shows in the middle of a fault.
# Needs what the run needs, and tmux and python3.
set -euo pipefail
cd "$(dirname "$0")/../.."

server=squall-pictures-$$
out=$(mktemp -d)
cleanup() {
	tmux -u -L "$server" kill-server 2>/dev/null || true
	rm -rf "$out"
}
trap cleanup EXIT

shown() { tmux -u -L "$server" capture-pane -p | grep -q "$1"; }
wait_for() { # text, seconds
	for _ in $(seq $(($2 * 5))); do
		if shown "$1"; then return 0; fi
		sleep 0.2
	done
	tmux -u -L "$server" capture-pane -p >&2
	echo "make.sh: \"$1\" did not come within $2 s" >&2
	exit 1
}
picture() { tmux -u -L "$server" capture-pane -e -p | python3 docs/pictures/tosvg.py >"docs/pictures/$1.svg"; }

tmux -u -L "$server" -f /dev/null new-session -d -x 132 -y 40 \
	"env -u CI -u NO_COLOR TERM=tmux-256color COLORTERM=truecolor bin/squall run kafka-leader-kill --out $out/run; sleep 600"
wait_for "DURING leader-kill" 180
wait_for "back after" 60
picture overview
tmux -u -L "$server" send-keys -t 0 2
sleep 1
picture latency
tmux -u -L "$server" send-keys -t 0 1
wait_for "Files" 240

# The page in parts: recovery, and the first charts over time. Its own policy would forbid the style that hides the rest.
if browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome); then
	sed -e '/Content-Security-Policy/d' \
		-e 's|</head>|<style>header, nav, footer, section:not(#recovery):not(#time), #time p, #time h2 { display: none !important } #time > :nth-child(n+5):not(:last-child) { display: none } article.recovery ~ article.recovery { display: none } main { margin-top: 0 }</style></head>|' \
		"$out/run/report.html" >"$out/parts.html"
	"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$out/browser" --window-size=1100,1560 \
		--screenshot="$PWD/docs/pictures/report.png" "file://$out/parts.html" 2>/dev/null
else
	echo "make.sh: no chromium here: docs/pictures/report.png stays as it is" >&2
fi
