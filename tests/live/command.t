#!/bin/sh
# -- COMMAND: it is traced from its first call to its end, with all that it starts, nothing else
# is, and it is not disturbed. Exercises the first connect (20 times), children and grandchildren,
# exit codes (its own, killed, not found, not executable), where rows and its own output go, its
# descriptors, signals and arguments, daemons, SIGTERM and SIGINT to the tool, the tool's -n, -d
# and failing output while it runs, and a pid namespace.
. "$(dirname "$0")/../lib.sh"
need_live

at_once() {
	echo "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('127.0.0.1', $1))"
}

# ---- nothing is missed

# perl is up and connects within 2 ms
cat >"$T/quick.pl" <<'PL'
use Socket;
socket(my $s, PF_INET, SOCK_DGRAM, 0) or die;
connect($s, pack_sockaddr_in($ARGV[0], INADDR_LOOPBACK)) or die;
PL
seen=0
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	run "$B/soconnect" -j -o "$T/act" -- perl "$T/quick.pl" $((7000 + i))
	[ "$(jq -r 'select(.type == "event") | "\(.comm) \(.rport)"' "$T/act")" != \
		"perl $((7000 + i))" ] || seen=$((seen + 1))
done
is $seen 20 "the first connect is seen, 20 times of 20"

run "$B/soconnect" -j -o "$T/act" -- sh -c "
	perl $T/quick.pl 7101
	(perl $T/quick.pl 7102; sh -c 'perl $T/quick.pl 7103; :') & wait
	perl -e 'fork or exec qw(perl $T/quick.pl 7104); wait'
	setsid perl $T/quick.pl 7105"
is "$(jq -r 'select(.type == "event") | .rport' "$T/act" | sort | tr '\n' ' ')" \
	"7101 7102 7103 7104 7105 " "children and grandchildren are seen"

# many short-lived ones
run "$B/soconnect" -j -o "$T/act" -- sh -c "
	for i in 1 2 3 4 5 6 7 8 9 10; do
		for k in 1 2 3 4 5 6 7 8 9 10; do perl $T/quick.pl 7200 & done; wait
	done"
is "$(jq 'select(.rport == 7200)' "$T/act" | jq -s length)" 100 "a hundred children are seen"

start perl -e 'use Socket; while (select(undef, undef, undef, 0.002), 1) {
	socket(my $s, PF_INET, SOCK_DGRAM, 0);
	connect($s, pack_sockaddr_in(7999, INADDR_LOOPBACK)) }'
other=$pid
run "$B/soconnect" -j -o "$T/act" -- sh -c "perl $T/quick.pl 7300; sleep 0.3"
is "$(jq -r 'select(.type == "event") | .rport' "$T/act")" 7300 "other processes are not"
kill $other

run unshare --fork --pid --mount-proc true
if [ $rc = 0 ]; then
	run unshare --fork --pid --mount-proc \
		"$B/soconnect" -j -o "$T/act" -- perl "$T/quick.pl" 7400
	if [ $rc = 77 ]; then
		like "$err" "namespace" "in a pid namespace: refuses, and says why"
	else
		is "$(jq -r 'select(.type == "event") | .rport' "$T/act")" 7400 \
			"in a pid namespace, as in a container: its connect is seen"
	fi
else
	skip "in a pid namespace" "can't make one"
fi

# ---- exit codes

for code in 0 1 3 77 255; do
	run "$B/soconnect" -- sh -c "exit $code"
	is "$rc" $code "exit code: $code"
done
run "$B/soconnect" -- sh -c 'kill -9 $$'
is $rc 137 "exit code: killed by SIGKILL"
run "$B/soconnect" -- sh -c 'kill -TERM $$'
is $rc 143 "exit code: killed by SIGTERM"
run "$B/soconnect" -H -- no-such-program-anywhere arg
is $rc 127 "exit code: not found"
like "$err" '^soconnect: .*no-such-program-anywhere' "not found: one sentence with the name"
is "$(printf '%s\n' "$err" | wc -l)" 1 "not found: one line"
echo 'exit 0' >"$T/text"
run "$B/soconnect" -H -- "$T/text"
is $rc 126 "exit code: not executable"
like "$err" '^soconnect: .*text.*Permission denied' "not executable: one sentence with the name"
run "$B/soconnect" -- "$T"
is $rc 126 "exit code: a directory"
run "$B/soconnect" -- "$(printf 'no\033[2Jsuch')"
ok "a name with ESC doesn't reach the terminal" sh -c "! grep -q '$(printf '\033')' '$T/err'"
run "$B/soconnect" --fields nonsense -- touch "$T/touched"
is $rc 2 "exit code: usage"
ok "a usage error: the command isn't run" [ ! -e "$T/touched" ]
run "$B/soconnect" -o "$T/no/such/dir" -- touch "$T/touched"
is $rc 1 "exit code: FILE can't be written"
ok "FILE can't be written: the command isn't run" [ ! -e "$T/touched" ]
run "$B/soconnect" -j -o "$T/act" $strict -- sh -c "exit 5"
is $rc 5 "--strict, nothing lost: its exit code"

# ---- it isn't disturbed

run "$B/soconnect" -- sh -c "echo this; echo that >&2; perl $T/quick.pl 7500"
is "$out" this "its stdout is its own"
like "$err" '^that$' "its stderr is there"
like "$err" '^[0-9]+ +perl .* 7500 ' "rows are on stderr"
run "$B/soconnect" -o "$T/act" -- sh -c "echo this; echo that >&2; perl $T/quick.pl 7501"
is "$out" this "with -o: its stdout is its own"
is "$err" that "with -o: its stderr too"
like "$(cat "$T/act")" ' 7501 ' "with -o: rows are in the file"
echo input >"$T/in"
bound 20 "$B/soconnect" -q -- cat <"$T/in" >"$T/out" 2>"$T/err"
is "$(cat "$T/out")" input "its stdin is its own"
run "$B/soconnect" -H -- printf '[%s]' 'a b' '' '-j' -- '--help'
is "$out" '[a b][][-j][--][--help]' "its arguments arrive as they are"
run sh -c 'ls -l /proc/self/fd'
plain=$(grep -c -- '->' "$T/out")
run "$B/soconnect" -H -o "$T/act" -- sh -c 'ls -l /proc/self/fd'
is "$(grep -c -- '->' "$T/out")" "$plain" "it inherits no descriptors"
run grep -E '^Sig(Blk|Ign)' /proc/self/status
plain=$out
run "$B/soconnect" -H -- grep -E '^Sig(Blk|Ign)' /proc/self/status
is "$out" "$plain" "it inherits the signals as they were"
run sh -c "trap '' INT QUIT PIPE; exec grep -E '^Sig(Blk|Ign)' /proc/self/status"
plain=$out
run sh -c "trap '' INT QUIT PIPE; exec $B/soconnect -H -- grep -E '^Sig(Blk|Ign)' /proc/self/status"
is "$out" "$plain" "ignored signals stay ignored for it"
run env -u FOO FOO=bar "$B/soconnect" -H -- sh -c 'echo $FOO; pwd'
is "$out" "bar
$PWD" "environment and directory"

# ---- ends

# a daemon outlives the command; the tool doesn't wait for it
run "$B/soconnect" -j -o "$T/act" -- sh -c "
	setsid sh -c 'echo \$\$ >$T/daemon; perl $T/quick.pl 7600; exec sleep 100' \
		</dev/null >/dev/null 2>&1 &
	while [ ! -s $T/daemon ]; do sleep 0.02; done; sleep 0.2; exit 6"
daemon=$(cat "$T/daemon")
pids_="$pids_ $daemon"
is $rc 6 "a command that leaves a daemon: its exit code"
is "$(jq -r 'select(.type == "event") | .rport' "$T/act")" 7600 "the daemon's connect is seen"
is "$(ends reason)" command "and that is the reason to end"
ok "the daemon lives on" kill -0 "$daemon"
kill "$daemon"

# ending NAME SIGNAL COMMAND: the tool gets the signal while the command runs
ending() {
	rm -f "$T/up"
	start "$B/soconnect" -j -o "$T/act" -- sh -c "$3"
	tool=$pid
	await 20 [ -s "$T/up" ] || flunk "$1: the command is up"
	kill -s "$2" $tool
	if await 6 gone $tool; then
		pass "$1: the tool ends soon"
		wait $tool
		rc=$?
	else
		flunk "$1: the tool ends soon"
		kill -KILL $tool
		rc=none
	fi
	command=$(cat "$T/up")
	pids_="$pids_ $command"
	ok "$1: the output is complete" sh -c "tail -n 1 $T/act | grep -q '\"type\":\"end\"'"
	is "$(jq -r 'select(.type == "event") | .rport' "$T/act")" 7700 "$1: with its row"
}
ending "SIGTERM" TERM "perl $T/quick.pl 7700; echo \$\$ >$T/up; exec sleep 100"
ok "SIGTERM: the command is gone" await 2 gone "$command"
ok "SIGTERM: exit code 0, or of a command killed by it ($rc)" [ "$rc" = 0 -o "$rc" = 143 ]
ending "SIGINT" INT "perl $T/quick.pl 7700; echo \$\$ >$T/up; exec sleep 100"
ok "SIGINT: the command is gone" await 2 gone "$command"
ending "SIGTERM, handled" TERM "trap 'exit 9' TERM
	perl $T/quick.pl 7700; echo \$\$ >$T/up; while :; do sleep 0.05; done"
is $rc 9 "SIGTERM: a command that handles it ends with its own code"

# one that ignores it: a second signal has to help
rm -f "$T/up"
start "$B/soconnect" -j -o "$T/act" -- sh -c "trap '' TERM INT
	echo \$\$ >$T/up; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1; done"
tool=$pid
await 20 [ -s "$T/up" ]
pids_="$pids_ $(cat "$T/up")"
kill -TERM $tool
sleep 0.3
kill -TERM $tool
sleep 0.3
kill -INT $tool
ok "a command that ignores SIGTERM: the tool ends after three signals" await 6 gone $tool
kill -KILL $tool "$(cat "$T/up")" 2>/dev/null
ok "a command that ignores SIGTERM: the output is complete" \
	sh -c "tail -n 1 $T/act | grep -q '\"type\":\"end\"'"

# the tool is done before the command
run "$B/soconnect" -H -n 1 -o "$T/act" -- sh -c "perl $T/quick.pl 7800
	perl $T/quick.pl 7801; sleep 0.5; echo end >$T/late; exit 4"
is "$(wc -l <"$T/act")" 1 "-n 1: one row"
await 3 [ -s "$T/late" ]
is "$(cat "$T/late")" end "-n 1: the command isn't cut short"
is $rc 4 "-n 1: exit code of the command"
rm -f "$T/late"
run "$B/soconnect" -H -d 0.2 -o "$T/act" -- sh -c "sleep 0.8; echo end >$T/late; exit 4"
await 3 [ -s "$T/late" ]
is "$(cat "$T/late")" end "-d: the command isn't cut short"
is $rc 4 "-d: exit code of the command"
rm -f "$T/late"
run "$B/soconnect" -H -o /dev/full -- sh -c "perl $T/quick.pl 7802; sleep 0.3
	echo end >$T/late; exit 4"
is $rc 1 "a full disk: exit code 1"
await 3 [ -s "$T/late" ]
is "$(cat "$T/late")" end "a full disk: the command isn't cut short"
done_testing
