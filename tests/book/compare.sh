# compare.sh - what tests/live/parity.t and tests/vm/parity share: the book's scripts, and their lines
# beside ours. Read after lib.sh. For each tool $T/TOOL.book and $T/TOOL.ours are compared, only
# lines with the name of a phase: those of a process that did just one thing.

# script TOOL BACKEND SED'S COMMANDS: tests/book/TOOL.bt with only kprobes or only tracepoints
# where it has both for the same calls
script() {
	case $2:$1 in
	tracepoint:*) drop_='/^kprobe:/,/^}/d' ;;
	kprobe:soprotocol) drop_='/^tracepoint:/,/^}/d' ;;
	*) drop_= ;;
	esac
	sed -e "$drop_" -e "$3" "tests/book/$1.bt"
}

# The map of sockstat.bt has no name in it: other processes' calls would disturb. And what comes
# between its print() and clear() is lost.
with_comm='s/@\[probe\]/@[comm, probe]/;s/^interval:s:1$/interval:s:999/'

# differences TOOL PHASE: "+" a line that only we have, "-" only the book; in $T/ours all of ours
differences() {
	for side_ in ours book; do
		grep -E "^(@[a-z]*\[$2, |[0-9]+ +$2 )" "$T/$1.$side_" | sort >"$T/$side_"
	done
	diff "$T/book" "$T/ours" | sed -n 's/^> /+/p;s/^< /-/p' |
		sed 's/^\(.\)[0-9].\{23\}/\1/;s/ [0-9]\{4,5\}  */ PORT /;s/  */ /g' | sort
}

# same TOOL PHASE...: the book is right
same() {
	tool_=$1
	shift
	for phase_; do
		is "$(differences $tool_ $phase_; [ -s "$T/ours" ] || echo "no lines")" '' \
			"$tool_, $phase_: as in the book"
	done
}

# defect TOOL PHASE WHAT LINES: of all lines of the phase just these differ
defect() {
	is "$(differences $1 $2)" "$4" "$1, $2: the book $3"
}

# how often calls are interrupted is chance: as N
defect_often() {
	is "$(differences $1 $2 | sed '/^-/s/[0-9]*$/N/')" "$4" "$1, $2: the book $3"
}
