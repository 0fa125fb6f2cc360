#!/bin/sh
# When the tool is too slow, rows are lost, and that is told to the last one. The ring buffer is
# made to overflow by stopping the tool (SIGSTOP) during a flood of connects. Exercises the account
# in JSON and text, --strict, with and without -q, and that rows come again afterwards; and that whoever
# is told that it traces may begin.
. "$(dirname "$0")/../lib.sh"
need_live

many=60000

# flooded NAME OPTIONS...: $rc; $T/act, $T/err
flooded() {
	rm -f "$T/act" "$T/go"
	mkfifo "$T/go"
	sh -c "read x <$T/go; exec $B/traffic flood $many" &
	flood=$!
	pids_="$pids_ $flood"
	start "$B/soconnect" -p $flood "$@" -o "$T/act" 2>"$T/err"
	tool=$pid
	tracing "$T/act"
	kill -STOP $tool
	echo >"$T/go"
	wait $flood
	is $? 0 "soconnect $*: the flood is over"
	kill -CONT $tool
	sleep 0.3
	kill -INT $tool
	finish $tool
}

flooded -j
is $rc 0 "a loss isn't an error by itself"
ok "rows were lost" [ "$(ends lost)" -gt 1000 ]
ok "rows were not lost" [ "$(ends events)" -gt 1000 ]
# filtered: other processes' rows, never the flood's
is "$(jq 'select(.type == "end") | .events + .lost + .map_full' "$T/act")" $many \
	"made is events and lost, exactly"
is "$(grep -c '"type":"event"' "$T/act")" "$(ends events)" "each event has its row"
like "$(cat "$T/err")" "^soconnect: .*\<$(ends events) events.*\<$(ends lost) lost" \
	"the last line tells it, with the same numbers"
ok "each row is whole" jq -e . "$T/act"

flooded
lost=$(sed -n 's/.* \([0-9]*\) lost.*/\1/p' "$T/err")
is $((lost + $(wc -l <"$T/act") - 1)) $many "text: rows and lost are all"
flooded -q -s
like "$(cat "$T/err")" " [1-9][0-9]* lost" "-q -s: a loss is told nevertheless"
flooded -j $strict
is $rc 1 "--strict: exit code 1"

# with a command: its exit code gives way, too
rm -f "$T/act"
start "$B/soconnect" -j $strict -o "$T/act" -- sh -c \
	": >$T/runs; while [ ! -e $T/stopped ]; do sleep 0.05; done; $B/traffic flood $many; : >$T/over; exit 3" 2>"$T/err"
tool=$pid
tracing "$T/act"
await 30 [ -e "$T/runs" ]
kill -STOP $tool
: >"$T/stopped"
await 30 [ -e "$T/over" ]
kill -CONT $tool
finish $tool
ok "a command, --strict: rows were lost" [ "$(ends lost)" -gt 1000 ]
is $rc 1 "a command, --strict: exit code 1, not the command's"

# life goes on
rm -f "$T/act" "$T/go"
mkfifo "$T/go"
sh -c "read x <$T/go; $B/traffic flood $many; read x <$T/go; exec $B/traffic --expect $T/exp udp" &
flood=$!
pids_="$pids_ $flood"
start "$B/soconnect" -j -p $flood --follow -o "$T/act" 2>"$T/err"
tool=$pid
tracing "$T/act"
kill -STOP $tool
echo >"$T/go"
exec 7>"$T/go" # when the flood is over it opens the pipe again
sleep 1
kill -CONT $tool
sleep 0.5
echo >&7
exec 7>&-
wait $flood
sleep 0.3
kill -INT $tool
finish $tool
ok "after a loss: rows were lost" [ "$(ends lost)" -gt 1000 ]
port=$(jq .rport "$T/exp")
is "$(tail -n 2 "$T/act" | jq -r 'select(.type == "event") | .rport')" "$port" \
	"after a loss: the next row comes"
# The tool waits in its very first write, as the pipe is full: what happens from then on is shown.
cat >"$T/full.py" <<'PY'
import os, signal, subprocess, sys, time
r, w = os.pipe()
os.set_blocking(w, False)
try:
    while True:
        os.write(w, b"\n" * 4096)
except BlockingIOError:
    os.set_blocking(w, True)
tool = subprocess.Popen(sys.argv[1].split(), stdout=w)
os.close(w)
write = {"x86_64": "1 0x1 ", "aarch64": "64 0x1 "}[os.uname().machine]
while not open("/proc/%d/syscall" % tool.pid).read().startswith(write):
    time.sleep(0.01)
subprocess.run(sys.argv[2].split(), check=True)
said = b""
while b'"meta"' not in said:
    said += os.read(r, 65536)
tool.send_signal(signal.SIGINT)
sys.stdout.buffer.write((said + open(r, "rb").read()).lstrip(b"\n"))
sys.exit(tool.wait())
PY
run python3 "$T/full.py" "$B/soconnect -j -f all -c traffic" "$B/traffic --expect $T/exp udp"
is "$rc $(jq -r 'select(.type == "event") | .rport' "$T/out" | tail -n 1)" "0 $(jq .rport "$T/exp")" \
	"the first line is told only when all is shown: $(jq -r .type "$T/out" | sort | uniq -c | tr -s '\n ' ' ')"

# and a tool that keeps up loses nothing
rm -f "$T/act"
run "$B/soconnect" -j -o "$T/act" -- "$B/traffic" flood 20000
is "$(ends 'lost')" 0 "a tool that runs loses nothing"
is "$(ends events)" 20000 "a tool that runs: every row"
done_testing
