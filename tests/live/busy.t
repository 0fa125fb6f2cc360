#!/bin/sh
# With every CPU busy: either each event is counted, or what wasn't is reported as missed. From 7.0
# on, and earlier with preempt=full, kernels preempt some tracing programs and skip others for that
# time. Exercises each tool while other programs want all CPUs, by the calls that 64 threads make.
#
# With ALONE=1 nothing else runs on this machine: then for a program that is alone at its point what
# it counted and what it missed is together what was made.
. "$(dirname "$0")/../lib.sh"
. tests/counting.sh
thorough && many=120000 || many=12000

hogs=$(nproc)
while [ $hogs -gt 0 ]; do
	start sh -c 'while :; do :; done'
	hogs=$((hogs - 1))
done

# missed [PROGRAM]: by one; or by all, and what no end was seen of. What a twin saw isn't
missed() {
	jq --arg p "${1:-}" 'select(.type == "end") | .covered as $c | (if $p == "" then .stale else 0 end) +
		(.missed | with_entries(select(.value and (.key | IN($c[]) | not) and
			($p == "" or .key == $p))) | add // 0)' "$T/act"
}

# account NAME MADE SEEN: of so many; what isn't seen is missed, and told on stderr
account() {
	lost=$(missed)
	unseen=$(($2 - $3))
	ok "$1: $unseen of $2 missed while all CPUs are busy, $lost reported" \
		[ $unseen -ge 0 -a $unseen -le "$lost" ]
	[ $unseen = 0 ] || like "$(cat "$T/err")" " missed by | end was not seen" "$1: that is told"
}

made() { # CONDITION
	jq -s "map(select($1) | .ok + .failed + .again) | add" "$T/exp"
}

tool=soconnect
if can soconnect; then
	rm -f "$T/act"
	each=$((many / 12))
	bound 120 "$B/soconnect" -j -f all -o "$T/act" -- sh -c "for k in 1 2 3 4; do
		$B/traffic flood $each & done; wait" >"$T/out" 2>"$T/err" </dev/null
	is $? 0 "soconnect: it went as it should"
	account soconnect $((4 * each)) $(($(ends events) + $(ends lost)))
fi

for tool in sofamily soprotocol; do
	thorough || [ $tool = sofamily ] || continue # the same kernel half
	can $tool || continue
	traced $tool -j load $many
	account $tool "$(made ".tool == \"$tool\"")" \
		"$(reports | jq -s 'map(.ok + .failed + .again) | add')"
done

tool=sockstat
if can sockstat; then
	traced sockstat -j load $many
	seen='[.accept, .connect, .bind, .listen, .socket, .send, .recv | select(.) | .count] | add'
	calls=$(jq -r 'if .hooks.send then "true" else ".call | IN(\"send\", \"recv\") | not" end' \
		"$T/meta.sockstat")
	account sockstat "$(made ".tool == \"sockstat\" and ($calls)")" \
		"$(reports | jq -s "map($seen) | add")"
	if sees sockstat send; then
		for call in send recv; do
			traced sockstat "-j --call $call" load $many
			made=$(made ".tool == \"sockstat\" and .call == \"$call\"")
			seen=$(reports | jq -s "map(.$call.count) | add")
			account "sockstat --call $call" "$made" "$seen"
			program_=$(jq -r 'select(.type == "end").missed | keys |
				map(select(startswith("'$call'_"))) | if length == 1 then .[0] else "" end' \
				"$T/act")
			[ "${ALONE:-}" ] && [ "$program_" ] || continue
			is $((seen + $(missed "$program_"))) "$made" \
				"sockstat --call $call: counted and missed is what was made"
		done
	fi
fi
done_counting
