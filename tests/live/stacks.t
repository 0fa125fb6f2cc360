#!/bin/sh
# Stacks: sockstat --by ustack and kstack, -U, -K, --folded. The call paths of a known program are
# named, each with its exact count: before there are threads, in a thread, afterwards; of a program
# without frame pointers, the cut is marked. Exercises symbols in separate debug files, deleted
# files, files that only another mount namespace has, processes that are gone, 32-bit programs,
# hostile names, too many stacks, equal stacks of several processes, many threads, and a flame
# graph drawn by flamegraph.pl.
. "$(dirname "$0")/../lib.sh"
need_live
[ -x "$B/callpath" ] || skip_all "no $B/callpath: make tests"

# paths OPTIONS... -- COMMAND...: of the sends, a line per stack: count, cut or whole, and the
# functions up to main or the thread's, the innermost first (libc's own callers of those have no
# names without its debug symbols)
cat >"$T/paths.jq" <<'JQ'
def functions: map(.symbol // (if .addr then "?" else "MISSING" end)) as $f |
	($f | index("main") // index("thread")) as $last | if $last then $f[:$last + 1] else $f end;
select(.type == "report") | "\(.count) \(if .ustack_truncated then "cut" else "whole" end) \(
	.ustack | functions | map(sub("^__"; "")) | join(" "))"
JQ
paths() {
	# one interval, however long that takes
	run "$B/sockstat" -j -o "$T/act" --call send -U 600 "$@"
	jq -r -f "$T/paths.jq" "$T/act" | sort -n
}

# ---- known programs

# lasts PROGRAM ARGUMENTS: as a command that doesn't end before the tool has looked at it
lasts() {
	echo "sleep 0.5 | $1 -w $2"
}
is "$(paths -- sh -c "$(lasts "$B/callpath" "5 6 7")")" "5 whole send leaf middle outer main
6 whole send leaf middle outer thread
7 whole send leaf middle outer main" "call paths, with frame pointers"
is "$(ends 'events, .unstacked')" "18
0" "call paths: all are counted, all have stacks"
ok "call paths: each frame has its module" jq -e -s 'map(select(.type == "report").ustack[].module) |
	length > 15 and all(. == "callpath" or startswith("libc"))' "$T/act"
ok "call paths: offsets are within the function" jq -e -s 'map(select(.type == "report").ustack[] |
	select(.symbol == "middle")) | length == 3 and all(.offset > 0 and .offset < 64)' "$T/act"

paths -- sh -c "$(lasts "$B/callpath-frameless" "5 6 7")" >"$T/paths"
is "$(cut -d ' ' -f 2 "$T/paths" | sort -u)" cut "without frame pointers: every path is cut"
is "$(awk '{ n += $1 } END { print n }' "$T/paths")" 18 "without frame pointers: all are counted"
is "$(cut -d ' ' -f 3- "$T/paths" | sort -u)" "send leaf" \
	"without frame pointers: only what is certain"

run "$B/sockstat" --call send -U -o "$T/act" -- "$B/callpath-frameless" 5
like "$(cat "$T/act")" '^        \[truncated\]$' "text: the cut is marked"
run "$B/sockstat" --call send -U -o "$T/act" -- "$B/callpath" 5
like "$(cat "$T/act")" '^        leaf\+[0-9]+ \(callpath\)$' "text: a frame"
unlike "$(cat "$T/act")" 'truncated|missing|no stack' "text: whole"
is "$(awk '/callpath +5/ { on = 1; next } on { sub("[+].*", ""); print }' "$T/act" | head -n 5 |
	tr -d ' ' | sed 's/^__//' | tr '\n' ' ')" "send leaf middle outer main " \
	"text: below the row, the innermost first"

# ---- equal stacks of different processes, wherever they were loaded

is "$(paths --by comm -- sh -c "$(lasts "$B/callpath" 5); $(lasts "$B/callpath" 5);
	$(lasts "$B/callpath" 4)")" \
	"14 whole send leaf middle outer main" "three processes: one row"
is "$(paths --by pid -- sh -c "$(lasts "$B/callpath" 5); $(lasts "$B/callpath" 4)")" "4 whole send leaf middle outer main
5 whole send leaf middle outer main" "by pid: a row each"

# ---- 32-bit

if runs32; then
	paths -- "$B/callpath-32" 5 >"$T/paths"
	like "$(cat "$T/paths")" "^5 .* MISSING middle outer main$" \
		"32-bit: what the walk has missed is marked"
else
	skip "32-bit: what the walk has missed is marked" "this kernel runs no 32-bit programs"
fi

# ---- files

names() {
	paths -- sh -c "$(lasts "$1" 5)"
}
want="5 whole send leaf middle outer main"

cp "$B/callpath" "$T/deleted"
is "$(paths -- sh -c "sleep 1 | $T/deleted -w 5 & sleep 0.3; rm $T/deleted; wait")" "$want" \
	"a file that was deleted meanwhile"

# with its symbols elsewhere
cp "$B/callpath" "$T/stripped"
id=$(readelf -n "$T/stripped" | sed -n 's/.*Build ID: //p')
debug=/usr/lib/debug/.build-id/$(echo "$id" | cut -c 1-2)
file=$debug/$(echo "$id" | cut -c 3-).debug
objcopy --only-keep-debug "$T/stripped" "$T/symbols"
strip "$T/stripped"
names "$T/stripped" >"$T/paths"
like "$(cat "$T/paths")" "^5 .*send \? \? \?" "stripped: no names"
if [ ! -e "$file" ]; then
	at_exit "rm -f '$file'; rmdir '$debug' /usr/lib/debug/.build-id /usr/lib/debug 2>/dev/null"
	mkdir -p "$debug"
	cp "$T/symbols" "$file"
fi
is "$(names "$T/stripped")" "$want" "stripped: names from /usr/lib/debug"

# in a mount namespace of its own, as containers are
mkdir "$T/inside"
is "$(paths -- unshare -m sh -c "mount -t tmpfs tmpfs $T/inside && cp $B/callpath $T/inside/ &&
	sleep 1 | $T/inside/callpath -w 5")" "$want" "a file that only another mount namespace has"
ok "the host doesn't have that file" [ ! -e "$T/inside/callpath" ]

# gone before anybody could look: the kernel has told the build ids
cp "$B/callpath" "$T/gone"
objcopy --remove-section .comment "$T/gone" 2>/dev/null
id=$(readelf -n "$T/gone" | sed -n 's/.*Build ID: //p')
start "$B/sockstat" -j --call send -U -c gone >"$T/act"
tracing "$T/act"
kill -STOP "$pid"
"$T/gone" 5
kill -CONT "$pid"
sleep 0.5
kill -INT "$pid"
finish "$pid"
is "$(jq -r 'select(.type == "report") | .count' "$T/act")" 5 "a process that is gone: counted"
is "$(jq -r 'select(.type == "report") | .ustack | map(select(.module == "'"$id"'")) |
	length > 1' "$T/act")" true "a process that is gone: the build id of its file"
like "$(jq -r 'select(.type == "report") | .ustack[0].module' "$T/act")" '^libc' \
	"a process that is gone: files that others have are known"

# ---- what must not be taken for something else

# rename NEW OLD FILE: a copy of callpath, in which a function has another name, without a build id
rename() {
	objcopy --remove-section .note.gnu.build-id --redefine-sym "$2=$1" "$B/${4:-callpath}" "$3"
}
mkdir "$T/a" "$T/b"
rename left leaf "$T/a/same"
rename right leaf "$T/b/same"
is "$(paths --by comm -- sh -c "$(lasts "$T/a/same" 5); $(lasts "$T/b/same" 4)")" "4 whole send right middle outer main
5 whole send left middle outer main" "two files with the same code"

# and one that becomes another program before anybody could look
start "$B/sockstat" -j --call send -U --by comm -p $$ --follow >"$T/act"
tracing "$T/act"
tool=$pid
kill -STOP "$tool"
sleep 3 | "$B/callpath-static" 5 -x "$B/callpath-other" -w 0 &
sleep 0.5
kill -CONT "$tool"
sleep 0.5
kill -INT "$tool"
finish "$tool"
is "$(jq -c 'select(.type == "report") | [.count, .ustack_truncated,
	(.ustack | all(.symbol == null and .module == null))]' "$T/act")" '[5,true,true]' \
	"a process that has become another program: nothing is guessed"

rename start leaf "$T/start" callpath-frameless
is "$(paths -- sh -c "$(lasts "$T/start" 5)")" "5 cut send start" \
	"a function by the name of start is not where a thread starts"
is "$(paths -- sh -c "$(lasts "$B/callpath-glue" 5)")" "5 cut send leaf glue outer main" \
	"a function that no table tells of: maybe not whole"
is "$(paths -- sh -c "$(lasts "$B/callpath-stale" 5)")" \
	"5 whole raw_send MISSING middle outer main" "a return address of another's"
is "$(paths -- sh -c "$(lasts "$B/callpath-saved" 5)")" "5 cut raw_send leaf" \
	"a frame pointer of another's"

# ---- hostile files and names

cp "$B/callpath" "$T/victim"
rm -f "$T/act"
start "$B/sockstat" -j --call send -U -c victim -o "$T/act" 600
tool=$pid
tracing "$T/act"
sh -c "$(lasts "$T/victim" 5)"
: >"$T/victim"
kill -INT "$tool"
finish "$tool"
is "$rc $(jq -c 'select(.type == "report") | [.count, (.ustack | map(select(.module == "victim") |
	.symbol) | unique)]' "$T/act")" "0 [5,[null]]" "a file that is truncated meanwhile: no names"

bomb=$(python3 -c 'print("_Z1fSt4pairIiiE" + "".join("S_IS%s_S%s_E" % (d, d)
	for d in "0123456789ABCDEFGHIJKLMNOPQR"))')
rename "$bomb" leaf "$T/bomb"
run "$B/sockstat" -j -o "$T/act" --call send -U -- sh -c "$(lasts "$T/bomb" 5)"
ok "a name that stands for gigabytes: cut" jq -e -s 'map(select(.type == "report").ustack[1].symbol |
	length > 500 and length < 2000) == [true]' "$T/act"
rename _ZN3net4Conn5writeEi leaf "$T/cpp"
is "$(paths -- sh -c "$(lasts "$T/cpp" 5)")" \
	"5 whole send net::Conn::write(int) middle outer main" "C++: names as their authors wrote them"

rename "$(printf 'a;b\033[31m')" leaf "$T/hostile"
run "$B/sockstat" --call send -U -o "$T/act" -- sh -c "$(lasts "$T/hostile" 5)"
like "$(cat "$T/act")" '^        a;b\\x1b\[31m\+[0-9]+ \(hostile\)$' "text: a hostile name is escaped"
run "$B/sockstat" --call send --folded -o "$T/act" -- sh -c "$(lasts "$T/hostile" 5)"
like "$(cat "$T/act")" ';outer;middle;a:b\\x1b\[31m;(__)?send 5$' "folded: a name is one step"
is "$(paths -- sh -c "$(lasts "$T/hostile" 5)")" "$(printf '5 whole send a;b\033[31m middle outer main')" \
	"JSON: as it is"

# ---- the kernel's

run "$B/sockstat" -j -o "$T/act" --call send -U -K -- "$B/callpath" 5
is "$(jq -r 'select(.type == "report") | [.count, (.ustack | length > 4), .kstack_truncated] |
	join(" ")' "$T/act")" "5 true false" "-U -K: both"
names=$(jq -r 'select(.type == "report") | .kstack[].symbol' "$T/act")
like "$names" '^(__x64_)?sys_sendto$|^__sys_sendto$' "-K: the kernel's function for the call"
unlike "$names" '^(bpf_|__bpf_)' "-K: nothing of the tracing itself"
run "$B/sockstat" -K -o "$T/act" --call send -- "$B/callpath" 5
like "$(cat "$T/act")" '^send +callpath +5' "-K: alone, by call and process"
like "$(cat "$T/act")" '^        [a-z_0-9.]+\+[0-9]+ \(kernel\)$' "-K: text"

# ---- folded, and a picture

run "$B/sockstat" --folded -K -U --call send -o "$T/act" -- "$B/callpath" 5 6 7
like "$(cat "$T/act")" '^callpath;.*main;outer;middle;leaf;(__)?send;.*_\[k\] 5$' \
	"folded: the process, its stack and the kernel's"
run "$B/sockstat" --folded --call send,recv -o "$T/act" -- "$B/callpath" 500 600 700
is "$(awk '{ n += $NF } END { print n }' "$T/act")" 3600 "folded: the counts are all"
perl /usr/share/perl5/Devel/NYTProf/flamegraph.pl "$T/act" >"$T/picture.svg" 2>"$T/err"
is "$?$(cat "$T/err")" 0 "flamegraph.pl reads it"
ok "flamegraph.pl draws it" python3 - "$T/picture.svg" <<'PY'
import re, sys, xml.dom.minidom
titles = [t.firstChild.data for t in
          xml.dom.minidom.parse(sys.argv[1]).getElementsByTagName("title") if t.firstChild]
counts = {}
for t in titles:
    m = re.match(r"(.*) \(([\d,]+) samples", t)
    if m:
        counts.setdefault(m[1], []).append(int(m[2].replace(",", "")))
assert counts["callpath"] == [3600], counts
assert sorted(counts["middle"]) == [1200, 2400], counts
assert sorted(counts["thread"]) == [1200], counts
PY

run "$B/sockstat" --folded --by call,family,ustack --call send -o "$T/act" -- "$B/callpath" 5
like "$(cat "$T/act")" '^send;AF_UNIX;.*;send 5$' "folded: each part of the key is a step"

# ---- CSV

run "$B/sockstat" -s -U --call send -o "$T/act" -- "$B/callpath" 5
like "$(cat "$T/act")" ',[^,]*main;outer;middle;leaf;(__)?send' "CSV: one cell"

# ---- too many stacks

run "$B/sockstat" -j -o "$T/act" --map-size 1 --by call,ustack --call send $strict -- \
	"$B/callpath" 5 6
is $rc 1 "--map-size 1 --strict: exit code 1"
is "$(ends 'events + .map_full')" 11 "--map-size 1: every send is counted somewhere"
ok "--map-size 1: and those without a stack are told" [ "$(ends unstacked)" -gt 0 ]

# ---- many threads: stacks change no count

run "$B/sockstat" -j -o "$T/act" --by call,ustack --call send -- "$B/operations" \
	--expect "$T/exp" threads
is "$rc $(jq -s 'map(select(.type == "report").count) | add' "$T/act")" \
	"0 $(jq -s 'map(select(.tool == "sockstat" and .call == "send")) |
	map(.ok + .failed + .again) | add' "$T/exp")" "many threads: all are counted"
is "$(ends unstacked)" 0 "many threads: all have stacks"

# ---- no use elsewhere

run "$B/sofamily" -U
is "$rc" 2 "sofamily -U: exit code 2"
run "$B/sockstat" --folded -j
is "$rc" 2 "--folded -j: exit code 2"

done_testing
