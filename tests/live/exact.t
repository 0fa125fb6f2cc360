#!/bin/sh
# The main proof of sockstat, sofamily and soprotocol: they count what tests/operations did, no
# more and no less, per call, process, family and protocol. Exercises every path of sends,
# receives and accepts, 64-bit, 32-bit and io_uring, many threads, --by, --call, and intervals.
. "$(dirname "$0")/../lib.sh"
. tests/counting.sh

# exact "OPTIONS" [OPERATIONS' ARGUMENTS]: $tool counts them exactly
exact() {
	options_=$(echo $1)
	shift
	traced $tool "-j $options_" "${@:-all}"
	keys_=${options_##*--by } calls_=${options_##*--call }
	[ "$keys_" != "$options_" ] || keys_=
	[ "$calls_" != "$options_" ] || calls_=
	judge "exact: $options_, ${program:-operations} ${*:-all}" "${keys_%% *}" ${calls_%% *}
}

blind_told() {
	honest $tool
	is "$(jq -r 'select(.type == "meta").blind | sort | join(" ")' "$T/act")" \
		"$(jq -r '.blind | sort | join(" ")' "$T/meta.$tool")" "$tool: which each run tells"
}

b32=
runs32 && b32=1 || skip "32-bit programs" "this kernel runs none"

for tool in sockstat sofamily soprotocol; do
	can $tool || continue
	by= compat=
	[ $tool != sockstat ] || by="--by comm,call,family,protocol"
	sees $tool compat || compat=--compat

	exact "$by"
	blind_told
	if [ "$b32" ]; then
		program=operations32
		# in brief: the calls alone for the one of the two that share a kernel half
		thorough || [ $tool != soprotocol ] && exact "$compat $by" --socketcall all
		thorough || [ $tool = soprotocol ] && exact "$compat $by"
		if thorough && [ "$by" ]; then
			exact "$compat"
			exact "$compat" --socketcall all
		fi
		program=
	fi

	# many threads and processes; and by interval
	thorough || [ $tool != soprotocol ] || continue
	thorough && many=120000 interval=0.1 || many=24000 interval=0.02
	exact $interval load $many
	made=$(jq -s 'map(select(.tool == "sockstat").count) | add' "$T/exp")
	ok "$tool: load: $many operations or a few more" [ "$made" -ge $many ]
	ok "$tool: load: more than one interval" [ "$(reports | wc -l)" -gt 1 ]
done

tool=sockstat
thorough && can sockstat || { done_counting; exit; }

exact ""
exact "--by call,comm"
exact "--by pid"
exact "--by uid,call"
exact "--by family,protocol"
exact "" load 120000
exact "--by pid,call 0.2" load 120000
if [ "$b32" ]; then
	program=operations32
	exact "--compat --by comm,call" load 120000
	program=
fi

# ---- only what is asked for

if sees sockstat send; then
	exact "--call send,recv"
	hooks=$(jq -c 'select(.type == "meta").hooks' "$T/act")
	ok "--call send,recv: both are hooked" jq -e -n "$hooks | .send and .recv"
	unlike "$hooks" 'syscalls:|sys_(enter|exit)|"(accept|connect|bind|listen|socket)"' \
		"--call send,recv: no system call is hooked"
	is "$(jq -c 'select(.type == "report") |
		[.accept, .connect, .socket, .bind, .listen] | unique' "$T/act" | sort -u)" \
		"[null]" "--call send,recv: the others are null, not 0"
	if [ "$b32" ]; then
		program=operations32
		exact "--by comm,call --call send,recv"
		program=
	fi
fi
exact "--call accept"
unlike "$(jq -c 'select(.type == "meta").hooks' "$T/act")" \
	'"(send|recv|connect|bind|listen|socket)"|sock_' "--call accept: nothing else is hooked"
exact "--by comm,call --call accept,recv"
done_counting
