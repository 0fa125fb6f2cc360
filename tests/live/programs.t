#!/bin/sh
# Programs of the world: each of their connects is seen once, with the right name, address, port
# and result, by default and decided (--final). Exercises curl over IPv4 and IPv6, with a closed
# port and with two addresses, redis-cli, ssh, python's asyncio, nginx as a proxy that runs already,
# and a shell's pipeline of them, with the default families.
. "$(dirname "$0")/../lib.sh"
need_live
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

# two servers of HTTP, and a port where nobody listens
cat >"$T/server.py" <<'PY'
import http.server, socket, sys
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello\n")
    def log_message(self, *args):
        pass
server = Server((sys.argv[1], 0), Handler)
closed = socket.socket(server.address_family)
closed.bind((sys.argv[1], 0))
print(server.server_address[1], closed.getsockname()[1], flush=True)
server.serve_forever()
PY
start python3 "$T/server.py" 127.0.0.1 >"$T/port4"
start python3 "$T/server.py" ::1 >"$T/port6"
await 20 [ -s "$T/port4" ] || skip_all "python's server doesn't start"
read -r port closed <"$T/port4"
await 3 [ -s "$T/port6" ] && read -r port6 closed6 <"$T/port6" || port6=

# rows NAME WANT OPTIONS... -- COMMAND...: WANT is "comm raddr rport result", a line each
rows() {
	name=$1 want=$2
	shift 2
	run "$B/soconnect" -j -o "$T/act" "$@"
	got=$(jq -r 'select(.type == "event") | "\(.comm) \(.raddr) \(.rport) \(.result)"' "$T/act")
	is "$got" "$want" "$name"
}
get() {
	echo curl -q -s -g -o "$T/body" "http://$1/"
}

rows "curl" "curl 127.0.0.1 $port In progress" -- $(get 127.0.0.1:$port)
is "$rc $(cat "$T/body")" "0 hello" "curl: works"
rows "curl --final" "curl 127.0.0.1 $port Success" --final -- $(get 127.0.0.1:$port)
ok "curl --final: asynchronous, and no error" \
	jq -e -s 'map(select(.type == "event"))[0] | .async and .errno == null and .protocol_name == "IPPROTO_TCP"' "$T/act"
rows "curl --final, closed port" "curl 127.0.0.1 $closed Connect refused" --final \
	-- $(get 127.0.0.1:$closed)
is $rc 7 "curl, closed port: curl's exit code"
if [ "$port6" ]; then
	rows "curl, IPv6" "curl ::1 $port6 Success" --final -- $(get "[::1]:$port6")
	is "$rc $(cat "$T/body")" "0 hello" "curl, IPv6: works"
	rows "curl, IPv6, closed port" "curl ::1 $closed6 Connect refused" --final \
		-- $(get "[::1]:$closed6")
	# the first address refuses, the second takes it
	rows "curl, two addresses" "curl ::1 $port Connect refused
curl 127.0.0.1 $port Success" --final -P $port -- $(get two.test:$port) \
		--resolve "two.test:$port:[::1],127.0.0.1" --happy-eyeballs-timeout-ms 5000
else
	skip "curl, IPv6" "no IPv6"
fi
rows "-x --final" "curl 127.0.0.1 $closed Connect refused" -x --final -- sh -c \
	"$(get 127.0.0.1:$port); $(get 127.0.0.1:$closed); $(get 127.0.0.1:$port)"

cat >"$T/client.py" <<'PY'
import asyncio, sys
async def main():
    for port in sys.argv[1:]:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            await reader.read()
            writer.close()
        except ConnectionRefusedError:
            pass
asyncio.run(main())
PY
rows "asyncio" "python3 127.0.0.1 $port In progress
python3 127.0.0.1 $closed In progress" -- python3 "$T/client.py" $port $closed
rows "asyncio --final" "python3 127.0.0.1 $port Success
python3 127.0.0.1 $closed Connect refused" --final -- python3 "$T/client.py" $port $closed

if command -v redis-server >"$T/out"; then
	redis=$((closed + 1))
	for try in 1 2 3 4 5; do
		start redis-server --port $redis --bind 127.0.0.1 --save '' --dir "$T" \
			--daemonize no >"$T/redis" 2>&1
		await 5 sh -c "redis-cli -p $redis ping 2>&1 | grep -q PONG" && break
		redis=$((redis + 7))
	done
	# it calls connect(2) again to learn how the first call ended
	rows "redis-cli" "redis-cli 127.0.0.1 $redis In progress
redis-cli 127.0.0.1 $redis Success" -- redis-cli -p $redis ping
	is "$rc $out" "0 PONG" "redis-cli: works"
	rows "redis-cli --final" "redis-cli 127.0.0.1 $redis Success" --final \
		-- redis-cli -p $redis ping
	is "$rc $out" "0 PONG" "redis-cli --final: works"
	# it tries twice
	rows "redis-cli --final, closed port" "redis-cli 127.0.0.1 $closed Connect refused
redis-cli 127.0.0.1 $closed Connect refused" --final -- redis-cli -p $closed ping
else
	skip "redis-cli" "no redis-server"
fi

if command -v sshd >"$T/out"; then
	ssh=$((closed + 11))
	[ -d /run/sshd ] || { mkdir /run/sshd && at_exit rmdir /run/sshd; }
	ssh-keygen -q -t ed25519 -N '' -f "$T/key"
	: >"$T/conf"
	start "$(command -v sshd)" -D -e -f "$T/conf" -h "$T/key" -p $ssh \
		-o ListenAddress=127.0.0.1 -o PidFile="$T/sshd.pid" >"$T/sshd" 2>&1
	await 10 grep -q listening "$T/sshd" || diag "$(cat "$T/sshd")"
	rows "ssh" "ssh 127.0.0.1 $ssh Success" --final -- ssh -F none -o BatchMode=yes \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentityAgent=none \
		-o PasswordAuthentication=no -i "$T/none" -p $ssh nobody@127.0.0.1 true
	is $rc 255 "ssh: gets to the server, which refuses; ssh's exit code"
	rows "ssh, closed port" "ssh 127.0.0.1 $closed Connect refused" --final -- ssh -F none \
		-o BatchMode=yes -p $closed nobody@127.0.0.1 true
else
	skip "ssh" "no sshd"
fi

# nginx, a daemon that runs already: a connect to its upstream for each request
if command -v nginx >"$T/out"; then
	front=$((closed + 21))
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
		listen 127.0.0.1:$front;
		location / { proxy_pass http://127.0.0.1:$port; }
		location /closed { proxy_pass http://127.0.0.1:$closed; }
	}
}
CONF
	start nginx -e stderr -c "$T/nginx.conf" >"$T/nginx" 2>&1
	nginx=$pid
	if await 10 sh -c "$(get 127.0.0.1:$front)"; then
		rm -f "$T/act"
		start "$B/soconnect" -j --final --follow -p $nginx -o "$T/act"
		tracing "$T/act"
		for i in 1 2 3 4 5; do $(get 127.0.0.1:$front); done
		$(get 127.0.0.1:$front/closed)
		sleep 0.2
		kill -INT $pid
		finish $pid
		is "$(jq -r 'select(.type == "event") | "\(.comm) \(.raddr) \(.rport) \(.result)"' \
			"$T/act" | sort | uniq -c | sed 's/^ *//' | sort)" "1 nginx 127.0.0.1 $closed Connect refused
5 nginx 127.0.0.1 $port Success" "nginx: --follow -p of its master"
	else
		flunk "nginx is up" "$(cat "$T/nginx")"
	fi
else
	skip "nginx" "not installed"
fi

rows "a pipeline" "curl 127.0.0.1 $port Success
python3 127.0.0.1 $port Success" --final -- sh -c \
	"$(get 127.0.0.1:$port) | cat; cat /dev/null | python3 $T/client.py $port"
done_testing
