#!/bin/sh
# What a running tool still may do: nothing, as nobody. Exercises --user, --no-drop, a user sockray,
# a root that can't change its user, a user with just the capabilities that are needed; that counters,
# stacks, output and signals work without any right; and the process that opens files for stacks.
. "$(dirname "$0")/../lib.sh"
need_live

# sanitizers need more system calls than a tool has
case ${B##*/} in
*-san) seccomp=0 ;;
*) seccomp=2 ;;
esac

# what of PID: "UID GID [GROUP...] PERMITTED EFFECTIVE BOUNDING AMBIENT NO_NEW_PRIVS SECCOMP"
rights() {
	awk '/^Uid:/ { uid = $2 == $3 && $3 == $4 && $4 == $5 ? $2 : "mixed" }
		/^Gid:/ { gid = $2 == $3 && $3 == $4 && $4 == $5 ? $2 : "mixed" }
		/^Groups:/ { sub(/^Groups:[ \t]*/, ""); sub(/ *$/, ""); groups = $0 ? " " $0 : "" }
		/^Cap(Prm|Eff|Bnd|Amb):/ { sub(/^0*/, "", $2); caps = caps " " ($2 == "" ? 0 : $2) }
		/^NoNewPrivs:|^Seccomp:/ { rest = rest " " $2 }
		END { print uid, gid groups caps rest }' "/proc/$1/status"
}

# running TOOL OPTIONS...: $pid, which is attached and writes to $T/act; what it says to $T/err
running() {
	tool=$1
	shift
	rm -f "$T/act"
	start $launch "$B/$tool" -j "$@" -o "$T/act" 2>"$T/err"
	tracing "$T/act"
}
launch=

none="0 0 0 0 1 $seccomp"

for tool in soconnect sockstat sofamily soprotocol; do
	thorough || [ $tool = sockstat ] || continue
	can $tool || continue
	running $tool
	is "$(rights $pid)" "65534 65534 $none" "$tool: runs as nobody, without any right"
	kill -INT $pid
	finish $pid
	is "$rc" 0 "$tool: ends well"
done

# ---- it works all the same

running soconnect -c traffic --final
tool_=$pid
start "$B/traffic" flood 100
flood=$pid
finish $flood
kill -TERM $tool_
finish $tool_
is "$rc" 0 "soconnect without rights: ends well"
is "$(jq -s "map(select(.pid == $flood)) | length" "$T/act")" 100 "and shows all of 100 connects"
is "$(ends 'missed | type')" object "and what was missed"
if uname -r | grep -q '^5\.'; then
	ok "which a kernel as this can't tell" jq -e 'select(.type == "end").missed | all(. == null)' "$T/act"
else
	ok "which a kernel as this counts" jq -e 'select(.type == "end").missed | any(. == 0)' "$T/act"
fi
run "$B/soconnect" --stats -T -d 0.2
is "$rc" 0 "--stats and the time of day need none"
like "$err" 'KiB at most' "--stats: the memory"
unlike "$err" '[^0-9]0 KiB at most' "--stats: ... is told"

# ---- a command keeps the caller's rights

run "$B/soconnect" -q -- sh -c 'grep -E "^(Uid|Cap|NoNew|Seccomp:)" /proc/self/status'
is "$(cat "$T/out")" "$(grep -E '^(Uid|Cap|NoNew|Seccomp:)' /proc/self/status)" \
	"-- COMMAND has the rights that we had"
start "$B/soconnect" -q -- sh -c 'trap "echo told; exit 3" TERM; echo ready; while :; do sleep 0.1; done' \
	>"$T/out" 2>"$T/err"
await 20 grep -q ready "$T/out"
if [ "$(id -u)" = 0 ]; then
	is "$(rights $pid | cut -d ' ' -f 1-4)" "65534 65534 20 20" "with a command: may still signal it"
fi
kill -TERM $pid
finish $pid
is "$rc $(tail -n 1 "$T/out")" "3 told" "and does: its end is the command's"

# ---- other users

running soconnect --user daemon
is "$(rights $pid)" "$(id -u daemon) $(id -g daemon) $none" "--user daemon"
kill $pid
running soconnect --user 4242
is "$(rights $pid)" "4242 65534 $none" "--user 4242, whom nobody knows: in nobody's group"
kill $pid
running soconnect --no-drop
like "$(rights $pid)" "^0 0.* $(awk '/^CapEff/ { sub(/^0*/, "", $2); print $2 }' /proc/self/status) .* 0 0\$" \
	"--no-drop keeps all"
kill $pid
run "$B/soconnect" --user no-such-user-here -d 0.01
is "$rc" 2 "--user of nobody"
like "$err" 'no-such-user-here.*/etc/passwd' "is told"
run "$B/soconnect" --user daemon --no-drop -d 0.01
is "$rc" 2 "--user and --no-drop exclude one another"

if ! thorough; then
	: # the same on every kernel
elif { cat /etc/passwd; echo 'sockray:x:4711:4712::/:/bin/false'; } >"$T/passwd" &&
	unshare -m true 2>"$T/why"; then
	running_() {
		unshare -m sh -c 'mount --bind "$0" /etc/passwd && exec "$@"' "$T/passwd" "$@"
	}
	rm -f "$T/act"
	start running_ "$B/soconnect" -j -o "$T/act" 2>"$T/err"
	tracing "$T/act"
	tool_=$(pgrep -P $pid -x soconnect || echo $pid)
	is "$(rights "$tool_")" "4711 4712 $none" "a user sockray goes before nobody"
	kill "$tool_"
else
	skip "a user sockray" "no mount namespace: $(cat "$T/why")"
fi

# ---- fewer rights to begin with

launch="/usr/bin/setpriv --groups 4,27"
running soconnect
is "$(rights $pid)" "65534 65534 $none" "a root of several groups: in none of them"
kill $pid
launch="/usr/bin/setpriv --groups 4,27 --bounding-set=-setuid"
running soconnect
is "$(rights $pid)" "0 0 $none" "a root that can't become another: gives up the rest"
kill $pid
launch=
start /usr/bin/setpriv --bounding-set=-kill "$B/soconnect" -q -- \
	sh -c 'trap "echo told; exit 3" TERM; echo ready; while :; do sleep 0.1; done' >"$T/out" 2>"$T/err"
await 20 grep -q ready "$T/out"
is "$(rights $pid)" "0 0 $none" "a root that couldn't signal its command as another: stays"
kill -TERM $pid
finish $pid
is "$rc $(tail -n 1 "$T/out")" "3 told" "and does"
if [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 2 ]; then
	some=+bpf,+perfmon,+dac_read_search
	launch="/usr/bin/setpriv --reuid 4343 --regid 4343 --clear-groups --inh-caps=$some --ambient-caps=$some
		--bounding-set=-all,$some"
	chmod a+rwx "$T"
	running soconnect
	is "$(rights $pid)" "4343 4343 0 0 c000000004 0 1 $seccomp" \
		"a user with CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH: gives them up"
	[ $seccomp = 0 ] ||
		is "$(stat -c %u /proc/$pid/mem)" 0 "none of its user's other processes may look into it"
	kill $pid
	run $launch "$B/soconnect" --user daemon -d 0.01
	is "$rc" 1 "and can't take another user"
	like "$err" 'CAP_SETUID' "which is told"
	launch=
	run /usr/bin/setpriv --bounding-set=-bpf,-sys_admin "$B/soconnect" -d 0.01
	is "$rc" 77 "without CAP_BPF"
	like "$err" 'CAP_BPF' "is told"
fi

# ---- stacks: another process opens files

if can sockstat; then
	running sockstat -U
	opener=$(pgrep -P $pid -x sockray-opener)
	is "$(rights "$opener")" "65534 65534 10000080004 10000080004 0 0 1 $seccomp" \
		"-U: a process that may open files, and nothing else"
	is "$(ls "/proc/$opener/fd" | xargs)" "2 3" "and has nothing of the tool's open but stderr"
	kill -KILL $pid
	wait $pid 2>/dev/null
	ok "which ends with its tool" await 10 gone "$opener"
	running sockstat -U -c python3
	tool_=$pid
	start python3 -c '
import socket, time
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))
time.sleep(600)'
	await 20 grep -q '"call":"connect"' "$T/act"
	kill $pid $tool_
	finish $tool_
	is "$rc" 0 "-U: ends well"
	if [ -x "$B/callpath" ]; then
		run "$B/sockstat" -j -o "$T/named" -U --call send -- sh -c "sleep 0.3 | $B/callpath -w 5"
		ok "files that were not known at the start are read" jq -e -s \
			'any(.[]; .ustack // [] | any(.symbol == "middle"))' "$T/named"
	fi
	ok "stacks have names" grep -q '"symbol":"[a-z_]*connect' "$T/act"
	running sockstat -U
	kill -KILL "$(pgrep -P $pid -x sockray-opener)"
	bound 60 "$B/traffic" flood 10 >"$T/out" 2>&1
	kill $pid
	finish $pid
	is "$rc" 0 "-U when that process is gone: counts all the same"
	like "$(cat "$T/err")" 'there are no symbols' "and says what is missing"
	# a file system that hangs: as if it did
	running sockstat -U
	opener=$(pgrep -P $pid -x sockray-opener)
	kill -STOP "$opener"
	bound 60 "$B/traffic" flood 10 >"$T/out" 2>&1
	kill $pid
	finish $pid
	is "$rc" 0 "-U when that process hangs: ends all the same"
	like "$(cat "$T/err")" "doesn't answer.*there are no symbols" "and says what is missing"
	kill -KILL "$opener"
	# nobody's other processes have sent so many descriptors that none more may be under way
	hard=$(ulimit -Hn)
	if [ $seccomp = 2 ] && { [ "$hard" = unlimited ] || [ "$hard" -ge 2000 ]; }; then
		start /usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups python3 -c '
import array, resource, socket, time
resource.setrlimit(resource.RLIMIT_NOFILE, [resource.getrlimit(resource.RLIMIT_NOFILE)[1]] * 2)
pairs = [socket.socketpair() for i in range(5)]
for a, b in pairs:
    a.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * 250))])
print("sent", flush=True)
time.sleep(600)' >"$T/sent"
		flood=$pid
		await 20 grep -q sent "$T/sent"
		launch="prlimit --nofile=512:512"
		running sockstat -U
		bound 60 "$B/traffic" flood 10 >"$T/out" 2>&1
		kill $pid
		finish $pid
		is "$rc" 0 "-U when no descriptor may be sent: ends well"
		unlike "$(cat "$T/err")" "answer|gone" "and waits for none"
		launch=
		kill $flood
	fi
	run "$B/sockstat" -U --no-drop -d 0.1
	is "$rc" 0 "-U --no-drop"
fi
done_testing
