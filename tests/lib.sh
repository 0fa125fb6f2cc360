# lib.sh - what the shell tests share: TAP, a temporary directory, programs that run in the
# background and never outlive the test.
#
#	. "$(dirname "$0")/../lib.sh"		first line of a test, after its comment
#	need_live				skip everything where tracing isn't possible
#	...
#	done_testing				last line: the plan
#
# Asserting, each a line of TAP; what differs goes to stderr as a comment:
#
#	ok NAME COMMAND...	the command succeeds; its output is shown if it doesn't, and if it
#				ends with "N of N missed", that
#	is GOT WANT NAME	equal texts
#	like TEXT ERE NAME	a line of the text matches; unlike: none does
#	pass NAME, flunk NAME [WHY], skip NAME WHY
#
# Running:
#
#	bound SECONDS COMMAND...	with a limit; it dies when that is over (exit 124 or 137)
#	run COMMAND...		bound, stdin empty: $rc, and its output in $T/out and $T/err; what a tool
#				says that it can't see is in $T/unseen
#	start COMMAND...	in the background: $pid; killed at the end of the test if need be
#	await SECONDS COMMAND...	until the command succeeds; false when the time is over
#	tracing FILE		until the tool just started, which writes to FILE (-j, or with a heading),
#				is attached
#	finish PID		wait for one that was started: $rc
#	ends KEY [FILE]		that number of the end record of $T/act (or FILE)
#
# What is possible here:
#
#	can TOOL		false, and a test skipped, if the tool can't run with this backend
#	honest TOOL		it says it is blind for what tests/blind says, and for nothing else
#	sees TOOL WORD		is that not among what it is blind for?
#	may_miss [TOOL]		does this kernel skip events of preempted programs, by the hooks of that
#				tool, or of any that was asked so far?
#	undisturbed [FILE]...	what the tool said on stderr that it shouldn't
#	undecided FILE		does the tool tell there that something has not ended, though all traffic has?
#				Some hosts of containers hide pid 1 from BPF: no program sees what comes
#				about in an interrupt while it runs, like a connection at its second SYN
#	runs32			does this kernel run 32-bit programs? Not each that could: some virtual
#				machines don't let it
#	$strict			--strict, and what more it takes to see all that runs here
#	thorough		false with BRIEF=1: then one of each sort is enough
#
# $T is the temporary directory, readable for all users and removed at exit. $B is the directory
# with the programs, `build` unless set: B=build-san runs the sanitized ones. With BACKEND=kprobe
# (or another) every tool is run with --backend kprobe. On a slow machine all limits are SLOW times
# as long. Tests run in the top directory of the project. The system's own programs go before others
# of the same name, since the names of processes are compared.
cd "$(dirname "$0")/../.." || exit 1
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
LC_ALL=C.UTF-8
export PATH LC_ALL
unset NO_COLOR POSIXLY_CORRECT

B=${B:-build}
case $B in
/*) ;;
*) B=$PWD/$B ;;
esac
T=$(mktemp -d "${TMPDIR:-/tmp}/sockray-test.XXXXXX") || exit 1
chmod 755 "$T"
export SLOW=${SLOW:-3} # limits are for what hangs: on a busy host all may take five times as long
tests_=0 failed_=0 pids_='' at_exit_=''

clean_up_() {
	code_=$?
	trap '' INT TERM HUP PIPE
	for pid_ in $pids_; do
		kill -CONT "$pid_" 2>/dev/null
		kill -TERM "$pid_" 2>/dev/null
	done
	for pid_ in $pids_; do
		await 3 gone "$pid_" || kill -KILL "$pid_" 2>/dev/null
	done
	eval "$at_exit_"
	rm -rf "$T"
	exit $code_
}
trap clean_up_ EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
trap 'exit 141' PIPE

# the same programs, but the tools (links to sockray) with --backend
if [ "${BACKEND:-}" ]; then
	mkdir "$T/.tools"
	ln -s "$B"/* "$T/.tools/"
	for tool_ in "$B"/so*; do
		[ -L "$tool_" ] || continue
		rm "$T/.tools/${tool_##*/}"
		printf '#!/bin/sh\nexec %s --backend %s "$@"\n' "$tool_" "$BACKEND" \
			>"$T/.tools/${tool_##*/}"
		chmod +x "$T/.tools/${tool_##*/}"
	done
	B=$T/.tools
fi

# at_exit COMMANDS: to be evaluated when the test ends, last first
at_exit() {
	at_exit_="$*
$at_exit_"
}

gone() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

diag() {
	printf '%s\n' "$*" | head -n 24 | sed 's/^/#   /' >&2
}

pass() {
	tests_=$((tests_ + 1))
	echo "ok $tests_ - $1"
}

flunk() {
	tests_=$((tests_ + 1)) failed_=$((failed_ + 1))
	echo "not ok $tests_ - $1"
	echo "# Failed: $1 ($0)" >&2
	[ $# -lt 2 ] || diag "$2"
}

skip() {
	tests_=$((tests_ + 1))
	echo "ok $tests_ - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	tests_=0
	exit 0
}

done_testing() {
	echo "1..$tests_"
	[ $failed_ = 0 ] || exit 1
}

ok() {
	name_=$1
	shift
	if "$@" >"$T/.ok" 2>&1; then
		pass "$name_$(sed -n '$s/^[0-9]* of [0-9]* missed$/: &/p' "$T/.ok")"
	else
		flunk "$name_" "$(echo "exit $?: $*"; cat "$T/.ok")"
	fi
}

is() {
	if [ "x$1" = "x$2" ]; then
		pass "$3"
	else
		flunk "$3" "$(printf 'got:  %s\nwant: %s' "$1" "$2")"
	fi
}

like() {
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then
		pass "$3"
	else
		flunk "$3" "$(printf 'got:  %s\nwant: /%s/' "$1" "$2")"
	fi
}

unlike() {
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then
		flunk "$3" "$(printf 'got:  %s\nunwanted: /%s/' "$1" "$2")"
	else
		pass "$3"
	fi
}

bound() {
	limit_=$(($1 * SLOW))
	shift
	timeout -k 5 $limit_ "$@"
}

run() {
	bound 60 "$@" >"$T/out" 2>"$T/err" </dev/null
	rc=$?
	grep '^[a-z]*: warning: not seen' "$T/err" >"$T/unseen"
	sed -i '/^[a-z]*: warning: not seen/d' "$T/err"
	out=$(cat "$T/out") err=$(cat "$T/err")
}

start() {
	"$@" &
	pid=$!
	pids_="$pids_ $pid"
}

await() {
	left_=$(($1 * SLOW * 20))
	shift
	until "$@"; do
		left_=$((left_ - 1))
		[ $left_ -gt 0 ] || return 1
		sleep 0.05
	done
}

tracing() {
	await 30 attached_ "$1" && [ -s "$1" ] || flunk "the tool that writes $1 is attached"
}

attached_() {
	[ -s "$1" ] || gone "$pid"
}

# finish PID: at most 30 s
finish() {
	await 30 gone "$1" || {
		flunk "process $1 ends"
		kill -KILL "$1"
	}
	wait "$1"
	rc=$?
}

ends() {
	jq -r "select(.type == \"end\") | .$1" "${2:-$T/act}"
}

# ---- what the tools can do here

# told TOOL: its meta record in $T/meta.TOOL; else the exit code, and why in $T/.live
told() {
	[ -s "$T/meta.$1" ] && return
	bound 60 "$B/$1" -j -d 0.01 >"$T/.meta" 2>"$T/.live" </dev/null || return
	head -n 1 "$T/.meta" >"$T/meta.$1"
}

need_live() {
	told soconnect || [ $? != 77 ] || skip_all "$(tail -n 1 "$T/.live")"
	[ "$(id -u)" = 0 ] || skip_all "needs root"
}

can() {
	told "$1" || [ $? != 77 ] || {
		# by a backend that was named it may not; by itself, on a kernel of tests/vm, it has to
		if [ "${ALONE:-}" ] && [ ! "${BACKEND:-}" ]; then
			flunk "$1: all of it" "$(tail -n 1 "$T/.live")"
		else
			skip "$1: all of it" "$(tail -n 1 "$T/.live")"
		fi
		return 1
	}
}

sees() {
	told "$1" && jq -e ".blind | index(\"$2\") | not" "$T/meta.$1" >"$T/.ok"
}

# blind TOOL: what tests/blind says of it, on this kernel and with the backends of its points, or
# "none" for those without a hook, which a backend that was named may lack
blind() {
	used_=$(jq -r '.hooks | to_entries[] | "\(.key):\(.value |
		if test("fentry|fexit|lsm") then "fentry" elif test("kprobe") then "kprobe"
		elif test("syscalls") then "tracepoint" else "other" end)"' "$T/meta.$1")
	awk -v tool="$1" -v used="$(echo $used_)" -v kernel="$(uname -r)" \
		-v named="${BACKEND:-}" '
		/^#/ || $1 != tool { next }
		$2 ~ /:none$/ {
			point = substr($2, 1, length($2) - 5)
			if (!named || index(" " used, " " point ":"))
				next
		}
		$2 !~ /:none$/ && !index(" " used " ", " " $2 " ") { next }
		$3 ~ /^</ {
			split(kernel, k, "[.-]")
			split(substr($3, 2), n, ".")
			if (k[1] + 0 > n[1] + 0 || k[1] == n[1] && k[2] + 0 >= n[2] + 0)
				next
		}
		{ print $4 }' tests/blind | sort -u | {
		# where there are no 32-bit programs, nobody is blind for them
		if [ "$(uname -m)" = x86_64 ] && ! runs32; then grep -v ^compat; else cat; fi
	} | tr '\n' ' '
}

honest() {
	is "$(jq -r '.blind[]' "$T/meta.$1" | sort | tr '\n' ' ')" "$(blind "$1")" \
		"$1: blind for what tests/blind says, and nothing else: $(blind "$1")"
}

# full and lazy: programs may be preempted, and then others are skipped: by fentry, and from 7.0 on by
# most others, too (tests/live/busy.t has the proof that what is missed is reported)
may_miss() {
	mode_=$(sed 's/.*(\(.*\)).*/\1/' /sys/kernel/debug/sched/preempt 2>/dev/null)
	# a kernel that can't change it has no such file
	[ "$mode_" ] || case $(uname -v) in
	*PREEMPT_DYNAMIC*) ;;
	*PREEMPT*) mode_=full ;;
	esac
	case $mode_ in
	full | lazy) cat "$T/meta.${1:-}"* 2>/dev/null | grep -Eq '"[^"]*(fentry|fexit):' ||
		! uname -r | grep -q '^[1-6]\.' ;;
	*) false ;;
	esac
}

# undisturbed FILE: what is said on stderr, but for what may be missed here, and how many calls of
# others haven't ended
undisturbed() {
	may_miss && missed_=', [0-9]+ missed by [a-z0-9_]+' early_='|warning: events were missed: ' ||
		missed_='$^' early_=
	grep -Ev "^[a-z]+: (warning: not seen$early_|.* 0 lost(, [0-9]+ (not ended yet|whose end was not seen)|$missed_)+\$)" \
		"$@"
}

undecided() {
	[ ! "${ALONE:-}" ] && grep -q " not ended yet" "$1" && diag "undecided, so once more"
}

runs32() {
	"$B/operations32" --list >"$T/.ok" 2>&1
}

thorough() {
	[ -z "${BRIEF:-}" ]
}

strict=--strict
! runs32 || strict="--strict --compat"
# where nothing shows 32-bit programs but fentry
[ "$(uname -m)" = x86_64 ] || strict=
