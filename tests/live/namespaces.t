#!/bin/sh
# In a container: what doctor and the tools say inside of a user namespace, a pid namespace, and
# where tracefs isn't mounted; and that in a pid namespace they see all that they see outside, and
# hide nobody whose number there happens to be theirs here.
. "$(dirname "$0")/../lib.sh"
need_live
command -v unshare >"$T/which" || skip_all "no unshare"

# the routes and what stays unseen, of a doctor's JSON
findings() {
	jq -S -c '[.points, .blind, .exit]' "$@"
}
said() { # LABEL WORDS NAME
	like "$out" "^$1 +$2" "$3"
}

run "$B/sockray" doctor -j
host=$rc
cp "$T/out" "$T/host"
is "$(jq -c '[.host_user_namespace, .host_pid_namespace]' "$T/host")" '[true,true]' "the host: said"

# ---- a user namespace, and root there
run unshare -U -r "$B/sockray" doctor
is $rc 77 "user namespace: doctor's exit code"
said "user ns" "not the host's" "user namespace: doctor names it"
said capabilities "not enough" "user namespace: its capabilities don't count"
like "$out" '^Nothing can be traced' "user namespace: what an empty screen is worth"
like "$err" 'user namespace.*run it on the host' "user namespace: and what to do"
run unshare -U -r "$B/sockray" doctor -j
is "$(jq -c '[.host_user_namespace, .host_pid_namespace, .capabilities, .points, .exit]' "$T/out")" \
	'[false,true,false,[],77]' "user namespace: the same in JSON"
for tool in soconnect sofamily soprotocol sockstat; do
	run unshare -U -r "$B/$tool" -d 0.1
	is "$rc$out" 77 "user namespace: $tool does not start"
	like "$err" 'not permitted inside a user namespace' "user namespace: $tool says why"
done

# ---- a pid namespace
in_pids="unshare -p -f --mount-proc"
run $in_pids "$B/sockray" doctor
is $rc $host "pid namespace: doctor's exit code is the host's"
said "pid ns" "not the host's: no -p, --tid, --follow, -- COMMAND" "pid namespace: doctor names it"
said "user ns" "the host's" "pid namespace: the user namespace is the host's"
run $in_pids "$B/sockray" doctor -j
is "$(jq -c '[.host_user_namespace, .host_pid_namespace]' "$T/out")" '[true,false]' \
	"pid namespace: in JSON"
is "$(findings "$T/out")" "$(findings "$T/host")" "pid namespace: all else is as on the host"
for option in "-p 1" "--tid 1" "-p 1 --follow"; do
	run $in_pids "$B/soconnect" $option -d 0.1
	is "$rc$out" 77 "pid namespace: $option is refused"
	like "$err" 'inside a pid namespace' "pid namespace: $option: and why"
done
run $in_pids "$B/soconnect" -- true
is "$rc$out" 77 "pid namespace: -- COMMAND is refused"

# the tool's number there is that of the process here whose connects it is to show
mkfifo "$T/go"
exec 3<>"$T/go"
name=ns-$$
python3 -c 'import socket, sys
open("/proc/self/comm", "w").write(sys.argv[1])
sys.stdin.readline()
s = socket.socket()
s.bind(("127.0.0.1", 0)) # which refuses, as it does not listen
print(socket.socket().connect_ex(s.getsockname()))
print(socket.socket(type=socket.SOCK_DGRAM).connect_ex(s.getsockname()))' $name <"$T/go" >"$T/results" &
other=$!
pids_="$pids_ $other"
start $in_pids sh -c 'echo $(('$other' - 1)) >/proc/sys/kernel/ns_last_pid
	'"$B/soconnect -q -j -c $name -n 2 -d $((10 * SLOW)) -o $T/act"' & echo $! >'"$T/number"'
	wait'
tracing "$T/act"
is "$(cat "$T/number")" $other "pid namespace: the tool's number is another's outside"
echo >&3
finish $other
finish $pid
is "$(jq -r 'select(.type == "event") | "\(.pid) \(.errno)"' "$T/act")" \
	"$(printf '%s ECONNREFUSED\n%s null' $other $other)" \
	"pid namespace: that one's connects are shown, with its number on the host"

# ---- no tracefs
run unshare -m sh -c 'for dir in /sys/kernel/tracing /sys/kernel/debug; do
		mount -t tmpfs none $dir
	done
	"$0" doctor -j' "$B/sockray"
is "$(jq .tracefs "$T/out")" false "no tracefs: doctor says so"
is "$(jq -c '[.points[].routes[] | select(.hooks // "" | test("tracepoint:"))]' "$T/out")" '[]' \
	"no tracefs: no route by it is said to serve"
like "$(jq -r '.advice[]' "$T/out")" '^tracefs: mount it' "no tracefs: and what to do"
is "$rc $(jq '.blind == []' "$T/out")" \
	"$(jq -r '.exit' "$T/out") $([ $rc = 0 ] && echo true || echo false)" \
	"no tracefs: the exit code says whether all is seen all the same"
ok "no tracefs: which natively it isn't" \
	jq -e -s '.[0].blind == [] or (.[1].blind | length) >= (.[0].blind | length)' "$T/host" "$T/out"
done_testing
