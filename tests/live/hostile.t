#!/bin/sh
# Names that a stranger chose do no harm: bytes that a terminal would obey, line ends, quotes, bytes
# that aren't UTF-8, text that looks like columns, wide characters; in process names, thread names,
# AF_UNIX paths and abstract names, and the host's name stays out of it. Exercises text, --bt, -w,
# CSV, JSON with its _hex twins, --count, and -c with such a name.
. "$(dirname "$0")/../lib.sh"
need_live

# Connects once for each hostile name (of a process, of an AF_UNIX socket), and writes the names in
# hex, with an id (an UDP port) for those of processes.
cat >"$T/hostile.py" <<'PY'
import ctypes, os, socket, sys
libc = ctypes.CDLL(None)
comms = [b"\x1b[2J\x1b[31mred", b"a\nb", b"x\r\ny", b"\xff\xfe\xfd", b"\"quoted\"", b"back\\slash", b"a,b,c", b"\xc2\x9b31m",
         b"tab\there", b"del\x7f", b"=1+1", b"  spaces  ", b"{\"type\":\"end\"}", b"\xe2\x80\xaeltr", b"\xed\xa0\x80sur",
         b"\xf0\x9f\x98\x80 ok", b"\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc", b"\xc3\xa9t\xc3\xa9", b"%s%n%d", b"$(id)`id`",
         b"'; x", b"\x01\x02\x03\x04\x05\x06\x07\x08", b"", b"0 0 0 0 0 0 0 0"]
comms += [b"<%c>" % i for i in range(1, 256)]
paths = [b"esc\x1b]0;title\x07", b"line\nfeed", b"cr\rlf\n", b"\xff\xfe", b"q\"uo'te", b"back\\slash", b"com,ma", b"\xe2\x80\xae",
         b"\xc3\xa9", b"trunc\xe6\xbc", b"sp ace", b"\x7f", b"\xc2\x85nel", b"x" * 90]
every = bytes(range(1, 256)).replace(b"/", b"")
paths += [every[i:i + 80] for i in range(0, len(every), 80)]
out = open(sys.argv[1], "w")
def tell(kind, name, port):
    out.write("%s %s %d\n" % (kind, name.hex() or "-", port))
for i, name in enumerate(comms):
    libc.prctl(15, name, 0, 0, 0)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("127.0.0.1", 20000 + i))
    tell("comm", name, 20000 + i)
libc.prctl(15, b"paths", 0, 0, 0)
os.chdir(sys.argv[2])
for name in paths:
    for bound in (True, False):
        if bound:
            server = socket.socket(socket.AF_UNIX)
            server.bind(name)
            server.listen(1)
        else:
            os.unlink(name)
        s = socket.socket(socket.AF_UNIX)
        s.connect_ex(name)
        tell("unix", name, 0)
    server = socket.socket(socket.AF_UNIX)
    server.bind(b"\0" + name + b"\0" + name[:5])
    server.listen(1)
    s = socket.socket(socket.AF_UNIX)
    s.connect(b"\0" + name + b"\0" + name[:5])
    tell("unix", b"@" + name + b"\0" + name[:5], 0)
every = bytes(range(256))
for name in [every[i:i + 80] for i in range(0, len(every), 80)]:
    s = socket.socket(socket.AF_UNIX)
    s.connect_ex(b"\0" + name)
    tell("unix", b"@" + name, 0)
for name in (b"@looks/abstract", b"./@path"):
    s = socket.socket(socket.AF_UNIX)
    s.connect_ex(name)
    tell("path", name, 0)
PY
mkdir "$T/dir"
# hostile OPTIONS...
hostile() {
	rm -rf "$T/dir" && mkdir "$T/dir"
	run "$B/soconnect" -f all "$@" -o "$T/act" -- python3 "$T/hostile.py" "$T/exp" "$T/dir"
	[ $rc = 0 ] || diag "$err"
	made=$(wc -l <"$T/exp")
}
# no control bytes but the line ends, nothing that isn't UTF-8, no C1, no change of direction
harmless() {
	python3 -c '
import sys, unicodedata
text = open(sys.argv[1], "rb").read().replace(sys.argv[2].encode().decode("unicode_escape").encode(), b"\n").decode("utf-8")
for c in text:
    if c != "\n" and (unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")):
        sys.exit("%r in %r" % (c, [l for l in text.split("\n") if c in l]))
' "$@"
}

for options in "" -w -T --bt "--ts iso -w" "--fields comm,raddr,thread"; do
	hostile -H $options
	ok "text $options: nothing that a terminal would obey" harmless "$T/act" '\n'
	is "$(wc -l <"$T/act")" "$made" "text $options: a line for each connect"
done
hostile -H
ok "text: columns stay where they are, in columns of the terminal" python3 -c '
import sys, unicodedata
for line in open(sys.argv[1], encoding="utf-8"):
    line = line.rstrip("\n")
    cells = "".join(c + ("\0" if unicodedata.east_asian_width(c) in "WF" else "") for c in line)
    if len(cells) > 80:
        sys.exit("%d columns: %r" % (len(cells), line))
    if cells[6] != " " or cells[23] != " " or cells[24:28] not in ("1   ", "2   ") or cells[44] != " ":
        sys.exit("moved: %r" % line)
' "$T/act"
like "$(cat "$T/act")" 'x1b\[' "text: ESC is shown as such"
is "$(grep -c "^[0-9]* *paths " "$T/act")" "$(grep -vc '^comm' "$T/exp")" "text: each AF_UNIX row"

hostile -j
ok "-j: nothing that a terminal would obey" harmless "$T/act" '\n'
cat >"$T/parse.py" <<'PY'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[2], encoding="utf-8", newline="\n")]
events = [r for r in rows if r["type"] == "event"]
want = [l.split() for l in open(sys.argv[1])]
assert len(events) == len(want), (len(events), len(want))
for (kind, name, port), e in zip(want, events):
    raw = bytes.fromhex("" if name == "-" else name)
    keys = ("comm", "thread") if kind == "comm" else ("raddr",)
    if kind == "comm":
        assert e["rport"] == int(port), e
        raw = raw[:15]
    if raw.startswith(b"@look"):
        raw = b"./" + raw
    for key in keys:
        try:
            text = raw.decode()
            assert key + "_hex" not in e, "a twin without need: %r" % e
        except UnicodeDecodeError:
            text = raw.decode(errors="replace")
            assert e.get(key + "_hex") == raw.hex(), "%r: not the bytes %s" % (e, raw.hex())
        assert e[key] == text, "%r: not %r" % (e, text)
PY
ok "-j: every name as it was, with a _hex twin where it isn't UTF-8" \
	python3 "$T/parse.py" "$T/exp" "$T/act"
ok "-j: jq agrees" jq -e . "$T/act"

hostile -s
ok "-s: nothing that a terminal would obey" harmless "$T/act" '\r\n'
ok "-s: parses" python3 -c '
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8"), strict=True, restkey="MORE", restval="LESS"))
assert len(rows) == int(sys.argv[2]), len(rows)
for r in rows:
    assert "MORE" not in r and "LESS" not in r.values(), r
names = [r["comm"] for r in rows]
for name in ("\"quoted\"", "a,b,c", "back\\\\slash", "a\\x0ab", "=1+1", "  spaces  ", "", "\xe9t\xe9"):
    assert name in names, name
' "$T/act" "$made"

hostile --count
ok "--count: nothing that a terminal would obey" harmless "$T/act" '\n'
hostile --count -j
ok "--count -j: parses" jq -e . "$T/act"
is "$(jq -s 'map(select(.type == "report").count) | add' "$T/act")" "$made" "--count -j: all counted"

# filters on such names
hostile -j -c "$(printf 'a\nb')"
is "$(jq -r 'select(.type == "event") | .rport' "$T/act")" 20001 "-c with a newline"
hostile -j -c "$(printf '\377\376\375')"
is "$(jq -r 'select(.type == "event") | .rport' "$T/act")" 20003 "-c with bytes that aren't UTF-8"
hostile -j -c 'back\slash'
is "$(jq -r 'select(.type == "event") | .rport' "$T/act")" 20005 "-c with a backslash is literal"

# ---- the tools that count

cat >"$T/keys.py" <<'PY'
# each name once, with one connect by UDP; names that look alike in text are different keys
import json, sys
want = sorted(bytes.fromhex("" if name == "-" else name)[:15]
              for kind, name, _ in map(str.split, open(sys.argv[1])) if kind == "comm")
got = []
for line in open(sys.argv[2], encoding="utf-8", newline="\n"):
    row = json.loads(line)
    if row["type"] == "report" and row.get("call", "connect") == "connect" and \
            row.get("family", 2) == 2 and row.get("protocol", 17) in (17, None):
        name = bytes.fromhex(row["comm_hex"]) if "comm_hex" in row else row["comm"].encode()
        if name != b"paths":
            got.append(name)
            assert row.get("count", row["ok"]) == 1, row
got.sort()
assert got == want, (set(want) ^ set(got), len(want), len(got))
PY
counted() { # TOOL OPTIONS...
	tool=$1
	shift
	rm -rf "$T/dir" && mkdir "$T/dir"
	run "$B/$tool" "$@" -o "$T/act" -- python3 "$T/hostile.py" "$T/exp" "$T/dir"
	[ $rc = 0 ] || diag "$err"
}
for tool in sockstat sofamily soprotocol; do
	can $tool || continue
	by=
	[ $tool != sockstat ] || by="--by comm,call,family --call connect"
	for options in "" -w; do
		counted $tool $by $options -H
		ok "$tool $options: nothing that a terminal would obey" harmless "$T/act" '\n'
	done
	counted $tool $by -s
	ok "$tool -s: nothing that a terminal would obey" harmless "$T/act" '\r\n'
	counted $tool $by -j
	ok "$tool -j: nothing that a terminal would obey" harmless "$T/act" '\n'
	ok "$tool -j: each name is a key of its own" python3 "$T/keys.py" "$T/exp" "$T/act"
done
counted sockstat --folded --by comm --call connect
ok "--folded: nothing that a terminal would obey" harmless "$T/act" '\n'
is "$(grep -Ev '^[^;]*(;[^;]+)+ [0-9]+$' "$T/act")" '' "--folded: no line but NAME;FRAME;FRAME COUNT"
is "$(sed 's/.* //' "$T/act" | awk '{ n += $1 } END { print n }')" "$(wc -l <"$T/exp")" \
	"--folded: each connect counts once"

# the command's own arguments never come out as they are
run "$B/soconnect" -H -- "$(printf '%s/\033[2J\n\377' "$T")"
ok "a command that isn't there: nothing that a terminal would obey" harmless "$T/err" '\n'
is "$rc $(wc -l <"$T/err")" "127 1" "a command that isn't there: one line"
done_testing
