#!/bin/sh
# sockray doctor: what it says is used is what the tools use; its words and its JSON agree; what is
# no good is told as far as it came; nothing works without privileges.
. "$(dirname "$0")/../lib.sh"
need_live

run "$B/sockray" doctor
text=$out code=$rc
is "$err" '' "nothing on stderr"
is "$(echo "$text" | awk '$1 == "kernel" { print $2, $3 }')" "$(uname -r), preempt" \
	"it names the kernel"
run "$B/sockray" doctor -j
is "$rc" "$code" "text and JSON: the same exit code"
cp "$T/out" "$T/doctor"
ok "JSON: one object" jq -e -s 'length == 1 and .[0].type == "doctor"' "$T/doctor"
is "$(jq .exit "$T/doctor")" "$code" "JSON: the exit code"
is "$(jq '.blind == []' "$T/doctor")" "$([ "$code" = 0 ] && echo true || echo false)" \
	"exit code 1 says that something is blind"
is "$(jq .compat "$T/doctor")" "$(runs32 && echo true || echo false)" \
	"it knows whether 32-bit programs run"
ok "JSON: whatever fires was attached, loaded and exists" jq -e '[.points[].routes[]] |
	all(.fires == null or (.attaches and .loads and .exists)) and
	all(.fires != true or (.hooks | length) > 0)' "$T/doctor"
ok "JSON: what is used fires" jq -e '[.points[].routes[] | select(.used)] |
	length > 8 and all(.fires != false)' "$T/doctor"
is "$(jq -c '.points[] as $p | $p.routes[] | select(.outcome == "does not load") |
	[$p.point, .route]' "$T/doctor")" '' "what exists loads: the verifier takes all"

# LSM programs attach all the same where the kernel has no bpf among its security modules
lsm='[.points[].routes[] | select(.route == "lsm" and .attaches)'
ok "LSM's routes: used only if they fire" jq -e '[.points[].routes[] |
	select(.route == "lsm" and .used) | .fires] | all' "$T/doctor"
modules=$(cat /sys/kernel/security/lsm 2>"$T/none") # nothing where securityfs isn't mounted
case ,$modules, in
,,) ;;
*,bpf,*) is "$(jq -c "$lsm | .fires] | unique - [true]" "$T/doctor")" '[]' "LSM's routes fire" ;;
*)
	is "$(jq -c "$lsm | .fires, .used] | unique - [false]" "$T/doctor")" '[]' \
		"LSM's routes don't fire, and aren't used: no bpf in $modules"
	# no kprobe may do as well
	lossy=$(jq '[.points[] | select(.point == "accept").routes[] |
		select(.used and .loses and (.loses_only_failures | not))] | length > 0' "$T/doctor")
	is "$(jq --arg list "lsm=$modules,bpf" '.advice |
		any(startswith("accept: boot with bpf") and contains($list))' "$T/doctor")" "$lossy" \
		"and what to do about it, where accepts are missed for that: $lossy"
	;;
esac

# what the tools say that they use
for tool in soconnect sofamily soprotocol sockstat; do
	run "$B/$tool" -q -j -d 0.01
	echo "$out" | jq -c 'select(.type == "meta").hooks | map_values(split("+") | sort)' >"$T/tool"
	jq -c --arg tool $tool '[.points[] | select((.tools | index($tool)) and .needed and
		.used and (.point | IN("task", "connect32", "accept32", "return32") | not)) |
		{ key: .point, value: ([.routes[] | select(.used).hooks] | first | split("+") |
		sort) }] | from_entries' "$T/doctor" >"$T/doctored"
	is "$(jq -S -c . "$T/doctored")" "$(jq -S -c . "$T/tool")" "$tool: uses those hooks"
done

# in words as in JSON
jq -r '.points[] | select(.needed) | .routes[] | "\(if .used then "*" else " " end) \(.route) \(.outcome)"' \
	"$T/doctor" | sort >"$T/a"
echo "$text" | awk '/^[a-z0-9]+ \(/ { needed = !/not needed/ }
	needed && /^  [* ] [a-z]+ / { line = $0; sub(/;.*/, "", line); sub(/^  /, "", line)
	gsub(/ +/, " ", line); if (line ~ /^ [a-z]/) line = " " line; print line }' | sort >"$T/b"
ok "text and JSON agree on each route" cmp "$T/a" "$T/b"

# routes that are no good (tests/broken.bpf.c): how far each came
run "$B/sockray-broken" doctor -j
of() {
	echo "$out" | jq -r --arg route "$1" '.points[] | select(.point == "connect" and
		(.tools | index("soconnect"))).routes[] | select(.route == $route) |
		[.exists, .loads, .attaches, .fires, .used, .outcome] | map(tostring) | join(" ")'
}
is "$(of raw)" "true true true false false does not fire" "a route of which a part is silent"
is "$(of classic)" "true false null null false does not load" "a route that doesn't load"
is "$(of syscall)" "false null null null false does not exist" "a route that doesn't exist"
like "$(of tracepoint)" "^true true true true" "a good one"

# a program that the kernel refuses of one tool only, though all have it
if [ "$(jq -r '.points[] | select(.point == "signal" and (.tools | index("sofamily"))).routes[] |
	select(.used).route' "$T/doctor")" = raw ]; then
	is "$(echo "$out" | jq -c '[.points[] | select(.point == "signal") |
		(.tools | index("soconnect") != null) as $its |
		.routes[] | select(.route == "raw") | [$its, .outcome]] | unique')" \
		'[[false,"fires"],[true,"does not load"]]' "each tool's own programs are tried"
	is "$(echo "$out" | jq -c '[.points[] | select(.point == "signal" and (.tools | index("soconnect"))) |
		.tools, (.routes[] | select(.used).route)]')" '[["soconnect"],"classic"]' \
		"what one tool uses instead is not said of the others"
else
	skip "a program refused of one tool only" "no tool would use it here"
fi

run "$B/sockray" doctor --bad
is "$rc$out" 2 "a wrong option: exit code 2"
run "$B/sockray" doctor soconnect
is "$rc$out $err" "2 sockray: doctor takes no \"soconnect\": it tells of all tools at once" "a tool: it is of all"
run "$B/sockray" doctor -h
is "$rc" 0 "-h"
setpriv=/usr/bin/setpriv # not a busybox's, which knows less
if [ -x $setpriv ]; then
	cp -L "$B/sockray" "$T/"
	run $setpriv --reuid=nobody --clear-groups "$T/sockray" doctor
	is "$rc" 77 "nobody: exit code 77"
	like "$err" "not permitted" "nobody: what is missing is said"
	like "$out" "^capabilities +not enough" "nobody: and in the list"
	# who may not see programs run: no route is known to fire, and those that may be dead are not used
	run $setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$B/sockray" doctor -j
	is "$(jq -c '[.points[].routes[] | select(.attaches and .route != "lsm" and .outcome != "not permitted") |
		[.fires, .untested]] | unique' "$T/out")" '[[null,"the kernel keeps no statistics for us"]]' \
		"without CAP_SYS_ADMIN: what attaches isn't known to fire"
	is "$(jq -c '[.points[].routes[] | select(.attaches and .route == "lsm") |
		[.fires, .used, .outcome]] | unique - [[null, false, "not known to fire"]]' "$T/out")" '[]' \
		"without CAP_SYS_ADMIN: LSM's routes are not used"
else
	skip "nobody" "no setpriv"
fi
done_testing
