#!/bin/sh
# sockstat, sofamily and soprotocol count what real servers do: redis, nginx and sshd, by the
# servers' own numbers.
. "$(dirname "$0")/../lib.sh"
. tests/counting.sh
need_live

# ---- real servers

free_port() {
	python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Non-pipelined: redis reads once for each command and writes once for each reply; and it reads
# the end of each connection.
if command -v redis-server >"$T/out" && command -v redis-benchmark >"$T/out"; then
	port=$(free_port)
	rm -f "$T/act"
	start "$B/sockstat" -q -j --by comm,call -c redis-server -o "$T/act"
	trace=$pid
	tracing "$T/act"
	start redis-server --port $port --bind 127.0.0.1 --save '' --dir "$T" --daemonize no \
		>"$T/redis" 2>&1
	redis=$pid
	await 10 sh -c "redis-cli -p $port ping 2>&1 | grep -q PONG" || diag "$(cat "$T/redis")"
	ok "redis-benchmark runs" bound 60 redis-benchmark -q -p $port -n 20000 -c 20 -t set,get
	# all connections but the one that asks are closed, and the server has seen it
	alone() {
		redis-cli -p $port info clients | grep -q '^connected_clients:1.$'
	}
	await 10 alone
	redis-cli -p $port info everything >"$T/info"
	tr -d '\r' <"$T/info" >"$T/stats"
	sleep 0.3
	kill -INT $trace
	finish $trace
	kill $redis
	finish $redis
	commands=$(sed -n 's/^total_commands_processed://p' "$T/stats")
	connections=$(sed -n 's/^total_connections_received://p' "$T/stats")
	sum() {
		reports | jq -s "map(select(.comm == \"redis-server\" and .call == \"$1\") | .$2) | add"
	}
	ok "redis: many commands" [ "$commands" -gt 40000 ]
	# the INFO that tells it isn't yet counted by redis itself; redis-benchmark asks for two
	# settings in one go
	settings=$(sed -n 's/^cmdstat_config|get:calls=\([0-9]*\),.*/\1/p' "$T/stats")
	commands=$((commands + 1 - ${settings:-0} / 2))
	is "$(sum send count)" $commands "redis: a send for each command"
	is "$(sum recv count)" $((commands + connections)) \
		"redis: a receive for each command, and for the end of each connection"
	is "$(sum accept ok)" "$connections" "redis: accepts"
	is "$(sum recv bytes)" "$(sed -n 's/^total_net_input_bytes://p' "$T/stats")" \
		"redis: bytes received"
	# and the reply that told of it: $LENGTH, a line end, LENGTH bytes, a line end
	length=$(wc -c <"$T/info")
	is "$(sum send bytes)" $(($(sed -n 's/^total_net_output_bytes://p' "$T/stats") +
		length + ${#length} + 5)) "redis: bytes sent"
	is "$(sum listen ok)" 1 "redis: listen"
else
	skip "redis" "not installed"
fi

if command -v nginx >"$T/out" && command -v curl >"$T/out"; then
	port=$(free_port)
	cat >"$T/nginx.conf" <<CONF
daemon off;
worker_processes 2;
pid $T/nginx.pid;
error_log stderr;
events { }
http {
	access_log off;
	client_body_temp_path $T/body.tmp; proxy_temp_path $T/proxy.tmp;
	fastcgi_temp_path $T/fastcgi.tmp; uwsgi_temp_path $T/uwsgi.tmp; scgi_temp_path $T/scgi.tmp;
	server {
		listen 127.0.0.1:$port; listen [::1]:$port; listen unix:$T/nginx.sock;
		location / { return 200 hello; }
	}
}
CONF
	start nginx -e stderr -c "$T/nginx.conf" >"$T/nginx" 2>&1
	nginx=$pid
	cat >"$T/get" <<SH
get() {
	curl -q -s -g -o "$T/body" --noproxy '*' \
		-w '%{size_request} %{size_header} %{size_download}\n' "\$@"
}
SH
	cat "$T/get" - >"$T/gets" <<SH
for i in \$(seq 50); do get http://127.0.0.1:$port/; done
for i in \$(seq 20); do get http://[::1]:$port/; done
for i in \$(seq 10); do get --unix-socket $T/nginx.sock http://localhost/; done
SH
	. "$T/get"
	await 10 get "http://127.0.0.1:$port/" >"$T/out" || diag "$(cat "$T/nginx")"
	traces=
	for what in sofamily soprotocol "sockstat --by call"; do
		tool=${what%% *}
		rm -f "$T/$tool.act"
		start "$B/$tool" -q -j -p $nginx --follow ${what#$tool} -o "$T/$tool.act"
		tracing "$T/$tool.act"
		traces="$traces $pid"
	done
	rm -f "$T/act"
	run "$B/sofamily" -q -j -c curl -o "$T/act" -- sh "$T/gets"
	printf '%s\n' "$out" >"$T/sizes"
	sleep 0.2
	for pid in $traces; do
		kill -INT $pid
		finish $pid
	done
	of_nginx() { # TOOL KEY...
		jq -s -c "map(select(.ok > 0 and .call == \"accept\") | [$2, .ok, .failed]) | sort" \
			"$T/$1.act"
	}
	is "$(of_nginx sofamily .comm,.family_name)" \
		'[["nginx","AF_INET",50,0],["nginx","AF_INET6",20,0],["nginx","AF_UNIX",10,0]]' \
		"nginx: sofamily has an accept for each request"
	is "$(of_nginx soprotocol .comm,.protocol_name,.name)" \
		'[["nginx",null,"UNIX-STREAM",10,0],["nginx","IPPROTO_TCP","TCP",50,0],["nginx","IPPROTO_TCP","TCPv6",20,0]]' \
		"nginx: so has soprotocol"
	is "$(reports | jq -s -c 'map(select(.ok > 0) | [.call, .family_name, .ok]) | sort')" \
		'[["connect","AF_INET",50],["connect","AF_INET6",20],["connect","AF_UNIX",10]]' \
		"curl: sofamily has a connect for each request"
	# how often nginx looks for more on a connection is its own affair
	is "$(jq -s -c 'map(select(.call | IN("accept", "send", "recv"))) | group_by(.call) |
		map([.[0].call, if .[0].call == "recv" then null else (map(.ok) | add) end,
			(map(.bytes) | add)])' "$T/sockstat.act")" \
		"$(awk '{ in_ += $1; out += $2 + $3 } END { printf \
		"[[\"accept\",80,0],[\"recv\",null,%d],[\"send\",80,%d]]", in_, out }' "$T/sizes")" \
		"nginx: sockstat has an answer for each request, and the bytes that curl counted"
	kill $nginx
	finish $nginx
else
	skip "nginx" "not installed"
fi

if command -v sshd >"$T/out"; then
	port=$(free_port)
	[ -d /run/sshd ] || { mkdir /run/sshd && at_exit rmdir /run/sshd; }
	ssh-keygen -q -t ed25519 -N '' -f "$T/key"
	: >"$T/conf"
	start "$(command -v sshd)" -D -e -f "$T/conf" -h "$T/key" -p $port \
		-o ListenAddress=127.0.0.1 -o ListenAddress=::1 -o PidFile="$T/sshd.pid" >"$T/sshd" 2>&1
	sshd=$pid
	await 10 grep -q listening "$T/sshd" || diag "$(cat "$T/sshd")"
	for tool in sofamily soprotocol; do
		rm -f "$T/act"
		start "$B/$tool" -q -j -p $sshd -o "$T/act"
		trace=$pid
		tracing "$T/act"
		for address in 127.0.0.1 127.0.0.1 127.0.0.1 ::1 ::1; do
			bound 10 ssh-keyscan -p $port -t ed25519 $address >"$T/out" 2>&1
		done
		sleep 0.2
		kill -INT $trace
		finish $trace
		case $tool in
		sofamily) want='["AF_INET",3] ["AF_INET6",2] ' ;;
		*) want='["TCP",3] ["TCPv6",2] ' ;;
		esac
		is "$(reports | jq -c 'select(.call == "accept" and .comm == "sshd" and .failed == 0) |
			[.family_name // .name, .ok]' | sort | tr '\n' ' ')" "$want" \
			"$tool: sshd accepts 3 and 2"
	done
	kill $sshd
	finish $sshd
else
	skip "sshd" "not installed"
fi
done_testing
