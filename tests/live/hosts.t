#!/bin/sh
# Odd hosts. Exercises as many tools at one tracepoint as the kernel takes, and one more; 20,000
# processes, each of them a key. On a machine of its own (ALONE=1, tests/vm/run) also: a small pid
# space that is used again and again, a CPU that goes and comes back, a clock that is stepped, 64 KiB
# of locked memory, perf_event_paranoid=3, and last, as there is no way back, a locked down kernel.
. "$(dirname "$0")/../lib.sh"
need_live

events() { # FILE CONDITION
	jq -s "map(select(.type == \"event\" and $2)) | length" "$1"
}

cat >"$T/connects.py" <<'END'
# connects N times by UDP, under a name
import socket, sys

def connect():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("127.0.0.1", 9))
    s.close()

open("/proc/self/comm", "w").write(sys.argv[1])
for _ in range(int(sys.argv[2])):
    connect()
END

connects() { # NAME N
	python3 "$T/connects.py" "$@"
}

if [ ! "${ALONE:-}" ]; then
	# ---- as many as fit, and one more
	most=64 started=0 copies=
	refused() {
		grep -q 'takes no more programs' "$T/err.$n"
	}
	settled() {
		[ -s "$T/act.$n" ] || refused
	}
	n=0
	while [ $n -lt $((most + 1)) ]; do
		n=$((n + 1))
		start "$B/soconnect" -q -j -c copies -o "$T/act.$n" 2>"$T/err.$n"
		copies="$copies $pid"
		[ $((n % 8)) != 0 ] || await 60 settled || flunk "copy $n starts"
	done
	await 60 settled
	n=0 whole=0 full=0
	while [ $n -lt $((most + 1)) ]; do
		n=$((n + 1))
		await 60 settled
		! refused || full=$((full + 1))
	done
	connects copies 20
	sleep 0.5
	for pid in $copies; do
		kill -INT "$pid" 2>/dev/null
	done
	for pid in $copies; do
		finish "$pid"
	done
	n=0
	while [ $n -lt $((most + 1)) ]; do
		n=$((n + 1))
		[ "$(events "$T/act.$n" true 2>"$T/jq")" != 20 ] || whole=$((whole + 1))
	done
	# others may be attached there too
	ok "65 copies: at least 50 have started" [ $((most + 1 - full)) -ge 50 ]
	ok "65 copies: one at least has not, and says why" [ $full -ge 1 ]
	is $whole $((most + 1 - full)) "65 copies: each that started shows all connects"

	# ---- a process for each key, more than there is room for
	pids=20000
	for size in "" "--map-size 32768"; do
		rm -f "$T/act" "$T/pids"
		start "$B/sockstat" -q -j --by pid --call connect -c traffic $size -o "$T/act" 2>"$T/err"
		tracing "$T/act"
		"$B/traffic" processes $pids "$T/pids"
		kill -INT $pid
		finish $pid
		seen=$(jq -s 'map(select(.type == "report") | .ok) | add // 0' "$T/act")
		full=$(ends map_full)
		is "$((seen + full)) $(ends lost)" "$pids 0" \
			"20,000 processes ${size:-by default}: those counted and those without room are all"
		case $size in
		"") ok "by default: some found no room, which is told" [ "$full" -gt 0 ] ;;
		*)
			jq -r 'select(.type == "report") | .pid' "$T/act" | sort >"$T/seen"
			ok "$size: each with its number" sh -c "sort '$T/pids' | cmp - '$T/seen'"
			;;
		esac
	done
	done_testing
	exit
fi

# ---- a small pid space, used again and again
echo 400 >/proc/sys/kernel/pid_max
start "$B/soconnect" -q -j -c traffic -o "$T/act"
tracing "$T/act"
"$B/traffic" processes 500 "$T/pids"
kill -INT $pid
finish $pid
echo 32768 >/proc/sys/kernel/pid_max
ok "pid reuse: some numbers came again" sh -c "sort '$T/pids' | uniq -d | grep -q ."
jq -r 'select(.type == "event") | .pid' "$T/act" >"$T/seen"
ok "pid reuse: each connect, by its process" cmp "$T/pids" "$T/seen"

# ---- a CPU goes, and comes back
rm -f "$T/act"
cpu=/sys/devices/system/cpu/cpu1/online
start "$B/sockstat" -q -j --call connect -c plug 0.2 -o "$T/act"
tracing "$T/act"
connects plug 100
echo 0 >$cpu
connects plug 100
echo 1 >$cpu
taskset 2 python3 "$T/connects.py" plug 100
kill -INT $pid
finish $pid
is "$(jq -s 'map(select(.type == "report") | .connect.ok) | add' "$T/act")" 300 \
	"a CPU goes and comes back: every connect is counted"

# ---- the clock is stepped, to and fro
rm -f "$T/act"
start "$B/sockstat" -q -j --call connect -c step 0.5 -o "$T/act"
tracing "$T/act"
start "$B/soconnect" -q -j -c step -o "$T/rows"
tracing "$T/rows"
connects step 50
date -s "@$(($(date +%s) + 7200))" >"$T/date"
connects step 50
date -s "@$(($(date +%s) - 14400))" >"$T/date"
connects step 50
sleep $SLOW
for pid in $pids_; do
	kill -INT $pid 2>/dev/null
done
for pid in $pids_; do
	await 30 gone $pid
done
is "$(jq -s 'map(select(.type == "report") | .connect.ok) | add' "$T/act")" 150 \
	"the clock is stepped: every connect is counted"
is "$(events "$T/rows" '.lat_ns > 0 and .lat_ns < 3e9')" 150 \
	"the clock is stepped: and timed, by the one that isn't"
is "$(jq -s 'map(select(.type == "report") | .interval) | . == [range(1; length + 1)]' "$T/act")" \
	true "the clock is stepped: intervals go on, none twice, none left out"

# ---- 64 KiB of locked memory, and no right to raise it
run /usr/bin/setpriv --bounding-set -sys_resource --inh-caps -sys_resource \
	/usr/bin/prlimit --memlock=65536:65536 "$B/soconnect" -q -j -c nobody -d 0.1
case $(uname -r) in
5.10.*)
	is "$rc$out" 77 "64 KiB of locked memory: not started"
	like "$err" 'ulimit -l unlimited' "64 KiB of locked memory: and what to do"
	;;
*) is "$rc $(echo "$out" | jq -r .type | tr '\n' ' ')" "0 meta end " "64 KiB of locked memory: enough" ;;
esac

# ---- perf_event_paranoid=3, Debian's default, as root
echo 3 >/proc/sys/kernel/perf_event_paranoid
run "$B/soconnect" -q -j -o "$T/act" -- python3 "$T/connects.py" paranoid 5
is "$rc $(events "$T/act" true)" "0 5" "perf_event_paranoid=3: root sees all"
run /usr/bin/setpriv --reuid 65534 --clear-groups "$B/soconnect" -q -d 0.1
is "$rc$out" 77 "without privileges: not started"
like "$err" 'run it as root' "without privileges: and what to do"

# ---- locked down
mount -t securityfs securityfs /sys/kernel/security 2>"$T/mount" || :
if ! { echo confidentiality >/sys/kernel/security/lockdown; } 2>"$T/lockdown"; then
	flunk "this kernel can be locked down" "$(cat "$T/lockdown")"
fi
run "$B/soconnect" -q -d 0.1
is "$rc$out" 77 "locked down: soconnect does not start"
like "$err" 'locked down \(confidentiality\)' "locked down: and says why"
# without a single bpf_probe_read programs may load even so
run "$B/sockstat" -q -j --call connect -c shut -o "$T/shut" -- python3 "$T/connects.py" shut 5
case $rc in
0)
	is "$(jq -s 'map(select(.type == "report") | .connect.ok) | add' "$T/shut")" 5 \
		"locked down: sockstat starts, and sees all"
	;;
*)
	is $rc 77 "locked down: sockstat does not start"
	like "$err" 'locked down \(confidentiality\)' "locked down: and says why"
	;;
esac
run "$B/sockray" doctor
like "$out" 'confidentiality' "locked down: doctor names it"

done_testing
