#!/bin/sh
# The main proof: everything that tests/traffic does is shown, nothing else, and every field is
# right. Exercises all kinds of connect (TCP, UDP, MPTCP, AF_UNIX, netlink, Fast Open, io_uring,
# non-blocking, interrupted, killed, wrong calls, many threads) by default and with --final; those
# of 32-bit programs without --compat, and with it, by connect(2) and by socketcall(2); and much of
# it at once.
. "$(dirname "$0")/../lib.sh"
need_live

# check NAME PROGRAM "TRAFFIC'S OPTIONS" TOOL'S OPTIONS...
check() {
	n=$((${n:-0} + 1))
	echo "$1" >"$T/name.$n"
	echo "$2" >"$T/program.$n"
	echo "$3" >"$T/theirs.$n"
	shift 3
	echo "$*" >"$T/options.$n"
	# at the same time: most of it is waiting
	watched $n &
	[ ! "$alone" ] || wait
}

watched() {
	rm -f "$T/act.$1" "$T/exp.$1"
	bound 240 "$B/soconnect" -j -f all $(cat "$T/options.$1") -o "$T/act.$1" -- \
		"$B/$(cat "$T/program.$1")" $(cat "$T/theirs.$1") --expect "$T/exp.$1" all \
		>"$T/out.$1" 2>&1 </dev/null
	echo $? >"$T/rc.$1"
}

verdict() {
	name=$(cat "$T/name.$1")
	"$B/compare" "$T/exp.$1" "$T/act.$1" $missed >"$T/.ok" 2>&1 || ! undecided "$T/out.$1" || watched $1
	is "$(cat "$T/rc.$1")" 0 "$name: the traffic went as it should"
	out=$(undisturbed "$T/out.$1" | grep -v '^skip ')
	is "$out" '' "$name: nothing on stdout or stderr"
	ok "$name: these rows, and no others" "$B/compare" "$T/exp.$1" "$T/act.$1" $missed
	lines=$(wc -l <"$T/exp.$1")
	ok "$name: many rows were expected" [ "$lines" -gt 100 ]
	grep '^skip ' "$T/out.$1" >"$T/skips" || :
	while read -r _ what why; do
		skip "$name: $what" "$why"
	done <"$T/skips"
}

is_blind=
sees soconnect compat || is_blind=1
honest soconnect
may_miss soconnect && missed=missed || missed=
# a tracer that comes or leaves makes the kernel jump over the fexit programs of waiting calls
jq -e '.hooks | any(test("fexit"))' "$T/meta.soconnect" >"$T/.ok" && alone=1 || alone=

check "default" traffic ""
check "--final" traffic --final --final
if runs32; then
	thorough || check "32-bit, --compat --final, socketcall" traffic32 "--final --socketcall" \
		${is_blind:+--compat} --final
	wait
else
	skip "32-bit callers" "this kernel runs no 32-bit programs"
fi
if thorough && runs32; then
	check "32-bit" traffic32 "${is_blind:+--no-compat}"
	check "32-bit, socketcall" traffic32 "${is_blind:+--no-compat} --socketcall"
	check "32-bit, --compat" traffic32 "" --compat
	wait
	check "32-bit, --compat, socketcall" traffic32 --socketcall --compat
	check "32-bit, --compat --final" traffic32 --final --compat --final
	check "32-bit, --compat --final, socketcall" traffic32 "--final --socketcall" \
		--compat --final
fi
wait
i=0
while [ $i -lt $n ]; do
	i=$((i + 1))
	verdict $i
done

# Under load the ends of connections come from interrupts, in the middle of each other's handling:
# four at once, several times.
load="flip threads tcp_ok tcp_refused tfo_ok nb_ok"
thorough && rounds="1 2 3 4 5" || rounds=1
for mode in "" --final; do
	for round in $rounds; do
		rm -f "$T/load".*
		run "$B/soconnect" -j -f all $strict $mode -o "$T/act" -- sh -c "
			for k in 1 2 3 4; do
				$B/traffic $mode --expect $T/load.\$k $load &
			done; wait"
		cat "$T/load".? >"$T/exp"
		# misses are a failure then, as they should
		[ ! "$missed" ] || [ ! "$strict" ] || ! grep -Eq "missed by|end was not seen" "$T/err" || rc=$((rc - 1))
		is "$rc $(undisturbed "$T/err")" "0 " \
			"under load $mode, round $round: --strict finds nothing amiss"
		ok "under load $mode, round $round: these rows, and no others" \
			"$B/compare" "$T/exp" "$T/act" $missed
	done
done
done_testing
