#!/bin/sh
# The main proof of sockstat, sofamily and soprotocol: they count what tests/operations did, no
# more and no less, per call, process, family and protocol. Exercises every path of sends,
# receives and accepts, 64-bit, 32-bit and io_uring, many threads, --by, --call, and intervals.
. "$(dirname "$0")/../lib.sh"
. tests/counting.sh
need_live

# ---- everything, per key

traced sockstat -j all
judge "the sum of each operation"
is "$(jq -r 'select(.type == "meta").blind | join(" ")' "$T/act")" "compat" \
	"sockstat: blind for 32-bit callers only"
traced sockstat "-j --by call,comm" all
judge "--by call,comm" call,comm
traced sockstat "-j --by pid" all
judge "--by pid" pid
traced sockstat "-j --by uid,call" all
judge "--by uid,call" uid,call
traced sockstat "-j --by comm,call,family,protocol" all
judge "--by comm,call,family,protocol" comm,call,family,protocol
traced sockstat "-j --by family,protocol" all
judge "--by family,protocol" family,protocol
traced sofamily -j all
judge "all"
traced soprotocol -j all
judge "all"

# ---- only what is asked for

traced sockstat "-j --call send,recv" all
judge "--call send,recv" '' send,recv
hooks=$(jq -c 'select(.type == "meta").hooks' "$T/act")
ok "--call send,recv: both are hooked" jq -e -n "$hooks | .send and .recv"
unlike "$hooks" 'syscalls:|sys_(enter|exit)|"(accept|connect|bind|listen|socket)"' \
	"--call send,recv: no system call is hooked"
is "$(jq -c 'select(.type == "report") | [.accept, .connect, .socket, .bind, .listen] | unique' \
	"$T/act" | sort -u)" "[null]" "--call send,recv: the others are null, not 0"
traced sockstat "-j --call accept" all
judge "--call accept" '' accept
unlike "$(jq -c 'select(.type == "meta").hooks' "$T/act")" \
	'"(send|recv|connect|bind|listen|socket)"|sock_' "--call accept: nothing else is hooked"
traced sockstat "-j --by comm,call --call accept,recv" all
judge "--call accept,recv --by comm,call" comm,call accept,recv

# ---- 32-bit programs

if "$B/operations32" --list >"$T/out" 2>&1; then
	program=operations32
	traced sockstat "-j --by comm,call --call send,recv" all
	judge "32-bit: sends and receives without --compat" comm,call send,recv
	like "$(jq -r 'select(.type == "meta").blind[]' "$T/act")" '^compat$' \
		"32-bit: without --compat that is told"
	for way in '' --socketcall; do
		traced sockstat "-j --compat" $way all
		judge "32-bit, $way: --compat"
		traced sockstat "-j --compat --by comm,call,family,protocol" $way all
		judge "32-bit, $way: --compat --by" comm,call,family,protocol
		traced sofamily "-j --compat" $way all
		judge "32-bit, $way: --compat"
		traced soprotocol "-j --compat" $way all
		judge "32-bit, $way: --compat"
	done
	program=
else
	skip "32-bit programs" "this kernel runs none"
fi

# ---- many threads and processes; and by interval

traced sockstat "-j" load 120000
judge "load"
ok "load: more than 100,000 operations" [ "$(ends events)" -gt 100000 ]
traced sockstat "-j --by pid,call 0.2" load 120000
judge "load, --by pid,call, five times a second" pid,call
traced sockstat "-j 0.1" load 300000
judge "load, ten times a second"
ok "load: more than one interval" [ "$(reports | wc -l)" -gt 2 ]
traced sofamily "-j 0.1" load 120000
judge "load, ten times a second"
traced soprotocol "-j" load 120000
judge "load"
if "$B/operations32" --list >"$T/out" 2>&1; then
	program=operations32
	traced sockstat "-j --compat --by comm,call" load 120000
	judge "load, 32-bit" comm,call
	program=
fi
done_counting
