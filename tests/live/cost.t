#!/bin/sh
# What the tools themselves cost: with nothing to show they sleep, or wake once per interval; what the
# start took of memory is given back; and --stats tells it all, of what was printed to the byte.
. "$(dirname "$0")/../lib.sh"
need_live

wakes() {
	awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$1/status"
}

# idle LEAST MOST TOOL...: how often it wakes in 3 s while the process it is about does nothing
start sleep 1000
sleeper=$pid
idle() {
	least=$1 most=$2
	shift 2
	start "$B/$@" -q -v -p "$sleeper" >"$T/act" 2>"$T/err"
	await 30 grep -q '^exit  *[a-z]' "$T/err"
	# the attached, behind which the process settles
	sleep 1
	before=$(wakes $pid)
	sleep 3
	after=$(wakes $pid)
	ok "$*: wakes $((after - before)) times in 3 s, $least to $most" \
		[ $((after - before)) -ge $least -a $((after - before)) -le $most ]
}
# with --backend the tool is a child of a script, which sleeps in any case
if [ -z "${BACKEND:-}" ]; then
	idle 0 0 soconnect
	kill -INT $pid
	idle 0 0 soconnect --count
	kill -INT $pid
	idle 2 4 sockstat
	kill -INT $pid
	idle 2 4 sockstat --by comm
	kill -INT $pid
	idle 0 0 sofamily
	kill -INT $pid
	idle 2 4 soprotocol 1
	kill -INT $pid

	# with routes that are no good, so that all is tried again; sanitizers keep what was freed
	if ! ldd "$B/sockray" 2>/dev/null | grep -q asan; then
		start "$B/sockray-broken" soconnect -q -v -p "$sleeper" >"$T/act" 2>"$T/err"
		await 30 grep -q '^exit  *[a-z]' "$T/err"
		sleep 0.5
		anonymous=$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status")
		ok "memory of its own while it runs: $anonymous KiB" [ "$anonymous" -lt 4096 ]
		kill -INT $pid
	fi
fi

for form in "" -j -s; do
	run "$B/soconnect" --stats -q -f inet $form -o "$T/act" -- python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(200):
    s.connect(("127.0.0.1", 9))
'
	rows=$(grep -c '127\.0\.0\.1' "$T/act")
	is $rows 200 "--stats $form: all rows"
	like "$err" "^soconnect: cost: [0-9]+ events in [0-9.]+ s; 200 rows, $(wc -c <"$T/act") bytes; [0-9]+ KiB at most" \
		"--stats $form: rows, bytes, memory"
	like "$err" '^soconnect: cost: this process [0-9.]+ % of a CPU, [0-9]+ ns an event: user [0-9.]+ ms, system [0-9.]+ ms; before that to start [0-9.]+ ms' \
		"--stats $form: CPU"
done
# of the hook itself: it ran for each of them, and for what others did
like "$err" '^soconnect: cost:   connect__[a-z0-9]+ ran ([2-9][0-9]{2}|[1-9][0-9]{3,}) times, [1-9][0-9]* ns each' \
	"--stats: each program"
like "$err" '^soconnect: cost: in the kernel [0-9.]+ % of a CPU, [1-9][0-9]* ns an event: [1-9][0-9]+ runs' \
	"--stats: all of them"
like "$err" '^soconnect: cost: by these statistics a program that does nothing takes [1-9][0-9]* ns; they make each run [0-9]+ ns longer' \
	"--stats: and of the statistics"
# not that of whoever started it: 64 MiB here
bound 60 perl -e '$big = "x" x (1 << 26); exec @ARGV' "$B/sockray" soconnect --stats -q -d 0.1 2>"$T/err"
peak=$(sed -n 's/.* \([0-9]*\) KiB at most$/\1/p' "$T/err")
case $(ldd "$B/sockray" 2>/dev/null) in
*asan*) ;;
*) ok "--stats: the memory of the tool alone: $peak KiB" [ "$peak" -gt 1000 -a "$peak" -lt 40000 ] ;;
esac
run "$B/sockstat" --stats -q -p "$sleeper" 0.2 2
like "$err" "^sockstat: cost: [0-9]+ events in [0-9.]+ s; 2 rows, $(wc -c <"$T/out") bytes" \
	"--stats: reports are rows, too"
is "$(echo "$err" | grep -vc '^sockstat: cost: ')" 0 "--stats: and nothing else on stderr"

done_testing
