#!/bin/sh
# What is printed, in every form. Exercises text (columns, 80 of them, -w, -t, -T, --ts, -H, -q,
# --fields), --bt against what the book's script prints, CSV by RFC 4180, JSON by the contract,
# -n, -d, -o, -v, --stats, and --count at the end and by INTERVAL and COUNT, in each form.
. "$(dirname "$0")/../lib.sh"
need_live

cases="tcp_ok tcp_refused tcp_unreach tcp_isconn tcp6 v4mapped nb_ok nb_refused udp udp6 badfd
	notsock"

# by OPTIONS...: the tool on $cases; rows in $T/act
by() {
	run "$B/soconnect" "$@" -o "$T/act" -- "$B/traffic" --expect "$T/exp" $cases
}

# ---- text

# Does each line say what it should, at the right place? Reads the expectation and the text.
cat >"$T/text.py" <<'PY'
import json, re, sys
bt = sys.argv[3] == "bt"
rows = [json.loads(l) for l in open(sys.argv[1])]
lines = open(sys.argv[2]).read().split("\n")
words = {"ECONNREFUSED": "Connect refused", "EINPROGRESS": "In progress", None: "Success",
         "ENETUNREACH": "Network unreachable", "EISCONN": "Already connected"}
if bt:
    words.update({"EBADF": "Invalid sockfd", "ENOTSOCK": "FD not a socket"})
def bad(why):
    print(why)
    sys.exit(1)
if lines.pop() != "":
    bad("the last line isn't complete")
if len(lines) != len(rows):
    bad("%d lines for %d rows" % (len(lines), len(rows)))
for row in rows:
    head = "%-6d %-16s %-3d %-16s %-5d " % (row["pid"], row["thread" if bt else "comm"],
            row["family"], row["raddr"], row["rport"])
    word = words.get(row["errno"])
    for line in lines:
        m = re.fullmatch("( *\\d+) (.*)", line[len(head):])
        if not line.startswith(head) or not m or len(m[1]) < 8 or m[1].startswith(" ") and len(m[1]) > 8:
            continue
        lo, hi = row["lat_ns"]
        if lo // 1000 <= int(m[1]) <= hi // 1000 and (m[2] == word or word is None and m[2]):
            lines.remove(line)
            break
    else:
        bad("no line for %r, left:\n%s" % (row, "\n".join(lines)))
PY

header='PID    PROCESS          FAM ADDRESS          PORT   LAT(us) RESULT'
by
is $rc 0 "text: exit code"
is "$(head -n 1 "$T/act")" "$header" "text: the heading is the book's"
sed 1d "$T/act" >"$T/rows"
ok "text: each row, at the right place" python3 "$T/text.py" "$T/exp" "$T/rows" text
is "$out$err" '' "text: with -o nothing else"

by -H
ok "-H: no heading" python3 "$T/text.py" "$T/exp" "$T/act" text

cases_=$cases
cases="tcp_ok tcp_refused tcp_unreach tcp_isconn tcp6 udp6 mptcp nb_ok nb_ok_2nd nb_already efault badlen
	unspec_tcp unix_path unix_long unix_abstract unix_missing unix_unnamed netlink tfo_ok uring_ok
	threads"
by -f all
long=$(awk 'length($0) > 80' "$T/act")
is "$long" '' "text: 80 columns, whatever the family and result"
is "$(wc -l <"$T/act")" $(($(wc -l <"$T/exp") + 1)) "text: -f all: a line for each row"
for what in '-T' '-w' '-w -T' '--ts iso'; do
	by -f all $what
	is "$(wc -l <"$T/act")" $(($(wc -l <"$T/exp") + 1)) "text: $what: a line for each row"
done
cases=$cases_

# IPv6 addresses of full length, to nowhere
cat >"$T/long.py" <<'PY'
import socket
for a in ("2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8:1111:2222:3333:4444:5555:7777"):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.connect_ex((a, 65535))
PY
run "$B/soconnect" -o "$T/act" -- python3 "$T/long.py"
like "$(cat "$T/act")" '^[0-9]+ +python3 +10  [0-9a-f:.]{16} 65535 +[0-9]+ [A-Z]' \
	"text: a long address is shortened to its column"
is "$(awk 'length($0) > 80' "$T/act")" '' "text: with long addresses 80 columns"
like "$(sed -n 2p "$T/act")" ' 2001.*6666 ' "text: the two ends of a long address are there"
run "$B/soconnect" -w -o "$T/act" -- python3 "$T/long.py"
like "$(cat "$T/act")" '\<2001:db8:1111:2222:3333:4444:5555:6666 +65535\>' "-w: the full address"
like "$(head -n 1 "$T/act")" 'TID.*PROCESS.*UID.*ADDRESS.*PORT.*RESULT' "-w: more columns"
# headings stand over their columns
ok "-w: the address stands under its heading" awk '
	NR == 1 { at = index($0, "ADDRESS") } NR > 1 && index($0, "2001:") != at { exit 1 }' "$T/act"

# ---- time in front

run date +%s
now=$out
by -t
ok "-t: seconds since the start" awk '
	NR > 1 && ($1 !~ /^[0-9]+\.[0-9][0-9][0-9]+$/ || $1 > 60) { exit 1 }
	END { exit NR < 2 }' "$T/act"
ok "-t: doesn't go back" sh -c "sed 1d '$T/act' | sort -n -s -k 1,1 -c"
by -T
ok "-T: HH:MM:SS of now" awk -v now="$now" '
	NR > 1 { split($1, t, ":"); d = t[1] * 3600 + t[2] * 60 + t[3] }
	NR > 1 && ($1 !~ /^[0-2][0-9]:[0-5][0-9]:[0-6][0-9]$/) { exit 1 }
	END { exit NR < 2 }' "$T/act"
clock=$(awk 'NR == 2 { print $1 }' "$T/act")
away=$((($(date +%s) - $(date -d "$clock" +%s) + 86400) % 86400))
ok "-T: $clock was a moment ago" [ $away -le 30 ]
by --ts iso
first=$(awk 'NR == 2 { print $1 }' "$T/act")
like "$first" '^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{9}Z$' \
	"--ts iso: UTC with nanoseconds"
away=$(($(date +%s) - $(date -d "$first" +%s)))
ok "--ts iso: $first was a moment ago" [ $away -ge 0 -a $away -le 30 ]
by --ts unix
first=$(awk 'NR == 2 { print $1 }' "$T/act")
like "$first" '^[0-9]+\.[0-9]{9}$' "--ts unix: seconds with nanoseconds"
away=$(($(date +%s) - ${first%.*}))
ok "--ts unix: $first was a moment ago" [ $away -ge 0 -a $away -le 30 ]
by --ts mono
first=$(awk 'NR == 2 { print $1 }' "$T/act")
like "$first" '^[0-9]+\.[0-9]{9}$' "--ts mono: seconds with nanoseconds"
away=$(python3 -c "import time; print(int(time.monotonic() - $first))")
ok "--ts mono: $first was a moment ago" [ $away -ge 0 -a $away -le 30 ]

# ---- the book's

by --bt
is "$(head -n 1 "$T/act")" "$header" "--bt: the heading"
sed 1d "$T/act" >"$T/rows"
ok "--bt: each row" python3 "$T/text.py" "$T/exp" "$T/rows" bt
cases=threads
by --bt
sed 1d "$T/act" >"$T/rows"
ok "--bt: the thread's name" python3 "$T/text.py" "$T/exp" "$T/rows" bt
cases=$cases_
run "$B/soconnect" --bt -o "$T/act" -- python3 "$T/long.py"
like "$(cat "$T/act")" '^[0-9]+ +python3 +10  2001:db8:1111:2222:3333:4444:5555:6666 65535 +[0-9]+ ' \
	"--bt: a long address stays long"
# what the caller passed, and only if it says AF_INET or AF_INET6
cases=tcp_any
by --bt
like "$(cat "$T/act")" '^[0-9]+ +traffic          2   0\.0\.0\.0          ' \
	"--bt: the address is the one that the caller gave"
cases=unspec_udp
by --bt
is "$(sed 1d "$T/act" | wc -l)" 1 "--bt: no row for a connect to AF_UNSPEC"
cases=efault
by --bt
is "$(sed 1d "$T/act" | wc -l)" 0 "--bt: no row without an address"
cases=$cases_

# ---- JSON

cat >"$T/contract.py" <<'PY'
import json, re, sys
def no_twice(pairs):
    d = dict(pairs)
    assert len(d) == len(pairs), "a key twice: %r" % pairs
    return d
rows = [json.loads(l, object_pairs_hook=no_twice) for l in open(sys.argv[1], encoding="utf-8")]
keys = """ts mono_ns pid tid comm thread uid cgroup netns fd family family_name protocol
protocol_name laddr lport raddr rport via addr_from ret errno result async lat_ns""".split()
numbers = "mono_ns pid tid uid cgroup netns fd family protocol lport rport ret lat_ns".split()
meta, events, end = rows[0], rows[1:-1], rows[-1]
def check(what, ok):
    if not ok:
        print(what)
        sys.exit(1)
check("meta first", meta["type"] == "meta")
for k in "type v tool version host boot_id kernel start hooks blind".split():
    check("meta has %s" % k, k in meta)
check("v", meta["v"] == 1)
check("tool", meta["tool"] == "soconnect")
check("boot_id", meta["boot_id"] == open("/proc/sys/kernel/random/boot_id").read().strip())
check("kernel", meta["kernel"] == open("/proc/sys/kernel/osrelease").read().strip())
check("host", meta["host"] == open("/proc/sys/kernel/hostname").read().strip())
stamp = "20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}Z"
check("start", re.fullmatch(stamp, meta["start"]))
check("hooks", isinstance(meta["hooks"], dict) and re.match("(fentry|kprobe|tracepoint):", meta["hooks"]["connect"]))
check("blind", isinstance(meta["blind"], list) and all(isinstance(b, str) for b in meta["blind"]))
check("end last", end["type"] == "end")
for k in "reason events filtered lost map_full missed".split():
    check("end has %s" % k, k in end)
for k in "events filtered lost map_full".split():
    check("end.%s is a number" % k, type(end[k]) is int)
check("reason", isinstance(end["reason"], str) and end["reason"])
check("missed", isinstance(end["missed"], dict) and end["missed"])
for p, n in end["missed"].items():
    check("missed.%s" % p, n is None or type(n) is int)
check("events", end["events"] == len(events))
check("some events", events)
for e in events:
    check("type of %r" % e, e["type"] == "event")
    for k in keys:
        check("%s in %r" % (k, e), k in e)
    for k in numbers:
        check("%s of %r is a number" % (k, e), e[k] is None or type(e[k]) is int)
    for k in "comm thread family_name protocol_name laddr raddr via addr_from errno result".split():
        check("%s of %r is a string" % (k, e), e[k] is None or isinstance(e[k], str))
    check("async of %r" % e, e["async"] in (True, False, None))
    check("ts of %r" % e, re.fullmatch(stamp, e["ts"]) and e["ts"] >= meta["start"])
    check("via", e["via"] in ("syscall", "io_uring", "compat", "tfo"))
    check("addr_from", e["addr_from"] in ("kernel", "user", None))
    check("errno and ret of %r" % e, "final" in sys.argv or e["ret"] is None
          or (e["errno"] is None) == (e["ret"] == 0))
    check("result", e["result"] and len(e["result"]) <= 19)
PY
cases="tcp_ok tcp_unreach nb_ok udp6 unix_path unix_abstract unix_missing unix_unnamed netlink badfd
	notsock efault badlen unspec_udp tfo_ok uring_ok"
by -j -f all
ok "-j: by the contract" python3 "$T/contract.py" "$T/act"
ok "-j: these rows" "$B/compare" "$T/exp" "$T/act"
by -j -f all --final
ok "-j --final: by the contract" python3 "$T/contract.py" "$T/act" final # its rows are traffic.t's matter
by --json -f unix
ok "-j: every protocol_name is null outside IP" jq -e -s \
	'map(select(.type == "event")) | length > 2 and all(.protocol_name == null)' "$T/act"
cases=udp
by -j
is "$(jq -r 'select(.type == "event") | .family_name + " " + .protocol_name' "$T/act")" \
	"AF_INET IPPROTO_UDP" "-j: names"
is "$(ends reason)" command "-j: the reason to end"
ok "-j: a row is under 1000 bytes" awk 'length($0) > 1000 && /"event"/ { exit 1 }' "$T/act"
cases=$cases_

# ---- CSV

cat >"$T/rfc4180.py" <<'PY'
import csv, json, sys
text = open(sys.argv[2], newline="", encoding="utf-8").read()
assert text.endswith("\r\n"), "the end"
assert text.count("\n") == text.count("\r\n") == text.count("\r"), "line ends"
rows = list(csv.DictReader(text.splitlines(True), strict=True, restval="MISSING", restkey="MORE"))
want = [json.loads(l) for l in open(sys.argv[1])]
assert len(rows) == len(want), "%d rows, not %d" % (len(rows), len(want))
for w in want:
    lo, hi = w.pop("lat_ns")
    w.pop("case")
    w.pop("async", None)
    for r in rows:
        assert "MISSING" not in r.values() and "MORE" not in r, r
        if lo <= int(r["lat_ns"]) <= hi and all(
                r[k] == ("" if v is None else str(v).replace("\\", "\\\\").replace("\0", "\\x00")
                         .replace("\n", "\\x0a")) for k, v in w.items()):
            rows.remove(r)
            break
    else:
        raise SystemExit("no row for %r in\n%s" % (w, "\n".join(map(str, rows))))
PY
cases="$cases unix_path unix_abstract unix_missing netlink unspec_udp tfo_ok threads"
by -s -f all
ok "-s: parses, and has each row" python3 "$T/rfc4180.py" "$T/exp" "$T/act"
is "$(head -n 1 "$T/act" | tr -d '\r' | tr , '\n' | sort)" \
	"$(run "$B/soconnect" --fields help; awk '{ print $1 }' "$T/out" | sort)" \
	"-s: the heading has every column of --fields help"
by -s -H
is "$(grep -c '^ts' "$T/act")" 0 "-s -H: no heading"
cases=$cases_

# ---- --fields

cases=udp
by --fields raddr,pid,result
like "$(head -n 1 "$T/act")" '^ADDRESS +PID +RESULT$' "--fields: these columns, in this order"
like "$(sed -n 2p "$T/act")" '^127\.0\.0\.1 +[0-9]+ +Success$' "--fields: their values"
by --fields raddr,pid,result -s
is "$(head -n 1 "$T/act")" "$(printf 'raddr,pid,result\r')" "--fields: in CSV too"
by --fields raddr,pid -j
is "$(jq -r 'select(.type == "event") | keys_unsorted | join(",")' "$T/act")" type,raddr,pid \
	"--fields: in JSON too"
for k in ts mono_ns pid tid comm thread uid cgroup netns fd family family_name protocol \
	protocol_name laddr lport raddr rport via addr_from ret errno result async lat_ns; do
	by --fields $k
	[ "$rc $(wc -l <"$T/act")" = "0 2" ] || break
done
is "$k $rc $(wc -l <"$T/act")" "lat_ns 0 2" "--fields: each key by itself"
cases=$cases_

# ---- when it ends

run "$B/soconnect" -H -n 3 -o "$T/act" -- "$B/traffic" --expect /dev/null $cases
is "$(wc -l <"$T/act")" 3 "-n 3: exactly three rows"
by -j -n 5
is "$(grep -c '"type":"event"' "$T/act")" 5 "-n 5: exactly five rows"
is "$(ends events)" 5 "-n 5: and it knows"
start python3 -c '
import socket, time
while True:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", 9))
    time.sleep(0.0003)
'
busy=$pid
run "$B/soconnect" -H -p $busy -n 10
is "$rc $(wc -l <"$T/out")" "0 10" "-n 10 on a busy process: ten rows, exit code 0"
is "$err" '' "-n 10: nothing on stderr"
run "$B/soconnect" -j -p $busy -d 0.3
is $rc 0 "-d: ends by itself"
is "$(ends reason "$T/out")" duration "-d: and says so"
ok "-d: with rows" [ "$(ends events "$T/out")" -gt 2 ]
run "$B/soconnect" -H -p $busy -n 1 -v
like "$err" '^soconnect: .*\<1 events?.* 0 lost' "-v: the account"
like "$err" '(tracepoint|kprobe|fentry)' "-v: the hooks"
is "$(wc -l <"$T/out")" 1 "-v: nothing more on stdout"
run "$B/soconnect" -H -p $busy -n 5 --stats
like "$err" '^soconnect: cost: [0-9]+ events' "--stats: cost on stderr"
is "$rc $(wc -l <"$T/out")" "0 5" "--stats: nothing on stdout"
: >"$T/act"
run "$B/soconnect" -H -p $busy -n 2 -o "$T/act"
is "$out" '' "-o: nothing on stdout"
is "$(wc -l <"$T/act")" 2 "-o: all in the file"
run "$B/soconnect" -H -p $busy -n 1 -o "$T/act"
is "$(wc -l <"$T/act")" 1 "-o: replaces the file"

# A call of somebody else that hasn't ended is no reason to speak; only a loss is.
start python3 -c '
import socket, time
a = socket.socket()
a.bind(("127.0.0.1", 0))
# a listener that answers nobody
import ctypes
class insn(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]
drop = insn(6, 0, 0, 0)
class prog(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
p = prog(1, ctypes.addressof(drop))
a.setsockopt(socket.SOL_SOCKET, 26, bytes(p))
a.listen(8)
b = socket.socket()
while True:
    b = socket.socket()
    b.settimeout(0.01)
    try:
        b.connect(a.getsockname())
    except OSError:
        pass
'
hanging=$pid
sleep 0.3
run "$B/soconnect" -H -p $busy -n 20 --final
is "$err" '' "nothing lost, no -v: nothing on stderr, though another process's connects are pending"
kill $hanging

# ---- --count

run "$B/soconnect" --count -j -o "$T/act" -f all -- "$B/traffic" --expect "$T/exp" \
	$cases unix_path unix_missing unix_abstract threads
is $rc 0 "--count: exit code"
cat >"$T/sums.py" <<'PY'
import json, sys
from collections import defaultdict
rows = [json.loads(l) for l in open(sys.argv[2])]
want = defaultdict(list)
for l in open(sys.argv[1]):
    e = json.loads(l)
    want[(e["comm"], e["family"], e["raddr"], e["rport"], e["errno"])].append(e)
reports = [r for r in rows if r["type"] == "report"]
assert rows[0]["type"] == "meta" and rows[-1]["type"] == "end"
seen = set()
for r in reports:
    k = (r["comm"], r["family"], r["raddr"], r["rport"], r["errno"])
    assert k not in seen, "%r twice" % (k,)
    seen.add(k)
    assert r["count"] == len(want[k]), "%r: %d, not %d" % (k, r["count"], len(want[k]))
    assert r["lat_mean_ns"] <= r["lat_max_ns"] <= max(e["lat_ns"][1] for e in want[k]), r
    assert r["family_name"] and r["result"] and r["ts"], r
assert seen == set(want), "missing: %r" % (set(want) - seen)
assert sum(r["count"] for r in reports) == rows[-1]["events"]
PY
ok "--count: the right sums" python3 "$T/sums.py" "$T/exp" "$T/act"
ok "--count: every report has ts and interval" jq -e -s '
	map(select(.type == "report")) | length > 3 and all(.ts != null and .interval == 1)' "$T/act"
run "$B/soconnect" --count -o "$T/act" -f all -- "$B/traffic" --expect "$T/exp" \
	$cases unix_path unix_missing unix_abstract unix_long threads
is "$(awk 'length($0) > 80' "$T/act")" '' "--count: text of 80 columns"
like "$(cat "$T/act")" '^PROCESS .*ADDRESS .*PORT .*RESULT .*COUNT' "--count: text has a heading"
like "$(cat "$T/act")" ' 496 ' "--count: 496 connects of the threads to one port"
run "$B/soconnect" --count -s -o "$T/act" -f all -- "$B/traffic" --expect "$T/exp" $cases
ok "--count -s: parses" python3 -c "
import csv
rows = list(csv.DictReader(open('$T/act', newline=''), strict=True))
assert sum(int(r['count']) for r in rows) == len(open('$T/exp').readlines()), rows
"
run "$B/soconnect" --count -j -p $busy 0.3 3
is $rc 0 "--count INTERVAL COUNT: exit code"
is "$(jq -r 'select(.type == "report") | .ts' "$T/out" | sort -u | wc -l)" 3 \
	"--count 0.3 3: three reports"
is "$(jq -r 'select(.type == "report") | .interval' "$T/out" | tr '\n' ' ')" "1 2 3 " \
	"--count 0.3 3: numbered"
is "$(jq -s 'map(select(.type == "report").count) | add' "$T/out")" "$(ends events "$T/out")" \
	"--count 0.3 3: the sums are all the events"
run "$B/soconnect" --count -p $busy 0.2 2
is "$(grep -c '^PROCESS' "$T/out")" 2 "--count 0.2 2: two reports in text"
is "$(tail -n 1 "$T/out" | grep -c python3)" 1 "--count 0.2 2: the second is the last line"
run "$B/soconnect" --count -j -p $busy -i 0.2 -d 0.5
is "$(jq -r 'select(.type == "report") | .ts' "$T/out" | sort -u | wc -l)" 3 \
	"--count -i 0.2 -d 0.5: two reports and a partial one"
rm -f "$T/act"
start "$B/soconnect" --count -j -p $busy 100 -o "$T/act"
tracing "$T/act"
sleep 0.3
kill -INT $pid
finish $pid
is $rc 0 "--count 100: SIGINT ends it"
is "$(grep -c '"type":"report"' "$T/act")" 1 "--count 100: and prints the partial report"
kill $busy

# ---- colour

cat >"$T/terminal.py" <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
os.waitpid(pid, 0)
PY
fails="import socket; socket.socket().connect_ex(('127.0.0.1', 1))"
TERM=xterm
export TERM
run python3 "$T/terminal.py" "$B/soconnect" -- python3 -c "$fails"
ok "colour on a terminal" grep -q "$(printf '\033')" "$T/out"
plain=$(sed 's/\x1b\[[0-9;]*m//g' "$T/out" | tr -d '\r' | grep refused)
like "$plain" '^[0-9]+ +python3          2   127.0.0.1        1     .{8} Connect refused$' \
	"colour doesn't move the columns"
run env NO_COLOR=1 python3 "$T/terminal.py" "$B/soconnect" -- python3 -c "$fails"
ok "no colour with NO_COLOR" sh -c "! grep -q '$(printf '\033')' '$T/out'"
run env NO_COLOR= python3 "$T/terminal.py" "$B/soconnect" -- python3 -c "$fails"
ok "an empty NO_COLOR is none" grep -q "$(printf '\033')" "$T/out"
run env TERM=dumb python3 "$T/terminal.py" "$B/soconnect" -- python3 -c "$fails"
ok "no colour with TERM=dumb" sh -c "! grep -q '$(printf '\033')' '$T/out'"
run "$B/soconnect" -- python3 -c "$fails"
ok "no colour elsewhere" sh -c "! grep -q '$(printf '\033')' '$T/err'"

# The tools that count: a count of failures that isn't 0, and nothing else. Two connects of which one
# fails, by two processes.
cat >"$T/two.sh" <<SH
python3 -c "$fails"
python3 -c "import socket
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
open('/proc/self/comm', 'w').write('fine')
socket.create_connection(s.getsockname())"
SH
red() {
	tr -d '\r' <"$T/out" | sed 's/\x1b\[31m/</g;s/\x1b\[0m/>/g' | grep -E "$1" |
		awk '{ $1 = $1; print }' | sort
}
for what in sofamily soprotocol "sockstat --by call,comm --call connect" "soconnect --count --final"; do
	tool=${what%% *}
	can $tool || continue
	# its command's rows go to stderr, which is the terminal, too
	run python3 "$T/terminal.py" "$B/$tool" -q ${what#$tool} -f inet -- sh "$T/two.sh"
	case $tool in
	sofamily) want='connect fine 2 AF_INET 1 0 0
connect python3 2 AF_INET 0 <1> 0' ;;
	soprotocol) want='connect fine 6 IPPROTO_TCP TCP 1 0 0
connect python3 6 IPPROTO_TCP TCP 0 <1> 0' ;;
	sockstat) want='connect fine 1 0 0
connect python3 1 <1> 0' ;;
	soconnect) want='fine Success
python3 <Connect refused>' ;;
	esac
	got=$(red '^(connect *)?(fine|python3) ')
	[ $tool != soconnect ] || got=$(echo "$got" | sed 's/ 127.* \(<.*>\|Success\) .*/ \1/')
	is "$got" "$want" "$tool: failures have a colour, and only they"
	is "$(tr -d '\r' <"$T/out" | sed 's/\x1b\[[0-9;]*m//g' | awk '/^(CALL|PROCESS) /{ n = length }
		n && NF && !/^[0-9:]*$/ && length != n' | grep -v '^$')" '' "$tool: and move no column"
done
run python3 "$T/terminal.py" "$B/sockstat" -q -d 60 -f inet 60 -- sh "$T/two.sh"
like "$(red '^[0-9][0-9]:')" '^[0-9:]+ [0 ]*([0-9.]+ )*<[0-9.]+> [0-9.]+$' \
	"sockstat: the rate of failures has one"
done_testing
