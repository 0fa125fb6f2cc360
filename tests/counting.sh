# counting.sh - what the tests of sockstat, sofamily and soprotocol share, after lib.sh: the tools
# trace tests/operations, and tests/judge.py compares the sums.
[ -x "$B/operations" ] || skip_all "no $B/operations: make tests"
: >"$T/skips"

# traced TOOL "ITS OPTIONS" PROGRAM'S ARGUMENTS...: $T/act, $T/exp
traced() {
	tool=$1 options=$2
	shift 2
	rm -f "$T/act" "$T/exp"
	bound 120 "$B/$tool" $options -o "$T/act" -- "$B/${program:-operations}" \
		--expect "$T/exp" "$@" >"$T/out" 2>"$T/err" </dev/null
	rc=$?
	# what can't be seen is judged by sees()
	out=$(cat "$T/out" "$T/err" | undisturbed |
		grep -Ev '^skip |^[a-z]+: warning: .*: not seen on this kernel$|^Tracing')
	is "$rc$out" 0 "$tool $options, ${program:-operations} $*: it went as it should"
	sed -n 's/^skip //p' "$T/err" >>"$T/skips"
}

# judge NAME [KEYS [CALLS]], by $tool; only_expect JQ-CONDITION: drop the rest of the expectation
judge() {
	name=$1
	shift
	may_miss $tool && MAY_MISS=1 || MAY_MISS=
	export MAY_MISS
	ok "$tool: $name" python3 tests/judge.py $tool "$T/exp" "$T/act" "$@"
}
only_expect() {
	jq -c "select(.tool and ($1))" "$T/exp" >"$T/exp.part"
	mv "$T/exp.part" "$T/exp"
}

reports() {
	jq -c 'select(.type == "report")' "$T/act"
}

# done_counting: the cases that this kernel can't do, and the plan
done_counting() {
	sort -u "$T/skips" >"$T/skips.all"
	while read -r what why; do
		skip "$what" "$why"
	done <"$T/skips.all"
	done_testing
}
