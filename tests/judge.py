# judge.py TOOL EXPECTED ACTUAL [KEYS [CALLS]]: do the reports that `TOOL -j` wrote add up to what
# tests/operations expects, no more and no less? KEYS are those of --by, CALLS those of --call.
# Calls that the tool says it can't see ("blind", which tests/blind has to allow) are not to be
# there: null, never 0. Prints what is wrong; exit 1 if anything is. With MAY_MISS in the environment
# operations may be missing if the tool reports as many misses, or calls without an end (also those that
# the kernel had no record for: call_new()); how many is told in the last line.
# Not so what went well of calls that are hooked where they do: by LSM, or a kprobe, which lose none.
# With MAY_PEND=N in the environment, N percent of a key's connects may be pending at the end.
import json, os, sys

FAMILIES = {None: None, 0: "AF_UNSPEC", 1: "AF_UNIX", 2: "AF_INET", 10: "AF_INET6"}
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
if end["stale"] and os.environ.get("MAY_MISS"):
    missed["stale"] = end["stale"]
may_miss = missed and os.environ.get("MAY_MISS")
if missed and not may_miss:
    wrong.append("missed: %r" % missed)

calls = [c for c in calls if c not in meta.get("blind", ())]
want, got, counted, pending = {}, {}, 0, {}
for r in map(json.loads, open(expected)):
    if r.get("tool") == tool and r["call"] in calls:
        add(want, tuple(r[k] for k in keys) if keys else (r["call"],), r)
number = 0
for r in reports:
    # by key an interval in which nothing happened has no report
    if r["type"] != "report" or not number <= r["interval"] <= (10 ** 9 if keys else number + 1):
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
        if any(r[c] is not None for c in OPS if c not in calls):
            wrong.append("a number for what isn't seen: %r" % r)
    for key, r in parts:
        if "count" in r and r["count"] != r["ok"] + r["failed"] + r["again"]:
            wrong.append("count isn't the sum: %r" % r)
        counted += r["ok"] + r["failed"] + r["again"]
        if r["ok"] + r["failed"] + r["again"]:
            add(got, key, r)
for key, (n, when) in pending.items():
    if n and when == number and not may_miss:
        if n * 100 <= int(os.environ.get("MAY_PEND", 0)) * want.get(key, {"ok": 0})["ok"]:
            add(got, key, dict.fromkeys(numbers, 0) | {"ok": n})
        else:
            wrong.append("%r: %d pending at the end" % (key, n))
for key in sorted(set(want) | set(got), key=str):
    if want.get(key) != got.get(key) and not may_miss:
        wrong.append("%s: want %s, got %s" % (" ".join(map(str, key)), show(want.get(key)),
                                              show(got.get(key))))
for key in set(want) | set(got):
    call = key[keys.index("call")] if "call" in keys else None if keys else key[0]
    all_hooks = meta.get("hooks", {})  # CSV tells none
    hooks = all_hooks.get(call) or ""
    compat = {"accept32", "return32"} & set(all_hooks)  # sees 32-bit calls return
    if may_miss and ("lsm:" in hooks or "kprobe:security_" in hooks and not compat):
        ok = [sums.get(key, {"ok": 0})["ok"] for sums in (want, got)]
        if ok[0] != ok[1]:
            wrong.append("%s: want ok %d, got ok %d, by hooks that lose none" %
                         (" ".join(map(str, key)), *ok))
if len(sys.argv) <= 5 and end["events"] != counted:
    wrong.append("end says %d events, the reports %d" % (end["events"], counted))
if not want:
    wrong.append("nothing was expected")
print("\n".join(wrong))
if may_miss:
    made, seen = (sum(r[n] for r in sums.values() for n in ("ok", "failed", "again"))
                  for sums in (want, got))
    print("%d of %d missed" % (made - seen, made))
    if not 0 <= made - seen <= sum(missed.values()):
        wrong.append("reported")
        print("but %r reported" % missed)
sys.exit(len(wrong) > 0)
