#!/bin/sh
# The forms in which sockstat, sofamily and soprotocol print what they count of tests/operations:
# text, the book's maps, CSV.
. "$(dirname "$0")/../lib.sh"
. tests/counting.sh
need_live

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
print(json.dumps({"type": "end", "lost": 0, "map_full": 0, "stale": 0, "unfollowed": 0,
                  "missed": {}, "covered": [], "events": events}))
PY
for what in "sockstat -s" "sockstat -s --by comm,call,family,protocol" "sofamily -s" \
	"soprotocol -s"; do
	traced ${what%% *} "${what#* }" $few
	python3 "$T/rows.py" $tool "$T/act" >"$T/json"
	mv "$T/json" "$T/act"
	judge "CSV: $what" $(echo "$what" | sed -n 's/.*--by //p')
done
done_counting
