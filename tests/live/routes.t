#!/bin/sh
# Routes that are no good are struck out, told of, and replaced by the next: one that doesn't load,
# one that doesn't attach, one of which a part never fires. Then every connect is seen as ever. And
# the calls by which a sockray sees its hooks fire are not shown by another one.
. "$(dirname "$0")/../lib.sh"
need_live

# soconnect with tests/broken.bpf.c in place of its own kernel half
run "$B/sockray-broken" soconnect -v -j -f all --backend tracepoint -o "$T/act" -- \
	"$B/traffic" --expect "$T/exp" tcp_ok tcp_refused nb_ok udp threads
is "$rc" 0 "broken routes: it starts all the same"
said() {
	like "$err" "^connect +not by $1: $2\$" "$1: $2"
}
said connect_ret__raw "does not fire"
said connect__classic "does not load"
said connect__syscall "does not attach"
unlike "$err" "not by connect__raw" "connect__raw: is not to blame"
bound 60 "$B/soconnect" -q -j -f all --backend tracepoint -o "$T/own" -- true
is "$(jq -c 'select(.type == "meta").hooks | .exit |= sub("[+].*"; "")' "$T/act")" \
	"$(jq -c 'select(.type == "meta").hooks | .signal = "tracepoint:signal:signal_deliver"' "$T/own")" \
	"broken routes: the hooks in use are soconnect's own, but for the signal's that doesn't load"
ok "broken routes: these rows, and no others" "$B/compare" "$T/exp" "$T/act"

# what is missed is told at once, in each report, and at the end
missing() {
	run "$B/sockray-broken" soconnect -j -o "$T/act" "$@" -- sh -c \
		'for i in 1 2 3 4 5 6 7 8; do sleep 0.1; done'
	[ "$(ends missed.exit_misses__raw)" -ge 8 ]
}
ok "misses: each exit gave one" missing --count 0.2
like "$err" '^soconnect: warning: events were missed: [0-9]+ by exit_misses__raw$' \
	"misses: told while it runs"
like "$err" '^soconnect: .*, [0-9]+ missed by exit_misses__raw' "misses: told at the end"
is "$rc" 0 "misses: no failure"
ok "misses: without an interval, too" missing $strict
is "$rc" 1 "misses: --strict fails"
rm -f "$T/act"
start "$B/sockray-broken" soconnect -j --count -f all -o "$T/act"
tracing "$T/act"
"$B/traffic" tcp_ok >"$T/out" 2>&1
kill -INT $pid
finish $pid
ok "misses: the report has them" jq -e -s \
	'map(select(.type == "report").missed) | length > 0 and all(type == "number" and . > 0)' "$T/act"

# a hook that is in use was seen to fire
run "$B/soconnect" -v -d 0.1
unlike "$err" "not known to fire" "soconnect: every hook fires"
run "$B/sockstat" -v --compat 0.1 1
unlike "$err" "not known to fire" "sockstat: every hook fires"

# the calls that show it are nobody's: another tool doesn't count them
start "$B/soconnect" -j -f all -o "$T/connects"
tracing "$T/connects"
tracer=$pid
start "$B/sockstat" -j --by comm,call --call connect,accept,bind,listen -c 'so*' -o "$T/calls"
tracing "$T/calls"
counter=$pid
start "$B/sofamily" -j -c 'so*' -o "$T/families"
tracing "$T/families"
families=$pid
for tool in soconnect sockstat sofamily; do
	run "$B/$tool" -q -d 0.1
	is $rc 0 "$tool: starts and ends"
done
kill -INT $tracer $counter $families
finish $tracer
finish $counter
finish $families
is "$(jq -c 'select(.type == "event" and (.comm | startswith("so"))) | [.comm, .fd]' \
	"$T/connects")" '' "soconnect shows no call that tests hooks"
is "$(jq -c 'select(.type == "report") | select(.call != "bind" and .call != "listen") |
	[.comm, .call, .failed]' "$T/calls")" '' "sockstat counts none"
is "$(jq -c 'select(.type == "report")' "$T/families")" '' "sofamily counts none"
done_testing
