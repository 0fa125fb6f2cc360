# waits.py NAME: as process NAME has a connect(2) to a full AF_UNIX listener wait, one to a full TCP
# listener, and an accept(2), each in its thread, says "ready", and lets all go on when a line comes
# on stdin; then the first thread does the same without waiting. All succeed.
import os, socket, struct, sys, threading, time

CONNECT, ACCEPT = {"x86_64": (42, 288), "aarch64": (203, 242)}[os.uname().machine]

def listener(family, address, backlog):
    s = socket.socket(family)
    s.bind(address)
    s.listen(backlog)
    return s

def client(of):
    s = socket.socket(of.family)
    s.connect(of.getsockname())
    return s

def waiting(call, function, *args):
    t = threading.Thread(target=lambda: kept.append(function(*args)))
    t.start()
    while not open("/proc/self/task/%d/syscall" % t.native_id).read().startswith("%d " % call):
        time.sleep(0.01)
    return t

open("/proc/self/comm", "w").write(sys.argv[1])
unix = listener(socket.AF_UNIX, "\0%s" % sys.argv[1], 0)
tcp = listener(socket.AF_INET, ("127.0.0.1", 0), 1)
other = listener(socket.AF_INET, ("127.0.0.1", 0), 1)
kept = [client(unix), client(tcp), client(tcp)] # no room for more ...
while struct.unpack_from("I", tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32), 24)[0] < 2:
    time.sleep(0.01) # ... once both last ACKs have come: tcpi_unacked of a listener is its queue
threads = [waiting(CONNECT, client, unix), waiting(CONNECT, client, tcp),
           waiting(ACCEPT, other.accept)]
print("ready", flush=True)
sys.stdin.readline()
kept += [unix.accept(), unix.accept(), tcp.accept(), tcp.accept(), client(other), tcp.accept()]
for t in threads:
    t.join()
kept += [client(unix), unix.accept(), client(other), other.accept()]
