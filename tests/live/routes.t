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
is "$(jq -c 'select(.type == "meta").hooks' "$T/act")" \
	"$(jq -c 'select(.type == "meta").hooks' "$T/own")" \
	"broken routes: the hooks in use are soconnect's own"
ok "broken routes: these rows, and no others" "$B/compare" "$T/exp" "$T/act"

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
