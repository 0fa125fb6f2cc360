#!/bin/sh
# Routes that are no good are struck out, told of, and replaced by the next: one that doesn't load,
# one that doesn't attach, one that attaches and never fires, one of which a part never fires. Then
# every connect is seen as ever. What the hooks are is told, by -v and in JSON.
. "$(dirname "$0")/../lib.sh"
need_live

# soconnect with tests/broken.bpf.c in place of its own kernel half
run "$B/sockray-broken" soconnect -v -j -f all -o "$T/act" -- "$B/traffic" --expect "$T/exp" \
	tcp_ok tcp_refused nb_ok udp threads
is "$rc" 0 "broken routes: it starts all the same"
said() {
	like "$err" "^$1 +not by $2: $3\$" "$2: $3"
}
said exit exit__fentry "does not load"
said signal signal__fentry "does not attach"
said connect connect__raw "does not fire"
said connect connect_ret__raw "does not fire"
said state state_silent__fentry "does not fire"
unlike "$err" "not by state__fentry" "state__fentry: is not to blame"
hooks=$(jq -c 'select(.type == "meta").hooks' "$T/act")
unlike "$hooks" 'sock_exceed_buf_limit|no_such_event' "broken routes: none is in use"
bound 60 "$B/soconnect" -q -j -f all -o "$T/own" -- true
is "$hooks" "$(jq -c 'select(.type == "meta").hooks' "$T/own")" \
	"broken routes: those in use are soconnect's own"
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
