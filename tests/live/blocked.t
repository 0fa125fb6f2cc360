#!/bin/sh
# Calls that began before a tool did count when they return: 64 threads waiting in accept, and 64 in
# recv, are let go only when the tools are attached (kretprobes would see a few of them).
. "$(dirname "$0")/../lib.sh"
need_live

mkfifo "$T/go"
exec 3<>"$T/go"
"$B/blocked" <"$T/go" >"$T/ready" &
blocked=$!
pids_="$pids_ $blocked"
await 20 grep -q ready "$T/ready"
start "$B/sockstat" -q -j --by comm,call -c blocked -o "$T/calls"
tracing "$T/calls"
calls=$pid
start "$B/sofamily" -q -j -c blocked -o "$T/families"
tracing "$T/families"
families=$pid
echo >&3
finish $blocked
is $rc 0 "all threads returned"
kill -INT $calls $families
finish $calls
finish $families
# what is seen of sends; and of receives, where a tracepoint tells them: by fexit none that began before
send= recv=
sees sockstat send && send='["send",64,0],'
jq -e '.hooks.recv // "" | test("sock_recv_length")' "$T/meta.sockstat" >"$T/.ok" &&
	recv='["recv",64,0],'
# whatever a preempted program missed was reported
missed='def made($n): if . < 64 and . + $n >= 64 then 64 else . end;
	([.[] | select(.type == "end") | .stale, .missed[] // 0] | add) as $missed |'
is "$(jq -s -c "$missed"'map(select(.type == "report")) | group_by(.call) |
	map([.[0].call, (map(.ok) | add | made($missed)), (map(.failed + .again) | add)]) | sort' "$T/calls")" \
	"[[\"accept\",64,0],[\"connect\",64,0],$recv$send[\"socket\",64,0]]" "sockstat"
is "$(jq -s -c "$missed"'map(select(.type == "report") | [.call, (.ok | made($missed)), .failed, .family_name]) | sort' \
	"$T/families")" '[["accept",64,0,"AF_INET"],["connect",64,0,"AF_INET"]]' "sofamily"
done_testing
