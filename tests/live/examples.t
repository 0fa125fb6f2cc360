#!/bin/sh
# The transcripts in README.md, man/ and docs/examples.md: each is made again on live traffic, by real
# programs, and has the same shape as the one that is written there: heading, columns, kinds of rows.
# scripts/examples writes them anew. And that the judge would see it if one were wrong.
. "$(dirname "$0")/../lib.sh"
need_live
for program in curl ssh sshd nginx redis-server redis-benchmark python3 ip nsenter; do
	command -v $program >"$T/out" || skip_all "needs $program"
done
[ -e /proc/net/if_inet6 ] || skip_all "no IPv6"
files="README.md $(echo man/*.8) docs/examples.md"

bound 120 env B="$B" TOGETHER=1 SLOW="$SLOW" tests/examples/situations "$T/made" 2>"$T/err" ||
	diag "exit $?: $(cat "$T/err")"
is "$(ls "$T/made" 2>&1 | wc -l)" "$(grep -vc '^#' tests/examples/list)" \
	"each command of tests/examples/list ran"
tests/examples/transcripts.py compare "$T/made" $files >"$T/tap"
grep '^#' "$T/tap"
while read -r word rest; do
	case $word in
	ok) pass "${rest#* - }" ;;
	not) flunk "${rest#* - }" ;;
	esac
done <"$T/tap"

# ---- the judge: what is changed in a copy is seen

mkdir "$T/docs" "$T/one"
number=$(grep -lx '# soconnect --final' "$T/made"/*)
cp "$number" "$T/one/1"
wrong() { # NAME SED'S COMMANDS
	{ echo '```'; sed "$2" "$number"; echo '```'; } >"$T/docs/x.md"
	ok "judge: $1" sh -c "! tests/examples/transcripts.py compare '$T/one' '$T/docs/x.md' 2>&1"
}
{ echo '```'; sed 's/^[0-9]\{3,\} /1      /;s/ [0-9]* Success/ 1 Success/' "$number"; echo '```'; } \
	>"$T/docs/x.md"
ok "judge: other processes, other times are the same" \
	tests/examples/transcripts.py compare "$T/one" "$T/docs/x.md"
wrong "a column less" 's/ FAM//'
wrong "another heading" 's/LAT(us)/LAT(ms)/'
wrong "a row less" '/Connect refused/d'
wrong "a row more" '$p;$s/curl/wget/'
wrong "another result" 's/Closed by caller/Timed out/'
wrong "another command" '1s/--final/--finale/'
wrong "nothing" '1!d'
done_testing
