# icount.sh - what bench/icount runs in its machine: the costs of each workload without anything
# attached, with each tool by each backend, and with empty programs at the same hooks, and with
# such as count attempts only; with a file "truths" beside it, what each truth costs a UDP connect
# (truths.bpf.c).
#
# Prints "kernel VERSION", "cost VARIANT WORKLOAD INSTRUCTIONS", and "none VARIANT WHY". A tool's
# variant is BINARY/TOOL/BACKEND, that of its hooks hooks/TOOL/BACKEND, that of attempts attempts/...,
# that of a rung truths/TOOL/BACKEND/RUNG.

echo "kernel $(uname -rv)"

# during VARIANT COMMAND...: the workloads while it is attached
during() {
	variant=$1
	shift
	"$@" >/dev/null 2>/tmp/err &
	pid=$!
	# a line of -v that names a hook, or "attached" of build/empty
	until grep -qE '^(attached|[a-z0-9]+ +[a-z_]+:[a-z_])' /tmp/err; do
		if ! kill -0 $pid 2>/dev/null; then
			echo "none $variant $(tail -n 1 /tmp/err)"
			return
		fi
		sleep 0.02
	done
	sleep 0.5
	cp /tmp/err /tmp/attached
	costs $variant
	kill -TERM $pid
	wait $pid
}

costs() {
	generate --instructions $workloads | sed "s,^,cost $1 ,"
}

workloads="udp unix sendrecv tcp getppid"
costs nothing
during enter empty tracepoint:syscalls:sys_enter_connect
during enter+exit empty tracepoint:syscalls:sys_enter_connect \
	tracepoint:syscalls:sys_exit_connect
for tool in sockstat sofamily soprotocol soconnect; do
	for backend in fentry kprobe tracepoint; do
		for binary in /t/sockray-*; do
			: >/tmp/attached
			during ${binary#/t/sockray-}/$tool/$backend \
				$binary $tool -v --backend $backend
		done
		hooks=$(sed -nE 's/^[a-z0-9]+ +([a-z_]+:[a-z_][^ ]*)$/\1/p' /tmp/attached | tr + ' ')
		[ -z "$hooks" ] || during hooks/$tool/$backend empty $hooks
		[ $backend = kprobe ] || during attempts/$tool/$backend attempts $tool $backend
	done
done
workloads=udp
[ ! -e /t/truths ] || for tool in sofamily soconnect; do
	for backend in fentry tracepoint; do
		for rung in $(cat /t/truths); do
			during truths/$tool/$backend/$rung attempts $tool+$rung $backend
		done
	done
done
exit 0	# not that of the last one's end
