#!/usr/bin/env bash
# Makes the pictures of the README from a real run on three brokers in containers: what its terminal shows in the middle of a fault, and parts of its page;
# and from a real search for what such brokers carry, the head of its page.
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

# Pages in parts. Their own policy would forbid the style that hides the rest.
page() { # from, what it hides, width, height, to
	sed -e '/Content-Security-Policy/d' -e "s|</head>|<style>$2 { display: none !important } main { margin-top: 0 }</style></head>|" "$1" >"$out/parts.html"
	"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$out/browser" --window-size="$3,$4" \
		--screenshot="$PWD/docs/pictures/$5.png" "file://$out/parts.html" 2>/dev/null
}
if ! browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome); then
	echo "make.sh: no chromium here: report.png and capacity.png stay as they are" >&2
	exit 0
fi
page "$out/run/report.html" 'header, nav, footer, section:not(#recovery):not(#time), #time p, #time h2, #time > :nth-child(n+5):not(:last-child), article.recovery ~ article.recovery' \
	1100 1560 report

# What a search comes to takes a quarter of an hour; CAPACITY=DIR takes the page of one that was made before.
found=${CAPACITY:-$out/capacity}
if [ -z "${CAPACITY:-}" ]; then
	bin/squall capacity docs/examples/orders-capacity.yaml --from 5k/s --to 60k/s --measure 6s --settle 2s --resolution 25% --confirm 1 --ui none --out "$found" >/dev/null ||
		[ $? -eq 20 ] # open answers are answers
fi
bin/squall capacity show "$found" --format html >"$out/capacity.html" # in today's words
page "$out/capacity.html" 'nav, footer, section:not(#carries), #carries > .lead, #carries > ul, #carries .wide, #carries figure ~ figure' 1000 1000 capacity
