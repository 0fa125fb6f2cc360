#!/bin/sh
# What sockstat, sofamily and soprotocol count of tests/operations when told to choose: --map-size,
# filters, --top, intervals; what is undecided; and a stranger's bpf(2) calls meanwhile.
. "$(dirname "$0")/../lib.sh"
. tests/counting.sh
need_live

# Another process's calls of bpf(2) on maps: while one runs, tracepoint and kprobe programs that fire
# in an interrupt on that CPU are skipped. One such process per CPU reads a map of its own, 20,000
# keys a call, without a pause, while connects end in interrupts.
cat >"$T/reader.py" <<'PY'
import ctypes, errno, os, platform, struct, sys
NR = {"x86_64": 321, "aarch64": 280}[platform.machine()]
MAP_CREATE, UPDATE_BATCH, LOOKUP_BATCH = 0, 26, 24
cpu, go, said = sys.argv[1:]
N = 20000
libc = ctypes.CDLL(None, use_errno=True)
keys, values = (ctypes.create_string_buffer(struct.pack("%dI" % N, *range(N)), 4 * N)
                for _ in range(2))
cursor = ctypes.create_string_buffer(64)

def bpf(cmd, attr, fine=0):
    attr = ctypes.create_string_buffer(attr, 128)
    ret = libc.syscall(NR, cmd, attr, 128)
    if ret < 0 and ctypes.get_errno() != fine:
        sys.exit("bpf(%d): %s" % (cmd, os.strerror(ctypes.get_errno())))
    return ret

def batch():
    return struct.pack("QQQQIIQQ", 0, ctypes.addressof(cursor), ctypes.addressof(keys),
                       ctypes.addressof(values), N, fd, 0, 0)

os.sched_setaffinity(0, [int(cpu)])
fd = bpf(MAP_CREATE, struct.pack("IIIII", 1, 4, 4, N, 0))
bpf(UPDATE_BATCH, batch())
open(said, "w").write("0")
n = 0
while os.path.exists(go):
    bpf(LOOKUP_BATCH, batch(), errno.ENOENT) # and there is no more
    n += 1
open(said, "w").write(str(n))
PY
cpus=$(python3 -c 'import os; print(*os.sched_getaffinity(0))')
read_aside() { # "TOOL OPTIONS" LOADS...
	what=$1
	shift
	: >"$T/go"
	readers=
	for cpu in $cpus; do
		start python3 "$T/reader.py" $cpu "$T/go" "$T/reads.$cpu"
		readers="$readers $pid"
	done
	for cpu in $cpus; do
		await 20 test -s "$T/reads.$cpu"
	done
	for load; do
		traced ${what%% *} "${what#* }" $load
		keys=$(echo "$what" | sed -n 's/.*--by //p')
		name="$load, exact while others call bpf(2), or it is told what was missed"
		# Those come about in interrupts: see undecided() in tests/lib.sh. A few of 500 always may.
		case $load in
		late*) export MAY_PEND=25 ;;
		*) unset MAY_PEND ;;
		esac
		lost=$(jq 'select(.type == "end") | .covered as $c | .missed | with_entries(
			select(.value and (.key | IN($c[]) | not))) | add // 0' "$T/act")
		if [ "$lost" = 0 ]; then
			judge "$name" $keys
			continue
		fi
		ok "$what: $name" jq -n -e --slurpfile exp "$T/exp" --slurpfile act "$T/act" "
			def sum: map(if .ok then . else .[] | objects end |
				.ok + .failed + .again) | add;
			(\$exp | map(select(.tool == \"$tool\")) | sum) as \$want |
			(\$act | map(select(.type == \"report\")) | sum) as \$got |
			\$got <= \$want and \$want - \$got <= $lost"
		like "$(cat "$T/err")" " missed by " "$tool: and on stderr"
	done
	rm "$T/go"
	for pid in $readers; do
		finish $pid
	done
	for cpu in $cpus; do
		ok "$what: CPU $cpu read all the while" [ "$(cat "$T/reads.$cpu")" -gt 10 ]
		rm "$T/reads.$cpu"
	done
}
read_aside "sockstat -j" "load 30000"
read_aside "sockstat -j --by comm,call" "load 30000"
read_aside "sofamily -j" "late 500" "load 30000"
read_aside "soprotocol -j" "late 500"

# ---- too many keys

traced_names() {
	rm -f "$T/act"
	run "$B/$1" $2 --map-size 2 -o "$T/act" -- "$B/operations" --expect "$T/exp" names 6
	is "$(reports | jq -c '[.comm, .ok]' | sort | tr '\n' ' ')" \
		"[\"name0\",$3] [\"name1\",$3] " "$1 --map-size 2: two keys, exact"
	is "$(ends map_full)" $((4 * $3)) "$1 --map-size 2: all else found no room"
	like "$err" "^$1: .*\<$((4 * $3)) found no room \(--map-size\)" \
		"$1 --map-size 2: which is told"
}
traced_names sockstat "-j --by comm" 11
is $rc 0 "--map-size 2: the command's exit code"
traced_names sofamily "-j $strict" 10
is $rc 1 "--map-size 2 --strict: exit code 1"
traced_names soprotocol "-j" 10

# the ring buffer has room for all keys, if nobody reads it
rm -f "$T/act" "$T/exp"
run "$B/sofamily" -j --map-size 2100 -o "$T/act" -- sh -c \
	'kill -STOP $PPID; "$@"; rc=$?; kill -CONT $PPID; exit $rc' sh "$B/operations" --expect "$T/exp" names 2090
is "$(reports | jq -c 'select(.comm | startswith("name")) | .ok' | sort | uniq -c | tr -s ' ')" \
	" 2090 10" "2,090 keys while the tool is stopped: all come"
is "$rc $(ends lost) $(ends map_full)" "0 0 0" "... and nothing is lost"

# ---- filters

few="accept_ok accept_again accept_fails connects msgs_udp msgs_unix threads ends agains"
filtered() { # NAME OPTIONS CONDITION
	for tool_ in sockstat sofamily soprotocol; do
		case $tool_ in
		sockstat) traced sockstat "-j --by comm,call $1" $few ;;
		*) traced $tool_ "-j $1" $few ;;
		esac
		cp "$T/exp" "$T/exp.all"
		only_expect "$2"
		judge "$1" comm,call
		ok "$tool $1: the rest was filtered out" [ "$(ends filtered)" -gt 0 ]
	done
}
filtered "-c msgs_udp" '.comm == "msgs_udp"'
filtered "-c accept_*" '.comm | startswith("accept_")'
# by family: its own expectation knows it, the others' doesn't
for family in "-f unix=1" "-6=10" "-f inet,inet6=2,10"; do
	traced sockstat "-j --by comm,call ${family%=*}" $few
	only_expect ".tool == \"sockstat\" and (.family | IN(${family#*=}))"
	judge "${family%=*}" comm,call
	traced sofamily "-j ${family%=*}" $few
	only_expect ".tool == \"sofamily\" and (.family | IN(${family#*=}))
		and (.comm == \"connects\" and .family == 2 | not)"
	# a bad descriptor has no family of its own
	grep -v '"comm":"connects".*"family":2,' "$T/act" >"$T/act.part"
	jq -c --slurpfile a "$T/act.part" 'if .type == "end" then .events =
		([$a[] | select(.type == "report") | .ok + .failed + .again] | add) else . end' \
		"$T/act.part" >"$T/act"
	judge "${family%=*}"
done
traced sockstat "-j --by comm,call --protocol udp" $few
only_expect '.tool == "sockstat" and .protocol == 17'
judge "--protocol udp" comm,call
traced soprotocol "-j --protocol mptcp,udp" $few
only_expect '.tool == "soprotocol" and (.protocol | IN(17, 262))'
judge "--protocol mptcp,udp"
for tool_ in "sockstat -j --by comm,call" "sofamily -j"; do
	traced ${tool_%% *} "${tool_#* } -x" $few
	jq -c 'select(.failed > 0) | .ok = 0 | .again = 0 | .bytes = 0' "$T/exp" >"$T/exp.part"
	mv "$T/exp.part" "$T/exp"
	judge "-x: failures, neither successes nor what would have blocked" comm,call
done
traced sockstat "-j --by comm,call -e EPIPE" $few
# threads: whoever accepts may close before the other sends
is "$(reports | jq -c 'select(.comm != "threads") | [.comm, .call, .ok, .failed]')" \
	'["ends","send",0,2]' "sockstat -e EPIPE"

# -p: not its children; --follow: them too
rm -f "$T/act" "$T/gate"
mkfifo "$T/gate"
sh -c "read x <$T/gate; exec $B/operations --expect $T/exp names 3" &
theirs=$!
pids_="$pids_ $theirs"
start "$B/sockstat" -q -j --by comm,call -p $theirs -o "$T/act"
tracing "$T/act"
"$B/operations" names 2 >"$T/out"
echo >"$T/gate"
wait $theirs
kill -INT $pid
finish $pid
tool=sockstat
judge "-p" comm,call

if command -v setpriv >"$T/out"; then
	run "$B/sockstat" -j --by uid,comm,call -u nobody -o "$T/act" -- sh -c \
		"$B/operations names 2; exec setpriv --reuid=nobody --clear-groups $B/operations names 3"
	printf '%s\n' "$out" | grep '"tool"' | grep -v '"uid": 0,' >"$T/exp"
	ok "-u: somebody else's operations were expected" grep -q '"uid": 65534' "$T/exp"
	judge "-u nobody" uid,comm,call
else
	skip "-u" "no setpriv"
fi

# ---- --top

traced sockstat "-j --by comm --top 2" $few
is "$(reports | jq -c '[.comm, .count]')" "$(jq -s -c 'map(select(.tool == "sockstat")) |
	group_by(.comm) | map([.[0].comm, (map(.count) | add)]) | sort_by(.[1]) | .[-2:][]' \
	"$T/exp")" "--top 2: the two largest, the largest last"
traced sofamily "-j --top 1" $few
is "$(reports | jq -c '[.comm, .ok]')" '["threads",400]' "sofamily --top 1"

# ---- intervals

cat >"$T/clock" <<'SH'
while IFS= read -r line; do
	echo "$(date +%s.%N) $line"
done
SH
bound 60 "$B/sockstat" 1 3 2>&1 </dev/null | grep --line-buffered -v ': warning: not seen' |
	sh "$T/clock" >"$T/out"
is "$(sed 1d "$T/out" | cut -d ' ' -f 2- | sed 's/[0-9][0-9.]*[kMG]*/N/g;s/  */ /g')" \
	"TIME ACCEPT CONNECT BIND LISTEN SOCKET SEND RECV FAIL AGAIN
N:N:N N N N N N N N N N
N:N:N N N N N N N N N N
N:N:N N N N N N N N N N" "sockstat 1 3: a heading and three lines"
like "$(sed -n 1p "$T/out")" "per second" "sockstat: the banner tells the unit"
ok "sockstat 1 3: the first line after the first second, one a second" awk '
	NR == 1 { start = $1 } NR > 2 && $1 - start < 0.9 * (NR - 2) { exit 1 }' "$T/out"
run "$B/sockstat" -j 0.5 4
is "$(printf '%s\n' "$out" | jq -r 'select(.type == "report").interval' | tr '\n' ' ')" \
	"1 2 3 4 " "sockstat 0.5 4: numbered reports"
ok "sockstat 0.5 4: each tells its length" jq -e -s 'map(select(.type == "report") | .interval_s)
	| all(. > 0.05 and . < 10) and (add > 1.9)' "$T/out"
is "$(printf '%s\n' "$out" | tail -n 1 | jq -r .reason)" count "sockstat 0.5 4: why it ends"
# the interval ends when counting ends, not when all is cleaned up: rates would be too low
for try in 1 2 3; do
	run "$B/sockstat" -j -d 0.2
	length=$(printf '%s\n' "$out" | jq 'select(.type == "report").interval_s')
	[ "$(echo "$length < 0.4" | jq -n -R 'input | split(" ")[0] | tonumber < 0.4')" = true ] &&
		break
done
ok "sockstat -d 0.2: the only interval lasts about that long, not $length s" \
	jq -e -n "$length < 0.4"
traced sockstat "0.1" load 600000
is "$(awk 'length($0) > 80' "$T/act")" '' "sockstat, large rates: 80 columns"
like "$(cat "$T/act")" '^[0-9:]{8} .* [0-9.]+[kM] ' "sockstat, large rates: scaled"
ok "sockstat: columns are right-aligned under their headings" awk '
	NR == 1 { width = length($0) } length($0) != width { exit 1 }' "$T/act"
run "$B/sockstat" 0.05 45
is "$(printf '%s\n' "$out" | grep -n TIME | cut -d : -f 1 | tr '\n' ' ')" "1 22 43 " \
	"sockstat: the heading comes again every screenful"
traced sockstat "-w 0.2" load 300000
like "$(head -n 1 "$T/act")" 'SEND +RECV.*SENT\(B\) +RCVD\(B\)$' "sockstat -w: bytes"

# ---- undecided connects

undecided() { # how many were pending in the latest report? N
	n_=$(tail -n 1 "$T/act" | jq '.pending')
	[ "$n_" = "$1" ]
}
total() {
	[ "$(reports | jq -s -c "[map(.ok), map(.failed)] | map(add)")" = "$1" ]
}
for tool in sofamily soprotocol; do
	rm -f "$T/act" "$T/gate" "$T/said"
	mkfifo "$T/gate"
	start "$B/$tool" -q -j -c silent 0.2 -o "$T/act"
	trace=$pid
	tracing "$T/act"
	start sh -c "exec $B/operations --expect $T/exp silent <$T/gate 2>$T/said"
	silent=$pid
	exec 7<>"$T/gate"
	await 20 grep -q -s ^undecided "$T/said"
	ok "$tool: two connects are PENDING" await 10 undecided 2
	sleep 0.5
	ok "$tool: they still are" undecided 2
	is "$(reports | jq -s 'map(.ok + .failed + .again) | add')" 0 "$tool: and nothing else"
	echo >&7
	await 30 grep -q ^decided "$T/said"
	ok "$tool: one is OK, one FAILED" await 10 total '[1,1]'
	echo >&7
	exec 7>&-
	finish $silent
	kill -INT $trace
	finish $trace
	judge "what was PENDING is decided, and isn't any more"
	is "$(reports | tail -n 1 | jq .pending)" 0 "$tool: PENDING is 0 in the end"
done
done_counting
