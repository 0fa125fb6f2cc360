"""
What the benchmarks share: traces as variants, the quiet that they need, what is said of the
machine, and tables.
"""
import ctypes
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOLS = ["sockstat", "sofamily", "soprotocol", "soconnect"]
GENERATOR_CPU, CONSUMER_CPU = 1, 0

# docs/benchmark.md
DEAR = "Time per event, where a system call is dear"
TITLES = ["Time per event", DEAR, "Instructions per event", "Start-up", "Throughput"]
HEAD = """\
# What the tools cost

Each section is written by a command of this checkout, which says how it measures in its first lines;
the figures are in benchmark.json, too. Ratios are within one run. "bt" is bpftrace with the scripts of
tests/book, with tracepoints in place of kprobes where it must.

Machines differ, most in what a system call takes by itself: see the baseline of getppid(2). Where that
is above 500 ns (a guest without the CPU's help, mitigations) hooks weigh more and programs less than on
others, so what bench/run measures there has a section of its own. A variant that meets a missed goal may
be named in one of both.
"""


def say(text):
    print(text, file=sys.stderr, flush=True)


def die(text, code=1):
    say(f"{os.path.basename(sys.argv[0])}: {text}")
    sys.exit(code)


def build(name):
    return os.path.join(TOP, "build", name)


def need(*programs):
    if os.geteuid():
        die("needs root", 77)
    if os.cpu_count() < 2:
        die("needs two CPUs: one for the traffic, one for what watches it", 77)
    for program in programs:
        if not os.access(build(program), os.X_OK):
            die(f"no build/{program}: make bench-programs")


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True).stdout.strip()


# ------------------------------------------------------------------- other tracers

PROGRAM_TYPES = {2: "kprobe", 5: "tracepoint", 7: "perf event", 17: "raw tracepoint",
                 24: "raw tracepoint", 26: "fentry, fexit", 29: "LSM"}

libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)


def tracing_programs():
    """{id: "type 'name'"} of all BPF programs in this kernel that can be attached to a hook."""
    programs, number = {}, ctypes.c_uint32(0)
    info = (ctypes.c_uint32 * 64)()     # the first members of struct bpf_prog_info
    while libbpf.bpf_prog_get_next_id(number, ctypes.byref(number)) == 0:
        fd = libbpf.bpf_prog_get_fd_by_id(number)
        if fd < 0:
            continue                    # gone
        size = ctypes.c_uint32(ctypes.sizeof(info))
        ctypes.memset(info, 0, size.value)
        failed = libbpf.bpf_obj_get_info_by_fd(fd, ctypes.byref(info), ctypes.byref(size))
        os.close(fd)
        if not failed and info[0] in PROGRAM_TYPES:
            name = bytes(info)[64:80].split(b"\0")[0].decode(errors="replace")
            programs[number.value] = f"{PROGRAM_TYPES[info[0]]} '{name}'"
    if ctypes.get_errno() == 1:
        die("may not list the kernel's BPF programs, so can't tell whether another tracer runs", 77)
    return programs


def holders():
    """({id of a program: pid}, {pids with perf events})"""
    programs, perf = {}, set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                link = os.readlink(f"/proc/{pid}/fd/{fd}")
                if link == "anon_inode:[perf_event]":
                    perf.add(int(pid))
                elif link == "anon_inode:bpf-prog":
                    with open(f"/proc/{pid}/fdinfo/{fd}") as file:
                        number = re.search(r"^prog_id:\s*(\d+)", file.read(), re.M)
                    if number:
                        programs[int(number[1])] = int(pid)
        except OSError:
            continue                    # it ended
    return programs, perf


def process_name(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return f"{file.read().strip()} ({pid})"
    except OSError:
        return f"process {pid}, which has ended"


TRACEFS = "/sys/kernel/tracing"


def other_tracers(ours=None):
    """
    What traces here, in words: BPF programs that could be attached (who holds them), perf events,
    and ftrace's own events, function tracer and probes. ours: the pid of the one that may.
    """
    held, perf = holders()
    by_pid = {pid: {"perf events"} for pid in perf}
    for number, what in tracing_programs().items():
        # one that no descriptor holds may be the perf event's or link's of ours
        if number in held or ours is None:
            by_pid.setdefault(held.get(number), set()).add(what)
    by_pid.pop(ours, None)
    found = [f"{process_name(pid) if pid else 'nobody known'}: {', '.join(sorted(what)[:4])}"
             for pid, what in by_pid.items()]
    for file in "set_event", "current_tracer", "kprobe_events", "uprobe_events":
        try:
            with open(f"{TRACEFS}/{file}") as handle:
                lines = handle.read().splitlines()
        except OSError:
            continue                    # not a part of this kernel
        # what bpf_printk() turned on stays on, and costs nobody anything
        lines = [line for line in lines if line not in ("nop", "bpf_trace:bpf_trace_printk")]
        if lines:
            found.append(f"{TRACEFS}/{file}: {lines[0]}")
    return found


def need_quiet(patience):
    """Until nothing else traces, or end with what does."""
    until = time.monotonic() + patience
    while found := other_tracers():
        if time.monotonic() >= until:
            die("another tracer is attached, and would be measured, too:\n  " + "\n  ".join(found))
        time.sleep(0.3)


# ---------------------------------------------------------------------- variants

class Disturbed(Exception):
    """Another tracer came: measure again."""


class Unfit(Exception):
    """The variant can't be run here."""


PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


def on_cpu(cpu):
    def set_it():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT)     # no tracer outlives a benchmark that is killed
        os.sched_setaffinity(0, {cpu})
        signal.signal(signal.SIGINT, signal.SIG_DFL)    # ignored where we are in the background
    return set_it


class Trace:
    """
    A tracer while it runs. ready: what it says on stderr, or stdout, once it is attached; None where
    it doesn't say so, then it is when it holds BPF programs and gets no more for a while.
    """
    def __init__(self, command, ready=None, stdout=subprocess.DEVNULL, log="/dev/null"):
        self.command, self.ready = command, ready
        self.log = open(log, "w+")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout,
                                        stderr=self.log, preexec_fn=on_cpu(CONSUMER_CPU))

    def said(self):
        with open(self.log.name) as file:
            return file.read()

    def attachments(self):
        folder, n = f"/proc/{self.process.pid}/fd", 0
        for fd in os.listdir(folder):
            try:
                n += bool(re.search(r"bpf-prog|bpf_link|bpf-link|perf_event",
                                    os.readlink(f"{folder}/{fd}")))
            except OSError:
                pass
        return n

    def await_ready(self, seconds=60):
        until, last, since = time.monotonic() + seconds, 0, time.monotonic()
        while True:
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                last = self.said().strip().splitlines()[-1:]
                raise Unfit(last[0] if last else f"{self.command[0]} says nothing")
            if self.ready:
                if re.search(self.ready, self.said(), re.M):
                    return
            else:
                n = self.attachments()
                if n != last:
                    last, since = n, time.monotonic()
                elif n and time.monotonic() > since + 0.7:
                    return
            time.sleep(0.02)

    def cpu_seconds(self):
        """(user, system)"""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        tick = os.sysconf("SC_CLK_TCK")
        return int(fields[11]) / tick, int(fields[12]) / tick

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


# a line of -v that names a hook
HOOK = r"^[a-z0-9]+ +((?:tracepoint|raw_tp|fentry|fexit|kprobe):\S+)$"


def hooks(said):
    """The hooks that a tool's -v names."""
    return [hook for line in re.findall(HOOK, said, re.M) for hook in line.split("+")]


def book_script(tool):
    """
    tests/book's script as it can run with tracepoints alone: soprotocol by those that it has,
    sockstat's kprobes replaced by the tracepoints of messages.
    """
    with open(os.path.join(TOP, f"tests/book/{tool}.bt")) as file:
        script = file.read()
    if tool == "sockstat":
        script = script.replace("kprobe:sock_recvmsg", "tracepoint:sock:sock_recv_length")
        return script.replace("kprobe:sock_sendmsg", "tracepoint:sock:sock_send_length")
    # 0.27 has to be told the type again
    script = script.replace("$file = *(", "$file = (struct file *)*(")
    return re.sub(r"^kprobe:.*?^}\n", "", script, flags=re.M | re.S)


class Bpftrace:
    """A bpftrace: the host's, or one in a chroot."""
    def __init__(self, root=""):
        self.root, self.prefix = root, ["chroot", root] if root else []
        self.version = output(*self.prefix, "bpftrace", "--version").removeprefix("bpftrace v")
        self.name = "bt " + ".".join(self.version.split(".")[:2])

    def command(self, tool, folder, *options):
        """folder: where the script may lie, also in the chroot"""
        os.makedirs(self.root + folder, exist_ok=True)
        path = os.path.join(folder, f"{tool}.bt")
        with open(self.root + path, "w") as file:
            file.write(book_script(tool))
        return [*self.prefix, "bpftrace", *options, path]


def all_peers(sid):
    """The host's bpftrace and, if it can be had, that of Debian sid."""
    if not shutil.which("bpftrace"):
        die("this needs bpftrace", 77)
    peers = [Bpftrace()]
    made = sid and subprocess.run([os.path.join(TOP, "bench/sid")], stdout=subprocess.PIPE, text=True)
    if made and not made.returncode:
        root = made.stdout.strip()
        # in a mount namespace of our own, with which the mounts go
        if ctypes.CDLL(None, use_errno=True).unshare(0x20000):
            die("may not have a mount namespace, which --sid needs")
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        for kind, place in ("--rbind", "sys"), ("--rbind", "dev"), ("--rbind", "proc"):
            subprocess.run(["mount", kind, f"/{place}", f"{root}/{place}"], check=True)
        peers.append(Bpftrace(root))
    return peers


# ---------------------------------------------------------------- what is said of it

def cpu_model():
    with open("/proc/cpuinfo") as file:
        return re.search(r"^model name\s*:\s*(.*)", file.read(), re.M)[1]


def machine(peers):
    commit = output("git", "-C", TOP, "describe", "--always", "--dirty", "--abbrev=12",
                    "--exclude", "*")
    lockdown = "/sys/kernel/security/lockdown"
    return {
        "date": datetime.date.today().isoformat(),
        "cpus": f"{os.cpu_count()} x {cpu_model()}",
        "kernel": os.uname().release,
        "lockdown": open(lockdown).read().strip() if os.path.exists(lockdown) else "unknown",
        "commit": commit,
        "compilers": f"{output('cc', '--version').splitlines()[0]}; "
                     f"{output('clang', '--version').splitlines()[0]}",
        "bpftrace": ", ".join(p.version + (" (Debian sid)" if p.root else "") for p in peers),
        "load": "%.1f %.1f %.1f" % os.getloadavg(),
    }


def markdown(heading, rows):
    """A table, each row a list."""
    lines = ["| " + " | ".join(heading) + " |", "|" + " --- |" * len(heading)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def published(folder=os.path.join(TOP, "docs")):
    """What benchmark.json and benchmark.md hold: figures by name, texts by title."""
    everything, sections = {}, {}
    path = os.path.join(folder, "benchmark.json")
    if os.path.exists(path):
        with open(path) as file:
            everything = json.load(file)
    path = os.path.join(folder, "benchmark.md")
    if os.path.exists(path):
        with open(path) as file:
            for part in re.split(r"^(?=## )", file.read(), flags=re.M)[1:]:
                heading, _, text = part.partition("\n")
                sections[heading[3:]] = text.strip() + "\n"
    return everything, sections


def publish(name, title, result, text, folder=os.path.join(TOP, "docs")):
    """Into benchmark.json under the name, and as that section of benchmark.md."""
    os.makedirs(folder, exist_ok=True)
    everything, sections = published(folder)
    everything[name] = result
    sections[title] = text.strip() + "\n"
    with open(os.path.join(folder, "benchmark.json"), "w") as file:
        json.dump(everything, file, indent=1, sort_keys=True)
        file.write("\n")
    with open(os.path.join(folder, "benchmark.md"), "w") as file:
        file.write(HEAD + "".join(f"\n## {t}\n\n{sections[t]}" for t in TITLES if t in sections))


def machine_text(machine):
    return "".join(f"* {key}: {value}\n" for key, value in machine.items()) + "\n"


def verdict(value, goal):
    return "**missed**" if value > goal else "met"
