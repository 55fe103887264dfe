"""Compares stacks by gdb with those that tprof's walk finds; to be run by gdb:

    gdb -batch -x agree.py -ex "agree WALKER STOPS LONGEST_PAUSE" PROGRAM...

Stops the program so many times after random pauses of at most so many
seconds; each time both must see the same return addresses.  What differs is
printed, then "stops=... same=... cut=... other=...": cut are those that the
walk itself says it could not finish.
"""

import random
import subprocess
import time

import gdb

REGISTERS = "rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15".split()
SHOWN = 12
OUTERMOST = ("_start", "_dl_start_user", "clone3", "__clone3", "clone", "__clone")


def unsigned(value):
    return int(value) & (1 << 64) - 1


def by_gdb():
    """Addresses and names; functions that are inlined or were left by a jump are not there."""
    frames = []
    frame = gdb.newest_frame()
    while frame is not None and len(frames) < 1024:
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            frames.append((unsigned(frame.pc()), frame.name() or "?"))
        try:
            frame = frame.older()
        except gdb.error:
            break
    return frames


class Agree(gdb.Command):
    def __init__(self):
        super().__init__("agree", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        walker, stops, pause = argument.split()
        self.walker = subprocess.Popen([walker], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       universal_newlines=True)
        for setting in ("auto-load python-scripts off", "pagination off", "confirm off", "debuginfod enabled off",
                        "backtrace past-main on", "backtrace limit 1024", "width 0",
                        "print thread-events off", "disable-randomization on"):
            try:
                gdb.execute("set " + setting)
            except gdb.error:
                pass
        gdb.execute("handle SIGUSR2 stop print nopass", to_string=True)
        self.counts = {"stops": 0, "same": 0, "cut": 0, "other": 0}
        # gdb.parameter() does not know them.
        arguments = gdb.execute("show args", to_string=True).split('"', 1)[1].rpartition('"')[0]
        gdb.execute(f"starti {arguments} >/dev/null 2>&1 </dev/null", to_string=True)
        for _ in range(int(stops)):
            self.run_for(random.uniform(0.001, float(pause)))
            if not gdb.selected_inferior().pid:
                break
            self.compare()
        if gdb.selected_inferior().pid:
            gdb.execute("kill")
        print(" ".join(f"{key}={value}" for key, value in self.counts.items()))

    def run_for(self, seconds):
        pid = gdb.selected_inferior().pid
        timer = subprocess.Popen(["sh", "-c", f"sleep {seconds}; kill -USR2 {pid}"])
        gdb.execute("continue", to_string=True)
        timer.wait()

    def by_walk(self):
        frame = gdb.newest_frame()
        words = [unsigned(frame.read_register(name)) for name in ["rip"] + REGISTERS]
        print(gdb.selected_inferior().pid, *(f"{word:x}" for word in words),
              file=self.walker.stdin, flush=True)
        end, *addresses = self.walker.stdout.readline().split()
        return end, [int(address, 16) for address in addresses]

    def compare(self):
        gdb_frames = by_gdb()
        end, walked = self.by_walk()
        seen = [address for address, _ in gdb_frames]
        whole = end in ("complete", "frame-pointer")
        # gdb goes on behind the outermost function, to what lay on the stack before it.
        if whole and walked and gdb_frames[len(walked) - 1:] and \
                gdb_frames[len(walked) - 1][1] in OUTERMOST:
            del gdb_frames[len(walked):], seen[len(walked):]
        same = walked == (seen if whole else seen[:len(walked)])
        self.counts["stops"] += 1
        self.counts["same" if same and whole else "cut" if same else "other"] += 1
        if same and whole:
            return
        print(f"walked: {end}, {len(walked)} frames; gdb: {len(seen)}")
        for i in range(max(len(walked), len(seen))):
            if i < len(walked) and i < len(seen) and walked[i] == seen[i]:
                continue
            first = max(0, i - 3)
            for k in range(first, min(first + SHOWN, max(len(walked), len(seen)))):
                print("  ", f"{walked[k]:x}" if k < len(walked) else "-",
                      f"{seen[k]:x} {gdb_frames[k][1]}" if k < len(seen) else "-")
            break


Agree()
