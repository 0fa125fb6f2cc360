#!/bin/sh
# The main proof of sockstat, sofamily and soprotocol: they count what tests/operations did, no
# more and no less, per call, process, family and protocol. Exercises every path of sends,
# receives and accepts, 64-bit, 32-bit and io_uring, many threads, --by, --call, --top, --map-size,
# filters, intervals, what is undecided, all forms of output, a stranger's bpf(2) calls meanwhile,
# and redis, nginx and sshd.
. "$(dirname "$0")/../lib.sh"
need_live
[ -x "$B/operations" ] || skip_all "no $B/operations: make tests"

# judge.py TOOL EXPECTED ACTUAL [KEYS [CALLS]]: are the sums over all reports those expected?
cat >"$T/judge.py" <<'PY'
import json, sys

FAMILIES = {None: None, 1: "AF_UNIX", 2: "AF_INET", 10: "AF_INET6"}
OPS = ("accept", "connect", "bind", "listen", "socket", "send", "recv")
tool, expected, actual = sys.argv[1:4]
keys = sys.argv[4].split(",") if len(sys.argv) > 4 and sys.argv[4] else []
calls = sys.argv[5].split(",") if len(sys.argv) > 5 else OPS
numbers = ["ok", "failed", "again"] + ["bytes"] * (tool == "sockstat")
if tool == "sofamily":
    keys = ["call", "comm", "family"]
if tool == "soprotocol":
    keys = ["call", "comm", "protocol", "protocol_name", "name"]
wrong = []

def add(sums, key, row):
    into = sums.setdefault(key, dict.fromkeys(numbers, 0))
    for n in numbers:
        into[n] += row[n]

def show(d):
    return d and " ".join("%s %d" % i for i in d.items() if i[1] or i[0] == "ok")

rows = [json.loads(l) for l in open(actual)]
meta, reports, end = rows[0], rows[1:-1], rows[-1]
if (meta["type"], meta["tool"], end["type"]) != ("meta", tool, "end"):
    wrong.append("not from meta to end")
for name in "lost", "map_full", "unfollowed":
    if end[name]:
        wrong.append("%s: %d" % (name, end[name]))
# what one program misses another may have seen
missed = {p: n for p, n in end["missed"].items() if n and p not in end["covered"]}
if missed:
    wrong.append("missed: %r" % missed)

want, got, counted, pending = {}, {}, 0, {}
for r in map(json.loads, open(expected)):
    if r.get("tool") == tool and r["call"] in calls:
        add(want, tuple(r[k] for k in keys) if keys else (r["call"],), r)
number = 0
for r in reports:
    if r["type"] != "report" or not number <= r["interval"] <= number + 1:
        wrong.append("not the next report: %r" % r)
    number = r["interval"]
    if keys:
        parts = [(tuple(r[k] for k in keys), r)]
        if "family_name" in r and r["family_name"] != FAMILIES[r["family"]]:
            wrong.append("not its family's name: %r" % r)
        if "pending" in r:
            pending[parts[0][0]] = r["pending"], number
    else:
        parts = [((c,), r[c]) for c in OPS if c in calls]
    for key, r in parts:
        if "count" in r and r["count"] != r["ok"] + r["failed"] + r["again"]:
            wrong.append("count isn't the sum: %r" % r)
        counted += r["ok"] + r["failed"] + r["again"]
        if r["ok"] + r["failed"] + r["again"]:
            add(got, key, r)
for key in sorted(set(want) | set(got), key=str):
    if want.get(key) != got.get(key):
        wrong.append("%s: want %s, got %s" % (" ".join(map(str, key)), show(want.get(key)),
                                              show(got.get(key))))
for key, (n, when) in pending.items():
    if n and when == number:
        wrong.append("%r: %d pending at the end" % (key, n))
if len(calls) == len(OPS) and end["events"] != counted:
    wrong.append("end says %d events, the reports %d" % (end["events"], counted))
if not want:
    wrong.append("nothing was expected")
print("\n".join(wrong))
sys.exit(len(wrong) > 0)
PY

# traced TOOL "ITS OPTIONS" PROGRAM'S ARGUMENTS...: $T/act, $T/exp
traced() {
	tool=$1 options=$2
	shift 2
	rm -f "$T/act" "$T/exp"
	bound 120 "$B/$tool" $options -o "$T/act" -- "$B/${program:-operations}" \
		--expect "$T/exp" "$@" >"$T/out" 2>"$T/err" </dev/null
	rc=$?
	# other processes' connects that haven't ended may be told of
	out=$(cat "$T/out" "$T/err" | grep -Ev \
		'^skip |^Tracing|^[a-z]+: .* 0 lost(, [0-9]+ (not ended yet|whose end was not seen))+$')
	is "$rc$out" 0 "$tool $options, ${program:-operations} $*: it went as it should"
	sed -n 's/^skip //p' "$T/err" >>"$T/skips"
}

# judge NAME [KEYS [CALLS]], by $tool; only_expect JQ-CONDITION: drop the rest of the expectation
judge() {
	name=$1
	shift
	ok "$tool: $name" python3 "$T/judge.py" $tool "$T/exp" "$T/act" "$@"
}
only_expect() {
	jq -c "select(.tool and ($1))" "$T/exp" >"$T/exp.part"
	mv "$T/exp.part" "$T/exp"
}

reports() {
	jq -c 'select(.type == "report")' "$T/act"
}

: >"$T/skips"

# ---- everything, per key

traced sockstat -j all
judge "the sum of each operation"
is "$(jq -r 'select(.type == "meta").blind | join(" ")' "$T/act")" "compat" \
	"sockstat: blind for 32-bit callers only"
traced sockstat "-j --by call,comm" all
judge "--by call,comm" call,comm
traced sockstat "-j --by pid" all
judge "--by pid" pid
traced sockstat "-j --by uid,call" all
judge "--by uid,call" uid,call
traced sockstat "-j --by comm,call,family,protocol" all
judge "--by comm,call,family,protocol" comm,call,family,protocol
traced sockstat "-j --by family,protocol" all
judge "--by family,protocol" family,protocol
traced sofamily -j all
judge "all"
traced soprotocol -j all
judge "all"

# ---- only what is asked for

traced sockstat "-j --call send,recv" all
judge "--call send,recv" '' send,recv
hooks=$(jq -c 'select(.type == "meta").hooks' "$T/act")
ok "--call send,recv: both are hooked" jq -e -n "$hooks | .send and .recv"
unlike "$hooks" 'syscalls:|sys_(enter|exit)|"(accept|connect|bind|listen|socket)"' \
	"--call send,recv: no system call is hooked"
is "$(jq -c 'select(.type == "report") | [.accept, .connect, .socket, .bind, .listen] | unique' \
	"$T/act" | sort -u)" "[null]" "--call send,recv: the others are null, not 0"
traced sockstat "-j --call accept" all
judge "--call accept" '' accept
unlike "$(jq -c 'select(.type == "meta").hooks' "$T/act")" \
	'"(send|recv|connect|bind|listen|socket)"|sock_' "--call accept: nothing else is hooked"
traced sockstat "-j --by comm,call --call accept,recv" all
judge "--call accept,recv --by comm,call" comm,call accept,recv

# ---- 32-bit programs

if "$B/operations32" --list >"$T/out" 2>&1; then
	program=operations32
	traced sockstat "-j --by comm,call --call send,recv" all
	judge "32-bit: sends and receives without --compat" comm,call send,recv
	like "$(jq -r 'select(.type == "meta").blind[]' "$T/act")" '^compat$' \
		"32-bit: without --compat that is told"
	for way in '' --socketcall; do
		traced sockstat "-j --compat" $way all
		judge "32-bit, $way: --compat"
		traced sockstat "-j --compat --by comm,call,family,protocol" $way all
		judge "32-bit, $way: --compat --by" comm,call,family,protocol
		traced sofamily "-j --compat" $way all
		judge "32-bit, $way: --compat"
		traced soprotocol "-j --compat" $way all
		judge "32-bit, $way: --compat"
	done
	program=
else
	skip "32-bit programs" "this kernel runs none"
fi

# ---- many threads and processes; and by interval

traced sockstat "-j" load 120000
judge "load"
ok "load: more than 100,000 operations" [ "$(ends events)" -gt 100000 ]
traced sockstat "-j --by pid,call 0.2" load 120000
judge "load, --by pid,call, five times a second" pid,call
traced sockstat "-j 0.1" load 300000
judge "load, ten times a second"
ok "load: more than one interval" [ "$(reports | wc -l)" -gt 2 ]
traced sofamily "-j 0.1" load 120000
judge "load, ten times a second"
traced soprotocol "-j" load 120000
judge "load"
if "$B/operations32" --list >"$T/out" 2>&1; then
	program=operations32
	traced sockstat "-j --compat --by comm,call" load 120000
	judge "load, 32-bit" comm,call
	program=
fi

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
traced_names sofamily "-j --strict" 10
is $rc 1 "--map-size 2 --strict: exit code 1"
traced_names soprotocol "-j" 10

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
bound 60 "$B/sockstat" 1 3 2>&1 </dev/null | sh "$T/clock" >"$T/out"
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

# ---- text

few="accept_ok threads sockets connects_mptcp uring_multi"
# lines of text as lines of the expectation
cat >"$T/text.py" <<'PY'
import json, sys
tool, names = sys.argv[1], sys.argv[4:]
want, got = {}, {}
for r in map(json.loads, open(sys.argv[2])):
    if r.get("tool") == tool:
        key = tuple("-" if r.get(n) is None else str(r[n]) for n in names)
        old = want.get(key, (0, 0))
        want[key] = old[0] + r["ok"], old[1] + r["failed"]
last = 0
for line in open(sys.argv[3]).read().split("\n")[1:-1]:
    f = line.split()
    if tool == "sofamily":
        if f[3] != {"1": "AF_UNIX", "2": "AF_INET", "10": "AF_INET6"}[f[2]]:
            sys.exit("family's name: " + line)
        f.pop(3)
    got[tuple(f[:len(names)])] = int(f[-3]), int(f[-2])
    if f[-1] != "0":
        sys.exit("pending: " + line)
    if sum(got[tuple(f[:len(names)])]) < last:
        sys.exit("not sorted: " + line)
    last = sum(got[tuple(f[:len(names)])])
if got != want:
    sys.exit("want %r\ngot %r" % (sorted(want.items()), sorted(got.items())))
PY
traced sofamily "" $few
is "$(head -n 1 "$T/act" | sed 's/  */ /g')" "CALL PROCESS FAM FAMILY OK FAILED PENDING" \
	"sofamily: heading"
ok "sofamily: lines, most frequent last" python3 "$T/text.py" sofamily "$T/exp" "$T/act" \
	call comm family
is "$(awk 'length($0) > 80' "$T/act")" '' "sofamily: 80 columns"
traced soprotocol "" $few
is "$(head -n 1 "$T/act" | sed 's/  */ /g')" \
	"CALL PROCESS PROTO PROTOCOL NAME OK FAILED PENDING" "soprotocol: heading"
ok "soprotocol: lines, most frequent last" python3 "$T/text.py" soprotocol "$T/exp" "$T/act" \
	call comm protocol protocol_name name
is "$(awk 'length($0) > 80' "$T/act")" '' "soprotocol: 80 columns"
traced sockstat "--by comm,call,family" $few
is "$(awk 'length($0) > 80' "$T/act")" '' "sockstat --by comm,call,family: 80 columns"
like "$(cat "$T/act")" '^CALL +PROCESS +FAM +FAMILY +COUNT +FAILED +AGAIN$' \
	"sockstat --by: heading"
traced sofamily "0.3" $few
like "$(cat "$T/act")" '^[0-2][0-9]:[0-5][0-9]:[0-6][0-9]$' "sofamily INTERVAL: the time"
traced sofamily "-H" $few
unlike "$(cat "$T/act")" CALL "sofamily -H: no heading"

# ---- the book's maps

few="accept_ok connects_async threads"
traced sofamily --bt $few
is "$(cat "$T/act")" '@accept[accept_ok, 1, AF_UNIX]: 4
@accept[accept_ok, 10, AF_INET6]: 4
@accept[accept_ok, 2, AF_INET]: 8
@accept[renamed, 1, AF_UNIX]: 400
@connect[accept_ok, 1, AF_UNIX]: 4
@connect[accept_ok, 10, AF_INET6]: 4
@connect[connects_async, 2, AF_INET]: 4
@connect[accept_ok, 2, AF_INET]: 8
@connect[renamed, 1, AF_UNIX]: 400' "sofamily --bt: maps by calling thread, smallest first"
traced soprotocol --bt $few
is "$(sort "$T/act")" "$(sort <<'BOOK'
@connect[connects_async, 6, IPPROTO_TCP, TCP]: 4
@connect[accept_ok, 262, IPPROTO_MPTCP, MPTCP]: 8
@connect[accept_ok, 6, IPPROTO_TCP, TCP]: 8
@connect[accept_ok, 6, IPPROTO_TCP, TCPv6]: 8
@connect[accept_ok, 0, , UNIX-STREAM]: 8
@connect[renamed, 0, , UNIX-STREAM]: 800
BOOK
)" "soprotocol --bt: one map for both calls, as in the book"
ok "soprotocol --bt: smallest first" sh -c "sed 's/.*: //' '$T/act' | sort -n -c"
traced soprotocol --bt connects
unlike "$(cat "$T/act")" '\[[^,]*, ,' "soprotocol --bt: no key without a number"
traced sockstat "--bt -d 30" sockets binds
is "$(sed 1d "$T/act")" '@[tracepoint:syscalls:sys_enter_socketpair]: 6
@[tracepoint:syscalls:sys_enter_bind]: 8
@[tracepoint:syscalls:sys_enter_socket]: 17' "sockstat --bt: probes"
like "$(head -n 1 "$T/act")" '^[0-2][0-9]:[0-5][0-9]:[0-6][0-9]$' "sockstat --bt: the time"

# ---- CSV

few="accept_ok accept_again connects_async msgs_udp"
cat >"$T/rows.py" <<'PY'
import csv, json, sys
# the same as JSON's reports, so that the judge reads them
rows = list(csv.DictReader(open(sys.argv[2], newline="")))
text = ("ts", "call", "comm", "family_name", "protocol_name", "name")
print(json.dumps({"type": "meta", "tool": sys.argv[1]}))
events = 0
for r in rows:
    if None in r or None in r.values():
        sys.exit("a row of another length: %r" % r)
    r = {k: v if k in text and v else float(v) if k == "interval_s" else int(v) if v else None
         for k, v in r.items()}
    if sys.argv[1] == "sockstat" and "accept" in r:
        for c in "accept", "connect", "bind", "listen", "socket", "send", "recv":
            r[c] = dict({n: r[c + "_" + n] for n in ("ok", "failed", "again", "bytes")}, count=r[c])
            events += r[c]["count"]
    else:
        events += r["ok"] + r["failed"] + r["again"]
    r["type"] = "report"
    print(json.dumps(r))
print(json.dumps({"type": "end", "lost": 0, "map_full": 0, "unfollowed": 0, "missed": {},
                  "covered": [], "events": events}))
PY
for what in "sockstat -s" "sockstat -s --by comm,call,family,protocol" "sofamily -s" \
	"soprotocol -s"; do
	traced ${what%% *} "${what#* }" $few
	python3 "$T/rows.py" $tool "$T/act" >"$T/json"
	mv "$T/json" "$T/act"
	judge "CSV: $what" $(echo "$what" | sed -n 's/.*--by //p')
done

# ---- real servers

free_port() {
	python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Non-pipelined: redis reads once for each command and writes once for each reply; and it reads
# the end of each connection.
if command -v redis-server >"$T/out" && command -v redis-benchmark >"$T/out"; then
	port=$(free_port)
	rm -f "$T/act"
	start "$B/sockstat" -q -j --by comm,call -c redis-server -o "$T/act"
	trace=$pid
	tracing "$T/act"
	start redis-server --port $port --bind 127.0.0.1 --save '' --dir "$T" --daemonize no \
		>"$T/redis" 2>&1
	redis=$pid
	await 10 sh -c "redis-cli -p $port ping 2>&1 | grep -q PONG" || diag "$(cat "$T/redis")"
	ok "redis-benchmark runs" bound 60 redis-benchmark -q -p $port -n 20000 -c 20 -t set,get
	# all connections but the one that asks are closed, and the server has seen it
	alone() {
		redis-cli -p $port info clients | grep -q '^connected_clients:1.$'
	}
	await 10 alone
	redis-cli -p $port info everything >"$T/info"
	tr -d '\r' <"$T/info" >"$T/stats"
	sleep 0.3
	kill -INT $trace
	finish $trace
	kill $redis
	finish $redis
	commands=$(sed -n 's/^total_commands_processed://p' "$T/stats")
	connections=$(sed -n 's/^total_connections_received://p' "$T/stats")
	sum() {
		reports | jq -s "map(select(.comm == \"redis-server\" and .call == \"$1\") | .$2) | add"
	}
	ok "redis: many commands" [ "$commands" -gt 40000 ]
	# the INFO that tells it isn't yet counted by redis itself; redis-benchmark asks for two
	# settings in one go
	settings=$(sed -n 's/^cmdstat_config|get:calls=\([0-9]*\),.*/\1/p' "$T/stats")
	commands=$((commands + 1 - ${settings:-0} / 2))
	is "$(sum send count)" $commands "redis: a send for each command"
	is "$(sum recv count)" $((commands + connections)) \
		"redis: a receive for each command, and for the end of each connection"
	is "$(sum accept ok)" "$connections" "redis: accepts"
	is "$(sum recv bytes)" "$(sed -n 's/^total_net_input_bytes://p' "$T/stats")" \
		"redis: bytes received"
	# and the reply that told of it: $LENGTH, a line end, LENGTH bytes, a line end
	length=$(wc -c <"$T/info")
	is "$(sum send bytes)" $(($(sed -n 's/^total_net_output_bytes://p' "$T/stats") +
		length + ${#length} + 5)) "redis: bytes sent"
	is "$(sum listen ok)" 1 "redis: listen"
else
	skip "redis" "not installed"
fi

if command -v nginx >"$T/out" && command -v curl >"$T/out"; then
	port=$(free_port)
	cat >"$T/nginx.conf" <<CONF
daemon off;
worker_processes 2;
pid $T/nginx.pid;
error_log stderr;
events { }
http {
	access_log off;
	client_body_temp_path $T/body.tmp; proxy_temp_path $T/proxy.tmp;
	fastcgi_temp_path $T/fastcgi.tmp; uwsgi_temp_path $T/uwsgi.tmp; scgi_temp_path $T/scgi.tmp;
	server {
		listen 127.0.0.1:$port; listen [::1]:$port; listen unix:$T/nginx.sock;
		location / { return 200 hello; }
	}
}
CONF
	start nginx -e stderr -c "$T/nginx.conf" >"$T/nginx" 2>&1
	nginx=$pid
	cat >"$T/get" <<SH
get() {
	curl -q -s -g -o "$T/body" --noproxy '*' \
		-w '%{size_request} %{size_header} %{size_download}\n' "\$@"
}
SH
	cat "$T/get" - >"$T/gets" <<SH
for i in \$(seq 50); do get http://127.0.0.1:$port/; done
for i in \$(seq 20); do get http://[::1]:$port/; done
for i in \$(seq 10); do get --unix-socket $T/nginx.sock http://localhost/; done
SH
	. "$T/get"
	await 10 get "http://127.0.0.1:$port/" >"$T/out" || diag "$(cat "$T/nginx")"
	traces=
	for what in sofamily soprotocol "sockstat --by call"; do
		tool=${what%% *}
		rm -f "$T/$tool.act"
		start "$B/$tool" -q -j -p $nginx --follow ${what#$tool} -o "$T/$tool.act"
		tracing "$T/$tool.act"
		traces="$traces $pid"
	done
	rm -f "$T/act"
	run "$B/sofamily" -q -j -c curl -o "$T/act" -- sh "$T/gets"
	printf '%s\n' "$out" >"$T/sizes"
	sleep 0.2
	for pid in $traces; do
		kill -INT $pid
		finish $pid
	done
	of_nginx() { # TOOL KEY...
		jq -s -c "map(select(.ok > 0 and .call == \"accept\") | [$2, .ok, .failed]) | sort" \
			"$T/$1.act"
	}
	is "$(of_nginx sofamily .comm,.family_name)" \
		'[["nginx","AF_INET",50,0],["nginx","AF_INET6",20,0],["nginx","AF_UNIX",10,0]]' \
		"nginx: sofamily has an accept for each request"
	is "$(of_nginx soprotocol .comm,.protocol_name,.name)" \
		'[["nginx",null,"UNIX-STREAM",10,0],["nginx","IPPROTO_TCP","TCP",50,0],["nginx","IPPROTO_TCP","TCPv6",20,0]]' \
		"nginx: so has soprotocol"
	is "$(reports | jq -s -c 'map(select(.ok > 0) | [.call, .family_name, .ok]) | sort')" \
		'[["connect","AF_INET",50],["connect","AF_INET6",20],["connect","AF_UNIX",10]]' \
		"curl: sofamily has a connect for each request"
	# how often nginx looks for more on a connection is its own affair
	is "$(jq -s -c 'map(select(.call | IN("accept", "send", "recv"))) | group_by(.call) |
		map([.[0].call, if .[0].call == "recv" then null else (map(.ok) | add) end,
			(map(.bytes) | add)])' "$T/sockstat.act")" \
		"$(awk '{ in_ += $1; out += $2 + $3 } END { printf \
		"[[\"accept\",80,0],[\"recv\",null,%d],[\"send\",80,%d]]", in_, out }' "$T/sizes")" \
		"nginx: sockstat has an answer for each request, and the bytes that curl counted"
	kill $nginx
	finish $nginx
else
	skip "nginx" "not installed"
fi

if command -v sshd >"$T/out"; then
	port=$(free_port)
	[ -d /run/sshd ] || { mkdir /run/sshd && at_exit rmdir /run/sshd; }
	ssh-keygen -q -t ed25519 -N '' -f "$T/key"
	: >"$T/conf"
	start "$(command -v sshd)" -D -e -f "$T/conf" -h "$T/key" -p $port \
		-o ListenAddress=127.0.0.1 -o ListenAddress=::1 -o PidFile="$T/sshd.pid" >"$T/sshd" 2>&1
	sshd=$pid
	await 10 grep -q listening "$T/sshd" || diag "$(cat "$T/sshd")"
	for tool in sofamily soprotocol; do
		rm -f "$T/act"
		start "$B/$tool" -q -j -p $sshd -o "$T/act"
		trace=$pid
		tracing "$T/act"
		for address in 127.0.0.1 127.0.0.1 127.0.0.1 ::1 ::1; do
			bound 10 ssh-keyscan -p $port -t ed25519 $address >"$T/out" 2>&1
		done
		sleep 0.2
		kill -INT $trace
		finish $trace
		case $tool in
		sofamily) want='["AF_INET",3] ["AF_INET6",2] ' ;;
		*) want='["TCP",3] ["TCPv6",2] ' ;;
		esac
		is "$(reports | jq -c 'select(.call == "accept" and .comm == "sshd" and .failed == 0) |
			[.family_name // .name, .ok]' | sort | tr '\n' ' ')" "$want" \
			"$tool: sshd accepts 3 and 2"
	done
	kill $sshd
	finish $sshd
else
	skip "sshd" "not installed"
fi

sort -u "$T/skips" | while read -r what why; do
	echo "$what $why"
done >"$T/skips.all"
while read -r what why; do
	skip "$what" "$why"
done <"$T/skips.all"
done_testing
