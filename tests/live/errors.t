#!/bin/sh
# What goes wrong is told, and never looks like silence. Exercises no privileges, no tracefs, no
# backend (exit code 77 and what to do), a full disk and a file that can't be made (1), closed
# pipes and readers that stop, closed stdout and stderr, --strict, and that nothing stays attached.
. "$(dirname "$0")/../lib.sh"
need_live

one_sentence() {
	is "$(grep -c . "$T/err")" 1 "$1: one sentence"
	unlike "$(cat -v "$T/err")" 'libbpf|\^\[' "$1: no log of a library"
}

attached() {
	if command -v bpftool >/dev/null; then
		bpftool prog show 2>/dev/null | grep -c 'name \(connect\|uring\|signal__\|state__\)'
	else
		grep -ls 'prog_id' /proc/[0-9]*/fdinfo/* 2>/dev/null | wc -l
	fi
}
before=$(attached)

# ---- 77

mkdir -m 755 "$T/bin" && cp "$B/sockray" "$T/bin/soconnect" && chmod 755 "$T/bin/soconnect"
run setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all \
	"$T/bin/soconnect" -d 0.1
is "$rc$out" 77 "nobody: exit code 77, nothing on stdout"
one_sentence "nobody"
like "$err" 'root|sudo|CAP_BPF' "nobody: what to do"
run setpriv --bounding-set=-all --inh-caps=-all "$B/soconnect" -d 0.1
is "$rc$out" 77 "root without capabilities: exit code 77"
one_sentence "root without capabilities"
echo precious >"$T/bin/file" && chmod 666 "$T/bin/file"
run setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all \
	"$T/bin/soconnect" -d 0.1 -o "$T/bin/file"
is "$rc $(cat "$T/bin/file")" "77 precious" "nobody: the file of -o is as it was"
run setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all \
	"$T/bin/soconnect" -- touch "$T/bin/touched"
is $rc 77 "nobody, with a command: exit code 77"
ok "nobody, with a command: it isn't run" [ ! -e "$T/bin/touched" ]

run unshare -m sh -c 'umount -l /sys/kernel/tracing; umount -l /sys/kernel/debug/tracing
	umount -l /sys/kernel/debug; [ ! -e /sys/kernel/tracing/events ]'
if [ $rc = 0 ]; then
	run unshare -m sh -c "exec 3>&2 2>/dev/null; umount -l /sys/kernel/tracing
		umount -l /sys/kernel/debug/tracing; umount -l /sys/kernel/debug
		exec $B/soconnect --backend tracepoint -d 0.1 2>&3"
	is "$rc$out" 77 "no tracefs: exit code 77"
	one_sentence "no tracefs"
	unlike "$err" 'soconnect: soconnect' "no tracefs: its own name once"
	like "$err" 'mount -t tracefs tracefs /sys/kernel/tracing' "no tracefs: the command that mends it"
else
	skip "no tracefs" "can't be unmounted in a mount namespace"
fi

for backend in fentry kprobe; do
	run "$B/soconnect" --backend $backend -d 0.1
	case $rc in
	0) pass "--backend $backend: works here" ;;
	*)
		is "$rc$out" 77 "--backend $backend: exit code 77"
		one_sentence "--backend $backend"
		like "$err" "$backend" "--backend $backend: the sentence names it"
		;;
	esac
done

# ---- 1

start perl -e 'use Socket; while (select(undef, undef, undef, 0.001), 1) {
	socket(my $s, PF_INET, SOCK_DGRAM, 0);
	connect($s, pack_sockaddr_in(9, INADDR_LOOPBACK)) }'
busy=$pid

for form in "-n 100000" "-n 100000 -j" "-n 100000 -s" "-n 100000 --bt" "--count -d 0.3"; do
	bound 30 "$B/soconnect" -q -p $busy $form >/dev/full 2>"$T/err"
	is $? 1 "stdout is full $form: exit code 1"
	like "$(cat "$T/err")" '^soconnect: .*stdout.*No space' "stdout is full $form: says so"
	one_sentence "stdout is full $form"
done
run "$B/soconnect" -p $busy -o /dev/full
is "$rc$out" 1 "-o /dev/full: exit code 1"
like "$err" '^soconnect: .*/dev/full.*No space' "-o /dev/full: names it"
run "$B/soconnect" -p $busy -o "$T/no/such" -d 1
is "$rc$out" 1 "-o in no directory: exit code 1"
like "$err" "^soconnect: .*$T/no/such.*No such file" "-o in no directory: names it"
run "$B/soconnect" -p $busy -o "$T" -d 1
is "$rc$out" 1 "-o is a directory: exit code 1"
run "$B/soconnect" -p $busy -o "$(printf '%s/no/\033[2J' "$T")" -d 1
one_sentence "-o with ESC"

# the end record is what fills the disk
if mkdir "$T/small" && mount -t tmpfs -o size=8k none "$T/small" 2>/dev/null; then
	at_exit "umount $T/small"
	bound 60 "$B/soconnect" -j -p $busy -d 20 -o "$T/small/act" 2>"$T/err"
	is $? 1 "the disk becomes full: exit code 1"
	like "$(cat "$T/err")" 'small/act.*No space' "the disk becomes full: says so"
	ok "the disk becomes full: what was written is whole" jq -e . "$T/small/act"
	ok "the disk becomes full: and much" [ "$(wc -c <"$T/small/act")" -gt 7000 ]
	{ echo first; bound 60 "$B/soconnect" -s -p $busy -d 20; } >"$T/small/act" 2>"$T/err"
	is "$(head -n 1 "$T/small/act") $(tail -c 2 "$T/small/act" | od -An -tx1)" "first  0d 0a" \
		"stdout's disk becomes full: what was written is whole"
else
	skip "the disk becomes full" "can't mount a tmpfs"
fi

# ---- descriptors that are closed

bound 30 "$B/soconnect" -p $busy -n 3 >&- 2>"$T/err"
is $? 1 "stdout is closed: exit code 1"
like "$(cat "$T/err")" "^soconnect: .*stdout" "stdout is closed: says so"
bound 30 "$B/soconnect" -j -v -p $busy -n 3 -o "$T/act" 2>&-
is $? 0 "stderr is closed: exit code 0"
ok "stderr is closed: nothing gets into the file of -o" jq -e . "$T/act"
bound 30 "$B/soconnect" -j -v -p $busy -n 3 -o "$T/act" <&- >&- 2>&-
is $? 0 "all is closed, -o: exit code 0"
ok "all is closed: nothing gets into the file of -o" jq -e . "$T/act"

# ---- readers that go away, or stop

for form in "" -j -s "--count 0.1"; do
	{
		bound 30 "$B/soconnect" -q -p $busy $form 2>"$T/err"
		echo $? >"$T/rc"
	} | head -n 1 >"$T/out"
	is "$(wc -l <"$T/out") $(cat "$T/rc") $(cat "$T/err")" "1 0 " \
		"| head -n 1 $form: ends, quietly, exit code 0"
done
mkfifo "$T/pipe"
start sleep 60 <>"$T/pipe" # keeps it open, reads nothing
exec 8<>"$T/pipe"
perl -e 'fcntl(STDOUT, 1031, 4096)' >&8 # F_SETPIPE_SZ
start "$B/soconnect" -j -p $busy >&8 2>"$T/err"
stuck=$pid
sleep 1.5
kill -TERM $stuck
ok "the reader has stopped: SIGTERM ends the tool nevertheless" await 10 gone $stuck
finish $stuck
is $rc 1 "the reader has stopped: what wasn't written is an error"
like "$(cat "$T/err")" '^soconnect: .*stdout' "the reader has stopped: and is told"
# the same, but the signal finds it waiting for rows, and the end record has no room
rm -f "$T/pipe"
mkfifo "$T/pipe"
exec 8<>"$T/pipe"
start "$B/soconnect" -j -p 1 -P 1 >&8 2>"$T/err"
stuck=$pid
await 10 perl -e 'ioctl(STDIN, 0x541B, my $n = pack("i", 0)); exit !unpack("i", $n)' <&8 # FIONREAD
sleep 0.3
perl -e 'open(my $p, "+<", $ARGV[0]); fcntl($p, 4, 2050); while (syswrite($p, "x\n" x 512)) {}
	while (syswrite($p, "\n")) {}' "$T/pipe"
kill -TERM $stuck
ok "the reader has stopped, no rows: SIGTERM ends the tool nevertheless" await 10 gone $stuck
kill -KILL $stuck 2>/dev/null
exec 8>&-

# ---- signals

for signal in INT TERM HUP QUIT; do
	rm -f "$T/act"
	start "$B/soconnect" -j -p $busy -o "$T/act"
	tracing "$T/act"
	kill -s $signal $pid
	finish $pid
	is "$rc $(ends reason)" "0 signal" "SIG$signal: exit code 0, and the end record"
done
rm -f "$T/act"
start sh -c "trap '' HUP; exec $B/soconnect -j -p $busy -o $T/act"
tracing "$T/act"
kill -s HUP $pid
sleep 0.5
ok "nohup: lives on" kill -0 $pid
kill -s TERM $pid
finish $pid
rm -f "$T/act"
start "$B/soconnect" -j -p $busy -o "$T/act"
tracing "$T/act"
kill -s STOP $pid
sleep 0.2
kill -s CONT $pid
sleep 0.2
kill -s INT $pid
finish $pid
is "$rc $(ends reason)" "0 signal" "stopped and continued: no error"

# terminal.py KEYS COMMAND...: on a terminal of its own, where somebody types that, and which is then
# gone; what becomes of the command is printed
cat >"$T/terminal.py" <<'PY'
import os, pty, signal, sys
ours, theirs = os.pipe()
pid, master = pty.fork()
if not pid:  # as a shell does: the command is the foreground
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(sys.argv[2], sys.argv[2:])
    while True:
        state = os.waitpid(child, os.WUNTRACED)[1]
        if os.WIFSTOPPED(state):
            os.write(theirs, b"stopped\n")
            os.kill(child, signal.SIGCONT)
        else:
            end = b"exit %d" % os.WEXITSTATUS(state) if os.WIFEXITED(state) else b"by %d" % os.WTERMSIG(state)
            os.write(theirs, end + b"\n")
            os._exit(0)
os.close(theirs)
def read_until(what):
    text = b""
    while what not in text:
        text += os.read(master, 4096)
read_until(b"RESULT")
for key in sys.argv[1].encode().decode("unicode_escape"):
    os.write(master, key.encode())
    if key == "\x1a":
        print(os.read(ours, 64).decode(), end="")
        read_until(b"traffic")  # rows come again
if "\x1c" not in sys.argv[1].encode().decode("unicode_escape"):
    os.close(master)  # SIGHUP
print(os.read(ours, 64).decode(), end="")
PY
start sh -c "while $B/traffic flood 1; do sleep 0.01; done"
flood=$pid
bound 60 python3 "$T/terminal.py" '\x1a' "$B/soconnect" -c traffic >"$T/out" 2>&1
like "$(head -n 1 "$T/out")" '^stopped$' "Ctrl-Z stops it, and it goes on"
like "$(tail -n 1 "$T/out")" '^exit [01]$' "the terminal goes away: so does the tool"
kill $flood
bound 60 python3 "$T/terminal.py" '\x1c' "$B/soconnect" -p 1 -P 1 >"$T/out" 2>&1
is "$(cat "$T/out")" 'exit 0' "Ctrl-\\ ends it"

# ---- --strict

run "$B/soconnect" -q $strict -d 0.1
is $rc 0 "--strict: nothing is missing, exit code 0"
run "$B/soconnect" --map-size 1 -f all -j -o "$T/act" -- "$B/traffic" --expect "$T/exp" threads tcp_ok
made=$(wc -l <"$T/exp")
ok "--map-size 1: all accounted for" [ "$(jq 'select(.type == "end") |
	.events + .filtered + .lost + .map_full' "$T/act")" -ge "$made" ]
[ "$(ends map_full)" = 0 ] || {
	like "$err" '^soconnect: .*--map-size' "--map-size 1: what found no room is told, and the remedy"
	run "$B/soconnect" $strict --map-size 1 -f all -j -o "$T/act" -- \
		"$B/traffic" --expect "$T/exp" threads tcp_ok
	[ "$(ends map_full)" = 0 ] || is $rc 1 "--map-size 1 --strict: exit code 1"
}

# ---- afterwards

start "$B/soconnect" -j -p $busy -o "$T/act.kill"
tracing "$T/act.kill"
kill -KILL $pid
wait $pid 2>/dev/null
kill $busy
await 10 sh -c "[ $(attached) -le $before ]"
after=$(attached)
ok "nothing stays attached ($before before, $after after), not even after SIGKILL" \
	[ "$after" -le "$before" ]
# ---- what can't be seen is said

sh -c 'exit 0' &
gone=$!
wait $gone
run "$B/soconnect" -p $gone -d 0.01
is "$rc $err" "0 soconnect: warning: there is no process $gone now" "-p of a process that is no more: said at once"
run "$B/soconnect" -d 0.01
if sees soconnect compat; then
	is "$(cat "$T/unseen")" '' "all is seen: no warning"
else
	is "$(cat "$T/unseen")" "soconnect: warning: not seen: connects of 32-bit programs, save TCP ones that sent a SYN (--compat shows all)" \
		"32-bit programs are not seen: one line"
	run "$B/soconnect" --compat -d 0.01
	is "$(cat "$T/unseen")" '' "--compat: they are, and no line"
	run "$B/soconnect" -q -d 0.01
	is "$(cat "$T/unseen")" '' "-q: no line"
	run "$B/soconnect" -q --strict -d 0.01
	is "$rc $(cat "$T/unseen" "$T/err" | wc -l)" "1 2" "--strict: exit code 1, and why"
fi
run "$B/sockstat" --call send -d 0.01
is "$(cat "$T/unseen")" '' "what isn't asked for isn't missed"

done_testing
