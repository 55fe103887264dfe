#!/usr/bin/env python3
"""tprof against perf top and perf record -g, side by side in one run.

    TPROF=build/tprof bench/live.py [--quick] [--perf PERF]

Measures, in turns so that both meet the same conditions:

  first name   from starting the tool to the name of the target's function
               on the screen, read from the pty that it draws on
  own CPU      of the tool and its helpers at 999 Hz, watching one busy thread;
               tprof always takes stacks, perf top only with -g
  peak memory  of the same processes together
  slowdown     of the target: work per second of its CPU time, with and without

A ratio below 1 is better than perf.
"""

import argparse
import fcntl
import mmap
import os
import pty
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

FUNCTION = b"bench_heavy_function"

TARGET = r"""
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>

static volatile uint64_t *work;

__attribute__((noinline)) static uint64_t bench_heavy_function(uint64_t x)
{
	for (int i = 0; i < 20000; i++)
		x = (x ^ (x << 13)) * 2654435761u + (x >> 7);
	__asm__ volatile("" : : "r"(__builtin_frame_address(0)));
	++*work;
	return x;
}

__attribute__((noinline)) static void deeper(int depth)
{
	volatile uint64_t x = 88172645463325252u;

	if (depth) {
		deeper(depth - 1);
		x++;
	}
	while (!depth)
		x = bench_heavy_function(x);
}

int main(int argc, char **argv)
{
	int fd = open(argv[argc - 1], O_RDWR);

	work = mmap(0, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || work == MAP_FAILED)
		return 1;
	deeper(20);
}
"""


class Target:
    """A program with one busy thread that counts what it gets done."""

    def __init__(self, program, counter):
        self.file = open(counter, "r+b")
        self.memory = mmap.mmap(self.file.fileno(), 8)
        self.process = subprocess.Popen([program, counter])
        self.pid = self.process.pid
        time.sleep(0.3)

    def work(self):
        return struct.unpack("Q", self.memory[:8])[0]

    def rate(self, seconds):
        """Work per second of CPU time over a stretch of time."""
        work, cpu = self.work(), cpu_ns([self.pid])
        time.sleep(seconds)
        return (self.work() - work) / max(cpu_ns([self.pid]) - cpu, 1) * 1e9

    def stop(self):
        self.process.kill()
        self.process.wait()


class Tool:
    """A program on a terminal of its own, whose screen is read and searched."""

    def __init__(self, command):
        self.started = time.monotonic()
        self.seen = None
        self.output = 0
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
            os.execvp(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        tail = b""
        while True:
            try:
                if not select.select([self.fd], [], [], 30)[0]:
                    continue
                data = os.read(self.fd, 65536)
            except OSError:
                return
            if not data:
                return
            self.output += len(data)
            if self.seen is None:
                tail = tail[-200:] + data
                if FUNCTION in tail:
                    self.seen = time.monotonic() - self.started

    def processes(self):
        found = [self.pid]
        for pid in found:
            try:
                with open(f"/proc/{pid}/task/{pid}/children") as children:
                    found += [int(child) for child in children.read().split()]
            except OSError:
                pass
        return found

    def wait_seen(self, seconds):
        end = time.monotonic() + seconds
        while self.seen is None and time.monotonic() < end:
            time.sleep(0.005)
        return self.seen

    def stop(self):
        try:
            os.write(self.fd, b"q")
        except OSError:
            pass
        for attempt in (0, signal.SIGINT, signal.SIGKILL):
            if attempt:
                os.kill(self.pid, attempt)
            for _ in range(100):
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self.fd)
                    return
                time.sleep(0.01)


def cpu_ns(pids):
    """CPU time of all threads that live, in nanoseconds."""
    total = 0
    for pid in pids:
        try:
            for tid in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{tid}/schedstat") as stat:
                    total += int(stat.read().split()[0])
        except OSError:
            pass
    return total


def peak_rss(pids):
    """Largest resident memory ever of each, together, in bytes."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status") as status:
                total += sum(int(line.split()[1]) << 10 for line in status
                             if line.startswith("VmHWM:"))
        except OSError:
            pass
    return total


def first_name(command):
    tool = Tool(command)
    seen = tool.wait_seen(15)
    tool.stop()
    return seen


def cost(command, seconds):
    """Share of a CPU, and peak memory, of a tool that is well under way."""
    tool = Tool(command)
    tool.wait_seen(15)
    time.sleep(1)
    pids = tool.processes()
    before, start = cpu_ns(pids), time.monotonic()
    time.sleep(seconds)
    cpu = (cpu_ns(pids) - before) / 1e9 / (time.monotonic() - start)
    memory = peak_rss(pids)
    tool.stop()
    return cpu, memory


def slowdown(target, command, seconds):
    """How much less the target gets done while it is measured."""
    alone = target.rate(seconds)
    tool = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(0.7)
    measured = target.rate(seconds)
    running = tool.poll() is None
    tool.send_signal(signal.SIGINT)
    tool.wait()
    if not running:
        sys.exit(f"{' '.join(command)} ended early, with status {tool.returncode}")
    alone = (alone + target.rate(seconds)) / 2
    return 1 - measured / alone


def line(name, ours, theirs, unit, aim):
    if ours is None or theirs is None:
        print(f"{name:<34} {'never seen' if ours is None else f'{ours:.3f}'}")
        return
    ratio = f"{ours / theirs:8.2f}" if theirs > 0 else "       -"
    print(f"{name:<34}{ours:9.2f}{theirs:9.2f} {unit:<4}{ratio}   {aim}")


def middle(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="less time, less exact")
    parser.add_argument("--perf", default="perf")
    options = parser.parse_args()
    tprof = os.path.abspath(os.environ.get("TPROF", "./tprof"))
    rounds, seconds, window = (3, 3, 0.5) if options.quick else (5, 10, 1.0)

    if not shutil.which(options.perf):
        sys.exit("perf is not installed: there is nothing to compare with")

    with tempfile.TemporaryDirectory(prefix="tprof-bench.") as work:
        source, program = f"{work}/target.c", f"{work}/bench_target"
        counter, data = f"{work}/counter", f"{work}/perf.data"
        with open(source, "w") as file:
            file.write(TARGET)
        with open(counter, "wb") as file:
            file.write(bytes(8))
        subprocess.run(["cc", "-O1", "-g", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls",
                        "-o", program, source], check=True)
        target = Target(program, counter)
        pid = str(target.pid)
        attach = [tprof, "-F", "999", "-p", pid]
        top = [options.perf, "top", "-F", "999", "-p", pid]
        record = [options.perf, "record", "-q", "-g", "-F", "999", "-o", data, "-p", pid]
        save = [tprof, "record", "-F", "999", "-o", f"{work}/tprof.folded", "-p", pid]
        try:
            print(f"{'':<34}{'tprof':>9}{'perf':>9} {'':<4}{'ratio':>8}   aim")

            names = [(first_name(attach), first_name(top)) for _ in range(rounds)]
            line("first name, attached", middle(n[0] for n in names), middle(n[1] for n in names),
                 "s", "0.50 s")
            launched = middle(first_name([tprof, "-F", "999", "--", program, counter])
                              for _ in range(rounds))
            line("first name, launched (perf: attached)", launched, middle(n[1] for n in names),
                 "s", "0.50 s")

            costs = [[cost(command, seconds)
                      for command in (attach, top + ["-g"], top, top + ["--stdio"])]
                     for _ in range(max(rounds // 2, 1))]
            cpu = [middle(c[i][0] for c in costs) * 100 for i in range(4)]
            line("own CPU (perf top -g)", cpu[0], cpu[1], "%", "ratio 0.50")
            line("own CPU (perf top, no stacks)", cpu[0], cpu[2], "%", "")
            line("own CPU (perf top --stdio)", cpu[0], cpu[3], "%", "")
            line("peak memory", max(c[0][1] for c in costs) / 2**20,
                 max(c[1][1] for c in costs) / 2**20, "MiB", "40 MiB")

            slow = [(slowdown(target, save, window), slowdown(target, record, window))
                    for _ in range(rounds * 2)]
            line("slowdown (perf record -g)", middle(s[0] for s in slow) * 100,
                 middle(s[1] for s in slow) * 100, "%", "ratio 1.00")
            spread = [statistics.pstdev(s[i] for s in slow) * 100 for i in (0, 1)]
            print(f"{'  spread of single windows':<34}{spread[0]:9.2f}{spread[1]:9.2f} %")
        finally:
            target.stop()


if __name__ == "__main__":
    main()
